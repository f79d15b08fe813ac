"""A store between the app and another store, where calls fail, lose their answers, and take time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from packetflow._core.errors import StoreUnavailable
from packetflow.testing.faults import NoFaults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from datetime import datetime

    from packetflow._core.event import Stored
    from packetflow._core.policy import AuditRecord
    from packetflow._core.ports import (
        CallRecord,
        Commit,
        Committed,
        Horizon,
        Letter,
        NewEvent,
        RunRow,
        Saved,
        Settled,
        Store,
    )
    from packetflow.testing.faults import Faults

T = TypeVar("T")


class FaultyStore:
    """Implements the Store port by another store, with faults at any call: `FaultyStore(MemoryStore(), faults)`.

    A call that fails raises StoreUnavailable, whether it was done or not: nobody can tell, and that is the point. Once
    `alive` says no, every call is refused and nothing is done any more, as for a process that was killed.
    """

    def __init__(self, store: Store, faults: Faults | None = None, *, alive: Callable[[], bool] = lambda: True) -> None:
        """Stand before `store`."""
        self._store = store
        self._faults = faults or NoFaults()
        self._alive = alive

    async def _meet(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        fault = self._faults.next(method)
        if fault.before:
            await asyncio.sleep(fault.before)
        self._check()
        if fault.fails == "before":
            raise StoreUnavailable(f"{method} failed, as it was told to")
        done = await call()
        if fault.after:
            await asyncio.sleep(fault.after)
        self._check()
        if fault.fails == "after":
            raise StoreUnavailable(f"{method} was done, and its answer was lost, as it was told to")
        return done

    def _check(self) -> None:
        if not self._alive():
            raise StoreUnavailable("the process that used this store was killed")

    async def open(self) -> None:
        """Open the store; one that a killed process has left open is closed first."""
        await self._meet("open", self._reopen)

    async def _reopen(self) -> None:
        await self._store.close()
        await self._store.open()

    async def close(self) -> None:
        """Close the store."""
        await self._meet("close", self._store.close)

    async def load(self, kind: str, key: str) -> Saved | None:
        """Read an actor."""
        return await self._meet("load", partial(self._store.load, kind, key))

    async def commit(self, commit: Commit) -> Committed:
        """Store one message's changes."""
        return await self._meet("commit", partial(self._store.commit, commit))

    async def reply(self, kind: str, key: str, message_id: str) -> bytes | None:
        """Give the reply that was committed for a message."""
        return await self._meet("reply", partial(self._store.reply, kind, key, message_id))

    async def saved(
        self, kind: str | None = None, *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Saved]:
        """List saved actors."""
        return await self._meet("saved", partial(self._store.saved, kind, after=after, limit=limit))

    async def forget(self, kind: str, key: str) -> bool:
        """Delete an actor."""
        return await self._meet("forget", partial(self._store.forget, kind, key))

    async def post(self, letters: Sequence[Letter]) -> None:
        """Keep letters."""
        await self._meet("post", partial(self._store.post, letters))

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
        """List letters."""
        call = partial(self._store.letters, kind=kind, key=key, due=due, dead=dead, after=after, limit=limit)
        return await self._meet("letters", call)

    async def next_due(self, after: datetime) -> datetime | None:
        """Give the first moment at which a letter is due."""
        return await self._meet("next_due", partial(self._store.next_due, after))

    async def settle(self, settled: Settled) -> bool:
        """End a letter."""
        return await self._meet("settle", partial(self._store.settle, settled))

    async def fail_letter(self, letter_id: str, *, code: str, error: str, dead: bool) -> bool:
        """Note a failed delivery."""
        call = partial(self._store.fail_letter, letter_id, code=code, error=error, dead=dead)
        return await self._meet("fail_letter", call)

    async def revive(self, letter_id: str) -> bool:
        """Let a dead letter be delivered again."""
        return await self._meet("revive", partial(self._store.revive, letter_id))

    async def drop(self, letter_id: str) -> bool:
        """Delete a letter."""
        return await self._meet("drop", partial(self._store.drop, letter_id))

    async def cancel_reminder(self, kind: str, key: str, name: str) -> bool:
        """Delete a reminder."""
        return await self._meet("cancel_reminder", partial(self._store.cancel_reminder, kind, key, name))

    async def prune(self, horizon: Horizon, *, limit: int = 1000) -> int:
        """Delete what is old."""
        return await self._meet("prune", partial(self._store.prune, horizon, limit=limit))

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events."""
        return await self._meet("append", partial(self._store.append, events))

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
        """Read a topic."""
        call = partial(self._store.read, topic, after=after, limit=limit, newest=newest, kinds=kinds, ids=ids)
        return await self._meet("read", call)

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Keep a run's row and events."""
        return await self._meet("put_run", partial(self._store.put_run, row, events))

    async def run(self, run_id: str) -> RunRow | None:
        """Read a run's row."""
        return await self._meet("run", partial(self._store.run, run_id))

    async def runs(
        self,
        *,
        principal: str | None = None,
        status: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """List runs."""
        call = partial(self._store.runs, principal=principal, status=status, before=before, limit=limit)
        return await self._meet("runs", call)

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        """Keep call and audit records."""
        await self._meet("record", partial(self._store.record, calls, audits))

    async def calls(
        self, *, capability_id: str | None = None, trace_id: str | None = None, limit: int = 100
    ) -> list[CallRecord]:
        """List call records."""
        call = partial(self._store.calls, capability_id=capability_id, trace_id=trace_id, limit=limit)
        return await self._meet("calls", call)

    async def audits(
        self, *, principal: str | None = None, verdict: str | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """List audit records."""
        call = partial(self._store.audits, principal=principal, verdict=verdict, limit=limit)
        return await self._meet("audits", call)

    async def remember(self, space: str, key: str, value: bytes) -> None:
        """Keep a small value."""
        await self._meet("remember", partial(self._store.remember, space, key, value))

    async def recall(self, space: str, key: str) -> bytes | None:
        """Read a small value."""
        return await self._meet("recall", partial(self._store.recall, space, key))
