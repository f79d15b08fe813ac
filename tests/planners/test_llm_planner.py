"""Plans from a language model, through the vendors' own libraries over loopback HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.fakes.vendor import VENDORS, Call, FakeVendor, Refusal, Text, environment
from tests.planners.llm_cases import BAD, GOOD, INTENT, NOW, REGISTRY, REQUEST, draft, mail_draft, planning, step, value

from packetflow._core.capability import Capability, capability
from packetflow._core.plan import Reference
from packetflow._core.ports import Planner, Request
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow.models.model import Model
from packetflow.models.settings import configured
from packetflow.planners.llm.planner import LONGEST_INTENT, LLMPlanner

each_vendor = pytest.mark.parametrize("vendor", VENDORS)


@each_vendor
async def test_a_vendor_with_only_its_key_set_gives_a_proven_plan_in_one_request(vendor: str) -> None:
    async with planning(GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert prove(proposal.plan, REGISTRY) == []
    assert [node.capability_id for node in proposal.plan.steps()] == ["forecast", "send_mail"]
    assert proposal.plan.steps()[1].inputs["text"] == Reference(step="weather", path=("summary",))
    assert proposal.plan.intent == INTENT
    assert proposal.plan.confidence == proposal.confidence == 0.9
    assert len(server.requests) == 1
    assert server.requests[0].anthropic == (vendor == "anthropic")
    assert server.requests[0].tools == ["submit_plan", "no_plan"]


@each_vendor
async def test_the_plan_names_the_planner_and_the_model_that_made_it(vendor: str) -> None:
    async with planning(GOOD, vendors=(vendor,)) as (planner, _):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert proposal.plan.planner == proposal.planner == planner.name
    assert planner.name == {"anthropic": "llm:claude-sonnet-5-5", "openai": "llm:made-up-model"}[vendor]
    assert "1 request" in proposal.reason


@each_vendor
async def test_a_step_says_why_its_capability_was_chosen_and_what_else_was_weighed(vendor: str) -> None:
    async with planning(GOOD, vendors=(vendor,)) as (planner, _):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    why = proposal.plan.steps()[0].why
    assert why is not None
    assert (why.chosen.capability_id, why.chosen.reason) == ("forecast", "it was asked for")
    assert why.chosen.score == 1.0
    assert {other.capability_id for other in why.rejected} == {"digest", "erase_archive"}
    assert {other.capability_id for other in proposal.plan.rejected} == {"digest", "erase_archive"}
    assert all("not chosen" in other.reason for other in why.rejected)


@each_vendor
async def test_a_wrong_capability_is_corrected_in_one_more_request(vendor: str) -> None:
    async with planning(BAD, GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert prove(proposal.plan, REGISTRY) == []
    assert len(server.requests) == 2
    told = server.requests[1].texts[-1]
    assert "unknown_capability" in told
    assert "weather" in told
    assert "capability_id" in told
    assert all(name in told for name in REGISTRY)


@each_vendor
async def test_an_answer_in_another_form_is_corrected_too(vendor: str) -> None:
    shapeless = Call("submit_plan", {"steps": [{"id": "weather"}]})
    async with planning(shapeless, Text("Here is your plan!"), GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert len(server.requests) == 3


@each_vendor
async def test_three_wrong_plans_end_without_a_plan_and_with_the_reason(vendor: str) -> None:
    async with planning(BAD, BAD, BAD, GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is None
    assert proposal.confidence == 0
    assert "wether" in proposal.reason
    assert proposal.candidates[0].capability_id == "forecast"
    assert len(server.requests) == 3


@each_vendor
async def test_a_model_that_only_chats_ends_without_a_plan(vendor: str) -> None:
    async with planning(Text("Hello!"), Text("Hello!"), Text("Hello!"), vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is None
    assert "no plans at all" in proposal.reason
    assert len(server.requests) == 3


@each_vendor
async def test_a_model_without_a_plan_asks_back_and_names_what_is_missing(vendor: str) -> None:
    answer = {"reason": "No city is named.", "question": "Which city?", "missing": ["city", "made_up"]}
    async with planning(Call("no_plan", answer), vendors=(vendor,)) as (planner, _):
        proposal = await planner.propose(Request("weather tomorrow", NOW), REGISTRY)
    assert proposal.plan is None
    assert proposal.reason == "Which city?"
    assert proposal.missing == ("city",)


async def test_a_model_may_give_up_after_a_correction() -> None:
    gives_up = Call("no_plan", {"reason": "Nothing here can do that.", "question": "", "missing": []})
    async with planning(BAD, gives_up) as (planner, _):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is None
    assert proposal.reason == "Nothing here can do that."


@each_vendor
async def test_a_refusal_is_told_as_one_and_never_as_a_plan(vendor: str) -> None:
    async with planning(Refusal(), GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is None
    assert "declined" in proposal.reason
    assert len(server.requests) == 1


async def test_the_request_carries_the_moment_the_hints_and_the_sentence() -> None:
    async with planning(GOOD) as (planner, server):
        await planner.propose(REQUEST, REGISTRY)
    received = server.requests[0]
    assert received.data("request") == INTENT
    assert received.data("hints") == {"room": "lobby"}
    assert received.data("now") == NOW.isoformat()
    assert received.data("catalogue")[0]["id"] == "forecast"


def numbered(number: int) -> Capability[..., str, str]:
    def measure(amount: float) -> str:
        """Measure something."""
        return str(amount)

    return capability(effect="read", name=f"measure_{number}")(measure)


async def test_of_many_capabilities_a_model_is_shown_at_most_twelve() -> None:
    many = Registry([*REGISTRY.values(), *(numbered(number) for number in range(1_000))])
    async with planning(GOOD) as (planner, server):
        proposal = await planner.propose(REQUEST, many)
    assert proposal.plan is not None
    shown = [entry["id"] for entry in server.requests[0].data("catalogue")]
    assert len(shown) == 12
    assert shown[:2] == ["forecast", "send_mail"]
    assert len(server.requests[0].text) < 20_000


async def test_a_capability_that_was_not_shown_cannot_be_used() -> None:
    many = Registry([*REGISTRY.values(), *(numbered(number) for number in range(100))])
    hidden = Call("submit_plan", draft(step("a", "measure_99", value("amount", 1.5))))
    async with planning(hidden, hidden, hidden) as (planner, server):
        proposal = await planner.propose(REQUEST, many)
    assert "measure_99" not in server.requests[0].text
    assert proposal.plan is None
    assert "there is no capability 'measure_99'" in proposal.reason


@pytest.mark.parametrize("intent", ["", "   ", "x" * (LONGEST_INTENT + 1)])
async def test_a_request_that_makes_no_sense_to_send_is_not_sent(intent: str) -> None:
    async with planning(GOOD) as (planner, server):
        proposal = await planner.propose(Request(intent, NOW), REGISTRY)
    assert proposal.plan is None
    assert proposal.reason
    assert server.requests == []


async def test_without_any_capability_no_model_is_asked() -> None:
    async with planning(GOOD) as (planner, server):
        proposal = await planner.propose(REQUEST, Registry([]))
    assert proposal.plan is None
    assert server.requests == []


async def test_a_server_of_ones_own_needs_no_key() -> None:
    async with FakeVendor(GOOD) as server:
        planner = LLMPlanner.from_environment({"OPENAI_BASE_URL": f"{server.url}/v1"})
        assert planner is not None
        proposal = await planner.propose(REQUEST, REGISTRY)
        await planner.close()
    assert proposal.plan is not None
    assert server.requests[0].body["model"] == "default"


def test_without_any_model_in_the_environment_there_is_no_planner() -> None:
    assert LLMPlanner.from_environment({}) is None


async def test_several_requests_at_once_share_one_planner() -> None:
    async with FakeVendor(always=lambda _: GOOD) as server:
        planner: Planner = LLMPlanner(Model(configured(environment(server.url, "anthropic"))))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(planner.propose(REQUEST, REGISTRY)) for _ in range(8)]
        assert isinstance(planner, LLMPlanner)
        await planner.close()
    plans = [task.result().plan for task in tasks]
    assert len({plan.id for plan in plans if plan is not None}) == 1
    assert len(server.requests) == 8


async def test_the_same_answer_gives_the_same_plan() -> None:
    async with planning(GOOD, GOOD) as (planner, _):
        first, second = [(await planner.propose(REQUEST, REGISTRY)).plan for _ in range(2)]
    assert first is not None
    assert second is not None
    assert first.model_dump_json() == second.model_dump_json()
    assert json.loads(first.model_dump_json())["id"] == second.id


def test_the_draft_of_the_tests_is_the_one_a_model_would_write() -> None:
    assert mail_draft()["output_step"] == "mail"
