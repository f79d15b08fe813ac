"""The rest of a run that did not succeed: done again without what was finished, or planned anew around what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._core.errors import InvalidInput
from packetflow._core.plan import Plan
from packetflow._core.ports import Proposal, Request
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from packetflow._core.registry import Registry


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


def three(home: Home) -> Plan[Any]:
    look, act, _ = home.parts
    first = act.step("a")
    second = look.step("b", [first.output])
    return Plan(act.step("c", [first.output, second.output]))


async def test_a_retried_run_does_only_what_was_left(home: Home, traces: Traces) -> None:
    traces.fails.add("b")
    async with home.app() as root:
        failed = await root.run(three(home))
        assert (failed.status, traces.order) == ("failed", ["a", "b"])
        traces.fails.clear()
        again = await root.retry(failed.id)
        assert (again.status, again.result, again.continues) == ("succeeded", "c", failed.id)
        assert traces.order == ["a", "b", "b", "c"]
        assert again.step("act_2").inputs == {"name": "c", "after": ["a", "b"]}
        assert [node.id for node in again.plan.nodes] == ["look", "act_2"]
        assert (await root.found(again.id)).continues == failed.id


async def test_a_run_can_be_done_again_from_a_step_on(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        run = await root.run(three(home))
        with pytest.raises(pf.Conflict, match="nothing left to do"):
            await root.retry(run.id)
        again = await root.retry(run.id, from_step="look")
        assert (again.result, traces.order) == ("c", ["a", "b", "c", "b", "c"])
        with pytest.raises(InvalidInput) as caught:
            await root.retry(run.id, from_step="no")
        assert caught.value.problems[0].allowed == ("act", "look", "act_2")


async def test_a_loop_is_retried_without_the_items_that_were_done(home: Home, traces: Traces) -> None:
    look, act, _ = home.parts
    traces.fails.add("2")
    plan = Plan(pf.each(["1", "2", "3"], lambda name: look.step(act.step(name).output), concurrency=1))
    async with home.app() as root:
        failed = await root.run(plan)
        assert failed.status == "failed"
        traces.fails.clear()
        again = await root.retry(failed.id)
        assert again.result == ["1", "2", "3"]
        assert traces.calls == {"1": 2, "2": 3, "3": 2}  # once each by act and look; the second failed once
        assert (await root.found(again.id)).model_dump() == again.model_dump()


async def test_a_run_under_way_has_no_rest_yet_and_nobody_elses_run_is_retried(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        ada = root.delegate("ada", only=[home.parts[0]])
        run = await root.start(Plan(home.parts[0].step("held")))
        await reached.wait()
        with pytest.raises(pf.Conflict, match="under way"):
            await root.retry(run.id)
        with pytest.raises(pf.NotFound):
            await ada.retry(run.id)
        await root.cancel(run.id)
        traces.held.clear()
        assert (await root.retry(run.id)).succeeded


@pf.capability(effect="read")
async def forecast(city: str) -> str:
    """Tell the weather of a city."""
    raise OSError(city)


@pf.capability(effect="read")
async def outlook(place: str) -> str:
    """Tell the weather of a place, from another source."""
    return f"sunny in {place}"


@pf.capability(effect="external")
async def ordered_outlook(city: str) -> str:
    """Tell the weather of a city, and order a report of it."""
    return f"ordered for {city}"


@pf.capability(effect="read")
async def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


class Suggests:
    """Plans one call of a capability, if it may use it."""

    name = "suggests"

    def __init__(self, capability_id: str) -> None:
        self._id = capability_id
        self.asked: list[str] = []

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        self.asked.append(request.intent)
        if self._id not in registry:
            return Proposal(None, 0.0)
        field = registry[self._id].requires[0]
        step = {"kind": "step", "id": "s", "capability_id": self._id, "inputs": {field: {"literal": "Oslo"}}}
        return Proposal(Plan[Any].model_validate({"nodes": [step], "output": {"step": "s"}}), 0.9)

    async def close(self) -> None:
        pass


def weather(planner: Suggests, *parts: pf.Capability[..., Any, Any]) -> pf.App:
    return pf.App(forecast, shout, *parts, store=MemoryStore(), planners=[planner])


async def test_a_capability_that_failed_is_replaced_by_another_that_is_proven_to_fit() -> None:
    planner = Suggests("outlook")
    async with weather(planner, outlook) as root:
        failed = await root.run(Plan(shout.step(forecast.step("Oslo").output)))
        plan = await root.replan(failed.id, intent="weather in Oslo, please")
        assert planner.asked == ["weather in Oslo, please"]
        assert [step.capability_id for step in plan.steps()] == ["outlook", "shout"]
        run = await root.finish(await root.start(plan, continues=failed.id))
        assert (run.output, run.continues) == ("SUNNY IN OSLO", failed.id)


async def test_what_does_more_to_the_world_or_does_not_fit_takes_nobodys_place() -> None:
    planner = Suggests("ordered_outlook")
    async with weather(planner, ordered_outlook) as root:
        failed = await root.run(Plan(shout.step(forecast.step("Oslo").output)))
        plan = await root.replan(failed.id)
        assert [step.capability_id for step in plan.steps()] == ["forecast", "shout"]
        assert planner.asked


async def test_outputs_of_finished_steps_stand_in_the_new_plan_and_texts_that_look_like_wires_stay_texts() -> None:
    @pf.capability(effect="read")
    async def note(text: str, about: dict[str, str]) -> str:
        """Note something."""
        del about
        if text == "bad":
            raise OSError(text)
        return text

    planner = Suggests("nothing")
    async with weather(planner, note) as root:
        good = note.step("good", {"step": "note"})
        bad = note.step("bad", {"step": good.output, "path": "x"})
        failed = await root.run(Plan(bad, good))
        plan = await root.replan(failed.id)
        (node,) = plan.model_dump(mode="json")["nodes"]
        assert node["inputs"]["about"] == {"fields": {"step": {"literal": "good"}, "path": {"literal": "x"}}}
