"""What can be asked of a store's one writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packetflow._core.errors import StoreConflict
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Committed, Horizon, Letter, NewEvent, RunRow, Settled


@dataclass(frozen=True, slots=True)
class Append:
    """Events of no actor's commit."""

    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class PutRun:
    """A run's row and events."""

    row: RunRow
    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class Record:
    """Call and audit records."""

    calls: Sequence[CallRecord]
    audits: Sequence[AuditRecord]


@dataclass(frozen=True, slots=True)
class Remember:
    """A small value under a name."""

    space: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Forget:
    """The end of an actor and of all that was kept of it."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Post:
    """Letters of no actor's commit."""

    letters: Sequence[Letter]


@dataclass(frozen=True, slots=True)
class FailLetter:
    """One more failed delivery."""

    letter_id: str
    code: str
    error: str
    dead: bool


@dataclass(frozen=True, slots=True)
class Revive:
    """A dead letter that is to be delivered again."""

    letter_id: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The end of a letter that nobody waits for."""

    letter_id: str


@dataclass(frozen=True, slots=True)
class CancelReminder:
    """The end of a reminder, by its name."""

    kind: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The beginning of a topic that is old enough to be deleted."""

    topic: str
    end: int
    """The last place to be deleted."""
    before: int
    """Only events of earlier moments, in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Prune:
    """The end of what is older than a horizon; of journals what was found old already."""

    horizon: Horizon
    cuts: Sequence[Cut]
    limit: int


Sweep: TypeAlias = Forget | Prune
"""A write that deletes rows, and so is applied by itself."""
Slip: TypeAlias = Settled | FailLetter | Revive | Drop | CancelReminder
"""A write about a letter that may be there."""
Write: TypeAlias = Commit | Append | PutRun | Record | Remember | Post | Slip | Sweep
Outcome: TypeAlias = Committed | tuple[Stored, ...] | bool | int | StoreConflict | None
"""What a write came to; a StoreConflict changed nothing."""


def arriving(write: Write) -> Sequence[NewEvent]:
    """Give the events that a write brings."""
    return write.events if isinstance(write, Commit | Append | PutRun) else ()
