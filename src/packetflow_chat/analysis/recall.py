"""Answers to `What did we discuss yesterday?` and `What did Ada say about the budget?` from the stored lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.address import names_of
from packetflow_chat.analysis.decisions import Decision, decisions
from packetflow_chat.analysis.key_points import key_points
from packetflow_chat.analysis.periods import ALL, Period, find_period, within
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Quote, Result, quote, said
from packetflow_chat.analysis.reading import Reading, in_order, read
from packetflow_chat.analysis.summary import counted, listed, opening
from packetflow_chat.analysis.thread_features import Rarity
from packetflow_chat.analysis.threads import conversations
from packetflow_chat.analysis.tokens import content_words, stem, stems, words
from packetflow_chat.analysis.topics import Topic, topics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from packetflow_chat.analysis.line import Line

QUOTES = 6
THREAD = 40
HALF = 0.5
_SCAFFOLD = frozenset(
    """discuss discussed discussion discussions talk talked talking say said says mention mentioned conversation chat
    chatted remember recall decide decided decision decisions agree agreed conclusion topic topics summary summarize
    summarise happened happen anything something regarding concerning concern know tell remind discussing speak spoke
    write wrote written thought opinion history earlier previously recently before solve solved fix fixed""".split()
)
_ABOUT = re.compile(r"\b(?:about|regarding|concerning|on the (?:topic|subject) of|for)\s+(?P<topic>.+)$", re.IGNORECASE)
_DECIDE = re.compile(r"\b(?:decid|decision|agree[ds]?|conclu|settle|solv|solution)", re.IGNORECASE)


class RecallAnswer(Result):
    """What the stored lines say to a question; the quotes are the lines it stands on."""

    answer: str = Field(description="The answer as a text, made of quotes; says so when nothing was found.")
    found: bool = Field(description="Whether any line answers the question.")
    period: Period = Field(description="The span of time that was searched.")
    topic: str | None = Field(description="The words that were searched for; None when the question names no topic.")
    people: list[str] = Field(description="Whose lines were asked for; empty for everybody's.")
    topics: list[Topic] = Field(description="What the found lines are about.")
    decisions: list[Decision] = Field(description="What was decided or solved in the found lines.")
    quotes: list[Quote] = Field(description="The lines that answer, in the order in which they were written.")
    searched: int = Field(description="How many messages the span holds.")


@dataclass(frozen=True, slots=True)
class _Asked:
    period: Period
    topic: tuple[str, ...]
    people: tuple[str, ...]
    decided: bool


def recall(question: str, lines: Sequence[Line], now: datetime, zone: tzinfo = UTC) -> RecallAnswer:
    """Answer a question about what was said, from the lines alone; days are those of `zone`."""
    ordered = [line for line in in_order(lines) if line.text.strip() != question.strip()]
    asked = _asked(question, ordered, now, zone)
    inside = within(ordered, asked.period)
    own = [line for line in inside if not asked.people or line.author.casefold() in asked.people]
    matched = _matching(own, asked.topic)
    if not matched:
        return _nothing(asked, ordered, inside)
    whole = read(inside)
    reading = read(matched)
    about = topics(reading.lines)
    settled = _settled(whole, {line.id for line in matched}, asked)
    answers = _answers(whole, {line.id for line in matched}) if asked.topic else []
    chosen = _quotes(reading, about, settled, answers)
    return RecallAnswer(
        answer=_told(asked, reading, about, settled, chosen),
        found=True,
        period=asked.period,
        topic=" ".join(asked.topic) or None,
        people=sorted({line.author for line in matched}) if asked.people else [],
        topics=about,
        decisions=settled,
        quotes=[quote(line) for line in chosen],
        searched=len(inside),
    )


def _settled(whole: Reading, matched: set[str], asked: _Asked) -> list[Decision]:
    """Return what was decided or solved; with a topic, only in the threads in which the topic came up."""
    made = decisions(whole.lines, whole.parents)
    if not asked.topic and not asked.people:
        return made
    near: set[str] = set()
    for thread in conversations(whole.parents):
        if len(thread) <= THREAD and any(whole.lines[index].id in matched for index in thread):
            near.update(whole.lines[index].id for index in thread)
    near |= matched
    if asked.people:
        made = [one for one in made if {one.author.casefold(), *map(str.casefold, one.agreed_by)} & set(asked.people)]
    return [one for one in made if any(cited.message_id in near for cited in one.quotes)]


def _answers(whole: Reading, matched: set[str]) -> list[Line]:
    """Return what others answered to the questions among the lines that were found."""
    found: list[Line] = []
    for index, answers in whole.answers().items():
        if whole.lines[index].id in matched and is_question(whole.lines[index].text):
            found += [whole.lines[other] for other in answers if len(stems(whole.lines[other].text)) > 1]
    return found


def _asked(question: str, lines: Sequence[Line], now: datetime, zone: tzinfo) -> _Asked:
    found = find_period(question, now, zone)
    rest = found.rest if found is not None else question
    about = _ABOUT.search(rest)
    people = _people(rest[: about.start()] if about else rest, lines)
    named = [word for word in words(about["topic"]) if word not in _SCAFFOLD] if about else []
    kept = [word for word in content_words(about["topic"]) if word not in _SCAFFOLD] if about else []
    topic = kept or named if about else [word for word in content_words(rest) if word not in _SCAFFOLD]
    topic = [word for word in topic if word.casefold() not in people]
    return _Asked(
        period=found.period if found is not None else ALL,
        topic=tuple(dict.fromkeys(topic)),
        people=people,
        decided=bool(_DECIDE.search(question)),
    )


def _people(text: str, lines: Sequence[Line]) -> tuple[str, ...]:
    names = names_of(lines)
    found = [names.find(piece.strip("?.,!:;'\"@").removesuffix("'s")) for piece in text.split()]
    authors = {line.author.casefold() for line in lines}
    return tuple(dict.fromkeys(name for name in found if name is not None and name in authors))


def _matching(lines: Sequence[Line], topic: Sequence[str]) -> list[Line]:
    """Return the lines that hold at least half of the topic, rare words counting more; all without a topic."""
    if not topic:
        return list(lines)
    wanted = frozenset(map(stem, topic))
    seen = [_held(line.text) for line in lines]
    rarity = Rarity(seen)
    weights = {word: max(rarity.weight(word), 0.1) for word in wanted}
    enough = HALF * sum(weights.values())
    return [
        line for line, held in zip(lines, seen, strict=True) if sum(weights[word] for word in wanted & held) >= enough
    ]


def _held(text: str) -> frozenset[str]:
    """Return the stems of all words, and of neighbours written as one (`back up` is found by `backup`)."""
    said = words(text)
    return frozenset(map(stem, (*said, *map("".join, pairwise(said)))))


def _quotes(
    reading: Reading, about: Sequence[Topic], settled: Sequence[Decision], answers: Sequence[Line]
) -> list[Line]:
    """Choose the lines to quote: what matters most, what was decided, answers, then what says most."""
    by_id = {line.id: line for line in (*reading.lines, *answers)}
    ids = [one.quotes[0].message_id for one in settled]
    ids += [cited.message_id for point in key_points(reading, about, set(ids), 3) for cited in point.quotes]
    telling = sorted(reading.lines, key=lambda line: (is_question(line.text), -min(len(stems(line.text)), 12)))
    ids += [line.id for line in (*telling[:2], *answers[:2], *telling[2:])]
    chosen = [by_id[one] for one in dict.fromkeys(ids) if one in by_id][:QUOTES]
    return sorted(chosen, key=lambda line: line.at)


def _told(
    asked: _Asked, reading: Reading, about: Sequence[Topic], settled: Sequence[Decision], chosen: Sequence[Line]
) -> str:
    if asked.topic:
        people = list(dict.fromkeys(line.author for line in reading.lines))
        who = listed(people) if len(people) <= QUOTES else f"{len(people)} people"
        lead = f'"{" ".join(asked.topic)}" came up in {counted(len(reading.lines), "message")} by {who}{_when(asked)}.'
    else:
        lead = f"I read {opening(reading.lines, about)}"
    parts = [lead]
    parts += [f"- {one.kind.capitalize()}: {one.author}: {one.text}" for one in settled[-3:]]
    parts += [f"- {line.at:%Y-%m-%d %H:%M} {said(line)}" for line in chosen]
    return "\n".join(parts)


def _when(asked: _Asked) -> str:
    return "" if asked.period == ALL else f" ({asked.period.label})"


def _nothing(asked: _Asked, lines: Sequence[Line], inside: Sequence[Line]) -> RecallAnswer:
    """Say that nothing was found, and when the topic came up otherwise."""
    about = f' about "{" ".join(asked.topic)}"' if asked.topic else ""
    whose = f" by {listed(list(asked.people))}" if asked.people else ""
    told = f"I found nothing{about}{whose}{_when(asked)}; {counted(len(inside), 'message')} searched."
    elsewhere = [
        line
        for line in (_matching(lines, asked.topic) if asked.topic else [])
        if not asked.people or line.author.casefold() in asked.people
    ]
    if elsewhere:
        told += f" It came up at other times, the last on {elsewhere[-1].at:%Y-%m-%d}: {said(elsewhere[-1])}"
    return RecallAnswer(
        answer=told,
        found=False,
        period=asked.period,
        topic=" ".join(asked.topic) or None,
        people=list(asked.people),
        topics=[],
        decisions=[],
        quotes=[quote(line) for line in elsewhere[-1:]],
        searched=len(inside),
    )
