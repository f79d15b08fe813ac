"""One coarse clock for everything that waits long: idle actors and deadlines, in ticks of a tenth of a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TICK: Final = 0.1
"""Seconds between two ticks."""


class Timer:
    """Counts ticks on the running event loop and calls its listeners at each; a late loop skips ticks, never time.

    No message pays for a timer or a clock read of its own: it notes `tick`, an attribute.
    """

    def __init__(self) -> None:
        """Stand still until `start`."""
        self.tick = 0
        self._listeners: list[Callable[[int], None]] = []
        self._handle: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._origin = 0.0

    def start(self) -> None:
        """Begin to tick on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._origin = self._loop.time() - self.tick * TICK
        self._handle = self._loop.call_later(TICK, self._on_tick)

    def stop(self) -> None:
        """Tick no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call `listener(tick)` at each tick; it must be short and not raise."""
        self._listeners.append(listener)

    def advance(self, seconds: float) -> None:
        """Let time pass at once, for tests: listeners hear every tick on the way."""
        for _ in range(round(seconds / TICK)):
            self._origin -= TICK
            self.tick += 1
            for listener in self._listeners:
                listener(self.tick)

    def skip(self, seconds: float) -> None:
        """Let time pass at once, as if the loop had been held up: listeners hear the next tick, and none on the way."""
        self._origin -= seconds

    def _on_tick(self) -> None:
        if self._loop is None:
            return
        self._handle = self._loop.call_later(TICK, self._on_tick)
        self.tick = max(self.tick, int((self._loop.time() - self._origin) / TICK))
        for listener in self._listeners:
            listener(self.tick)
