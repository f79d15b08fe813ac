"""A till whose process is killed at any moment: no sale that was acknowledged is lost, in a hundred worlds."""

import asyncio
import logging
from datetime import timedelta

from pydantic import BaseModel

import packetflow as pf
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import FakeClock
from packetflow.testing.faults import RandomFaults
from packetflow.testing.faulty_store import FaultyStore
from packetflow.testing.simulation import Killed, World, simulate


class TillState(BaseModel):
    sales: list[str] = []


class Till(pf.Actor[TillState]):
    @pf.capability
    async def sell(self, ticket: str) -> int:
        """Sell a ticket."""
        self.state.sales.append(ticket)
        return len(self.state.sales)

    @pf.capability(effect="read")
    async def sold(self) -> list[str]:
        """List what was sold."""
        return self.state.sales


def scenario(world: World) -> None:
    store, acknowledged = MemoryStore(), list[str]()

    async def sell() -> None:
        faults = RandomFaults(world.random)  # slow, failing before it did anything, failing after it did everything
        faulty = FaultyStore(store, faults, alive=world.alive())
        async with pf.App(Till, store=faulty, planners=[], clock=world) as root:
            for number in range(20):
                ticket = f"{world.life}.{number}"
                try:
                    await root.within(message_id=ticket).actor(Till, "door").ask(Till.sell, ticket)
                except pf.PacketFlowError:
                    continue
                acknowledged.append(ticket)

    async def look() -> None:
        async with pf.App(Till, store=FaultyStore(store), planners=[], clock=world) as root:
            sold = await root.actor(Till, "door").ask(Till.sold)
        if set(acknowledged) - set(sold):
            raise AssertionError("a sale was lost")
        if len(sold) != len(set(sold)):
            raise AssertionError("a sale was made twice")

    for _ in range(3):
        try:
            world.run(sell, kill_after=world.random.randrange(200))
        except Killed:
            continue  # the next life finds what this one had stored
        except pf.PacketFlowError:
            continue  # it could not even start
    world.run(look)


async def reminded() -> int:
    """Let a reminder come without waiting for it."""
    clock = FakeClock()
    async with pf.App(Till, store=MemoryStore(), planners=[], clock=clock) as root:
        door = root.actor(Till, "door")
        await door.remind(after=timedelta(hours=1)).tell(Till.sell, "the last one")
        clock.advance(hours=1)
        while not (sold := await door.ask(Till.sold)):  # noqa: ASYNC110 - the till tells nobody
            await asyncio.sleep(0)
        return len(sold)


if __name__ == "__main__":
    logging.disable()  # thousands of faults are logged
    report = simulate(scenario, range(100))
    print(f"{report.seeds} worlds, {report.lives} lives, no law broken")
    print(f"{asyncio.run(reminded())} sale, an hour later")
