"""The one writer of a PostgreSQL store: a task that commits together what waits together."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, overload

import asyncpg

from packetflow._core.errors import StoreConflict, StoreError, StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, Committed, Settled
from packetflow.stores.moments import present
from packetflow.stores.postgres.batch import Collision, Transaction, apply
from packetflow.stores.postgres.session import FAILURES, RELEASE, Sessions, is_lost
from packetflow.stores.writes import (
    Append,
    CancelReminder,
    Drop,
    FailLetter,
    Forget,
    Outcome,
    Post,
    Prune,
    PutRun,
    Record,
    Remember,
    Revive,
    Write,
)

if TYPE_CHECKING:
    from asyncpg import Connection

Waiting: TypeAlias = tuple[Write, asyncio.Future[Outcome]]

ROOM: Final = 8192
"""How many writes may wait; whoever comes later is held up until there is room."""
TOPICS: Final = 50_000
"""Of how many topics the last place is remembered."""
ATTEMPTS: Final = 5
"""How often a group is tried again when another writer was in its way."""
PAUSES: Final = (0.05, 2.0)
"""Seconds between two attempts to connect again: at first, and at most."""
VERDICT_SECONDS: Final = 10
"""How long a commit whose connection died in the middle waits for the server to tell what became of it."""

_COLLISIONS: Final = (
    Collision,
    asyncpg.UniqueViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


class Committer:
    """Takes writes from one event loop, and answers each when the transaction it shares is on disk.

    Writes are applied in the order in which they were submitted. A member of a group that fails with a StoreConflict
    leaves the rest unharmed. When the transaction itself fails, its halves are tried again, down to a single write;
    only the callers of those that fail alone are told. While the connection is lost every write is refused with
    StoreUnavailable, and a new one is tried for, until the store is owned again.
    """

    def __init__(self, sessions: Sessions, group: int) -> None:
        """Name the store, and how many writes may share a transaction."""
        self._sessions = sessions
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(ROOM)
        self._queue: deque[Waiting] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._ends: dict[str, int] = {}
        self._connection: Connection | None = None
        self._refusal: StoreUnavailable | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Own the store, bring it up to date, and start; raises StoreUnavailable when that cannot be."""
        try:
            self._hold(await self._sessions.owner(fresh=True))
        except BaseException:
            self._closed = True
            raise
        self._task = asyncio.create_task(self._run(), name="packetflow-store")

    @overload
    async def submit(self, write: Commit) -> Committed: ...
    @overload
    async def submit(self, write: Append | PutRun) -> tuple[Stored, ...]: ...
    @overload
    async def submit(self, write: Record | Remember | Post) -> None: ...
    @overload
    async def submit(self, write: Forget | Settled | FailLetter | Revive | Drop | CancelReminder) -> bool: ...
    @overload
    async def submit(self, write: Prune) -> int: ...
    async def submit(self, write: Write) -> Outcome:
        """Give a write's outcome once it is durable; cancelled, the write may still be stored."""
        self._admit()
        full = self._room.locked()
        await self._room.acquire()
        if full:
            try:
                self._admit()
            except StoreUnavailable:
                self._room.release()
                raise
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        self._queue.append((write, answer))
        self._changed.set()
        return await answer

    @property
    def waiting(self) -> int:
        """Writes that were taken and are in no transaction yet."""
        return len(self._queue)

    def _admit(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise StoreUnavailable(f"the store {self._shown} belongs to the event loop that opened it")
        if self._closed:
            raise StoreUnavailable(f"the store {self._shown} is closed")
        if self._refusal is not None:
            raise self._refused()

    @property
    def closed(self) -> bool:
        """Whether no more writes are taken."""
        return self._closed

    def close(self) -> None:
        """Take no more writes; the task ends by itself when those accepted are committed."""
        self._closed = True
        self._changed.set()

    async def ended(self) -> None:
        """Wait until everything accepted is committed, and the store is let go."""
        if self._task is not None:
            await asyncio.shield(self._task)

    @property
    def _shown(self) -> str:
        return repr(str(self._sessions.address))

    async def _run(self) -> None:
        while self._queue or not self._closed:
            if self._connection is None:
                self._refuse_waiting()
                await self._return()
            elif self._queue:
                await self._next_group(self._connection)
            else:
                self._changed.clear()
                await self._changed.wait()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(*FAILURES):
                await connection.execute(RELEASE)  # at once: the server may take a moment to end the connection
                await connection.close(timeout=5)

    async def _next_group(self, connection: Connection) -> None:
        if len(self._ends) > TOPICS:
            self._ends.clear()
        group = [self._queue.popleft() for _ in range(min(self._group, len(self._queue)))]
        outcomes = await self._commit(connection, [write for write, _ in group])
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            self._room.release()
            if answer.cancelled():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    async def _commit(self, connection: Connection, writes: Sequence[Write]) -> list[Outcome | Exception]:
        if self._connection is not connection:
            return [self._refused() for _ in writes]
        try:
            return [*await self._together(connection, writes)]
        except Exception as error:  # noqa: BLE001 - told to whoever waits for it
            if isinstance(error, StoreUnavailable):
                return [error for _ in writes]
            if is_lost(connection, error):
                self._lose(connection, error)
                return [self._refused() for _ in writes]
            if len(writes) == 1:
                return [self._as_told(error)]
        half = len(writes) // 2  # one bad member of 512 costs 20 transactions so, and not 512
        return await self._commit(connection, writes[:half]) + await self._commit(connection, writes[half:])

    async def _together(self, connection: Connection, writes: Sequence[Write]) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            transaction = Transaction(connection, present(), self._ends, trusting=attempt == 0)
            await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            try:
                outcomes = await apply(transaction, writes)
            except BaseException as error:
                await self._undo(connection)
                if isinstance(error, _COLLISIONS) and attempt < ATTEMPTS - 1:
                    continue
                raise
            await self._finish(transaction)
            return outcomes
        raise Collision

    async def _undo(self, connection: Connection) -> None:
        self._ends.clear()
        try:
            await connection.execute("ROLLBACK")
        except FAILURES:
            connection.terminate()  # that undoes it, too

    async def _finish(self, transaction: Transaction) -> None:
        connection = transaction.connection
        try:
            await connection.execute("COMMIT")
        except Exception as error:
            self._ends.clear()
            if not is_lost(connection, error):
                raise
            self._lose(connection, error)
            await self._verdict(transaction, error)

    async def _verdict(self, transaction: Transaction, error: Exception) -> None:
        """Learn what became of a transaction whose COMMIT was not answered; return when it is stored.

        Raises StoreUnavailable when it is not, and when the server does not come back in time: then nobody knows.
        """
        found: str | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(VERDICT_SECONDS):
                while found not in {"committed", "aborted"}:
                    found = await self._sessions.became(transaction.number)
                    await asyncio.sleep(PAUSES[0])
        if found == "committed":
            return
        if found == "aborted":
            raise self._sessions.unavailable("lost its connection; nothing of this was stored", error) from error
        raise self._sessions.unavailable(
            "lost its connection in the middle of a commit; whether it is stored is told by reading it again",
            error,
            outcome="unknown",
        ) from error

    def _hold(self, connection: Connection) -> None:
        self._connection, self._refusal = connection, None
        connection.add_termination_listener(self._terminated)

    def _terminated(self, connection: Connection) -> None:
        if self._connection is connection:
            self._lose(connection, ConnectionError("the connection was closed"))

    def _lose(self, connection: Connection, error: Exception) -> None:
        """Step down: whoever holds the lock now may write, and we may not."""
        if self._connection is connection:
            self._connection = None
            self._ends.clear()
            self._refusal = self._sessions.unavailable("lost its connection; nothing of this was stored", error)
            connection.terminate()
            self._refuse_waiting()
            self._changed.set()

    def _refuse_waiting(self) -> None:
        while self._queue:
            _, answer = self._queue.popleft()
            self._room.release()
            if not answer.cancelled():
                answer.set_exception(self._refused())

    def _refused(self) -> StoreUnavailable:
        known = self._refusal
        if known is not None:
            return StoreUnavailable(known.message, **known.details)
        said = f"the store {self._shown} lost its connection; nothing of this was stored"
        return StoreUnavailable(said, reason="gone")

    async def _return(self) -> None:
        """Try until the store is owned again, or closed; refuse meanwhile."""
        pause = PAUSES[0]
        while self._connection is None and not self._closed:
            await self._attempt()
            if self._connection is None:
                self._refuse_waiting()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause * random.uniform(0.5, 1)):  # noqa: S311 - spreads attempts
                        await self._closing()
                pause = min(pause * 2, PAUSES[1])

    async def _closing(self) -> None:
        while not self._closed:
            self._changed.clear()
            await self._changed.wait()

    async def _attempt(self) -> None:
        try:
            connection = await self._sessions.owner(fresh=False)
        except StoreUnavailable as error:
            self._refusal = error
            await asyncio.sleep(PAUSES[0] / 5)
        else:
            self._hold(connection)

    def _as_told(self, error: Exception) -> Exception:
        match error:
            case Collision() | asyncpg.UniqueViolationError() | asyncpg.TransactionRollbackError():
                said = f"the store {self._shown} is written by another process at the same time; load it again"
                told: Exception = StoreConflict(said)
            case asyncpg.ProgramLimitExceededError():
                told = StoreError(f"a name is too long for PostgreSQL, which indexes about 2,700 bytes: {error}")
            case asyncpg.DataError():
                told = ValueError(f"this cannot be stored: {error}")
            case asyncpg.PostgresError() | asyncpg.InterfaceError() | OSError() | TimeoutError():
                told = self._sessions.unavailable("failed", error)
            case _:
                return error
        told.__cause__ = error
        return told
