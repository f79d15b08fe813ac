"""Worlds in which an app lives and dies, the same for the same seed."""

import asyncio
import random
import secrets
import threading

import anyio.to_thread
import pytest
from tests.runtime.tally import Tally

import packetflow as pf
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import START
from packetflow.testing.faulty_store import FaultyStore
from packetflow.testing.simulation import Killed, LawBroken, LeftRunning, World, simulate


async def adding(world: World) -> None:
    """Let five clients add to two tallies."""
    async with pf.App(Tally, store=MemoryStore(), planners=[], clock=world) as root:

        async def client(number: int) -> None:
            for _ in range(4):
                await root.actor(Tally, str(number % 2)).ask(Tally.add, 1)
                await asyncio.sleep(random.random())  # noqa: S311 - a chance that the seed takes over

        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(client(number))
        assert await root.actor(Tally, "0").ask(Tally.total) == 12


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    first = simulate(adding, range(30))
    second = simulate(adding, range(30))
    assert first == second
    assert first.seeds == first.lives == 30
    assert first.steps > 1000
    assert len(set(first.traces.values())) == 30


def test_a_broken_law_is_told_with_the_seed_that_does_it_again() -> None:
    """Two tasks add to a number in two steps; some order loses one of them."""

    async def racing(_: World) -> None:
        number = 0

        async def add() -> None:
            nonlocal number
            read = number
            if random.random() < 0.5:  # noqa: S311 - the seed's
                await asyncio.sleep(0)
            number = read + 1

        await asyncio.gather(add(), add())
        assert number == 2, f"only {number}"

    with pytest.raises(
        LawBroken, match=r"(?s)seed \d+: AssertionError: only 1.*do it again with seeds=\[\d+\]"
    ) as broken:
        simulate(racing, range(100))
    with pytest.raises(LawBroken) as again:
        simulate(racing, [broken.value.seed])
    assert (again.value.trace, again.value.law) == (broken.value.trace, broken.value.law)


def test_what_was_stored_survives_a_death_and_what_was_in_memory_does_not() -> None:
    for seed in range(50):
        world, store, acked = World(seed), MemoryStore(), list[int]()

        async def live(
            world: World = world, store: MemoryStore = store, acked: list[int] = acked, limit: int = 1000
        ) -> int:
            alive = world.alive()
            app = pf.App(Tally, store=FaultyStore(store, alive=alive), planners=[], clock=world)
            async with app as root:
                for _ in range(limit):
                    total = await root.actor(Tally, "a").ask(Tally.add, 1)
                    assert alive()
                    acked.append(total)
                return await root.actor(Tally, "a").ask(Tally.total)

        with pytest.raises(Killed):
            world.run(live, kill_after=200 + seed)
        total = world.run(lambda: live(limit=0))
        assert acked == list(range(1, len(acked) + 1))
        assert total - len(acked) in {0, 1}
        assert total > 10
        assert world.life == 2


def test_time_goes_on_from_life_to_life() -> None:
    world = World(1)
    assert world.now() == START
    world.run(lambda: asyncio.sleep(3600))
    assert (world.now() - START).total_seconds() == 3600

    async def wait() -> None:
        moment = START.replace(day=START.day + 1)
        await world.wait_until(moment)
        assert world.now() == moment
        await world.wait_until(START)

    world.run(wait)


def test_a_life_that_leaves_a_task_or_an_unheard_error_is_told() -> None:
    async def fail() -> None:
        raise ValueError("unheard")

    kept: list[asyncio.Task[None]] = []

    async def leave() -> None:
        kept.append(asyncio.create_task(asyncio.sleep(1)))

    async def forget() -> None:
        task = asyncio.create_task(fail())
        await asyncio.wait([task])

    with pytest.raises(LeftRunning, match="sleep"):
        World(1).run(leave)
    with pytest.raises(LeftRunning, match="unheard"):
        World(1).run(forget)
    assert kept[0].cancelled()


def test_chance_and_threads_are_the_seeds_only_while_it_lives() -> None:
    async def draw() -> tuple[float, str, int]:
        return random.random(), secrets.token_hex(4), await anyio.to_thread.run_sync(threading.get_ident)  # noqa: S311

    before = (random.getstate(), secrets.token_hex, anyio.to_thread.run_sync)
    drawn = World(7).run(draw)
    assert drawn == World(7).run(draw)
    assert drawn[2] == threading.get_ident()
    assert drawn[:2] != World(8).run(draw)[:2]
    assert (random.getstate(), secrets.token_hex, anyio.to_thread.run_sync) == before
