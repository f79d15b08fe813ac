"""The readers of a PostgreSQL store: a few connections that only read, which no write holds up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.postgres.reads import Question
from packetflow.stores.postgres.rows import Row
from packetflow.stores.postgres.session import FAILURES, Sessions, is_lost

if TYPE_CHECKING:
    from asyncpg import Connection

T = TypeVar("T")

CONNECTIONS: Final = 4


class Readers:
    """Answers questions from one event loop; each sees all that was committed before it was asked.

    Connections are opened when they are needed, and given up when they fail. A question whose connection turns out to
    be dead is put once more, to a new one.
    """

    def __init__(self, sessions: Sessions) -> None:
        """Name the store; nothing is opened yet."""
        self._sessions = sessions
        self._loop = asyncio.get_running_loop()
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Connection] = []
        self._closed = False

    async def ask(self, question: Question) -> list[Row]:
        """Give the rows that answer a question; raises StoreUnavailable when the server cannot be reached."""

        async def fetch(connection: Connection) -> list[Row]:
            return [tuple(row) for row in await connection.fetch(question.sql, *question.parameters)]

        return await self.use(fetch)

    async def use(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Do a job on a connection that only reads."""
        self._check()
        async with self._free:
            self._check()
            if self._idle:
                with suppress(_Lost):
                    return await self._with(self._idle.pop(), job)
                self._drop_idle()  # the others are as old
            try:
                return await self._with(await self._sessions.reader(), job)
            except _Lost as lost:
                raise self._sessions.unavailable("cannot be read", lost.error) from lost.error

    async def close(self) -> None:
        """Take no more questions, and let go when those asked are answered."""
        self._closed = True
        for _ in range(CONNECTIONS):
            await self._free.acquire()
        while self._idle:
            with suppress(*FAILURES):
                await self._idle.pop().close(timeout=5)
        for _ in range(CONNECTIONS):
            self._free.release()

    async def _with(self, connection: Connection, job: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            found = await job(connection)
        except FAILURES as error:
            if is_lost(connection, error):
                connection.terminate()
                raise _Lost(error) from error
            self._idle.append(connection)
            raise self._as_told(error) from error
        except BaseException:
            connection.terminate()  # cancelled: an answer that nobody waits for may be on its way
            raise
        self._idle.append(connection)
        return found

    def _as_told(self, error: Exception) -> Exception:
        if isinstance(error, asyncpg.DataError):
            return ValueError(f"this cannot be asked of PostgreSQL: {error}")
        return self._sessions.unavailable("cannot be read", error)

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().terminate()

    def _check(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise StoreUnavailable(f"the store {str(self._sessions.address)!r} belongs to the loop that opened it")
        if self._closed:
            raise StoreUnavailable(f"the store {str(self._sessions.address)!r} is closed")


class _Lost(Exception):
    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
