"""Restart intensity: how often an actor may crash before it is stopped for a while."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packetflow._core.errors import ActorStopped
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from packetflow._core.actor import ActorType


class Supervision:
    """Counts the crashes of the actors of one class; only actors that crashed lately cost anything.

    One actor's crashes never touch another: there is no shared budget. The rule is that of OTP supervisors (intensity
    and period), for each key.
    """

    def __init__(self, declared: ActorType) -> None:
        """Apply the `restart` option of that class."""
        self._name = declared.name
        self._times = declared.restart.times
        self._within = max(1, round(declared.restart.within.total_seconds() / TICK))
        self._crashes: dict[str, deque[int]] = {}  # in the order of each key's latest crash
        self.restarts = 0
        """Crashes so far that were followed by a restart."""

    def crashed(self, key: str, tick: int) -> None:
        """Note a crash."""
        self._forget_old(tick)
        crashes = self._crashes.pop(key, None) or deque(maxlen=self._times + 1)
        crashes.append(tick)
        self._crashes[key] = crashes
        if self._wait(key, tick) is None:
            self.restarts += 1

    def admit(self, key: str, tick: int) -> None:
        """Let a message through, or raise ActorStopped while the actor is over its limit."""
        wait = self._wait(key, tick) if self._crashes else None
        if wait is not None:
            message = (
                f"actor {self._name}:{key} crashed {self._times + 1} times within {self._within * TICK:g} s "
                f"and is stopped; it takes messages again in {wait:.1f} s"
            )
            raise ActorStopped(message, actor=f"{self._name}:{key}", retry_after=round(wait, 1))

    def forgive(self, key: str) -> None:
        """Forget an actor's crashes."""
        self._crashes.pop(key, None)

    def _wait(self, key: str, tick: int) -> float | None:
        """Give the seconds until the actor may go on; None when it may now."""
        crashes = self._crashes.get(key)
        if crashes is None or len(crashes) <= self._times or tick - crashes[0] >= self._within:
            return None
        return (self._within - (tick - crashes[0])) * TICK

    def _forget_old(self, tick: int) -> None:
        while self._crashes:
            key = next(iter(self._crashes))
            if tick - self._crashes[key][-1] < self._within:
                return
            del self._crashes[key]
