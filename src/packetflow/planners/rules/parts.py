"""Choose a tool for each clause of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from packetflow.planners.rules.choice import Choice, ToolBox, choose
from packetflow.planners.rules.clauses import Clause
from packetflow.planners.rules.lexicon import AUXILIARIES, CONJUNCTIONS, DETERMINERS, PREPOSITIONS, PRONOUNS
from packetflow.planners.rules.links import Source, referring_spans
from packetflow.planners.rules.nested import nested
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.tool import JSON

_REFERRING = 0.15
_TELLING = DETERMINERS | PRONOUNS | PREPOSITIONS | CONJUNCTIONS


@dataclass(frozen=True)
class Given:
    """What a request is planned with: the tools, the day, and what the surroundings suggest."""

    box: ToolBox
    today: date | None
    hints: Mapping[str, JSON]


@dataclass(frozen=True)
class Part:
    """A clause that has found its tool; `refers` says that it points back to an earlier part."""

    text: str
    reading: Reading
    choice: Choice
    refers: bool


@dataclass
class Parts:
    """The parts of a request in order, the clauses that fit no tool, and every choice that was weighed."""

    found: list[Part] = field(default_factory=list[Part])
    unmet: list[str] = field(default_factory=list[str])
    weighed: list[Choice] = field(default_factory=list[Choice])


def parts_of(clauses: list[Clause], given: Given, *, whole: bool) -> Parts:
    """Choose a tool for each clause; one that fits none belongs to the clause before it, or leads to the one after.

    Unless the request is taken as a `whole`, a request inside a clause ("post the weather to ...") becomes a part.
    """
    parts = Parts()
    before = ""
    todo = [(clause.text, clause.refers) for clause in clauses]
    while todo:
        clause, refers = todo.pop(0)
        text = f"{before}. {clause}" if before else clause
        choice, part = _part(text, given, parts.found, refers=refers and bool(parts.found))
        known = whole or bool(_aside(read(text, given.today), parts.found))
        halves = None if known else nested(text, choice, given.box, given.today, given.hints)
        if halves is not None:
            todo[:0] = [(halves.inner, refers), (halves.outer, True)]
            before = ""
            continue
        if choice is not None:
            parts.weighed.append(choice)
        before = _placed(parts, part, clause, text, given)
    if before:
        parts.unmet.append(before)
    return parts


def _placed(parts: Parts, part: Part | None, clause: str, text: str, given: Given) -> str:
    """Keep a part, or a clause without a tool where it belongs; return the words that lead to the next clause."""
    if part is not None:
        parts.found.append(part)
    elif not parts.found:
        return text
    elif (longer := _extended(parts.found[-1], clause, given)) is not None:
        parts.found[-1] = longer
    else:
        parts.unmet.append(clause)
    return ""


def _part(text: str, given: Given, earlier: list[Part], *, refers: bool) -> tuple[Choice | None, Part | None]:
    reading = read(text, given.today)
    aside = _aside(reading, earlier)
    sources = [Source(part.choice.tool.id, part.choice.tool) for part in earlier] if refers else []
    choice = choose(reading, given.box, given.hints, aside, sources)
    if choice is None:
        return None, None
    fits = choice.fits or (refers and choice.best.score >= _REFERRING)
    return choice, Part(text, reading, choice, refers or bool(aside)) if fits else None


def _aside(reading: Reading, earlier: list[Part]) -> list[tuple[int, int]]:
    return referring_spans(reading, [Source(part.choice.tool.id, part.choice.tool) for part in earlier])


def _tells(clause: str) -> bool:
    """Say whether a clause tells something rather than asks for it: "The second one is red.", "with a view"."""
    words = re.findall(r"[\w']+", clause.lower())[:5]
    return bool(words) and (words[0] in _TELLING or any(word in AUXILIARIES for word in words[1:]))


def _extended(part: Part, more: str, given: Given) -> Part | None:
    """Read a clause that asks for nothing new ("The second one is red.") together with the one before."""
    if not _tells(more):
        return None
    _, longer = _part(f"{part.text}. {more}", given, [], refers=part.refers)
    return longer if longer is not None and longer.choice.tool.id == part.choice.tool.id else None
