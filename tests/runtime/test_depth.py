"""How deep a message is in a chain of events is known through whatever handlers it comes by."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import packetflow as pf
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from packetflow._core.ports import Letter


class Rang(pf.Event):
    """A bell rang."""

    times: int


class Bell(pf.Actor[None]):
    """Rings when it is told to."""

    @pf.capability
    async def ring(self, context: pf.Context, times: int) -> int:
        """Have the great bell ring, which says so."""
        if self.key == "great":
            self.emit(Rang(times=times))
            return times
        return await context.actor(Bell, "great").ask(Bell.ring, times + 1)


async def test_a_circle_through_a_handler_that_asks_another_actor_ends_as_a_dead_letter() -> None:
    circle = pf.on(Rang, lambda event, _: Bell.ring.step("small", times=event.times))
    store = MemoryStore()
    async with pf.App(Bell, circle, store=store, planners=[]) as root, asyncio.timeout(10):
        await root.actor(Bell, "small").ask(Bell.ring, 1)
        dead: list[Letter] = []
        while not dead:
            await asyncio.sleep(0)
            dead = [*await store.letters(dead=True)]
        assert [(letter.error_code, letter.depth) for letter in dead] == [("too_deep", 17)]
