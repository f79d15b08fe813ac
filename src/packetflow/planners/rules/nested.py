"""See the request inside a request: "post the weather in Berlin to the lobby" asks for the weather, then posts it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from packetflow.planners.rules.choice import Choice, ToolBox, choose
from packetflow.planners.rules.lexicon import GENERAL_ACTS, REQUESTS
from packetflow.planners.rules.links import Source, link
from packetflow.planners.rules.phrases import tokens_of
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.tool import JSON, inputs_of

_SURE = 0.35
_OUTER = 0.15
_FEWEST, _MOST = 4, 60
"""A request inside a request has so many words; each preposition in it is tried as the place where it ends."""
_JOINTS = frozenset({"to", "in", "into", "on", "at", "with", "as", "via", "for"})
_POLITE = re.compile(
    r"^\s*(?:please|can you|could you|would you|i want to|i'd like to|then|and|also)\s+", re.IGNORECASE
)


@dataclass(frozen=True)
class Nested:
    """A clause read as two: what gives the thing, and what is done with "it"."""

    inner: str
    outer: str


def nested(
    text: str, whole: Choice | None, box: ToolBox, today: date | None, hints: Mapping[str, JSON]
) -> Nested | None:
    """Return both halves of a clause whose object is itself a request for a reading tool; None when it has none.

    Tried only where `whole`, the reading as one request, fits no tool, lacks inputs, or takes the object as mere text.
    The longest object wins.
    """
    text = _POLITE.sub("", text)
    tokens = tokens_of(text)
    if (
        not _FEWEST <= len(tokens) <= _MOST
        or tokens[0].low not in REQUESTS
        or tokens[0].stem in GENERAL_ACTS
        or tokens[1].low != "the"
    ):
        return None
    if whole is not None and whole.fits and not whole.filling.missing and not _as_text(whole):
        return None
    ends = [token.start for token in tokens[3:] if token.low in _JOINTS] + [len(text)]
    for end in sorted(ends, reverse=True):
        halves = Nested(text[tokens[1].start : end].strip(), f"{tokens[0].text} it {text[end:]}".strip())
        if _holds(halves, box, today, hints):
            return halves
    return None


def _as_text(choice: Choice) -> bool:
    """Say whether a field for running text took plain words of the clause."""
    for item in inputs_of(choice.tool.input_schema):
        value = choice.filling.values.get(item.name)
        if "text" in roles_of(item) and isinstance(value, str) and value[:1].islower():
            return True
    return False


def _holds(halves: Nested, box: ToolBox, today: date | None, hints: Mapping[str, JSON]) -> bool:
    inner = choose(read(halves.inner, today), box, hints)
    if inner is None or inner.best.score < _SURE or inner.filling.missing or inner.tool.effect != "read":
        return False
    reading: Reading = read(halves.outer, today)
    source = Source("inner", inner.tool)
    outer = choose(reading, box, hints, sources=[source])
    if outer is None or outer.tool.id == inner.tool.id or outer.best.score < _OUTER:
        return False
    links = link(outer.tool, reading, outer.filling, [source])
    return bool(links) and all(name in links for name in outer.filling.missing)
