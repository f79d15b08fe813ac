"""Serve an App until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import uvicorn

from packetflow._core.errors import DeclarationError
from packetflow.http.api import build
from packetflow.http.ending import Ending, flush
from packetflow.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from fastapi import FastAPI

    from packetflow.app import App
    from packetflow.http.auth import Admit, Site

log = logging.getLogger("packetflow.http")

GRACE: Final = 2
"""Seconds that requests have to end once the server is being stopped; runs are cancelled before."""

_BACKLOG: Final = 2048
_TICKS: Final = 10
"""What uvicorn takes for a second."""


class Server(uvicorn.Server):
    """A uvicorn server that interrupts runs first when it stops, so that whoever waits for one is told."""

    def __init__(self, api: FastAPI, settings: Settings) -> None:
        """Serve what `build` made."""
        # h11: httptools lets one malformed header pass that MCP says to refuse. Deflate costs more than it saves here.
        config = uvicorn.Config(
            api,
            host=settings.host,
            port=settings.port,
            http="h11",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)
        self.api = api
        self._site: Site = api.state.site
        self.ready = asyncio.Event()
        """Set once requests are taken."""
        self.ending: Ending | None = None
        """Who sees to it that the process ends; None where the process is not the server's own."""
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.ending is not None and self.started:
            self.ending.serving(self._site.app.parts, self._loop)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until told to stop, at once and not at the next poll; the date header is renewed each second."""
        second = 0
        while not await self.on_tick(second * _TICKS):
            second += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._told.wait()

    def stop(self) -> None:
        """Begin to stop; `serve` returns once all is stored and closed."""
        self.should_exit = True
        self._told.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing new, interrupt what runs, then let requests end and close the app."""
        self._site.stopping = True
        if self._site.root is not None:
            await self._site.app.parts.runs.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second interrupt does not wait for requests."""
        if self.ending is not None:
            self.ending.begin()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)  # a signal does not wake a loop that waits
        del frame

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take the signals to stop while serving; unlike uvicorn's own, they are not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, earlier in before.items():
                signal.signal(number, earlier)


def listen(settings: Settings) -> socket.socket:
    """Open the socket to listen on; raises DeclarationError, saying what to do, when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only then
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        message = f"cannot listen on {where}: {error.strerror or error}; --port chooses another port"
        raise DeclarationError(message) from error
    return listener


def serve(
    app: App,
    settings: Settings | None = None,
    *,
    admit: Admit | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve an app until SIGTERM or Ctrl+C; returns once everything is stored and closed.

    What has not ended five seconds after the signal is named in the log and left: the process then ends with 1, and
    this does not return. A worker thread that blocks is not waited for; `leave` ends the process in spite of it.

    `announce` gets the address once requests are taken. Raises DeclarationError when the settings do not allow a start,
    and SystemExit when the app itself cannot start.
    """
    chosen = settings or Settings()
    listener = listen(chosen)
    ending = Ending()
    try:
        server = Server(build(app, settings=chosen, admit=admit), chosen)
        server.ending = ending
        with _event_loop(server) as loop:
            served = _serve(server, listener, lambda: announce(chosen.url) if announce is not None else None)
            loop.run_until_complete(served)
    finally:
        ending.done()
        listener.close()


@contextmanager
def _event_loop(server: Server) -> Generator[asyncio.AbstractEventLoop]:
    """Give an event loop; in the end its tasks are cancelled, and unlike asyncio.run it waits for no worker thread."""
    loop = (server.config.get_loop_factory() or asyncio.new_event_loop)()
    asyncio.set_event_loop(loop)
    try:
        with server.capture_signals():
            try:
                yield loop
            finally:
                left = asyncio.all_tasks(loop)
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
                loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _serve(server: Server, listener: socket.socket, started: Callable[[], None]) -> None:
    async def say() -> None:
        await server.ready.wait()
        started()

    saying = asyncio.create_task(say())
    try:
        await server.serve([listener])
    finally:
        saying.cancel()


def leave(code: int = 0) -> None:
    """End the process now, though a capability that blocks still holds its thread: it cannot be stopped otherwise."""
    stuck = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if stuck:
        log.warning("leaving %d threads behind that did not end", len(stuck))
        flush()
        os._exit(code)
    sys.exit(code)
