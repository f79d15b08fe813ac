"""A clock that stands still until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.runtime.tally import Tally

import packetflow as pf
from packetflow.app import SystemClock
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import START, FakeClock


async def until(clock: FakeClock, waiting: int) -> None:
    """Wait until so many wait."""
    async with asyncio.timeout(5):
        while len(clock.waiting) < waiting:  # noqa: ASYNC110 - the clock has no event for it
            await asyncio.sleep(0)


async def test_time_passes_when_the_test_says_so() -> None:
    clock = FakeClock()
    assert clock.now() == START
    clock.advance(hours=1)
    clock.advance(timedelta(minutes=2), seconds=3, days=1)
    assert clock.now() == START + timedelta(days=1, hours=1, minutes=2, seconds=3)
    clock.at(datetime(2032, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2032, 1, 1, tzinfo=UTC)


async def test_time_never_goes_back_and_a_moment_has_a_time_zone() -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="back"):
        clock.at(START - timedelta(seconds=1))
    with pytest.raises(ValueError, match="time zone"):
        clock.at(datetime(2040, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="time zone"):
        await clock.wait_until(datetime(2020, 1, 1))  # noqa: DTZ001 - the point
    assert clock.now() == START


async def test_those_who_wait_are_woken_in_the_order_of_their_moments() -> None:
    clock = FakeClock()
    woken: list[int] = []

    async def wait(seconds: int) -> None:
        await clock.wait_until(START + timedelta(seconds=seconds))
        woken.append(seconds)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for seconds in (30, 10, 20, 40):
            group.create_task(wait(seconds))
        await until(clock, 4)
        assert clock.waiting[0] == START + timedelta(seconds=10)
        clock.advance(seconds=30)
        await until(clock, 1)
        while len(woken) < 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        assert woken == [10, 20, 30]
        clock.advance(seconds=10)
    assert woken == [10, 20, 30, 40]
    assert clock.waiting == []


async def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    clock = FakeClock()
    await clock.wait_until(START)
    await clock.wait_until(START - timedelta(days=1))


async def test_a_cancelled_wait_leaves_nothing() -> None:
    clock = FakeClock()
    waiting = asyncio.create_task(clock.wait_until(START + timedelta(days=1)))
    await until(clock, 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert clock.waiting == []
    clock.advance(days=2)


async def test_it_moves_the_coarse_timer_of_an_app() -> None:
    """An idle actor sleeps after half an hour."""
    clock = FakeClock()
    app = pf.App(Tally, store=MemoryStore(), planners=[], clock=clock)
    async with app as root:
        clock.drive(app)
        await root.actor(Tally, "a").ask(Tally.add, 1)
        table = app.parts.engine.tables["tally"]
        assert list(table.awake) == ["a"]
        clock.advance(hours=1)
        assert list(table.awake) == []
        assert await root.actor(Tally, "a").ask(Tally.total) == 1


async def test_the_machines_clock_waits_too() -> None:
    clock = SystemClock()
    moment = clock.now() + timedelta(milliseconds=20)
    await clock.wait_until(moment)
    assert clock.now() >= moment
    await clock.wait_until(moment)
