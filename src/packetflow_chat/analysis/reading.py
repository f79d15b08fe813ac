"""A close reading of a conversation: its latest lines and which of them answers which, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.threads import answered_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

CLOSE_READING = 5_000


class Coverage(Result):
    """How many messages were given, and how many of them, the latest, were read closely."""

    messages: int = Field(description="Messages given to the analysis.")
    read_closely: int = Field(description="The latest of them, read for threads, topics, sentiment and quotes.")


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines that were read, oldest first, and for each the index of the line it answers."""

    lines: Sequence[Line]
    parents: Sequence[int | None]
    coverage: Coverage

    def answers(self) -> dict[int, list[int]]:
        """Map each line that others answered to their lines, in order."""
        found: dict[int, list[int]] = {}
        for index, parent in enumerate(self.parents):
            if parent is not None and self.lines[parent].author != self.lines[index].author:
                found.setdefault(parent, []).append(index)
        return found


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Return the lines oldest first; lines of one instant keep their order."""
    return sorted(lines, key=lambda line: line.at)


def read(lines: Sequence[Line], limit: int = CLOSE_READING) -> Reading:
    """Read the latest `limit` lines closely. The work grows with their number, never with its square."""
    latest = in_order(lines)[-limit:]
    return Reading(latest, answered_lines(latest), Coverage(messages=len(lines), read_closely=len(latest)))
