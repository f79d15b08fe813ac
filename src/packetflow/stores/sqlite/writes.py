"""What can be asked of a store's one writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packetflow._core.errors import StoreConflict
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Committed, NewEvent, RunRow


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


Write: TypeAlias = Commit | Append | PutRun | Record | Remember | Forget
Outcome: TypeAlias = Committed | tuple[Stored, ...] | bool | StoreConflict | None
"""What a write came to; a StoreConflict changed nothing."""


def arriving(write: Write) -> Sequence[NewEvent]:
    """Give the events that a write brings."""
    return write.events if isinstance(write, Commit | Append | PutRun) else ()
