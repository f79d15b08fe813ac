"""The wheel puts to sleep what nobody used, and lets everybody else have the loop meanwhile."""

import asyncio
from datetime import timedelta

from tests.runtime.tally import table, until

import packetflow as pf
from packetflow.stores.memory import MemoryStore


class Light(pf.Actor[None], durability="volatile", idle=timedelta(minutes=1)):
    """Has nothing to keep."""

    @pf.capability(effect="read")
    def shine(self) -> bool:
        """Answer."""
        return True


async def test_actors_that_idle_out_together_are_put_to_sleep_in_slices() -> None:
    app = pf.App(Light, store=MemoryStore(), planners=[])
    async with asyncio.timeout(60), app as root:
        lights, context = table(app, Light), root.context
        for number in range(50_000):
            await lights.ask(str(number), Light.shine, (), {}, context)
        lights.timer.advance(30)
        for number in range(0, 50_000, 5_000):
            await lights.ask(str(number), Light.shine, (), {}, context)
        lights.timer.advance(32)
        seen: list[int] = []

        def asleep() -> bool:
            seen.append(len(lights.awake))
            return seen[-1] <= 10

        await until(asleep)  # which has a turn of the loop after each slice
        assert len(seen) > 5
        assert set(lights.awake) == {str(number) for number in range(0, 50_000, 5_000)}
        lights.timer.advance(62)
        await until(lambda: not lights.awake)
