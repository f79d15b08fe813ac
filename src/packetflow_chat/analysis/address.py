"""Whom a line is addressed to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packetflow_chat.analysis.stop_words import STOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packetflow_chat.analysis.line import Line

_LEAD = re.compile(r"^\s*@?(?P<name>[^\s:,;<>@]{2,40})(?P<mark>\s?[:;,>]+|\s-+(?=\s))?(?:\s|$)")
_AT = re.compile(r"(?<![\w.])@(?P<name>[\w\-\[\]\\^{}|`.]{1,40})")
_PIPE = re.compile(r"^!\S.*?[|>]\s*(?P<name>\S{2,40})\s*$")
_TAIL = re.compile(r",\s*@?(?P<name>[^\s,:;<>@?!.]{2,40})[\s.!?:)(;-]*$")
_TURN = re.compile(r"(?<=[.!?])\s+@?(?P<name>[^\s,:;<>@?!.]{2,40})[,:]\s")
_PIECE = re.compile(r"[^\s,:;!?()\"'<>@]+")
_ROBOT = re.compile(r"bot(?:tu)?(?:[\d_`|-].*)?$|^bot[_-]", re.IGNORECASE)
_SHORTEST_PREFIX = 3
_SHORTEST_INSIDE = 4


class Names:
    """The names that can be addressed: the authors of a conversation, and names mentioned by other means."""

    def __init__(self, names: Iterable[str]) -> None:
        """Learn the names; case does not matter."""
        self._known = {name.casefold() for name in names if name}
        self._by_core: dict[str, str] = {}
        for name in sorted(self._known):
            self._by_core.setdefault(_core(name), name)
        self._completed: dict[str, str | None] = {}

    def find(self, written: str) -> str | None:
        """Return the known name (in lower case) that is written: exactly, or without its decoration."""
        lowered = written.casefold()
        if lowered in self._known:
            return lowered
        core = _core(lowered)
        return self._by_core.get(core) if len(core) >= _SHORTEST_PREFIX else None

    def completed(self, written: str) -> str | None:
        """Return the one known name that starts with what is written, or None when there are several."""
        lowered = written.casefold()
        if len(lowered) < _SHORTEST_PREFIX:
            return None
        if lowered not in self._completed:
            found = [name for name in self._known if name.startswith(lowered)]
            self._completed[lowered] = found[0] if len(found) == 1 else None
        return self._completed[lowered]


def addressees(text: str, names: Names) -> list[str]:
    """Return the names, in lower case, that a text is addressed to, the most certain first."""
    found: list[str] = []
    lead = _LEAD.match(text)
    if lead is not None:
        found += _leading(lead, names)
    marked = [match["name"] for match in _AT.finditer(text)]
    marked += [
        match["name"] for match in (_PIPE.match(text), _TURN.search(text), _TAIL.search(text)) if match is not None
    ]
    found += [name for written in marked if (name := names.find(written.rstrip(".,"))) is not None]
    if not found:
        found += _inside(text, names)
    return list(dict.fromkeys(found))


def without_address(text: str, names: Names) -> str:
    """Return the text without the name at its start."""
    lead = _LEAD.match(text)
    if lead is None or not _leading(lead, names):
        return text.strip()
    return text[lead.end() :].strip() or text.strip()


def _leading(lead: re.Match[str], names: Names) -> list[str]:
    written = lead["name"]
    if lead["mark"] is None:
        name = names.find(written) if written.casefold() not in STOP else None
        return [] if name is None else [name]
    name = names.find(written) or (names.completed(written) if ":" in lead["mark"] or "," in lead["mark"] else None)
    return [] if name is None else [name]


def _inside(text: str, names: Names) -> list[str]:
    """Return names in the middle of a text; short ones and plain words are taken for words."""
    pieces = [piece.rstrip(".") for piece in _PIECE.findall(text)]
    long = [piece for piece in pieces if len(piece) >= _SHORTEST_INSIDE and piece.casefold() not in STOP]
    return [name for piece in long if (name := names.find(piece)) is not None]


def is_robot(author: str) -> bool:
    """Tell whether a name is a bot's, by the custom that it says so (`helpbot`, `floodbot2`, `bot-deploy`)."""
    return _ROBOT.search(author) is not None


def _core(name: str) -> str:
    return name.strip("_`|-^[]{}\\0123456789")


def names_of(lines: Sequence[Line]) -> Names:
    """Return the names of everybody who wrote or was mentioned."""
    return Names({line.author for line in lines} | {name for line in lines for name in line.mentions})
