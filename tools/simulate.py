"""Let the bank live and die on a simulated loop, seed by seed, and look whether a law breaks.

Usage: python -m tools.simulate [--seeds N] [--first N] [--broken STORE]
Prints one line of JSON; exit status 1, with the seed that does it again, when a law was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

from tools.bank import KEYS, Broken, Ledger, Pocket, Purse, Wallet, drawn, use
from tools.bank_clients import Teller, chatter, listen
from tools.bank_laws import at_rest, check
from tools.bank_runs import answered, plans, reach_outside
from tools.broken_stores import BROKEN

import packetflow as pf
from packetflow._core.errors import StoreError
from packetflow.fabrics.local import LocalFabric
from packetflow.stores.memory import MemoryStore
from packetflow.testing.faults import Fault, FaultAt, RandomFaults
from packetflow.testing.faulty_fabric import FaultyFabric
from packetflow.testing.faulty_store import FaultyStore
from packetflow.testing.simulation import Killed, LawBroken, World, simulate

if TYPE_CHECKING:
    from packetflow._core.event import Stored
    from packetflow._core.ports import RunRow, Store

_REST = 1.5
"""Seconds after the last message until nothing may be under way any more."""

PATIENCE = 200
"""Seconds until the last letter is delivered, or dead."""

_CLOSING = 30
"""Seconds that closing an app may take, with a store that is slow."""

MET: Counter[str] = Counter()
"""What the worlds met: deaths, and faults by their sort."""


class Bank:
    """One world's bank: its store and its clients outlive its processes."""

    def __init__(self, world: World, between: type[FaultyStore]) -> None:
        """Draw the clients; `between` stands before the store that keeps its word."""
        self.world = world
        self.memory = MemoryStore()
        self.store: Store = between(self.memory)
        self.ledger = Ledger(world.random)
        self.ledger.stored = self._stored
        use(self.ledger)
        count = 2 + int(world.random.random() * 3)
        self.tellers = [Teller(self.ledger, drawn(world.random, name, 6)) for name in "klmno"[:count]]

    def _stored(self, topic: str) -> list[Stored]:
        return list(self.memory._topics.get(topic, {}).values())  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - from outside, without a call

    async def live(self, faults: RandomFaults | FaultAt | None = None) -> None:
        """Run one process of the app, and all clients against it; the faults end when the clients are done."""
        alive = self.world.alive()
        self.ledger.begin_life()
        store = FaultyStore(self.store, faults, alive=alive)
        fabric = FaultyFabric(LocalFabric(), faults, watch=self.ledger.watch, alive=alive)
        app = pf.App(Wallet, Purse, Pocket, reach_outside, store=store, fabric=fabric, planners=[], clock=self.world)
        async with AsyncExitStack() as stack:
            try:
                root = await stack.enter_async_context(app)
            except StoreError:
                MET["not started"] += 1
                return
            others = self._beside(root)
            planning = plans(root, self.ledger, alive, self.world.life)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(planning)
                    for teller in self.tellers:
                        group.create_task(teller.work(root, alive))
                if faults is not None:
                    faults.rest()
                await self._done(root, runs=faults is None)
                await asyncio.sleep(_REST)
                if faults is None:
                    await at_rest(app, store, self.ledger)
            finally:
                for task in others:
                    task.cancel()
                for told in await asyncio.gather(*others, return_exceptions=True):
                    if isinstance(told, Exception):
                        self.ledger.broken.append(f"a listener failed: {told!r}")
            closing = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - closing
        if alive() and took > _CLOSING:
            raise Broken(f"closing took {took:.0f} s")

    def _beside(self, root: pf.Client) -> list[asyncio.Task[None]]:
        """Begin what goes on beside the clients: listeners, and users of the actors that keep less."""
        names = [f"{self.world.life}{name}" for name in "uvw"]
        heard = [listen(root, self.ledger, key) for key in KEYS]
        return [asyncio.create_task(one) for one in [*heard, *[chatter(root, self.ledger, name) for name in names]]]

    async def _done(self, root: pf.Client, *, runs: bool) -> None:
        """Wait until no letter waits for its delivery; with `runs` also until every run has ended.

        A run whose journal met a fault goes on at the next start only.
        """
        left: list[RunRow] = []
        for _ in range(PATIENCE):
            await answered(root, self.ledger)
            left = [run for run in await self.store.runs() if run.status in {"running", "waiting", "interrupted"}]
            if not (runs and left) and not await self.store.letters(dead=False, limit=1):
                return
            await asyncio.sleep(1)
        letters = [(one.capability_id, one.inputs, one.due) for one in await self.store.letters(dead=False)]
        raise Broken(f"letters are left: {letters}, or runs: {[run.id for run in left if runs]}")

    async def end(self) -> None:
        """Check the laws in a life of their own."""
        await self.store.open()
        await check(self.store, self.ledger)
        await self.store.close()


def scenario(world: World, between: type[FaultyStore] = FaultyStore) -> None:
    """Live a few times with faults and sudden deaths, then once in peace, then check."""
    bank = Bank(world, between)
    for _ in range(int(world.random.random() * 4)):
        faults = RandomFaults(world.random, told=MET)
        try:
            world.run(lambda faults=faults: bank.live(faults), kill_after=int(world.random.random() ** 2 * 600))
        except Killed:
            MET["killed"] += 1
    world.run(bank.live)
    world.run(bank.end)
    MET["runs"] += len(bank.ledger.runs)
    MET["asked"] += bank.ledger.asked


def one_fault(world: World, faults: FaultAt) -> None:
    """Live once with one fault at most, once in peace, then check."""
    bank = Bank(world, FaultyStore)
    world.run(lambda: bank.live(faults))
    world.run(bank.live)
    world.run(bank.end)


def every_call(seed: int, *, stride: int = 1) -> int:
    """Let each call of the store and the fabric fail in turn, before and after it was done; gives how many there are.

    With a `stride` only every so many of them. Raises LawBroken.
    """
    none = FaultAt(-1)
    simulate(partial(one_fault, faults=none), [seed])
    for number in range(0, none.count, stride):
        for fault in (Fault("before"), Fault("after"), Fault("", 0.5, 0.5)):
            try:
                simulate(partial(one_fault, faults=FaultAt(number, fault)), [seed])
            except LawBroken as broken:
                broken.add_note(f"call {number}: {fault}")
                raise
    return none.count


def main() -> int:
    """Search; say what was found."""
    parser = argparse.ArgumentParser(description="Search for a seed that breaks a law.")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--broken", choices=sorted(BROKEN), help="put a store that breaks its word in between")
    parser.add_argument("--every-call", action="store_true", help="of one world, let each call fail in turn")
    given = parser.parse_args()
    logging.disable()
    begin = time.perf_counter()
    if given.every_call:
        print(json.dumps({"seed": given.first, "calls": every_call(given.first), "faults of each": 3, "broken": None}))
        return 0
    try:
        between = BROKEN[given.broken] if given.broken else FaultyStore
        report = simulate(partial(scenario, between=between), range(given.first, given.first + given.seeds))
    except LawBroken as broken:
        print(json.dumps({"seed": broken.seed, "broken": broken.law, "trace": broken.trace}))
        print(f"do it again: python -m tools.simulate --first {broken.seed} --seeds 1", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - begin
    line = {
        "seeds": report.seeds,
        "first": given.first,
        "lives": report.lives,
        "steps": report.steps,
        "met": dict(MET),
        "seconds": round(seconds, 1),
        "seeds/s": round(report.seeds / seconds, 1),
        "trace": f"{crc32(''.join(report.traces.values()).encode()):08x}",
        "broken": None,
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
