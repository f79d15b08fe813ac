"""A way to a PostgreSQL server that can fail at the worst moment: a socket that passes bytes on until told not to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

COMMIT = b"COMMIT\0"


class Proxy:
    """Stands in a folder as a server would, and passes on to the one in another folder.

    With `cut` set to `before` it closes the connection when a COMMIT comes, without passing it on; with `behind` it
    passes the COMMIT on, waits for the answer, and closes the connection instead of telling it. Once, then never again.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        """Name both folders."""
        self.cut: Literal["before", "behind"] | None = None
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing
        """Called before the connection is closed."""
        self._place, self._server = folder / ".s.PGSQL.5432", server / ".s.PGSQL.5432"
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        self._listener = await asyncio.start_unix_server(self._serve, self._place)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, questions = await asyncio.open_unix_connection(self._server)
        except OSError:
            writer.close()
            return
        passing = asyncio.create_task(_pass(answers, writer))
        try:
            while data := await reader.read(1 << 16):
                cut = self.cut if COMMIT in data else None
                if cut is None:
                    questions.write(data)
                    continue
                self.cut = None
                passing.cancel()
                await asyncio.wait([passing])
                if cut == "behind":
                    questions.write(data)
                    await answers.read(1 << 16)
                await self.meanwhile()
                return
        finally:
            passing.cancel()
            writer.close()
            questions.close()


async def _nothing() -> None:
    """Happen nothing."""


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()
