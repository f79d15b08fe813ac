"""What every Fabric keeps to, as tests: subclass `FabricContract` and give it a fixture named `fabric`.

    class TestMyFabric(FabricContract):
        @pytest.fixture
        async def fabric(self) -> AsyncIterator[Fabric]:
            fabric = MyFabric(...)
            yield fabric

The tests are coroutines, run by pytest with an asyncio plugin. A fabric that goes through a server may take its time:
each test waits for what it expects, for at most `PATIENCE` seconds.
"""
# ruff: noqa: D102, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from packetflow._core.event import Stored
from packetflow._core.ports import Fabric
from packetflow.testing.store_samples import START

PATIENCE: Final = 5.0


def sent(seq: int, topic: str = "room/lobby", text: str = "") -> Stored:
    """Give an event that is stored at that place of its topic; at 0 one that is not stored."""
    return Stored(topic, seq, f"{topic}-{seq}-{text}", "Posted", START, "ada", "t", text.encode())


async def taken(heard: AsyncIterator[Stored], count: int) -> list[Stored]:
    """Receive that many events; fails when they do not come in time."""
    async with asyncio.timeout(PATIENCE):
        return [await anext(heard) for _ in range(count)]


class FabricContract:
    """Every sentence of the Fabric port, put to a fabric that nobody listens to."""

    async def test_a_listener_hears_what_is_published_from_then_on_in_order(self, fabric: Fabric) -> None:
        fabric.publish([sent(1)])
        async with fabric.listen("room/lobby") as heard:
            fabric.publish([sent(2), sent(3)])
            fabric.publish([sent(4)])
            assert [one.seq for one in await taken(heard, 3)] == [2, 3, 4]

    async def test_a_listener_hears_its_topic_only(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby") as lobby, fabric.listen("room/lob") as other:
            fabric.publish([sent(1), sent(1, "room/lob"), sent(2)])
            assert await taken(lobby, 2) == [sent(1), sent(2)]
            assert await taken(other, 1) == [sent(1, "room/lob")]

    async def test_every_listener_of_a_topic_hears_every_event(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby") as one, fabric.listen("room/lobby") as two:
            fabric.publish([sent(1), sent(2)])
            for heard in (one, two):
                assert [one.seq for one in await taken(heard, 2)] == [1, 2]

    async def test_a_listener_that_waits_is_woken(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby") as heard, asyncio.timeout(PATIENCE):
            waiting = asyncio.ensure_future(anext(heard))
            asyncio.get_running_loop().call_soon(fabric.publish, [sent(1)])
            assert await waiting == sent(1)

    async def test_a_wait_that_is_cancelled_loses_no_event(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby") as heard, asyncio.timeout(PATIENCE):
            waiting = asyncio.ensure_future(anext(heard))
            await asyncio.wait([waiting], timeout=0.001)
            waiting.cancel()
            await asyncio.wait([waiting])
            fabric.publish([sent(1)])
            assert await taken(heard, 1) == [sent(1)]

    async def test_a_listener_that_lags_loses_the_oldest_and_sees_a_gap(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby", limit=10) as heard:
            fabric.publish([sent(seq) for seq in range(1, 31)])
            assert [one.seq for one in await taken(heard, 10)] == list(range(21, 31))

    async def test_events_that_are_not_stored_never_push_out_stored_ones(self, fabric: Fabric) -> None:
        async with fabric.listen("run/r1", limit=10) as heard:
            fabric.publish([sent(1, "run/r1")])
            fabric.publish([sent(0, "run/r1", f"{number}%") for number in range(100)])
            assert [one.seq for one in await taken(heard, 1)] == [
                1
            ]  # no later event would have told that it is missing

    async def test_publishing_on_a_topic_that_nobody_hears_is_nothing(self, fabric: Fabric) -> None:
        fabric.publish([sent(1)])
        fabric.publish([])
        async with fabric.listen("room/lobby") as heard:
            fabric.publish([sent(2)])
            assert await taken(heard, 1) == [sent(2)]

    async def test_a_listener_may_come_and_go_while_others_stay(self, fabric: Fabric) -> None:
        async with fabric.listen("room/lobby") as stays:
            async with fabric.listen("room/lobby"):
                fabric.publish([sent(1)])
            fabric.publish([sent(2)])
            assert [one.seq for one in await taken(stays, 2)] == [1, 2]
