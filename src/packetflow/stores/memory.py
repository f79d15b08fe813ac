"""The store that forgets: plain dictionaries, for tests and for actors that need not outlive the process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, takewhile
from operator import itemgetter
from typing import ClassVar, TypeVar

from packetflow._core.errors import StoreConflict, StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Committed, Horizon, Letter, NewEvent, RunRow, Saved, Settled
from packetflow.stores.letterbox import Letterbox, check
from packetflow.stores.moments import aware, utc

T = TypeVar("T")


class MemoryStore:
    """Implements the Store port in this process's memory; what is kept lives as long as this object, open or closed."""

    plain_writes: ClassVar[bool] = True
    """Its `commit` and `post` await futures alone, so that the runtime waits for them without a task of their own."""

    def __init__(self) -> None:
        """Begin empty."""
        self._open = False
        self._actors: dict[tuple[str, str], Saved] = {}
        self._replies: dict[tuple[str, str], dict[str, tuple[bytes, datetime]]] = {}
        self._topics: dict[str, dict[str, Stored]] = {}
        self._runs: dict[str, RunRow] = {}
        self._calls: dict[str, CallRecord] = {}
        self._audits: list[AuditRecord] = []
        self._memos: dict[tuple[str, str], bytes] = {}
        self._letters = Letterbox()

    async def open(self) -> None:
        """Start; runs that were running are marked `interrupted`."""
        if self._open:
            raise StoreUnavailable("the store is open already")
        self._open = True
        for run in self._runs.values():
            if run.status == "running":
                self._runs[run.id] = replace(run, status="interrupted")

    async def close(self) -> None:
        """Refuse everything from now on."""
        self._open = False

    async def load(self, kind: str, key: str) -> Saved | None:
        """Read an actor; None when it was never saved."""
        self._check()
        return self._actors.get((kind, key))

    async def commit(self, commit: Commit) -> Committed:
        """Store one message's changes together.

        Raises StoreConflict when the revision is not the one expected, the message was committed before, or the letter
        that it settles is gone or due at another moment.
        """
        self._check(*[event.at for event in commit.events], commit.at)
        check(commit.letters, commit.settles)
        actor, now = (commit.kind, commit.key), datetime.now(UTC)
        saved = self._actors.get(actor) or Saved(*actor, 0, None, now, commit.version)
        if saved.revision != commit.revision:
            raise _conflict(commit, f"is at revision {saved.revision}, not {commit.revision}")
        if commit.message_id in self._replies.get(actor, {}):
            raise _conflict(commit, f"has handled the message {commit.message_id!r} already")
        if commit.settles is not None and not self._letters.settle(commit.settles):
            raise _conflict(commit, f"was told the letter {commit.settles.id!r}, which is settled already")
        if commit.message_id is not None:
            self._replies.setdefault(actor, {})[commit.message_id] = (commit.reply or b"", commit.at or now)
        for name in commit.cancels:
            self._letters.cancel(*actor, name)
        self._letters.post(commit.letters)
        shape = (saved.state, now, saved.version) if commit.state is None else (commit.state, now, commit.version)
        self._actors[actor] = Saved(*actor, saved.revision + 1, *shape)
        return Committed(saved.revision + 1, self._add(commit.events))

    async def reply(self, kind: str, key: str, message_id: str) -> bytes | None:
        """Give the reply that was committed for a message, empty if there was none; None when the message is new."""
        self._check()
        kept = self._replies.get((kind, key), {}).get(message_id)
        return None if kept is None else kept[0]

    async def saved(
        self, kind: str | None = None, *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Saved]:
        """List saved actors ordered by (type, key), beginning behind `after`."""
        self._check()
        found = [actor for actor in self._actors if actor > after and kind in {None, actor[0]}]
        return [self._actors[actor] for actor in sorted(found)[: max(limit, 0)]]

    async def forget(self, kind: str, key: str) -> bool:
        """Delete an actor's state, replies, journal and the letters to it; False when there was nothing."""
        self._check()
        saved = self._actors.pop((kind, key), None)
        replies = self._replies.pop((kind, key), None)
        journal = self._topics.pop(f"{kind}/{key}", None)
        letters = self._letters.received(kind, key)
        for letter in letters:
            self._letters.drop(letter.id)
        return bool(saved or replies or journal or letters)

    async def post(self, letters: Sequence[Letter]) -> None:
        """Keep letters that belong to no actor's commit, in order, together."""
        self._check()
        check(letters)
        self._letters.post(letters)

    async def letters(
        self,
        *,
        kind: str | None = None,
        key: str | None = None,
        due: datetime | None = None,
        dead: bool | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        """List letters in the order of sending, beginning behind the number `after`; with `due` those due by then."""
        self._check(due)
        letters = self._letters if kind is None or key is None else self._letters.received(kind, key)
        found = (
            letter
            for letter in letters
            if letter.number > after
            and kind in {None, letter.kind}
            and key in {None, letter.key}
            and (due is None or letter.due <= due)
            and dead in {None, letter.dead}
        )
        return _first(found, limit)

    async def next_due(self, after: datetime) -> datetime | None:
        """Give the first moment later than `after` at which a letter that is not dead is due."""
        self._check(after)
        return min((letter.due for letter in self._letters if not letter.dead and letter.due > after), default=None)

    async def settle(self, settled: Settled) -> bool:
        """End a letter, or one occurrence of it, outside of a commit; False when there is no such (any more)."""
        self._check(settled.due, settled.next)
        return self._letters.settle(settled)

    async def fail_letter(self, letter_id: str, *, code: str, error: str, dead: bool) -> bool:
        """Note one more failed delivery, and whether it was the last; False when there is no such letter."""
        self._check()
        return self._letters.fail(letter_id, code, error, dead=dead)

    async def revive(self, letter_id: str) -> bool:
        """Let a dead letter be delivered again, its attempts forgotten; False when there is no such dead letter."""
        self._check()
        return self._letters.revive(letter_id)

    async def drop(self, letter_id: str) -> bool:
        """Delete a letter; False when there was none."""
        self._check()
        return self._letters.drop(letter_id)

    async def cancel_reminder(self, kind: str, key: str, name: str) -> bool:
        """Delete an actor's reminder by name; False when there was none."""
        self._check()
        return self._letters.cancel(kind, key, name)

    async def prune(self, horizon: Horizon, *, limit: int = 1000) -> int:
        """Delete what is older than the horizon, at most `limit` rows of each sort; give how many were deleted."""
        self._check(horizon.replies, horizon.calls, horizon.audits, horizon.runs, *[at for _, at in horizon.journals])
        limit = max(limit, 0)
        replies = self._old_replies(horizon.replies)[:limit]
        for actor, message_id in replies:
            del self._replies[actor][message_id]
        calls = _old(self._calls.values(), horizon.calls, lambda call: call.at)[:limit]
        for call in calls:
            del self._calls[call.id]
        audits = _old(self._audits, horizon.audits, lambda audit: audit.at)[:limit]
        for audit in audits:
            self._audits.remove(audit)
        ended = sorted(self._runs.values(), key=lambda run: run.id)
        runs = _old(ended, horizon.runs, lambda run: run.ended_at)[:limit]
        for run in runs:
            del self._runs[run.id]
            self._topics.pop(f"run/{run.id}", None)
        events = [event for kind, at in horizon.journals for event in self._old_events(kind, at)][:limit]
        for event in events:
            self._topics[event.topic].pop(event.id, None)
        return sum(map(len, (replies, calls, audits, runs, events)))

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events that belong to no actor's commit, in order; gives those that were new."""
        self._check(*[event.at for event in events])
        return self._add(events)

    async def read(
        self,
        topic: str,
        *,
        after: int = 0,
        limit: int = 1000,
        newest: bool = False,
        kinds: Collection[str] | None = None,
        ids: Collection[str] | None = None,
    ) -> list[Stored]:
        """Read a topic in the order of `seq`: the first `limit` behind `after`, or with `newest` the last `limit`."""
        self._check()
        journal = self._topics.get(topic, {})
        places = reversed(journal.values()) if newest else iter(journal.values())
        found = (
            event
            for event in places
            if event.seq > after and (kinds is None or event.kind in kinds) and (ids is None or event.id in ids)
        )
        page = _first(found, limit)
        return page[::-1] if newest else page

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Insert or replace a run's row and append its events, together."""
        self._check(row.started_at, row.ended_at, *[event.at for event in events])
        ended_at = utc(row.ended_at) if row.ended_at else None
        self._runs[row.id] = replace(row, started_at=utc(row.started_at), ended_at=ended_at)
        return self._add(events)

    async def run(self, run_id: str) -> RunRow | None:
        """Read a run's row."""
        self._check()
        return self._runs.get(run_id)

    async def runs(
        self,
        *,
        principal: str | None = None,
        status: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """List runs, the latest start first; those that started together by id, backwards."""
        self._check(before and before[0])
        found = [
            run
            for run in self._runs.values()
            if principal in {None, run.principal}
            and status in {None, run.status}
            and (before is None or (run.started_at, run.id) < before)
        ]
        return sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)[: max(limit, 0)]

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        """Keep call and audit records; a call whose id is kept already is left out."""
        self._check(*[call.at for call in calls], *[audit.at for audit in audits])
        for call in calls:
            self._calls.setdefault(call.id, replace(call, at=utc(call.at)))
        self._audits += [replace(audit, at=utc(audit.at)) for audit in audits]

    async def calls(
        self, *, capability_id: str | None = None, trace_id: str | None = None, limit: int = 100
    ) -> list[CallRecord]:
        """List call records, the latest first."""
        self._check()
        found = [
            call
            for call in self._calls.values()
            if capability_id in {None, call.capability_id} and trace_id in {None, call.trace_id}
        ]
        return _latest(found, lambda call: call.at, limit)

    async def audits(
        self, *, principal: str | None = None, verdict: str | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """List audit records, the latest first."""
        self._check()
        found = [
            audit for audit in self._audits if principal in {None, audit.principal} and verdict in {None, audit.verdict}
        ]
        return _latest(found, lambda audit: audit.at, limit)

    async def remember(self, space: str, key: str, value: bytes) -> None:
        """Keep a small value under a name, replacing an earlier one."""
        self._check()
        self._memos[space, key] = value

    async def recall(self, space: str, key: str) -> bytes | None:
        """Read a small value; None when it was never kept."""
        self._check()
        return self._memos.get((space, key))

    def _add(self, events: Iterable[NewEvent]) -> tuple[Stored, ...]:
        return tuple(self._added(events))

    def _added(self, events: Iterable[NewEvent]) -> Iterator[Stored]:
        for event in events:
            journal = self._topics.setdefault(event.topic, {})
            if event.id not in journal:
                seq = next(reversed(journal.values())).seq + 1 if journal else 1
                named = (event.topic, seq, event.id, event.kind)
                stored = Stored(*named, utc(event.at), event.principal, event.trace_id, event.payload)
                journal[event.id] = stored
                yield stored

    def _old_replies(self, before: datetime | None) -> list[tuple[tuple[str, str], str]]:
        replies = [(actor, name, at) for actor, kept in self._replies.items() for name, (_, at) in kept.items()]
        return [(actor, name) for actor, name, _ in _old(replies, before, lambda reply: reply[2])]

    def _old_events(self, kind: str, before: datetime) -> Iterator[Stored]:
        for topic in sorted(self._topics):
            if topic.startswith(f"{kind}/"):
                but_the_newest = islice(self._topics[topic].values(), len(self._topics[topic]) - 1)
                yield from takewhile(lambda event: event.at < before, but_the_newest)

    def _check(self, *moments: datetime | None) -> None:
        if not self._open:
            raise StoreUnavailable("the store is not open")
        aware(*moments)


def _first(found: Iterable[T], limit: int) -> list[T]:
    return list(islice(found, max(limit, 0)))


def _old(found: Iterable[T], before: datetime | None, moment: Callable[[T], datetime | None]) -> list[T]:
    """Choose what is of an earlier moment, the oldest first; nothing when there is no horizon."""
    aged = [(at, each) for each in found if before is not None and (at := moment(each)) is not None and at < before]
    return [each for _, each in sorted(aged, key=itemgetter(0))]


def _latest(found: Sequence[T], moment: Callable[[T], datetime], limit: int) -> list[T]:
    latest = [*reversed(found)]  # of records of one moment, the one kept last comes first: sorting leaves it there
    latest.sort(key=moment, reverse=True)
    return latest[: max(limit, 0)]


def _conflict(commit: Commit, reason: str) -> StoreConflict:
    return StoreConflict(f"{commit.kind} {commit.key!r} {reason}; load it again", kind=commit.kind, key=commit.key)
