"""Handlers that give their answer in parts, and subscriptions to what actors emit."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.runtime.tally import GATES, Added, Tally, Volatile, closing

import packetflow as pf
from packetflow._core.errors import CapabilityFailed

KINDS = pytest.mark.parametrize("kind", [Tally, Volatile])


@KINDS
async def test_parts_come_in_order_and_the_whole_is_committed(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    assert [part async for part in tally.stream(kind.count_up, 100)] == list(range(1, 101))
    assert await tally.ask(kind.total) == 5050


@KINDS
async def test_an_ask_of_a_stream_gives_the_list_of_its_parts(root: pf.Client, kind: type[Tally]) -> None:
    assert await root.actor(kind, "one").ask(kind.count_up, 3) == [1, 2, 3]


@KINDS
async def test_a_slow_reader_slows_the_handler(root: pf.Client, kind: type[Tally]) -> None:
    read = 0
    async for part in root.actor(kind, "one").stream(kind.count_up, 200, "gate"):
        read = part
        if part == 100:
            for _ in range(50):
                await asyncio.sleep(0)
            assert not GATES["gate"].entered.is_set()  # far from its end, though it would need no time to get there
    assert read == 200


@KINDS
async def test_a_reader_that_leaves_early_ends_the_handler_and_undoes_it(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    async with closing(tally.stream(kind.count_up, 1_000_000, "gate")) as parts:
        assert await anext(parts) == 1
    async with asyncio.timeout(5):
        await GATES["gate"].entered.wait()
        assert await tally.ask(kind.total) == 0


async def test_a_subscription_has_no_gap_and_no_double_while_a_thousand_events_are_written(root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    for amount in range(200):
        await tally.ask(Tally.add, amount)

    async def write() -> None:
        for amount in range(200, 1200):
            await tally.ask(Tally.add, amount)
            await asyncio.sleep(0)

    writing = asyncio.ensure_future(write())
    seen: list[int] = []
    async with asyncio.timeout(20), closing(root.subscribe(Tally, "one", after=10)) as events:
        async for event in events:
            assert isinstance(event, Added)
            assert event.seq == event.amount + 1
            seen.append(event.amount)
            if len(seen) == 1190:
                break
    assert seen == list(range(10, 1200))
    await writing


async def test_a_listener_that_falls_behind_is_healed_from_the_store(root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    await tally.ask(Tally.add, 0)
    async with closing(root.subscribe(Tally, "one")) as events:
        assert (await anext(events)).seq == 1
        for amount in range(1, 1900):  # its queue holds 1,000
            await tally.tell(Tally.add, amount)
        await tally.ask(Tally.total)
        assert [(await anext(events)).seq for _ in range(1899)] == list(range(2, 1901))


async def test_a_stream_that_crashes_midway_raises_after_its_parts() -> None:
    class Half(pf.Actor[None], durability="volatile"):
        """Gives up."""

        @pf.capability
        async def halves(self) -> AsyncIterator[int]:
            """Give one part, then raise."""
            yield 1
            raise ValueError("halfway")

    async with pf.App(Half, planners=[]) as other:
        parts = other.actor(Half, "one").stream(Half.halves)
        assert await anext(parts) == 1
        with pytest.raises(CapabilityFailed, match="halfway"):
            await anext(parts)
