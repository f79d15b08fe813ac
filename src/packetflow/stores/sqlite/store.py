"""The store of one machine: a SQLite file, written by one thread in group commits, read by a few others.

Durable means on disk: the write-ahead log is flushed before a commit is acknowledged. Concurrent commits share one
flush, which is where the speed comes from (docs/decisions/0001).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from packetflow._core.errors import StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Committed, Horizon, Letter, NewEvent, RunRow, Saved, Settled
from packetflow.stores.letterbox import check
from packetflow.stores.moments import aware
from packetflow.stores.sqlite import reads
from packetflow.stores.sqlite.committer import Committer
from packetflow.stores.sqlite.readers import Readers
from packetflow.stores.sqlite.sweep import aged
from packetflow.stores.sqlite.switching import SWITCHING
from packetflow.stores.writes import (
    Append,
    CancelReminder,
    Drop,
    FailLetter,
    Forget,
    Post,
    Prune,
    PutRun,
    Record,
    Remember,
    Revive,
)

READERS = 4


class SQLiteStore:
    """Durable state and event journal in one file; implements the Store port.

    One process may own the file at a time; the lock file `<path>.lock` stays beside it. A store belongs to the event
    loop that opened it. It may be closed and opened again.
    """

    plain_writes: ClassVar[bool] = True
    """Its `commit` and `post` await futures alone, so that the runtime waits for them without a task of their own."""

    def __init__(self, path: str | Path, *, group: int = 512) -> None:
        """Name the file, made when it is missing, and how many commits may share a transaction; touches nothing yet."""
        if str(path) in {"", ":memory:"}:
            raise ValueError("SQLiteStore needs the path of a file; for a store that forgets, use MemoryStore()")
        self.path = Path(path)
        self._group = group
        self._committer: Committer | None = None
        self._readers: Readers | None = None

    async def open(self) -> None:
        """Own the file, bring its schema up to date, and mark the runs that were running as interrupted.

        Raises StoreUnavailable when another process owns the file, when a newer PacketFlow wrote it, and when it is no
        store; the file is not changed then.

        Lowers `sys.setswitchinterval` to 0.2 ms for the whole process, until the last open store is closed. With
        Python's own 5 ms, a thread may wait for seconds beside an event loop that is busy with many short callbacks,
        and the commits with it (benchmarks/store.py measures it).
        """
        if self._committer is not None:
            if not self._committer.closed:
                raise StoreUnavailable(f"the store {str(self.path)!r} is open already")
            await self.close()
        committer, readers = Committer(self.path, self._group), Readers(self.path, READERS)
        self._committer, self._readers = committer, readers
        try:
            await committer.open()
        except BaseException:
            self._committer = self._readers = None
            raise
        readers.open()
        SWITCHING.lower()

    async def close(self) -> None:
        """Finish the commits that were accepted, then let the file go; cancelled, that goes on by itself."""
        committer, readers = self._committer, self._readers
        if committer is None or readers is None:
            return
        readers.close()
        try:
            await readers.ended()  # before the writer: the last connection takes the log into the file, and only it can
        finally:
            committer.close()
        await committer.ended()
        if self._committer is committer:
            self._committer = self._readers = None
            SWITCHING.restore()

    async def load(self, kind: str, key: str) -> Saved | None:
        """Read an actor; None when it was never saved."""
        return await self._reading.ask(reads.load, kind, key)

    async def commit(self, commit: Commit) -> Committed:
        """Store one message's changes in one transaction, which concurrent commits share.

        Raises StoreConflict when the revision is not the one expected, the message was committed before, or the letter
        that it settles is gone or due at another moment.
        """
        if commit.events or commit.at is not None:
            aware(*[event.at for event in commit.events], commit.at)
        if commit.letters or commit.settles:
            check(commit.letters, commit.settles)
        return await self._writing.submit(commit)

    async def reply(self, kind: str, key: str, message_id: str) -> bytes | None:
        """Give the reply that was committed for a message, empty if there was none; None when the message is new."""
        return await self._reading.ask(reads.reply, kind, key, message_id)

    async def saved(
        self, kind: str | None = None, *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Saved]:
        """List saved actors ordered by (type, key), beginning behind `after`."""
        return await self._reading.ask(reads.saved, kind, after, limit)

    async def forget(self, kind: str, key: str) -> bool:
        """Delete an actor's state, replies, journal and the letters to it; False when there was nothing."""
        return await self._writing.submit(Forget(kind, key))

    async def post(self, letters: Sequence[Letter]) -> None:
        """Keep letters that belong to no actor's commit, in order, in one transaction."""
        check(letters)
        await self._writing.submit(Post(tuple(letters)))

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
        aware(due)
        return await self._reading.ask(reads.listed_letters, reads.Letters(kind, key, due, dead, after, limit))

    async def next_due(self, after: datetime) -> datetime | None:
        """Give the first moment later than `after` at which a letter that is not dead is due."""
        aware(after)
        return await self._reading.ask(reads.next_due, after)

    async def settle(self, settled: Settled) -> bool:
        """End a letter, or one occurrence of it, outside of a commit; False when there is no such (any more)."""
        check((), settled)
        return await self._writing.submit(settled)

    async def fail_letter(self, letter_id: str, *, code: str, error: str, dead: bool) -> bool:
        """Note one more failed delivery, and whether it was the last; False when there is no such letter."""
        return await self._writing.submit(FailLetter(letter_id, code, error, dead))

    async def revive(self, letter_id: str) -> bool:
        """Let a dead letter be delivered again, its attempts forgotten; False when there is no such dead letter."""
        return await self._writing.submit(Revive(letter_id))

    async def drop(self, letter_id: str) -> bool:
        """Delete a letter; False when there was none."""
        return await self._writing.submit(Drop(letter_id))

    async def cancel_reminder(self, kind: str, key: str, name: str) -> bool:
        """Delete an actor's reminder by name; False when there was none."""
        return await self._writing.submit(CancelReminder(kind, key, name))

    async def prune(self, horizon: Horizon, *, limit: int = 1000) -> int:
        """Delete what is older than the horizon, at most `limit` rows of each sort; give how many were deleted.

        What is old of journals is looked for beside the writing, which is held up for the deletion only.
        """
        aware(horizon.replies, horizon.calls, horizon.audits, horizon.runs, *[before for _, before in horizon.journals])
        cuts = await self._reading.ask(aged, horizon, max(limit, 0)) if horizon.journals else []
        return await self._writing.submit(Prune(horizon, cuts, max(limit, 0)))

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events that belong to no actor's commit, in order, in one transaction; gives those that were new."""
        aware(*[event.at for event in events])
        return await self._writing.submit(Append(tuple(events)))

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
        chosen_kinds = None if kinds is None else frozenset(kinds)
        chosen_ids = None if ids is None else frozenset(ids)
        return await self._reading.ask(reads.read, reads.Page(topic, after, limit, newest, chosen_kinds, chosen_ids))

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Insert or replace a run's row and append its events, in one transaction."""
        aware(row.started_at, row.ended_at, *[event.at for event in events])
        return await self._writing.submit(PutRun(row, tuple(events)))

    async def run(self, run_id: str) -> RunRow | None:
        """Read a run's row."""
        return await self._reading.ask(reads.run, run_id)

    async def runs(
        self,
        *,
        principal: str | None = None,
        status: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """List runs, the latest start first; those that started together by id, backwards."""
        aware(before and before[0])
        return await self._reading.ask(reads.listed_runs, principal, status, before, limit)

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        """Keep call and audit records, in one transaction; a call whose id is kept already is left out."""
        aware(*[call.at for call in calls], *[audit.at for audit in audits])
        await self._writing.submit(Record(tuple(calls), tuple(audits)))

    async def calls(
        self, *, capability_id: str | None = None, trace_id: str | None = None, limit: int = 100
    ) -> list[CallRecord]:
        """List call records, the latest first."""
        return await self._reading.ask(reads.listed_calls, capability_id, trace_id, limit)

    async def audits(
        self, *, principal: str | None = None, verdict: str | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """List audit records, the latest first."""
        return await self._reading.ask(reads.listed_audits, principal, verdict, limit)

    async def remember(self, space: str, key: str, value: bytes) -> None:
        """Keep a small value under a name, replacing an earlier one."""
        await self._writing.submit(Remember(space, key, value))

    async def recall(self, space: str, key: str) -> bytes | None:
        """Read a small value; None when it was never kept."""
        return await self._reading.ask(reads.recall, space, key)

    @property
    def waiting(self) -> int:
        """Writes that wait for the disk."""
        return 0 if self._committer is None else self._committer.waiting

    @property
    def _writing(self) -> Committer:
        if self._committer is None:
            raise StoreUnavailable(f"the store {str(self.path)!r} is not open")
        return self._committer

    @property
    def _reading(self) -> Readers:
        if self._readers is None:
            raise StoreUnavailable(f"the store {str(self.path)!r} is not open")
        return self._readers
