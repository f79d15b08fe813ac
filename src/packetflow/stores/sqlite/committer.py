"""The one writer of a SQLite store: a thread that commits together what waits together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias, overload

from packetflow._core.errors import StoreUnavailable
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, Committed
from packetflow.stores.sqlite.database import connect_writer, refuse_strangers
from packetflow.stores.sqlite.failure import failure
from packetflow.stores.sqlite.ownership import Ownership
from packetflow.stores.sqlite.transactions import Transactions
from packetflow.stores.writes import Append, Forget, Outcome, Post, Prune, PutRun, Record, Remember, Slip, Write

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
        self.waiting = 0
        """Writes that were taken and not answered yet."""
        # What is submitted in one round of the loop is handed over together, and wakes the thread once.
        self._gathered: list[Waiting] = []
        self._queue: SimpleQueue[Sequence[Waiting]] = SimpleQueue()
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
    async def submit(self, write: Record | Remember | Post) -> None: ...
    @overload
    async def submit(self, write: Forget | Slip) -> bool: ...
    @overload
    async def submit(self, write: Prune) -> int: ...
    async def submit(self, write: Write) -> Outcome:
        """Give a write's outcome once it is durable; cancelled, the write may still be stored."""
        if asyncio.get_running_loop() is not self._loop:
            raise StoreUnavailable(f"the store {str(self._path)!r} belongs to the event loop that opened it")
        await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreUnavailable(f"the store {str(self._path)!r} is closed")
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append((write, answer))
        self.waiting += 1
        return await answer

    @property
    def closed(self) -> bool:
        """Whether no more writes are taken."""
        return self._closed

    def close(self) -> None:
        """Take no more writes; the thread ends by itself when those accepted are committed."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(())

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
            self._tell(self._refuse, failure(error, self._path, "opened"))
            return
        self._tell(self._opened.set_result, None)
        transactions = Transactions(connection, self._path)
        for group in self._groups():
            outcomes = transactions.commit([write for write, _ in group])
            self._tell(self._answer, [answer for _, answer in group], outcomes)
        transactions.close()
        ownership.release()
        self._tell(self._ended.set)

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _groups(self) -> Iterator[list[Waiting]]:
        """Give what waits, at most a group at a time, until nothing comes any more."""
        waiting: list[Waiting] = []
        more = True
        while more or waiting:
            with suppress(Empty):
                while more and len(waiting) < self._group:
                    handed = self._queue.get(block=not waiting)
                    more = bool(handed)  # nothing comes behind the end
                    waiting += handed
            if waiting:
                yield waiting[: self._group]
                del waiting[: self._group]

    def _refuse(self, error: Exception) -> None:
        self._closed = True
        self._ended.set()
        self._opened.set_exception(error)
        self._opened.exception()  # whoever opens the store may have been cancelled meanwhile, and that is no mistake

    def _answer(self, answers: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome | Exception]) -> None:
        for answer, outcome in zip(answers, outcomes, strict=True):
            self._room.release()
            self.waiting -= 1
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
