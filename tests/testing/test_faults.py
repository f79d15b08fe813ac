"""Faults at any call of a store, and events that are lost or late."""

import asyncio
from collections import Counter
from random import Random

import pytest

from packetflow._core.errors import StoreUnavailable
from packetflow._core.event import Stored
from packetflow.fabrics.local import LocalFabric
from packetflow.stores.memory import MemoryStore
from packetflow.testing.faults import Fault, FaultAt, RandomFaults
from packetflow.testing.faulty_fabric import FaultyFabric
from packetflow.testing.faulty_store import FaultyStore
from packetflow.testing.loop import SimulatedLoop
from packetflow.testing.store_samples import START, commit, event


class Once:
    """The same fault for every call but opening."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def next(self, method: str) -> Fault:
        return Fault() if method == "open" else self.fault


async def test_a_call_that_fails_before_has_done_nothing() -> None:
    inner = MemoryStore()
    store = FaultyStore(inner, Once(Fault("before")))
    await store.open()
    with pytest.raises(StoreUnavailable, match="commit failed"):
        await store.commit(commit("lobby"))
    assert await inner.load("Room", "lobby") is None


async def test_a_call_that_fails_after_has_done_it_and_says_nothing_else() -> None:
    inner = MemoryStore()
    store = FaultyStore(inner, Once(Fault("after")))
    await store.open()
    with pytest.raises(StoreUnavailable, match="its answer was lost"):
        await store.append([event("e1")])
    assert [one.id for one in await inner.read("Room/lobby")] == ["e1"]


async def test_every_call_of_a_scenario_can_be_made_to_fail_in_turn() -> None:
    async def scenario(faults: FaultAt) -> bool:
        store = FaultyStore(MemoryStore(), faults)
        try:
            await store.open()
            await store.commit(commit("lobby"))
            await store.load("Room", "lobby")
            await store.close()
        except StoreUnavailable:
            return False
        return True

    none = FaultAt(-1)
    assert await scenario(none)
    assert none.count == 4
    assert [await scenario(FaultAt(number)) for number in range(5)] == [False, False, False, False, True]


def test_a_slow_call_takes_virtual_time_before_and_after_it_is_done() -> None:
    async def main() -> None:
        loop, inner = asyncio.get_running_loop(), MemoryStore()
        store = FaultyStore(inner, Once(Fault("", 100, 200)))
        await store.open()
        begin = loop.time()
        task = asyncio.create_task(store.commit(commit("lobby")))
        await asyncio.sleep(99)
        assert await inner.load("Room", "lobby") is None
        await asyncio.sleep(2)
        assert await inner.load("Room", "lobby") is not None
        assert not task.done()
        await task
        assert loop.time() - begin == pytest.approx(300)

    SimulatedLoop(1).run_until_complete(main())


async def test_the_store_of_a_killed_process_does_nothing_any_more() -> None:
    inner, living = MemoryStore(), [True]
    store = FaultyStore(inner, alive=lambda: living[0])
    await store.open()
    living[0] = False
    with pytest.raises(StoreUnavailable, match="killed"):
        await store.commit(commit("lobby"))
    with pytest.raises(StoreUnavailable, match="killed"):
        await store.close()
    after = FaultyStore(inner)
    await after.open()
    assert await after.load("Room", "lobby") is None
    await after.close()


def test_chance_is_the_seeds_and_spares_what_it_must() -> None:
    def told(seed: int) -> tuple[list[Fault], Counter[str]]:
        faults = RandomFaults(Random(seed), before=0.2, after=0.2)  # noqa: S311
        return [faults.next("commit") for _ in range(300)], faults.told

    assert told(1) == told(1)
    assert told(1) != told(2)
    faults, counted = told(3)
    assert {fault.fails for fault in faults} == {"", "before", "after"}
    assert set(counted) == {"before", "after", "slow"}
    assert all(RandomFaults(Random(1), before=1).next("open") == Fault() for _ in range(10))  # noqa: S311


def published(seq: int, topic: str = "t") -> Stored:
    return Stored(topic, seq, f"{topic}-{seq}", "Posted", START, "ada", "t", b"{}")


def test_events_are_lost_or_late_but_in_order_and_at_most_once() -> None:
    async def main(seed: int) -> list[int]:
        faults = RandomFaults(Random(seed), before=0.1, after=0.1, slow=0.5, longest=3)  # noqa: S311
        fabric = FaultyFabric(LocalFabric(), faults)
        async with fabric.listen("t") as heard:
            for seq in range(1, 60):
                fabric.publish([published(seq)])
                await asyncio.sleep(0.1)
            await asyncio.sleep(10)
            seqs: list[int] = []
            while True:
                try:
                    async with asyncio.timeout(1):
                        seqs.append((await anext(heard)).seq)
                except TimeoutError:
                    return seqs

    for seed in range(20):
        seqs = SimulatedLoop(seed).run_until_complete(main(seed))
        assert seqs == sorted(set(seqs))
        assert 20 < len(seqs) < 59


async def test_whoever_watches_a_fabric_sees_all_that_is_published() -> None:
    seen: list[Stored] = []
    fabric = FaultyFabric(LocalFabric(), FaultAt(0), watch=seen.extend)
    async with fabric.listen("t") as heard:
        fabric.publish([published(1), published(2)])
        assert (await anext(heard)).seq == 2
    assert [one.seq for one in seen] == [1, 2]
