"""Finds the actors that nobody has used for a while, without looking at the others."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from packetflow._runtime.condition import DEAD
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from packetflow._core.actor import Actor, ActorType
    from packetflow._runtime.timer import Timer

_SLOTS: Final = 600
_LOOK: Final = 64
"""Actors looked at between two looks at the clock."""
_SLICE: Final = 0.0004
"""Seconds that one slice of a sweep takes, about."""


class Wheel:
    """A timer wheel: each awake actor stands in the slot of the turn in which it may be idle for too long.

    A message only notes its tick. When a slot's turn comes, the actors in it that were used since move to a later slot,
    the others are put to sleep. Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels, SOSP 1987.
    """

    def __init__(self, declared: ActorType, timer: Timer, sleep: Callable[[Actor[Any]], None]) -> None:
        """Call `sleep(actor)` for each actor that was idle as long as its class says, and watch it no more."""
        ticks = max(1, round(declared.idle.total_seconds() / TICK))
        self._stride = -(-ticks // _SLOTS)
        self._idle = -(-ticks // self._stride)
        self._slots: list[list[Actor[Any]]] = [[] for _ in range(self._idle + 2)]
        self._turn = timer.tick // self._stride
        self.newest = self._slots[self._place(self._turn)]
        """The slot of actors that are used just now: append one to watch it."""
        self._due: list[list[Actor[Any]]] = []
        self._sweeping = False
        self._sleep = sleep
        timer.listen(self._on_tick)

    def _place(self, used: int) -> int:
        return (used + self._idle + 1) % len(self._slots)

    def _on_tick(self, tick: int) -> None:
        turn = tick // self._stride
        while self._turn < turn:
            self._turn += 1
            slot = self._turn % len(self._slots)
            if self._slots[slot]:
                self._due.append(self._slots[slot])
                self._slots[slot] = []
        self.newest = self._slots[self._place(self._turn)]
        if self._due and not self._sweeping:
            self._sweep()

    def _sweep(self) -> None:
        """Look at what is due, a slice at a time, so that no callback holds the loop for long."""
        stop = perf_counter() + _SLICE
        while self._due and perf_counter() < stop:
            batch = self._due[-1]
            for _ in range(min(_LOOK, len(batch))):
                actor = batch.pop()
                if actor._busy is DEAD:
                    continue
                used = self._turn if actor._busy is not None else actor._tick // self._stride
                if used + self._idle < self._turn:
                    self._sleep(actor)
                else:
                    self._slots[self._place(used)].append(actor)
            if not batch:
                self._due.pop()
        self._sweeping = bool(self._due)
        if self._sweeping:
            asyncio.get_running_loop().call_soon(self._sweep)
