"""The store of a PostgreSQL database: one process owns it, and writes in group commits over one connection.

Durable means on the server's disk: a commit is acknowledged when the server has answered COMMIT, with
`synchronous_commit` on. Concurrent commits share one transaction of a few statements over arrays, which is where the
speed comes from (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, Final

from packetflow._core.errors import StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Committed, Horizon, Letter, NewEvent, RunRow, Saved, Settled
from packetflow.stores.letterbox import check
from packetflow.stores.moments import aware, microseconds, moment
from packetflow.stores.postgres import reads, rows
from packetflow.stores.postgres.address import Address
from packetflow.stores.postgres.committer import Committer
from packetflow.stores.postgres.pruning import aged
from packetflow.stores.postgres.readers import Readers
from packetflow.stores.postgres.session import Sessions
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


class PostgresStore:
    """Durable state and event journal in a PostgreSQL database, 15 or newer; implements the Store port.

    One process may own the database (more exactly, the schema that its `search_path` names first) at a time. A store
    belongs to the event loop that opened it. It may be closed and opened again. When the connection is lost it refuses
    with StoreUnavailable, connects again by itself, and goes on once it owns the database again.
    """

    plain_writes: ClassVar[bool] = True
    """Its `commit` and `post` await futures alone, so that the runtime waits for them without a task of their own."""

    def __init__(self, dsn: str, *, group: int = 512) -> None:
        """Name the database, `postgresql://user:password@host:port/name`, and how many commits may share a transaction.

        Touches nothing yet. Raises ValueError, without repeating the password, when the address cannot be read.
        """
        if group < 1:
            raise ValueError(f"a group needs at least one commit, not {group}")
        self.address: Final = Address.read(dsn)
        self._group = group
        self._committer: Committer | None = None
        self._readers: Readers | None = None

    def __repr__(self) -> str:
        """Name the database, without the password."""
        return f"PostgresStore({str(self.address)!r})"

    def __str__(self) -> str:
        """Give the address, without the password."""
        return str(self.address)

    async def open(self) -> None:
        """Own the database, bring its schema up to date, and mark the runs that were running as interrupted.

        Raises StoreUnavailable when it cannot be reached, when another process owns it, and when a newer PacketFlow or
        another program wrote it; nothing is changed then.
        """
        if self._committer is not None:
            if not self._committer.closed:
                raise StoreUnavailable(f"the store {str(self.address)!r} is open already")
            await self.close()
        sessions = Sessions(self.address)
        committer, readers = Committer(sessions, self._group), Readers(sessions)
        self._committer, self._readers = committer, readers
        try:
            await committer.open()
        except BaseException:
            self._committer = self._readers = None
            raise

    async def close(self) -> None:
        """Finish the commits that were accepted, then let the database go; cancelled, that goes on by itself."""
        committer, readers = self._committer, self._readers
        if committer is None or readers is None:
            return
        committer.close()
        await readers.close()
        await committer.ended()
        if self._committer is committer:
            self._committer = self._readers = None

    async def load(self, kind: str, key: str) -> Saved | None:
        """Read an actor; None when it was never saved."""
        return next(map(rows.saved, await self._ask(reads.load(kind, key))), None)

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
        return next((row[0] for row in await self._ask(reads.reply(kind, key, message_id))), None)

    async def saved(
        self, kind: str | None = None, *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Saved]:
        """List saved actors ordered by (type, key), beginning behind `after`."""
        return [rows.saved(row) for row in await self._ask(reads.saved(kind, after, limit))]

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
        question = reads.listed_letters((kind, key), due, dead=dead, after=after, limit=limit)
        return [rows.letter(row) for row in await self._ask(question)]

    async def next_due(self, after: datetime) -> datetime | None:
        """Give the first moment later than `after` at which a letter that is not dead is due."""
        aware(after)
        [(due,)] = await self._ask(reads.next_due(after))
        return None if due is None else moment(due)

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
        limit = max(limit, 0)
        journals = tuple((kind, microseconds(before)) for kind, before in horizon.journals)
        cuts = await self._reading.use(lambda connection: aged(connection, journals, limit)) if journals else []
        return await self._writing.submit(Prune(horizon, cuts, limit))

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
        chosen_kinds = None if kinds is None else tuple(dict.fromkeys(kinds))
        chosen_ids = None if ids is None else tuple(dict.fromkeys(ids))
        page = reads.Page(topic, after, limit, newest, chosen_kinds, chosen_ids)
        found = [rows.stored(row) for row in await self._ask(reads.events_of(page))]
        return found[::-1] if newest else found

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Insert or replace a run's row and append its events, in one transaction."""
        aware(row.started_at, row.ended_at, *[event.at for event in events])
        return await self._writing.submit(PutRun(row, tuple(events)))

    async def run(self, run_id: str) -> RunRow | None:
        """Read a run's row."""
        return next(map(rows.run, await self._ask(reads.run(run_id))), None)

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
        return [rows.run(row) for row in await self._ask(reads.listed_runs(principal, status, before, limit))]

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        """Keep call and audit records, in one transaction; a call whose id is kept already is left out."""
        aware(*[call.at for call in calls], *[audit.at for audit in audits])
        await self._writing.submit(Record(tuple(calls), tuple(audits)))

    async def calls(
        self, *, capability_id: str | None = None, trace_id: str | None = None, limit: int = 100
    ) -> list[CallRecord]:
        """List call records, the latest first."""
        return [rows.call(row) for row in await self._ask(reads.listed_calls(capability_id, trace_id, limit))]

    async def audits(
        self, *, principal: str | None = None, verdict: str | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """List audit records, the latest first."""
        return [rows.audit(row) for row in await self._ask(reads.listed_audits(principal, verdict, limit))]

    async def remember(self, space: str, key: str, value: bytes) -> None:
        """Keep a small value under a name, replacing an earlier one."""
        await self._writing.submit(Remember(space, key, value))

    async def recall(self, space: str, key: str) -> bytes | None:
        """Read a small value; None when it was never kept."""
        return next((row[0] for row in await self._ask(reads.recall(space, key))), None)

    async def _ask(self, question: reads.Question) -> list[rows.Row]:
        return await self._reading.ask(question)

    @property
    def waiting(self) -> int:
        """Writes that wait for a transaction."""
        return 0 if self._committer is None else self._committer.waiting

    @property
    def _writing(self) -> Committer:
        if self._committer is None:
            raise StoreUnavailable(f"the store {str(self.address)!r} is not open")
        return self._committer

    @property
    def _reading(self) -> Readers:
        if self._readers is None:
            raise StoreUnavailable(f"the store {str(self.address)!r} is not open")
        return self._readers
