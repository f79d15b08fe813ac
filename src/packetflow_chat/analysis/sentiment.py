"""How a text feels: VADER's lexicon and rules (Hutto and Gilbert, ICWSM 2014), which handle negation and emphasis."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from vader import SentimentIntensityAnalyzer

from packetflow_chat.analysis.language import UNDETERMINED, language
from packetflow_chat.analysis.quote import Quote, Result, quote
from packetflow_chat.analysis.tokens import URL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

Mood = Literal["positive", "negative", "neutral", "unknown"]
# Words that carry a feeling in reviews, and none where people talk about work and machines.
_WORK_WORDS = dict.fromkeys(
    """kill kills killed killing killall abort aborts aborted dump dumps dumped drop drops dropped cut cuts force
    forced forces share shared shares sharing help helps helping please support supports supported supporting
    free like number credit admin matter matters want wanted root shell fire fires warning warnings master hack
    hacked hacking defender security secure safe safely sure yes well top natural play played playing join
    joined block blocked pressure sudo important chance interest interests solution solutions value values
    active care discard escape clear clears""".split(),
    0.0,
) | {"error": -0.8, "errors": -0.8, "bug": -0.8, "bugs": -0.8, "fail": -1.2, "fails": -1.2, "failed": -1.2,
     "crash": -1.2, "crashed": -1.2, "crashes": -1.2, "broken": -1.5, "ok": 0.4, "okay": 0.4, "no": -0.3}  # fmt: skip
# "I don't think this is bad" denies the badness, three words further than VADER looks back for a negation.
_DENIED = re.compile(
    r"\b(?:do|did|does)(?:n't|n’t|nt| not) (?:think|believe|find|feel)(?: like| that)? (\w+ )"
    r"(is|are|was|were|will be)\b",
    re.IGNORECASE,
)
CLEAR = 0.05
SHOWN = 0.3
READ = 2_000


class Sentiment(Result):
    """The feeling of one text."""

    label: Mood = Field(description="positive, negative, neutral, or unknown for a language that is not understood.")
    score: float = Field(ge=-1, le=1, description="From -1 (negative) to 1 (positive); 0 for unknown.")


class PersonSentiment(Result):
    """The feeling of what one person wrote."""

    person: str = Field(description="Who.")
    label: Mood = Field(description="The feeling of the average.")
    score: float = Field(ge=-1, le=1, description="The average over the messages whose language is understood.")
    messages: int = Field(description="How many messages that were.")


class SentimentAnalysis(Result):
    """The feeling of a conversation, with the lines that show it."""

    overall: Mood = Field(description="The feeling of the average; unknown when no message could be understood.")
    score: float = Field(ge=-1, le=1, description="The average of the messages that could be understood.")
    positive: int = Field(description="How many messages are positive.")
    negative: int = Field(description="How many messages are negative.")
    neutral: int = Field(description="How many messages are neutral.")
    unknown: int = Field(description="How many messages are in a language that is not understood.")
    by_person: list[PersonSentiment] = Field(description="People with most messages first.")
    most_positive: Quote | None = Field(description="The most positive line, if one is clearly so.")
    most_negative: Quote | None = Field(description="The most negative line, if one is clearly so.")


@cache
def _rules() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer(extra_lexicon=_WORK_WORDS)


def sentiment(text: str) -> Sentiment:
    """Return the feeling of a text. English and emoji are understood; other languages are `unknown`."""
    if language(text) not in {"en", UNDETERMINED}:
        return Sentiment(label="unknown", score=0.0)
    plain = _DENIED.sub(r"\1\2 not", URL.sub(" ", text[:READ]))
    score = round(float(_rules().polarity_scores(plain)["compound"]), 4)
    return Sentiment(label=_mood(score), score=score)


def conversation_sentiment(lines: Sequence[Line]) -> SentimentAnalysis:
    """Return the feeling of a conversation."""
    felt = [sentiment(line.text) for line in lines]
    counts = Counter(one.label for one in felt)
    known = [(line, one.score) for line, one in zip(lines, felt, strict=True) if one.label != "unknown"]
    average = round(fmean(score for _, score in known), 4) if known else 0.0
    best = max(known, key=lambda pair: pair[1], default=None)
    worst = min(known, key=lambda pair: pair[1], default=None)
    return SentimentAnalysis(
        overall=_mood(average) if known else "unknown",
        score=average,
        positive=counts["positive"],
        negative=counts["negative"],
        neutral=counts["neutral"],
        unknown=counts["unknown"],
        by_person=_by_person(known),
        most_positive=quote(best[0]) if best is not None and best[1] >= SHOWN else None,
        most_negative=quote(worst[0]) if worst is not None and worst[1] <= -SHOWN else None,
    )


def _by_person(known: Sequence[tuple[Line, float]]) -> list[PersonSentiment]:
    scores: dict[str, list[float]] = {}
    for line, score in known:
        scores.setdefault(line.author, []).append(score)
    averages = {person: round(fmean(values), 4) for person, values in scores.items()}
    return [
        PersonSentiment(person=person, label=_mood(averages[person]), score=averages[person], messages=len(values))
        for person, values in sorted(scores.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _mood(score: float) -> Mood:
    if score >= CLEAR:
        return "positive"
    return "negative" if score <= -CLEAR else "neutral"
