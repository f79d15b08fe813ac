"""Everything at once, from a seed: whatever is acknowledged is counted, once, and nothing else is left behind."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from tests.runtime.tally import table

import packetflow as pf
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import FakeClock

ACTORS = 20
MESSAGES = 2000


class Marked(pf.Event):
    mark: str


class Ledger(
    pf.Actor[dict[str, int]],
    restart=pf.Restart(times=5, within=timedelta(minutes=1)),
    mailbox=50,
    tries=20,
    idle=timedelta(seconds=10),
):
    """Counts marks."""

    @pf.capability
    async def mark(self, mark: str, pauses: int, then: str) -> int:
        """Count a mark, wait for some rounds of the loop, then end well or not."""
        self.state[mark] = self.state.get(mark, 0) + 1
        self.emit(Marked(mark=mark))
        for _ in range(pauses):
            await asyncio.sleep(0)
        if then == "crash":
            raise ValueError(mark)
        if then == "refuse":
            raise pf.Conflict(mark)
        return sum(self.state.values())

    @pf.capability(effect="read")
    async def marks(self) -> dict[str, int]:
        """Tell what was counted."""
        return self.state

    @pf.capability(effect="read")
    async def journaled(self) -> list[str]:
        """Tell which marks were emitted."""
        return [event.mark async for event in self.journal(Marked)]


@dataclass
class Model:
    """Which marks must, and which may, have been counted for each actor; none more than once, for each is its own."""

    acknowledged: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    possible: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    outcomes: Counter[str] = field(default_factory=Counter[str])

    async def watch(self, key: str, mark: str, asked: Awaitable[int]) -> None:
        """Note how an ask ended."""
        try:
            await asked
        except (pf.PacketFlowError, asyncio.CancelledError) as error:
            self.outcomes[type(error).__name__] += 1
            if isinstance(error, asyncio.CancelledError):
                self.possible.add((key, mark))  # it may have been past its commit
        else:
            self.outcomes["ok"] += 1
            self.acknowledged.add((key, mark))

    def check(self, key: str, marks: dict[str, int]) -> None:
        """Compare an actor with what is known of it."""
        assert set(marks.values()) == {1}
        must = {mark for of, mark in self.acknowledged if of == key}
        may = {mark for of, mark in self.possible if of == key}
        assert must <= marks.keys() <= must | may


async def storm(app: pf.App, root: pf.Client, clock: FakeClock, seed: int) -> Model:
    """Send messages of every kind and fate to all actors, in an order that the seed decides."""
    chance, model = random.Random(seed), Model()  # noqa: S311 - a seed, not a secret
    asks: list[asyncio.Task[None]] = []
    for number in range(MESSAGES):
        key, mark = f"a{chance.randrange(ACTORS)}", f"m{number}"
        then = chance.choices(["end", "crash", "refuse"], [90, 2, 8])[0]
        fate = chance.choices(["ask", "again", "tell", "cancel", "stop", "pause"], [50, 10, 15, 15, 2, 8])[0]
        client = root.within(message_id=mark) if fate == "again" else root
        ref, pauses = client.actor(Ledger, key), chance.randrange(4)
        if fate == "stop":
            await table(app, Ledger).stop(key)
        elif fate == "pause":
            await asyncio.sleep(0)
        elif fate == "tell":
            try:
                await ref.tell(Ledger.mark, mark, pauses, then)
                if then == "end":
                    model.acknowledged.add((key, mark))
            except pf.CallError as error:
                model.outcomes[type(error).__name__] += 1
        else:
            asks += [
                asyncio.ensure_future(model.watch(key, mark, ref.ask(Ledger.mark, mark, pauses, then)))
                for _ in range(2 if fate == "again" else 1)
            ]
        if fate == "cancel":
            await asyncio.sleep(0)
            asks[-1].cancel()
        if chance.random() < 0.02:
            table(app, Ledger).timer.advance(seconds := chance.choice([0.3, 11, 40]))
            clock.advance(seconds=seconds)
    await asyncio.gather(*asks)
    return model


async def deliver(app: pf.App, clock: FakeClock) -> None:
    """Let time pass until every letter took effect or is dead; whoever was stopped takes messages again."""
    post = app.parts.engine.post
    while not post.quiet:
        if not table(app, Ledger).running:  # else its time would be over before it began
            table(app, Ledger).timer.advance(61)
            clock.advance(seconds=121)
        await asyncio.sleep(0.002)  # for the threads of the store
    table(app, Ledger).timer.advance(61)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("where", ["memory", "sqlite"])
async def test_every_acknowledged_write_is_counted_once_whatever_happens_beside_it(
    seed: int, where: str, data_dir: Path
) -> None:
    store = MemoryStore() if where == "memory" else SQLiteStore(data_dir / "ledger.db")
    clock = FakeClock()
    app = pf.App(Ledger, store=store, planners=[], clock=clock)
    before = asyncio.all_tasks()
    async with app as root, asyncio.timeout(60):
        model = await storm(app, root, clock, seed)
        await deliver(app, clock)
        assert {json.loads(letter.inputs)["then"] for letter in await store.letters()} <= {"crash", "refuse"}
        marks = {f"a{n}": await root.actor(Ledger, f"a{n}").ask(Ledger.marks) for n in range(ACTORS)}
        journals = {key: await root.actor(Ledger, key).ask(Ledger.journaled) for key in marks}
        assert table(app, Ledger).mailboxes.waiting == 0
    assert asyncio.all_tasks() == before
    async with app as root:
        for key, kept in marks.items():
            assert await root.actor(Ledger, key).ask(Ledger.marks) == kept
            assert Counter(journals[key]) == Counter(kept)
            model.check(key, kept)
    assert {"ok", "CapabilityFailed", "Conflict", "CancelledError"} <= model.outcomes.keys(), model.outcomes
