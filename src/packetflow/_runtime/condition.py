"""What the runtime's own slots of an actor say about it.

`_busy` is None (idle), the context of the message in hand, SCHEDULED, a Pause or DEAD. `_box` is its mailbox while
something waits. `_revision` is that of its state, or COLD. `_tick` is when it was used last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio


class Mark:
    """A value of `_busy` that is equal to nothing else."""

    __slots__ = ()


SCHEDULED: Final = Mark()
"""Its mailbox will be emptied."""
DEAD: Final = Mark()
"""Asleep or stopped, and out of the table."""

COLD: Final = -1
"""Its state must be loaded, or made afresh, before it handles a message."""


class Pause:
    """It crashed, and takes its next message when `alarm` rings; its mailbox is kept."""

    __slots__ = ("alarm",)

    def __init__(self) -> None:
        """Begin a pause."""
        self.alarm: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Ring no more."""
        if self.alarm is not None:
            self.alarm.cancel()
