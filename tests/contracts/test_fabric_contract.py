"""What every fabric promises; a new one is added to FABRICS and nothing else."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from packetflow._core.event import Stored
from packetflow._core.ports import Fabric
from packetflow.fabrics.local import LocalFabric

FABRICS: dict[str, Callable[[], Fabric]] = {"local": LocalFabric}
NOW = datetime(2031, 5, 4, tzinfo=UTC)


@pytest.fixture(params=sorted(FABRICS))
def fabric(request: pytest.FixtureRequest) -> Fabric:
    """Return each fabric in turn."""
    return FABRICS[request.param]()


def event(seq: int, topic: str = "room/lobby", text: str = "") -> Stored:
    return Stored(topic, seq, f"{topic}-{seq}-{text}", "Posted", NOW, "ada", "t", text.encode())


async def test_a_listener_hears_what_is_published_from_then_on_in_order(fabric: Fabric) -> None:
    fabric.publish([event(1)])
    async with fabric.listen("room/lobby") as heard:
        fabric.publish([event(2), event(3)])
        fabric.publish([event(4)])
        assert [(await anext(heard)).seq for _ in range(3)] == [2, 3, 4]


async def test_a_listener_hears_its_topic_only(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby") as lobby, fabric.listen("room/lob") as other:
        fabric.publish([event(1), event(1, "room/lob"), event(2)])
        assert [await anext(lobby), await anext(lobby)] == [event(1), event(2)]
        assert await anext(other) == event(1, "room/lob")


async def test_every_listener_of_a_topic_hears_every_event(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby") as one, fabric.listen("room/lobby") as two:
        fabric.publish([event(1), event(2)])
        for heard in (one, two):
            assert [(await anext(heard)).seq for _ in range(2)] == [1, 2]


async def test_a_listener_that_waits_is_woken(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby") as heard, asyncio.timeout(5):
        waiting = asyncio.ensure_future(anext(heard))
        asyncio.get_running_loop().call_soon(fabric.publish, [event(1)])
        assert await waiting == event(1)


async def test_a_wait_that_is_cancelled_loses_no_event(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby") as heard, asyncio.timeout(5):
        waiting = asyncio.ensure_future(anext(heard))
        await asyncio.wait([waiting], timeout=0.001)
        waiting.cancel()
        await asyncio.wait([waiting])
        fabric.publish([event(1)])
        assert await anext(heard) == event(1)


async def test_a_listener_that_lags_loses_the_oldest_and_sees_a_gap(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby", limit=10) as heard:
        fabric.publish([event(seq) for seq in range(1, 31)])
        assert [(await anext(heard)).seq for _ in range(10)] == list(range(21, 31))


async def test_events_that_are_not_stored_never_push_out_stored_ones(fabric: Fabric) -> None:
    async with fabric.listen("run/r1", limit=10) as heard:
        fabric.publish([event(1, "run/r1")])
        fabric.publish([event(0, "run/r1", f"{number}%") for number in range(100)])
        assert (await anext(heard)).seq == 1  # no later event would have told that it is missing


async def test_publishing_on_a_topic_that_nobody_hears_is_nothing(fabric: Fabric) -> None:
    fabric.publish([event(1)])
    fabric.publish([])
    async with fabric.listen("room/lobby") as heard:
        fabric.publish([event(2)])
        assert await anext(heard) == event(2)


async def test_a_listener_may_come_and_go_while_others_stay(fabric: Fabric) -> None:
    async with fabric.listen("room/lobby") as stays:
        async with fabric.listen("room/lobby"):
            fabric.publish([event(1)])
        fabric.publish([event(2)])
        assert [(await anext(stays)).seq for _ in range(2)] == [1, 2]
