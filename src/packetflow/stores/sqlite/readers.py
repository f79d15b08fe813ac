"""The readers of a SQLite store: a few threads with a connection each, which no write holds up."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.sqlite.database import connect_reader
from packetflow.stores.sqlite.failure import failure

P = ParamSpec("P")
T = TypeVar("T")
Question: TypeAlias = tuple[Callable[[sqlite3.Cursor], Any], asyncio.Future[Any]]

ROOM = 1024
"""How many questions may wait; whoever comes later is held up until there is room."""


class Readers:
    """Answers questions from one event loop; each sees all that was committed before it was asked."""

    def __init__(self, path: Path, threads: int) -> None:
        """Name the file, and how many questions may be answered at the same time."""
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(ROOM)
        self._queue: SimpleQueue[Question | None] = SimpleQueue()
        self._closed = False
        self._ended = asyncio.Event()
        self._left = threads
        self._threads = [
            threading.Thread(target=self._run, name=f"packetflow-read {path.name}", daemon=True) for _ in range(threads)
        ]

    def open(self) -> None:
        """Start the threads; the file must be a store already."""
        for thread in self._threads:
            thread.start()

    async def ask(
        self, question: Callable[Concatenate[sqlite3.Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Put a question to the next free reader."""
        if asyncio.get_running_loop() is not self._loop:
            raise StoreUnavailable(f"the store {str(self._path)!r} belongs to the event loop that opened it")
        await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreUnavailable(f"the store {str(self._path)!r} is closed")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((lambda cursor: question(cursor, *args, **kwargs), answer))
        return await answer

    def close(self) -> None:
        """Take no more questions; the threads end by themselves when those accepted are answered."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)

    async def ended(self) -> None:
        """Wait until every question that was accepted is answered."""
        await self._ended.wait()
        for thread in self._threads:
            thread.join()  # it has told that it is done, as its last deed

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while entry := self._queue.get():
            question, answer = entry
            found, failed = None, None
            try:
                if connection is None:
                    connection = connect_reader(self._path)
                if not answer.cancelled():
                    with closing(connection.cursor()) as cursor:
                        found = question(cursor)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                failed = error
            self._tell(self._answer, answer, found, failed)
        if connection is not None:
            connection.close()
        self._tell(self._leave)

    def _answer(self, answer: asyncio.Future[Any], found: object, error: Exception | None) -> None:
        self._room.release()
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(failure(error, self._path, "read"))
        else:
            answer.set_result(found)

    def _leave(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._ended.set()

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        # The loop may have ended without closing the store: then nobody is left to be told.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)
