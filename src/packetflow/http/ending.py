"""The end of a serving process: what does not end by itself in time is named in the log and left."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final

from packetflow._runtime.functions import Begun
from packetflow._runtime.statistics import busy as at_work

if TYPE_CHECKING:
    from types import FrameType

    from packetflow._runtime.client import Parts

log = logging.getLogger("packetflow.http")

LIMIT: Final = 5.0
"""Seconds from the signal until what still runs is left."""

_CLOSING: Final = 1.0
"""Seconds that the store then has to close."""

_SHOWN: Final = 20
_NOT_ITS_OWN: Final = frozenset({"anyio", "asyncio", "contextlib", "fastapi", "packetflow", "starlette", "uvicorn"})


class Ending:
    """Watches, in a thread of its own, that a process which was told to end does end.

    Neither a capability that swallows its cancellation nor one that holds the event loop keeps the thread from it.
    """

    def __init__(self) -> None:
        """Watch from now on; nothing happens before `begin`."""
        # A signal may interrupt its own handler: of all that wakes a thread, only this queue may be used there.
        self._said: SimpleQueue[str] = SimpleQueue()
        self._serving: tuple[Parts, asyncio.AbstractEventLoop] | None = None
        threading.Thread(target=self._watch, name="packetflow-ending", daemon=True).start()

    def serving(self, parts: Parts, loop: asyncio.AbstractEventLoop) -> None:
        """Know what is served, to name it and to close its store."""
        self._serving = parts, loop

    def begin(self) -> None:
        """Take note that the process was told to end; safe in a signal handler, and more than once."""
        self._said.put("begin")

    def done(self) -> None:
        """Take note that all has ended; nothing is watched any more."""
        self._said.put("done")

    def _watch(self) -> None:
        if self._said.get() == "done":
            return
        due = monotonic() + LIMIT
        while (left := due - monotonic()) > 0:
            with suppress(Empty):
                if self._said.get(timeout=left) == "done":
                    return
        self._leave()

    def _leave(self) -> None:
        """End the process; even the log may block, when nobody reads what it writes."""
        telling = threading.Thread(target=self._last_words, daemon=True)
        telling.start()
        telling.join(2 * _CLOSING)
        os._exit(1)

    def _last_words(self) -> None:
        named = busy(*self._serving) if self._serving is not None else []
        what = "; ".join(named[:_SHOWN]) or "nothing that could be named"
        log.error("not all ended within %.0f s of the signal; leaving it: %s", LIMIT, what)
        if self._serving is not None:
            _close(*self._serving)
        flush()


def busy(parts: Parts, loop: asyncio.AbstractEventLoop) -> list[str]:
    """Name what is at work: runs, actors, and where each task waits; may be called from any thread."""
    places = {place for task in asyncio.all_tasks(loop) if (place := _place(task.get_coro())) is not None}
    return [*at_work(parts.engine, parts.runs), *sorted(places)]


def flush() -> None:
    """Write what log and output still hold back, for a process that ends at once."""
    with suppress(Exception):
        logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _close(parts: Parts, loop: asyncio.AbstractEventLoop) -> None:
    """Store the last records and close the store, as far as the event loop still turns; the rest is stored already."""

    async def close() -> None:
        await parts.engine.records.flush()
        await parts.store.close()

    try:
        asyncio.run_coroutine_threadsafe(close(), loop).result(_CLOSING)
    except TimeoutError:
        log.warning("the store could not be closed; what was acknowledged is kept all the same")
    except Exception:
        log.exception("the store could not be closed")


def _place(coroutine: Any) -> str | None:  # noqa: ANN401 - whatever can be awaited
    """Give the innermost function of the application's own in a chain of coroutines, with its file and line."""
    place: str | None = None
    while coroutine is not None:
        frame: FrameType | None = getattr(coroutine, "cr_frame", None)
        if frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] not in _NOT_ITS_OWN:
            place = f"{frame.f_code.co_qualname} at {frame.f_code.co_filename}:{frame.f_lineno}"
        coroutine = _awaited(coroutine)
    return place


def _awaited(coroutine: Any) -> Any:  # noqa: ANN401 - ...
    """Give what a coroutine waits for, through one whose first step was made by hand."""
    if not isinstance(coroutine, GeneratorType):
        return getattr(coroutine, "cr_await", None)
    begun = coroutine.gi_frame.f_locals.get("self") if coroutine.gi_frame is not None else None
    return begun.call if isinstance(begun, Begun) else None
