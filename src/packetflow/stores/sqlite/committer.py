"""The one writer of a SQLite store: a thread that commits together what waits together."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias, overload

from packetflow._core.errors import StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, Committed
from packetflow.stores.moments import present
from packetflow.stores.sqlite.batch import apply
from packetflow.stores.sqlite.database import connect_writer, refuse_strangers
from packetflow.stores.sqlite.ownership import Ownership
from packetflow.stores.sqlite.writes import Append, Forget, Outcome, PutRun, Record, Remember, Write

Waiting: TypeAlias = tuple[Write, asyncio.Future[Outcome]]

ROOM = 8192
"""How many writes may wait; whoever comes later is held up until there is room."""


class Committer:
    """Takes writes from one event loop, and answers each when the transaction it shares is on disk.

    Writes are applied in the order in which they were submitted. A member of a group that fails with a StoreConflict
    leaves the rest unharmed. When the transaction itself fails, its halves are tried again, down to a single write;
    only the callers of those that fail alone are told.
    """

    def __init__(self, path: Path, group: int) -> None:
        """Name the file, and how many writes may share a transaction."""
        self._path = path
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(ROOM)
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._closed = False
        # A daemon, so that a program that forgets to close the store can end; that harms no more than a crash would.
        self._thread = threading.Thread(target=self._run, name=f"packetflow-store {path.name}", daemon=True)

    async def open(self) -> None:
        """Own the file, bring it up to date, and start; raises StoreUnavailable when that cannot be."""
        self._thread.start()
        try:
            await asyncio.shield(self._opened)
        except Exception:
            await self.ended()
            raise
        except asyncio.CancelledError:
            self.close()
            raise

    @overload
    async def submit(self, write: Commit) -> Committed: ...
    @overload
    async def submit(self, write: Append | PutRun) -> tuple[Stored, ...]: ...
    @overload
    async def submit(self, write: Record | Remember) -> None: ...
    @overload
    async def submit(self, write: Forget) -> bool: ...
    async def submit(self, write: Write) -> Outcome:
        """Give a write's outcome once it is durable; cancelled, the write may still be stored."""
        if asyncio.get_running_loop() is not self._loop:
            raise StoreUnavailable(f"the store {str(self._path)!r} belongs to the event loop that opened it")
        await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreUnavailable(f"the store {str(self._path)!r} is closed")
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        self._queue.put((write, answer))
        return await answer

    @property
    def closed(self) -> bool:
        """Whether no more writes are taken."""
        return self._closed

    def close(self) -> None:
        """Take no more writes; the thread ends by itself when those accepted are committed."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)

    async def ended(self) -> None:
        """Wait until everything accepted is committed, and the file is let go."""
        await self._ended.wait()
        self._thread.join()  # it has told that it is done, as its last deed

    def _run(self) -> None:
        ownership = Ownership(self._path)
        try:
            refuse_strangers(self._path)
            ownership.take()
            connection = connect_writer(self._path)
        except Exception as error:  # noqa: BLE001 - told to whoever opens the store
            ownership.release()
            self._tell(self._refuse, _as_told(error, self._path))
            return
        self._tell(self._opened.set_result, None)
        while group := self._next_group():
            outcomes = _commit(connection.cursor(), [write for write, _ in group], self._path)
            self._tell(self._answer, [answer for _, answer in group], outcomes)
        _leave(connection)
        ownership.release()
        self._tell(self._ended.set)

    def _next_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        entry = self._queue.get()
        while entry is not None:
            group.append(entry)
            if len(group) == self._group:
                return group
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return group
        if group:
            self._queue.put(None)  # nothing comes behind the end: it ends the next round
        return group

    def _refuse(self, error: Exception) -> None:
        self._closed = True
        self._ended.set()
        self._opened.set_exception(error)
        self._opened.exception()  # whoever opens the store may have been cancelled meanwhile, and that is no mistake

    def _answer(self, answers: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome | Exception]) -> None:
        for answer, outcome in zip(answers, outcomes, strict=True):
            self._room.release()
            if answer.cancelled():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        # The loop may have ended without closing the store: then nobody is left to be told.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)


def _commit(cursor: sqlite3.Cursor, writes: Sequence[Write], path: Path) -> list[Outcome | Exception]:
    try:
        return [*_together(cursor, writes)]
    except Exception as error:  # noqa: BLE001 - told to whoever waits for it
        if len(writes) == 1:
            return [_as_told(error, path)]
    half = len(writes) // 2  # one bad member of 512 costs 20 transactions so, and not 512
    return _commit(cursor, writes[:half], path) + _commit(cursor, writes[half:], path)


def _together(cursor: sqlite3.Cursor, writes: Sequence[Write]) -> list[Outcome]:
    _roll_back(cursor)  # what an earlier failure could not
    cursor.execute("BEGIN IMMEDIATE")
    try:
        outcomes = apply(cursor, writes, present())
        cursor.execute("COMMIT")
    except BaseException:
        _roll_back(cursor)
        raise
    return outcomes


def _roll_back(cursor: sqlite3.Cursor) -> None:
    if cursor.connection.in_transaction:
        cursor.execute("ROLLBACK")


def _leave(connection: sqlite3.Connection) -> None:
    with closing(connection), suppress(sqlite3.Error):
        # So that the one file is all there is to copy; the log holds the same, should this fail.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _as_told(error: Exception, path: Path) -> Exception:
    if not isinstance(error, sqlite3.Error | OSError):
        return error
    told = StoreUnavailable(f"the store {str(path)!r} failed: {error}")
    told.__cause__ = error
    return told
