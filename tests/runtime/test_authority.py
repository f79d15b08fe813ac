"""What the runtime refuses and bounds for everybody: whose eyes see what, and how much may wait."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.runtime.tally import Added, Gate, Snapshot, Tally, closing, until
from tests.runtime.test_planning import app as planning_app
from tests.runtime.test_planning import made

import packetflow as pf
from packetflow._core.constraint import Constraint
from packetflow._core.errors import NotAllowed
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord
from packetflow.fabrics.local import LocalFabric
from packetflow.stores.memory import MemoryStore


@pf.capability(effect="read")
async def every_total(ctx: pf.Context) -> list[int]:
    """Tell the sums of all tallies that are saved."""
    return [state.total async for _, state in ctx.saved(Tally)]


async def test_the_saved_states_of_a_class_are_for_those_who_may_read_every_one_of_it() -> None:
    async with pf.App(Tally, every_total, store=MemoryStore(), planners=[]) as root:
        await root.actor(Tally, "one").ask(Tally.add, 5)
        assert await root.call(every_total) == [5]
        assert await root.delegate("ada", only=[every_total, Tally]).call(every_total) == [5]
        with pytest.raises(NotAllowed, match="'bob' may not read every 'tally'"):
            await root.delegate("bob", only=[every_total]).call(every_total)
        limits = {"tally.total": {"key": Constraint(op="eq", value="one")}}
        with pytest.raises(NotAllowed):
            await root.delegate("cleo", only=[every_total, "tally.total"], limits=limits).call(every_total)


async def test_a_remembered_plan_is_proven_again_under_the_grant_of_the_day() -> None:
    planner = made("only", 0.9)
    async with planning_app(planner) as root:
        wide = root.delegate("ada", only=["weather"])
        assert (await wide.plan("weather in Oslo")).planner == "only"
        assert (await wide.plan("weather in Oslo")).planner == "only"
        assert len(planner.asked) == 1
        narrow = root.delegate(
            "ada", only=["weather"], limits={"weather": {"city": Constraint(op="in", value=["Lima"])}}
        )
        with pytest.raises(pf.NotUnderstood):
            await narrow.plan("weather in Oslo")


async def test_a_plan_remembered_by_an_app_with_a_capability_is_not_taken_by_one_without() -> None:
    store = MemoryStore()
    async with planning_app(made("only", 0.9, "remove_city"), store=store) as root:
        assert (await root.plan("remove Oslo")).steps()[0].capability_id == "remove_city"
    async with pf.App(Tally, store=store, planners=[made("only", 0.9, "remove_city")]) as root:
        with pytest.raises(pf.NotUnderstood):
            await root.plan("remove Oslo")


async def test_a_plan_is_remembered_for_whom_it_was_made_whatever_the_hints_say() -> None:
    planner = made("only", 0.9)
    async with planning_app(planner) as root:
        for name in ("ada", "bob", "ada", "bob"):
            await root.delegate(name, only=["weather"]).plan("weather in Oslo", user_id="somebody")
    assert len(planner.asked) == 2


async def test_a_live_listener_that_overflows_gets_what_it_missed_from_the_store() -> None:
    fabric = LocalFabric()
    app = pf.App(Tally, store=MemoryStore(), fabric=fabric, planners=[])
    async with asyncio.timeout(10), app as root, closing(root.subscribe(Tally, "one")) as events:
        tally = root.actor(Tally, "one")
        first = asyncio.ensure_future(anext(events))
        await until(lambda: fabric.listening == 1)  # nothing is stored: it waits for what comes live
        await tally.ask(Tally.add, 0)
        assert (await first).seq == 1
        for amount in range(1900):  # its queue holds 1,000
            await tally.tell(Tally.add, amount)
        await tally.ask(Tally.total)
        seen = [(await anext(events)).seq for _ in range(1900)]
    assert seen == list(range(2, 1902))


async def test_leaving_an_app_interrupts_its_runs_before_the_actors_they_wait_for() -> None:
    gate = Gate()

    class Slow(pf.Actor[None], durability="volatile"):
        """Waits."""

        @pf.capability
        async def wait(self) -> None:
            """Wait for ever."""
            await gate.passed()

    step = {"kind": "step", "id": "s", "capability_id": "slow.wait", "inputs": {"key": {"literal": "one"}}}
    plan = pf.Plan[Any].model_validate({"nodes": [step], "output": {"step": "s"}})
    app = pf.App(Slow, store=MemoryStore(), planners=[])
    async with asyncio.timeout(10):
        async with app as root:
            run = await root.start(plan)
            await gate.entered.wait()
        assert (run.status, run.step("s").status) == ("interrupted", "running")
    assert gate.left == 1


class Stuck(MemoryStore):
    """Takes no records until the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.kept = 0

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        await self.gate.passed()
        self.kept += len(audits)
        await super().record(calls, audits)


async def test_records_that_a_slow_store_does_not_take_are_bounded_and_the_lost_ones_counted() -> None:
    store = Stuck()
    app = pf.App(every_total, Tally, store=store, planners=[])
    async with app as root:
        records = app.parts.engine.records
        await root.call(every_total)
        await store.gate.entered.wait()
        record = AuditRecord(app.parts.engine.now(), "ada", "g", "every_total", "allow", "", "", "t", None)
        for _ in range(100_500):
            records.audit(record)
        lost = records.lost
        store.gate.opened.set()
        await records.flush()
    assert lost == 500
    assert store.kept == 100_001


async def test_a_snapshot_actor_is_saved_with_the_message_that_emits(store: MemoryStore, root: pf.Client) -> None:
    snapshot = root.actor(Snapshot, "one")
    await snapshot.ask(Snapshot.note, 1)
    assert await store.load("snapshot", "one") is None
    await snapshot.ask(Snapshot.add, 5)
    saved = await store.load("snapshot", "one")
    assert saved is not None
    assert saved.state == b'{"total":5,"log":[1]}'
    assert [event.payload for event in await store.read("snapshot/one")] == [Added(amount=5).model_dump_json().encode()]
