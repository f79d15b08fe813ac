"""Loops that go on where they stopped: what is over is not waited for again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packetflow._runtime.live import Live


class Recalling:
    """The clock of a loop that an earlier life of its run had begun: pauses between rounds that are over are none."""

    def __init__(self, live: Live, path: str) -> None:
        """Be the clock of the node at `path`."""
        self._live, self._path = live, path

    def now(self) -> datetime:
        """Give the present moment."""
        return self._live.now()

    async def wait_until(self, moment: datetime) -> None:
        """Wait, once something new has begun in the loop."""
        if self._path in self._live.fresh:
            await self._live.clock.wait_until(moment)
