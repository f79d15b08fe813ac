"""A real server on a loopback port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx2

import packetflow as pf
from packetflow.http.api import build
from packetflow.http.auth import Admit
from packetflow.http.serve import Server, listen
from packetflow.http.settings import Settings


@dataclass(frozen=True)
class Served:
    """A running server and a client that talks to it."""

    url: str
    http: httpx2.AsyncClient
    server: Server
    port: int


@asynccontextmanager
async def serving(
    app: pf.App, *, settings: Settings | None = None, admit: Admit | None = None
) -> AsyncGenerator[Served]:
    """Serve an app on a free port until the block ends."""
    wanted = settings or Settings(port=0)
    listener = listen(wanted)
    port = int(listener.getsockname()[1])
    chosen = replace(wanted, port=port)
    server = Server(build(app, settings=chosen, admit=admit), chosen)
    task = asyncio.create_task(server.serve([listener]))
    try:
        async with asyncio.timeout(20):
            ready = asyncio.create_task(server.ready.wait())
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            assert server.started
            url = f"http://127.0.0.1:{port}"
            async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
                yield Served(url, http, server, port)
    finally:
        server.stop()
        async with asyncio.timeout(20):
            await task
        listener.close()
