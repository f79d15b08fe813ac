"""Where a command works: through the server that serves the data folder, or, without one, on the folder itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from packetflow._core.errors import StoreUnavailable
from packetflow.app import data_directory
from packetflow.cli.apps import chosen, load
from packetflow.http.announcement import living, secret

if TYPE_CHECKING:
    from packetflow._core.ports import Store
    from packetflow.cli.access import Access

T = TypeVar("T")

_PATIENCE: Final = 5.0
_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """The data a command is about, and the app that opens it when no server has."""

    data: Path
    app: str | None = None
    store: str | None = None
    """The address of another store than the SQLite file in the folder."""


def place(data: Path | None, app: str | None = None, store: str | None = None) -> Place:
    """Name the data folder, by option, `$PACKETFLOW_DATA` or default, the app and the store."""
    return Place(data if data is not None else data_directory(), app, store)


def work(where: Place, job: Callable[[Access], Awaitable[T]]) -> T:
    """Run a job against the data of `where` and give its result; Ctrl-C cancels it."""

    async def run() -> T:
        async with reach(where) as access:
            return await job(access)

    return asyncio.run(run())


@asynccontextmanager
async def reach(where: Place) -> AsyncGenerator[Access]:
    """Give access through the living server of the data folder, else through an app opened here for as long.

    Raises CommandFailed and PacketFlowError when neither can be.
    """
    async with AsyncExitStack() as stack:
        yield await patiently(lambda: _entered(stack, where))


async def _entered(stack: AsyncExitStack, where: Place) -> Access:
    server = await asyncio.to_thread(living, where.data)
    if server is not None:
        from packetflow.cli.access import Access  # noqa: PLC0415 - an HTTP client; `--help` need not pay for it

        return await stack.enter_async_context(Access(server.url, token=secret(), host=server.host))
    from packetflow.cli.embedding import embedded  # noqa: PLC0415 - the web stack; a call to a server need not pay

    return await stack.enter_async_context(embedded(load(chosen(where.app)).placed(where.data, store=where.store)))


async def probe(store: Store) -> None:
    """Open a store and close it again; raises StoreUnavailable when that cannot be."""
    await patiently(store.open)
    await store.close()


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try again, for a few seconds, while another process has the store: mostly another command, done in a moment."""
    until = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        try:
            return await attempt()
        except StoreUnavailable as error:
            if "process" not in error.details or asyncio.get_running_loop().time() > until:
                raise
        await asyncio.sleep(_PAUSE)
