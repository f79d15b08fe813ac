"""What a run would do is told beforehand, and nothing of it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._core.constraint import Constraint
from packetflow._core.ports import CallRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture(params=["memory", "sqlite"])
def home(request: pytest.FixtureRequest, traces: Traces, tmp_path: Path) -> Home:
    return Home(traces, tmp_path if request.param == "sqlite" else None)


@pytest.fixture(autouse=True)
async def _guard() -> AsyncIterator[None]:
    async with guarded():
        yield


async def took(home: Home, capability_id: str, *seconds: float) -> None:
    """Keep past calls."""
    store = home.running.parts.store
    at = datetime(2026, 1, 1, tzinfo=UTC)
    calls = [
        CallRecord(f"{capability_id}{n}", at, capability_id, "ada", one, "ok", None, "t")
        for n, one in enumerate(seconds)
    ]
    failed = CallRecord(f"{capability_id}x", at, capability_id, "ada", 99.0, "error", "error", "t")
    await store.record([*calls, failed])


async def test_a_dry_run_tells_order_effects_and_time_and_does_nothing(home: Home, traces: Traces) -> None:
    look, act, drop = home.parts
    first = look.step("a")
    left, right = act.step("b", [first.output]), look.step("c", [first.output])
    plan = pf.Plan(drop.step("d", [left.output, right.output]))
    async with home.app() as root:
        await took(home, "look", 1.0, 2.0, 9.0)
        await took(home, "act", 5.0)
        report = await root.dry_run(plan, careful=True)
        assert report.layers == [["look"], ["act", "look_2"], ["drop"]]
        assert [(step.effect, step.decision) for step in report.steps] == [
            ("read", "allow"),
            ("write", "allow"),
            ("read", "allow"),
            ("delete", "confirm"),
        ]
        assert [step.seconds for step in report.steps] == [2.0, 5.0, 2.0, None]
        assert (report.seconds, report.guesses) == (7.0, ["drop"])
        assert (report.allowed, [step.node for step in report.asks]) == (True, ["drop"])
        assert traces.calls == {}
        assert await root.runs() == []


async def test_the_digest_of_a_call_whose_arguments_stand_in_the_plan_lets_that_call_pass(
    home: Home, traces: Traces
) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        plan = pf.Plan(drop.step("a"))
        (asked,) = (await root.dry_run(plan, careful=True)).asks
        assert asked.arguments_known
        assert asked.digest is not None
        run = await root.within(confirmed=[asked.digest]).run(plan, careful=True)
        assert (run.status, traces.calls["a"]) == ("succeeded", 1)


async def test_decisions_are_those_of_the_holder(home: Home) -> None:
    look, act, _ = home.parts
    async with home.app() as root:
        ada = root.delegate("ada", only=[look, act], limits={"act": {"name": Constraint(op="eq", value="mine")}})
        first = look.step("a")
        report = await ada.dry_run(pf.Plan(act.step(first.output), act.step("mine")))
        shown = {step.node: (step.decision, step.arguments_known, step.reason) for step in report.steps}
        assert shown["act_2"] == ("allow", True, "granted")
        assert shown["act"] == ("allow", False, "granted, within the limits on its arguments")
        with pytest.raises(pf.PlanRejected):
            await ada.dry_run(pf.Plan(act.step("other")))


async def test_loops_are_counted_where_their_list_stands_in_the_plan(home: Home) -> None:
    look = home.parts[0]

    @pf.capability(effect="read", timeout=timedelta(seconds=7))
    async def listed() -> list[str]:
        """List names."""
        return ["a"]

    async with home.app(listed) as root:
        await took(home, "look", 3.0)
        known = await root.dry_run(pf.Plan(pf.each(["a"] * 10, look.step, concurrency=4)))
        assert [(step.node, step.times, step.layer) for step in known.steps] == [("map/look", 10, 0)]
        assert known.seconds == 9.0
        unknown = await root.dry_run(pf.Plan(pf.each(listed.step().output, look.step)))
        assert [(step.node, step.times, step.timeout) for step in unknown.steps] == [
            ("listed", 1, 7.0),
            ("map/look", None, None),
        ]
        assert unknown.layers == [["listed"], ["map/look"]]
        assert unknown.seconds == 3.0


async def test_the_steps_of_a_flow_are_looked_at_one_by_one(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts

    @pf.flow
    def tidy(name: str) -> pf.Step[str]:
        """Look at something and delete it."""
        return drop.step(look.step(name).output)

    async with home.app(tidy) as root:
        await took(home, "look", 1.0)
        await took(home, "drop", 2.0)
        report = await root.dry_run(pf.Plan(look.step(tidy.step("a").output)), careful=True)
        assert [(step.node, step.decision, step.layer) for step in report.steps] == [
            ("tidy/look", "allow", 0),
            ("tidy/drop", "confirm", 1),
            ("look", "allow", 2),
        ]
        assert (report.seconds, report.guesses) == (4.0, [])
        assert traces.calls == {}
