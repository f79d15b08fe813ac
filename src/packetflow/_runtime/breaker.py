"""Circuit breakers: what failed too often lately is left alone for a while."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from packetflow._core.errors import CircuitOpen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

Condition: TypeAlias = Literal["closed", "open", "half-open"]

_MOST: Final = 10_000
"""Breakers that are kept: a plan names its own, and anybody may write plans."""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What a breaker says about itself."""

    condition: Condition
    failures: int
    """In a row, so far; only of a closed one."""
    opened: int
    """How often it has opened."""
    retry_after: float
    """Seconds until an open one lets calls through to try; 0 for others."""


class CircuitBreaker:
    """Guards what is called under one name. Each call asks `allow`, and tells with the permit it got how it went.

    Belongs to one event loop; nothing in it waits.
    """

    def __init__(
        self, name: str, now: Callable[[], datetime], threshold: int = 5, recovery: float = 30.0, half_open: int = 3
    ) -> None:
        """Begin closed. `now` is the app's clock; a clock set back closes nothing and keeps nothing open for longer."""
        self.name = name
        self._now, self._threshold, self._recovery, self._half_open = now, threshold, recovery, half_open
        self._condition: Condition = "closed"
        self._failures = 0
        self._opened = 0
        self._since = now()
        self._turn = 0
        """Rises at each change of condition: what calls of an earlier turn tell says nothing about this one."""
        self._trying = 0
        self._passed = 0

    def allow(self) -> int:
        """Give the permit for one call; raises CircuitOpen, with `retry_after` in seconds, when it may not be made."""
        if self._condition == "closed":
            return self._turn
        if self._condition == "open" and not self._remaining():
            self._become("half-open")
        if self._condition == "open" or self._trying + self._passed >= self._half_open:
            wait = round(self._remaining() or self._recovery, 3)
            message = f"{self.name!r} failed too often lately and is left alone; try again in {wait:g} s"
            raise CircuitOpen(message, name=self.name, retry_after=wait)
        self._trying += 1
        return self._turn

    def succeeded(self, permit: int) -> None:
        """Tell that a call was answered."""
        if permit != self._turn:
            return
        if self._condition == "closed":
            self._failures = 0
            return
        self._trying -= 1
        self._passed += 1
        if self._passed >= self._half_open:
            self._become("closed")

    def failed(self, permit: int) -> None:
        """Tell that a call failed in a way that the next may fail, too."""
        if permit != self._turn:
            return
        self._failures += 1
        if self._condition == "half-open" or self._failures >= self._threshold:
            self._become("open")

    def dropped(self, permit: int) -> None:
        """Tell that a call ended without saying anything about what was called: it was cancelled."""
        if permit == self._turn and self._condition == "half-open":
            self._trying -= 1

    @contextmanager
    def guard(self, fails: Callable[[BaseException], bool]) -> Generator[None]:
        """Make one call within; `fails` says which exceptions of it are failures of what is called.

        All other exceptions are answers, but what ends a task (a cancellation) says nothing.
        """
        permit = self.allow()
        try:
            yield
        except Exception as error:
            (self.failed if fails(error) else self.succeeded)(permit)
            raise
        except BaseException:
            self.dropped(permit)
            raise
        self.succeeded(permit)

    @property
    def state(self) -> BreakerState:
        """How it is now."""
        waits = self._remaining() if self._condition == "open" else 0.0
        return BreakerState(self._condition, self._failures, self._opened, waits)

    @property
    def idle(self) -> bool:
        """Whether it knows nothing that a new one would not."""
        return self._condition == "closed" and not self._failures

    def _become(self, condition: Condition) -> None:
        self._condition, self._since = condition, self._now()
        self._turn += 1
        self._failures = self._trying = self._passed = 0
        self._opened += condition == "open"

    def _remaining(self) -> float:
        elapsed = (self._now() - self._since).total_seconds()
        return self._recovery - elapsed if 0 <= elapsed < self._recovery else 0.0


class Breakers:
    """The breakers of an app, by the name of what they guard."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Begin with none."""
        self._now = now
        self._known: dict[str, CircuitBreaker] = {}

    def get(self, name: str, threshold: int = 5, recovery: float = 30.0, half_open: int = 3) -> CircuitBreaker:
        """Give the breaker with this name, made with these numbers the first time it is asked for."""
        found = self._known.pop(name, None)
        if found is None:
            if len(self._known) >= _MOST:
                self._make_room()
            found = CircuitBreaker(name, self._now, threshold, recovery, half_open)
        self._known[name] = found  # the last asked for stands last
        return found

    def _make_room(self) -> None:
        """Drop those that know nothing, and, when there are too many of the others, those asked for longest ago."""
        kept = {name: one for name, one in self._known.items() if not one.idle}
        for name in [*kept][: max(0, len(kept) - _MOST * 3 // 4)]:
            del kept[name]
        self._known = kept

    def statistics(self) -> dict[str, BreakerState]:
        """Say how each is."""
        return {name: one.state for name, one in self._known.items()}
