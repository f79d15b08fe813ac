"""Where a command works: through the server that serves the data folder, or, without one, on the folder itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from packetflow.app import data_directory
from packetflow.cli.apps import chosen, load
from packetflow.http.announcement import living

if TYPE_CHECKING:
    from packetflow.cli.access import Access

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The data a command is about, and the app that opens it when no server has."""

    data: Path
    app: str | None = None


def place(data: Path | None, app: str | None = None) -> Place:
    """Name the data folder, by option, `$PACKETFLOW_DATA` or default, and the app."""
    return Place(data if data is not None else data_directory(), app)


def work(where: Place, job: Callable[[Access], Awaitable[T]]) -> T:
    """Run a job against the data of `where` and give its result; Ctrl-C cancels it."""

    async def run() -> T:
        async with reach(where) as access:
            return await job(access)

    return asyncio.run(run())


@asynccontextmanager
async def reach(where: Place) -> AsyncIterator[Access]:
    """Give access through the living server of the data folder, else through an app opened here for as long.

    Raises CommandFailed and PacketFlowError when neither can be.
    """
    from packetflow.cli.access import embedded, remote  # noqa: PLC0415 - the web stack; `--help` need not pay for it

    server = living(where.data)
    if server is not None:
        async with remote(server) as access:
            yield access
        return
    app = load(chosen(where.app)).placed(where.data)
    async with embedded(app) as access:
        yield access
