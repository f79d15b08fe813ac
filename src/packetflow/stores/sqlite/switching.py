"""How soon a thread is given Python's global lock: lowered for the whole process while a store is open."""

from __future__ import annotations

import sys
from threading import Lock

SECONDS = 0.0002
"""With Python's own 5 ms, a thread may wait for seconds beside an event loop that is busy with many short callbacks."""


class Switching:
    """Counts who needs the short interval; the first one lowers it, and the last one gives back what was before."""

    def __init__(self) -> None:
        """Begin with nobody; touches nothing yet."""
        self._lock = Lock()
        self._users = 0
        self._before = 0.0
        self._lowered = 0.0

    def lower(self) -> None:
        """Lower the interval, unless it is as low already."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, SECONDS))
                self._lowered = sys.getswitchinterval()

    def restore(self) -> None:
        """Give back the interval that was before, unless somebody else has changed it since."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and sys.getswitchinterval() == self._lowered:
                sys.setswitchinterval(self._before)


SWITCHING = Switching()
"""Of this process: the interval is one for all threads."""
