"""Restart intensity: how often an actor may crash before it is stopped for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packetflow._core.errors import ActorStopped
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from packetflow._core.actor import ActorType


class Supervision:
    """Counts the crashes of the actors of one class; only actors that ever crashed cost anything.

    One actor's crashes never touch another: there is no shared budget. The rule is that of OTP supervisors (intensity
    and period), for each key.
    """

    def __init__(self, declared: ActorType) -> None:
        """Apply the `restart` option of that class."""
        self._name = declared.name
        self._times = declared.restart.times
        self._within = max(1, round(declared.restart.within.total_seconds() / TICK))
        self._crashes: dict[str, list[int]] = {}
        self.restarts = 0
        """Crashes so far that were followed by a restart."""

    def crashed(self, key: str, tick: int) -> None:
        """Note a crash."""
        recent = [at for at in self._crashes.get(key, ()) if tick - at < self._within]
        recent.append(tick)
        self._crashes[key] = recent[-self._times - 1 :]
        if len(recent) <= self._times:
            self.restarts += 1

    def admit(self, key: str, tick: int) -> None:
        """Let a message through, or raise ActorStopped while the actor is over its limit."""
        if not self._crashes:
            return
        recent = [at for at in self._crashes.get(key, ()) if tick - at < self._within]
        if len(recent) > self._times:
            wait = (self._within - (tick - recent[0])) * TICK
            message = (
                f"actor {self._name}:{key} crashed {len(recent)} times within {self._within * TICK:.0f} s and is stopped; "
                f"it takes messages again in {wait:.0f} s"
            )
            raise ActorStopped(message, actor=f"{self._name}:{key}", retry_after=round(wait, 1))
        if not recent:
            self._crashes.pop(key, None)

    def forgive(self, key: str) -> None:
        """Forget an actor's crashes."""
        self._crashes.pop(key, None)
