"""What goes wrong when a port is called: decided by chance with a seed, or by the number of the call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, Protocol, TypeAlias

Failing: TypeAlias = Literal["", "before", "after"]
"""Whether a call fails: not at all; before anything was done; or after it was done, the answer lost on its way."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call."""

    fails: Failing = ""
    before: float = 0.0
    """Seconds that pass before it is done."""
    after: float = 0.0
    """Seconds that pass between being done and being answered."""


NO_FAULT: Final = Fault()


class Faults(Protocol):
    """Decides what happens to each call of a port; asked once for each, in order."""

    def next(self, method: str) -> Fault:
        """Say what happens to this call of `method`."""
        ...


@dataclass
class RandomFaults:
    """Faults by chance: every call may be slow, fail before it did anything, or fail after it did everything."""

    random: Random
    before: float = 0.02
    """The part of calls that fail before anything was done."""
    after: float = 0.02
    """The part of calls that fail after everything was done."""
    slow: float = 0.3
    """The part of calls that take time."""
    longest: float = 0.05
    """The most seconds one of the two waits of a slow call takes."""
    spared: Collection[str] = ("open", "close")
    """Methods that work always."""
    told: Counter[str] = field(default_factory=Counter[str])
    """How many of each have been decided."""

    def rest(self) -> None:
        """Let nothing go wrong from now on, as when a store is back."""
        self.before = self.after = self.slow = 0.0

    def next(self, method: str) -> Fault:
        """Throw the dice."""
        if method in self.spared:
            return NO_FAULT
        dice, slow = self.random.random(), self.random.random() < self.slow
        fails: Failing = "before" if dice < self.before else "after" if dice < self.before + self.after else ""
        if not (fails or slow):
            return NO_FAULT
        self.told[fails or "slow"] += 1
        waits = (self.random.random() * self.longest, self.random.random() * self.longest) if slow else (0.0, 0.0)
        return Fault(fails, *waits)


@dataclass
class FaultAt:
    """One fault, at the call with that number, counted from 0: for going through all calls of a scenario one by one.

    ```python
    calls = FaultAt(-1)  # none: count how many there are
    ...
    for number in range(calls.count):
        FaultyStore(store, FaultAt(number, Fault("after")))
    ```
    """

    number: int
    fault: Fault = field(default_factory=lambda: Fault("before"))
    count: int = 0
    """Calls so far."""

    resting: bool = False

    def rest(self) -> None:
        """Let nothing go wrong from now on; calls are counted no more."""
        self.resting = True

    def next(self, method: str) -> Fault:
        """Count the call, and let the one with the number fail."""
        del method
        if self.resting:
            return NO_FAULT
        self.count += 1
        return self.fault if self.count - 1 == self.number else NO_FAULT


@dataclass
class NoFaults:
    """Nothing goes wrong."""

    def next(self, method: str) -> Fault:
        """Let it be."""
        del method
        return NO_FAULT
