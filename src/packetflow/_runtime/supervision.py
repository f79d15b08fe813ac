"""Restart intensity: how often an actor may crash before it is stopped for a while, and when its class is."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias

from packetflow._core.errors import ActorStopped, PacketFlowError
from packetflow._runtime.failure import is_crash
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from packetflow._core.actor import ActorType
    from packetflow._core.restart import Course

ClassState: TypeAlias = Literal["running", "stopped", "trial"]
"""`stopped`: no actor of the class takes messages. `trial`: they do again; the next that is stopped stops them all."""


class Supervision:
    """Counts the crashes of the actors of one class; only actors that crashed lately cost anything.

    The rule is that of OTP supervisors (intensity and period) at two levels: crashes of one key, and stopped keys of
    one class. Below the second limit one actor's crashes touch no other. All times are ticks of the runtime's timer.
    """

    def __init__(self, declared: ActorType) -> None:
        """Apply the `restart` option of that class."""
        self._name = declared.name
        self._rule = declared.restart
        self._within = max(1, round(self._rule.within.total_seconds() / TICK))
        self._backoff, self._longest = self._rule.backoff.total_seconds(), self._rule.longest.total_seconds()
        self._crashes: dict[str, deque[int]] = {}  # in the order of each key's latest crash
        self._stopped: dict[str, int] = {}  # until when, in that order
        self._closed_until = self._trial_until = 0
        self.refuses = False
        """Whether a message may have to be refused: only then `admit` need be asked."""
        self.restarts = 0
        """Crashes so far that were followed by a restart."""

    def course(self, error: BaseException) -> Course | None:
        """Say what follows an exception that left a handler; None when it is no crash."""
        crash = is_crash(error)
        if self._rule.on:
            for kind in type(error).__mro__:
                course = self._rule.on.get(kind)
                if course is not None and (crash or issubclass(kind, PacketFlowError)):
                    return course
        return "restart" if crash else None

    def crashed(self, key: str, tick: int) -> float | None:
        """Note a crash; gives the seconds until the actor may go on, None when it is stopped instead."""
        while self._crashes and tick - self._crashes[oldest := next(iter(self._crashes))][-1] >= self._within:
            del self._crashes[oldest]
        crashes = self._crashes.pop(key, None) or deque[int]()
        while crashes and tick - crashes[0] >= self._within:
            crashes.popleft()
        crashes.append(tick)
        if len(crashes) > self._rule.times:
            self.halt(key, tick)
            return None
        self._crashes[key] = crashes
        self.restarts += 1
        return min(self._longest, self._backoff * 2 ** (len(crashes) - 1)) if self._backoff else 0.0

    def halt(self, key: str, tick: int) -> None:
        """Stop an actor; and its class when too many are stopped, or when it was on trial."""
        self._crashes.pop(key, None)
        self._stopped.pop(key, None)
        self._stopped[key] = tick + self._within
        self.refuses = True
        if self.stopped(tick) > self._rule.actors or self.state(tick) == "trial":
            self._closed_until = tick + self._within
            self._trial_until = self._closed_until + self._within

    def refusal(self, key: str, tick: int) -> ActorStopped | None:
        """Give what a message to that actor is told now; None when it may pass."""
        if tick < self._closed_until:
            wait = round((self._closed_until - tick) * TICK, 1)
            many = f"more than {self._rule.actors} of its actors were stopped, or one on trial"
            message = f"all actors of {self._name!r} are stopped ({many}); they take messages again in {wait:g} s"
            return ActorStopped(message, actor=f"{self._name}:{key}", type=self._name, retry_after=wait)
        until = self._stopped.get(key, 0)
        if tick >= until:
            return None
        wait = round((until - tick) * TICK, 1)
        message = f"actor {self._name}:{key} is stopped after its crashes; it takes messages again in {wait:g} s"
        return ActorStopped(message, actor=f"{self._name}:{key}", retry_after=wait)

    def admit(self, key: str, tick: int) -> None:
        """Let a message through, or raise ActorStopped while the actor, or its class, is stopped."""
        if self.refuses and (refused := self.refusal(key, tick)) is not None:
            raise refused
        self.refuses = self.stopped(tick) > 0 or tick < self._closed_until

    def stopped(self, tick: int) -> int:
        """Count the actors that are stopped."""
        while self._stopped and self._stopped[oldest := next(iter(self._stopped))] <= tick:
            del self._stopped[oldest]
        return len(self._stopped)

    def state(self, tick: int) -> ClassState:
        """Say how the class is."""
        return "stopped" if tick < self._closed_until else "trial" if tick < self._trial_until else "running"

    def forgive(self, key: str) -> bool:
        """Forget an actor's crashes; it may go on at once. False when it was not stopped."""
        self._crashes.pop(key, None)
        return self._stopped.pop(key, None) is not None

    def forgive_all(self) -> None:
        """Forget all crashes of the class; its actors may go on at once."""
        self._crashes.clear()
        self._stopped.clear()
        self._closed_until = self._trial_until = 0
