"""What the runtime's own slots of an actor say about it.

`_busy` is None (idle), the context of the message in hand, SCHEDULED or DEAD. `_box` is its mailbox while something
waits. `_revision` is that of its state, or COLD. `_tick` is when it was used last.
"""

from __future__ import annotations

from typing import Final


class Mark:
    """A value of `_busy` that is equal to nothing else."""

    __slots__ = ()


SCHEDULED: Final = Mark()
"""Its mailbox will be emptied."""
DEAD: Final = Mark()
"""Asleep or stopped, and out of the table."""

COLD: Final = -1
"""Its state must be loaded, or made afresh, before it handles a message."""
