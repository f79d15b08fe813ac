"""What a conversation is about: phrases that several lines share, with the people and the quotes behind them.

Candidates are runs of words between stop words and punctuation, as in RAKE (Rose et al., 2010). They are ranked by
how many different lines and people hold them, so that one person's repetition does not make a topic.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.address import Names, names_of, without_address
from packetflow_chat.analysis.quote import Quote, Result, quote
from packetflow_chat.analysis.tokens import URL, content_words, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packetflow_chat.analysis.line import Line

LONGEST_PHRASE = 3
QUOTES = 3
SHORT_CHAT = 15
WINDOW = 40
_CLAUSE = re.compile(r"[.,;:!?()\[\]{}<>\"|=]+(?:\s|$)|\s[-–—]+\s|\n")
_COMMAND = re.compile(r"^[!@/][a-z][\w-]*", re.IGNORECASE)


class Topic(Result):
    """A thing people talk about."""

    name: str = Field(description="The phrase, as it is most often written.")
    messages: int = Field(description="How many different messages hold it.")
    people: list[str] = Field(description="Who wrote those, the most active first.")
    score: float = Field(description="Weight for the order of topics; larger is more important.")
    quotes: list[Quote] = Field(description="Lines that show it, in the order in which they were written.")


@dataclass(slots=True)
class _Phrase:
    """One candidate while lines are counted."""

    size: int
    forms: Counter[str] = field(default_factory=Counter[str])
    lines: list[int] = field(default_factory=list[int])
    people: Counter[str] = field(default_factory=Counter[str])
    proper: int = 0

    def score(self) -> float:
        """Return how often, by how many, in how few places: a topic comes in clumps, a common word everywhere.

        Longer phrases, names and terms count a little more. (Clumps: Church and Gale, "Poisson mixtures", 1995.)
        """
        often = len(self.lines)
        clumps = often / len({index // WINDOW for index in self.lines})
        spread = 1 + 0.7 * log(len(self.people))
        told = 1 + 0.35 * (self.size - 1) + (0.25 if self.proper * 2 >= often else 0.0)
        return round(often**0.5 * clumps * spread * told, 3)


def topics(lines: Sequence[Line], limit: int = 8) -> list[Topic]:
    """Return the main topics, the most important first; none when the lines have no content word in common or at all.

    In a chat of up to SHORT_CHAT lines a phrase that stands once can be a topic; in a longer one it takes two lines.
    """
    found = _phrases(lines)
    short = len(lines) <= SHORT_CHAT
    limit = min(limit, 2 + len(lines) // 2) if short else limit
    ranked = sorted(
        ((key, phrase, phrase.score()) for key, phrase in found.items() if len(phrase.lines) >= (1 if short else 2)),
        key=lambda item: (-item[2], item[1].lines[0], item[0]),
    )
    chosen: list[tuple[tuple[str, ...], _Phrase, float]] = []
    for key, phrase, score in ranked:
        if len(chosen) == limit:
            break
        if not any(_same_thing(key, phrase, other, known) for other, known, _ in chosen):
            chosen.append((key, phrase, score))
    return [_topic(phrase, score, lines) for _, phrase, score in chosen]


def _phrases(lines: Sequence[Line]) -> dict[tuple[str, ...], _Phrase]:
    names = names_of(lines)
    found: dict[tuple[str, ...], _Phrase] = {}
    told: set[str] = set()
    for index, line in enumerate(lines):
        text = without_address(line.text, names)
        same = " ".join(words(text))
        if same in told or _COMMAND.match(text):
            continue
        told.add(same)
        here: set[tuple[str, ...]] = set()
        for run in _runs(text, names):
            for key, shown, proper in _ngrams(run):
                phrase = found.setdefault(key, _Phrase(len(key)))
                phrase.forms[shown] += 1
                if key not in here:
                    here.add(key)
                    phrase.lines.append(index)
                    phrase.people[line.author] += 1
                    phrase.proper += proper
    return found


def _runs(text: str, names: Names) -> Iterator[list[str]]:
    """Yield the runs of neighbouring content words, as written; people's names break a run as stop words do."""
    for clause in _CLAUSE.split(URL.sub(" . ", text)):
        run: list[str] = []
        for piece in clause.split():
            bare = piece.strip("'\"*_~`.,;:!?()[]{}<>…")
            kept = content_words(bare)
            if len(kept) == 1 and kept[0] == bare.lower().replace("’", "'") and names.find(bare) is None:
                run.append(bare)
                continue
            yield run
            run = []
        yield run


def _ngrams(run: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    for start in range(len(run)):
        for end in range(start + 1, min(len(run), start + LONGEST_PHRASE) + 1):
            part = run[start:end]
            key = tuple(stem(word.lower().replace("’", "'")) for word in part)
            if len(set(key)) == len(key):
                proper = any(any(map(str.isupper, word[1:])) or any(map(str.isdigit, word)) for word in part)
                yield key, " ".join(part), proper or (start > 0 and part[0][:1].isupper())


def _same_thing(key: tuple[str, ...], phrase: _Phrase, chosen: tuple[str, ...], known: _Phrase) -> bool:
    """Tell whether a candidate only repeats a chosen topic, or part of it."""
    mine, theirs = set(key), set(chosen)
    if not mine & theirs:
        # Two words that always come in the same lines are one topic, told twice.
        return len(phrase.lines) <= QUOTES and phrase.lines == known.lines and len(known.lines) > 1
    if mine < theirs:
        return len(phrase.lines) <= 2 * len(known.lines)
    return True


def _topic(phrase: _Phrase, score: float, lines: Sequence[Line]) -> Topic:
    form = min(phrase.forms, key=lambda shown: (-phrase.forms[shown], shown))
    name = form if any(map(str.isupper, form[1:])) or phrase.proper * 2 >= len(phrase.lines) else form.lower()
    return Topic(
        name=name,
        messages=len(phrase.lines),
        people=sorted(phrase.people, key=lambda person: (-phrase.people[person], person)),
        score=score,
        quotes=[quote(lines[index]) for index in telling(phrase.lines, lines)],
    )


def telling(indexes: Iterable[int], lines: Sequence[Line], limit: int = QUOTES) -> list[int]:
    """Return the lines that say most, of different people where there are some, in the order of the log."""
    ranked = sorted(indexes, key=lambda index: (-min(len(set(content_words(lines[index].text))), 12), index))
    chosen: list[int] = []
    for fresh in (True, False):
        for index in ranked:
            authors = {lines[other].author for other in chosen}
            if len(chosen) < limit and index not in chosen and (not fresh or lines[index].author not in authors):
                chosen.append(index)
    return sorted(chosen)
