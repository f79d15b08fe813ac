"""From a sentence to a proven plan: the order in which planners are asked, what is remembered, what is asked back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import packetflow as pf
from packetflow._core.errors import PlannerUnavailable
from packetflow._core.explanation import Candidate
from packetflow._core.ports import Proposal, Request
from packetflow.planners.rules.planner import RulesPlanner
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import FakeClock

if TYPE_CHECKING:
    from packetflow._core.ports import Planner
    from packetflow._core.registry import Registry


@pf.capability(effect="read", examples=["what is the weather in Oslo?"])
async def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


@pf.capability(effect="delete")
async def remove_city(city: str) -> str:
    """Remove a city from the list."""
    return city


@dataclass
class Scripted:
    """A planner of one answer; a mock, because a planner's confidence and outages are what these tests are about."""

    name: str
    proposal: Proposal | None
    asked: list[Request] = field(default_factory=list[Request])

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        del registry
        self.asked.append(request)
        if self.proposal is None:
            raise PlannerUnavailable("the vendor is down")
        return self.proposal

    async def close(self) -> None:
        """Hold nothing."""


def made(name: str, confidence: float, capability_id: str = "weather") -> Scripted:
    plan = pf.Plan[Any](
        nodes=[{"kind": "step", "id": "s", "capability_id": capability_id, "inputs": {"city": {"literal": "Oslo"}}}],
        output={"step": "s"},
        planner=name,
        confidence=confidence,
    )
    return Scripted(name, Proposal(plan, confidence, planner=name))


def question(name: str, *candidates: str) -> Scripted:
    nearest = tuple(Candidate(capability_id=one, score=0.5 - n / 10) for n, one in enumerate(candidates))
    return Scripted(name, Proposal(None, 0.0, nearest, ("city",), "which city?", name))


def app(*planners: Planner, store: MemoryStore | None = None, clock: FakeClock | None = None) -> pf.App:
    return pf.App(weather, remove_city, store=store or MemoryStore(), planners=planners, clock=clock)


async def test_a_sure_plan_of_the_first_planner_is_taken_and_no_other_is_asked() -> None:
    first, second = made("first", 0.9), made("second", 1.0)
    async with app(first, second) as root:
        assert (await root.plan("weather in Oslo")).planner == "first"
        assert second.asked == []


async def test_an_unsure_plan_gives_way_to_the_next_planner_and_is_taken_when_that_fails() -> None:
    async with app(made("first", 0.5), made("second", 0.9)) as root:
        assert (await root.plan("weather in Oslo")).planner == "second"
    async with app(made("first", 0.5), Scripted("second", None)) as root:
        assert (await root.plan("weather in Oslo")).planner == "first"


async def test_a_plan_that_does_not_fit_is_never_taken_however_sure_its_planner_is() -> None:
    async with app(made("first", 1.0, "launch_rocket")) as root:
        with pytest.raises(pf.NotUnderstood) as caught:
            await root.plan("launch the rocket")
        assert "launch_rocket" in str(caught.value.details["reasons"])


async def test_without_a_plan_it_asks_back_with_at_most_three_candidates_and_what_is_missing() -> None:
    async with app(question("first", "weather", "remove_city", "c", "d")) as root:
        with pytest.raises(pf.NotUnderstood) as caught:
            await root.plan("do the thing")
        assert [candidate.capability_id for candidate in caught.value.candidates] == ["weather", "remove_city", "c"]
        assert caught.value.details["missing"] == ["city"]


async def test_a_repeated_request_gives_the_same_plan_without_asking_anybody_until_the_next_day() -> None:
    planner, day = made("only", 0.9), FakeClock()
    async with app(planner, clock=day) as root:
        first = await root.plan("Weather in Oslo.")
        assert await root.plan("weather  in oslo") == first
        assert len(planner.asked) == 1
        day.advance(days=1)
        await root.plan("weather in Oslo")
        assert len(planner.asked) == 2


async def test_a_remembered_plan_is_not_used_by_who_may_not_run_it() -> None:
    async with app(made("only", 0.9, "remove_city")) as root:
        assert (await root.plan("remove Oslo")).steps()[0].capability_id == "remove_city"
        ada = root.delegate("ada", only=[weather])
        with pytest.raises(pf.NotUnderstood):
            await ada.plan("remove Oslo")


async def test_an_empty_request_is_refused() -> None:
    async with app(made("only", 0.9)) as root:
        with pytest.raises(pf.NotUnderstood, match="empty"):
            await root.plan("   ")


async def test_rules_plan_a_sentence_with_its_reasons_and_the_same_sentence_always_gives_the_same_bytes() -> None:
    plans: list[str] = []
    for _ in range(2):
        async with app(RulesPlanner()) as root:
            plan = await root.plan("What is the weather in Lima?")
            plans.append(plan.model_dump_json())
            step = plan.steps()[0]
            assert step.capability_id == "weather"
            assert step.inputs["city"].model_dump() == {"literal": "Lima"}
            assert step.why is not None
            assert step.why.chosen.reason
            assert [candidate.capability_id for candidate in step.why.rejected] == ["remove_city"]
            assert (await root.run(plan)).output == "rain in Lima"
    assert plans[0] == plans[1]


async def test_what_would_change_something_is_not_planned_on_a_mere_likelihood() -> None:
    async with app(made("only", 0.5, "remove_city")) as root:
        with pytest.raises(pf.NotUnderstood):
            await root.plan("maybe remove Oslo")
    async with app(made("only", 0.5)) as root:
        assert (await root.plan("maybe the weather")).confidence == 0.5
