"""Small values for the tests of a Store."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from packetflow._core.policy import AuditRecord, Verdict
from packetflow._core.ports import CallRecord, Commit, Letter, NewEvent, RunRow, Store

R = TypeVar("R", CallRecord, AuditRecord)
E = TypeVar("E", bound=Exception)

START = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Give a moment that many seconds after `START`."""
    return START + timedelta(seconds=seconds)


def event(identity: str, topic: str = "Room/lobby", kind: str = "Posted", payload: bytes = b"{}") -> NewEvent:
    """Give an event with an id of its own."""
    return NewEvent(topic, identity, kind, START, "ada", "trace-1", payload)


def events(count: int, topic: str = "Room/lobby", kind: str = "Posted") -> list[NewEvent]:
    """Give that many events, with the ids `e1`, `e2` and so on."""
    return [event(f"e{number}", topic, kind) for number in range(1, count + 1)]


def commit(
    key: str = "lobby",
    revision: int = 0,
    state: bytes | None = b'{"posts":1}',
    new: Sequence[NewEvent] = (),
    message_id: str | None = None,
    reply: bytes | None = None,
) -> Commit:
    """Give a room's commit."""
    return Commit("Room", key, revision, state, tuple(new), message_id, reply)


def letter(identity: str, key: str = "lobby", due: float = 0, name: str = "", kind: str = "Room") -> Letter:
    """Give a letter that is due that many seconds after `START`."""
    told = (f"{kind}.post", b'{"text":"hi"}', "ada", b'{"rights":[]}', "trace-1")
    return Letter(identity, kind, key, *told, after(due), START, name)


def run(identity: str, seconds: float = 0, status: str = "succeeded", principal: str = "ada") -> RunRow:
    """Give a run that started that many seconds after `START`."""
    started_at = after(seconds)
    ended_at = None if status == "running" else started_at + timedelta(seconds=1)
    return RunRow(identity, status, principal, "plan-1", "say hello", "trace-1", started_at, ended_at, None)


def call(identity: str, seconds: float = 0, capability_id: str = "Room.post", trace_id: str = "trace-1") -> CallRecord:
    """Give a call made that many seconds after `START`."""
    return CallRecord(
        identity, after(seconds), capability_id, "ada", 0.001_234_567, "ok", None, trace_id, "run-1", "post"
    )


def audit(digest: str, seconds: float = 0, principal: str = "ada", verdict: Verdict = "allow") -> AuditRecord:
    """Give a decision made that many seconds after `START`."""
    return AuditRecord(after(seconds), principal, "grant-1", "Room.post", verdict, "granted", digest, "trace-1", None)


def latest_first(records: Sequence[R]) -> list[R]:
    """Give records from the latest; of those of one moment the one that was kept last comes first."""
    latest = [*reversed(records)]
    latest.sort(key=lambda record: record.at, reverse=True)
    return latest


async def raised(kind: type[E], action: Awaitable[object]) -> E:
    """Await something that must fail with this error, and give the error."""
    try:
        await action
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


async def seqs(store: Store, topic: str = "Room/lobby") -> list[int]:
    """Give the places of a topic's first thousand events."""
    return [stored.seq for stored in await store.read(topic)]


async def ids(store: Store, topic: str = "Room/lobby") -> list[str]:
    """Give the ids of a topic's first thousand events."""
    return [stored.id for stored in await store.read(topic)]


async def waiting(store: Store) -> list[str]:
    """Give the ids of the first thousand letters, in the order of sending."""
    return [letter.id for letter in await store.letters(limit=1000)]
