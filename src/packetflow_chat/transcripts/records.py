"""What a transcript yields: messages, lines that are no message, and lines that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Message:
    """One message somebody wrote.

    `at` is aware and in UTC. `line` counts from 1: the line of a text file, the record of a Slack export.
    `id` is the same for the same message each time its file is read, and distinct for each message of a file.
    """

    author: str
    text: str
    at: datetime
    kind: Literal["message", "action"]
    line: int
    id: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that was understood and is no message: `system` (joins, topics, headers) or `empty`."""

    line: int
    reason: Literal["system", "empty"]


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that could not be read as a message; `excerpt` is its beginning, without control characters."""

    line: int
    reason: str
    excerpt: str


Record = Message | Skipped | Bad


class TranscriptError(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


class DateNeededError(TranscriptError):
    """The lines carry times of day only and no date is known: pass one."""


class FormatUnknownError(TranscriptError):
    """The content looks like none of the known formats."""


def bad(line: int, reason: str, text: str) -> Bad:
    """Return a Bad record whose excerpt is safe to print on a terminal."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: EXCERPT + 1])
    return Bad(line, reason, shown if len(shown) <= EXCERPT else shown[: EXCERPT - 1] + "…")
