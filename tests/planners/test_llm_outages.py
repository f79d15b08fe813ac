"""What the model planner does when a vendor fails, and when a plan would take too much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.fakes.vendor import VENDORS, Call, Cut, CutShort, Garbage, Silence, Status, Turn
from tests.planners.llm_cases import BAD, GOOD, REGISTRY, REQUEST, mail_draft, planning

import packetflow.models.vendors
from packetflow._core.errors import PlannerUnavailable
from packetflow.planners.llm.planner import PLAN_LIMITS

each_vendor = pytest.mark.parametrize("vendor", VENDORS)
# A deadline that passes in a test does so on purpose; the libraries must be loaded by then.
assert packetflow.models.vendors
SHORT = replace(PLAN_LIMITS, seconds=0.6)

FAILURES: dict[str, Turn] = {
    "rate limit": Status(429, {"retry-after": "30"}),
    "server error": Status(500),
    "overloaded": Status(529),
    "wrong key": Status(401),
    "no credit": Status(400),
    "unknown model": Status(404),
    "redirect": Status(307, {"location": "http://127.0.0.1:9/elsewhere"}),
    "cut stream": Cut(GOOD),
    "another page": Garbage(),
    "other JSON": Garbage('{"hello": 1}', "application/json"),
    "half JSON": Garbage('{"id": "msg_1", "content": [', "application/json"),
    "empty": Garbage("", "application/json"),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_when_the_first_vendor_fails_the_second_gives_the_plan_at_once(failure: Turn) -> None:
    async with planning(failure, GOOD, vendors=VENDORS) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert proposal.plan.planner == "llm:made-up-model"
    assert [received.anthropic for received in server.requests] == [True, False]


async def test_a_silent_vendor_is_left_in_time_for_the_second() -> None:
    async with planning(Silence(), GOOD, vendors=VENDORS, limits=SHORT) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert len(server.requests) == 2


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_when_every_vendor_fails_the_planner_is_unavailable(failure: Turn) -> None:
    async with planning(failure, failure, vendors=VENDORS) as (planner, server):
        with pytest.raises(PlannerUnavailable) as raised:
            await planner.propose(REQUEST, REGISTRY)
    assert raised.value.code == "planner_unavailable"
    assert "claude-sonnet-5-5" in raised.value.message
    assert "made-up-model" in raised.value.message
    assert raised.value.details["models"] == ["anthropic:claude-sonnet-5-5", "openai:made-up-model"]
    assert len(server.requests) == 2


async def test_the_order_of_vendors_is_the_configured_one() -> None:
    async with planning(Status(529), GOOD, vendors=VENDORS, first="openai:made-up-model") as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert [received.anthropic for received in server.requests] == [False, True]


@each_vendor
async def test_a_vendor_without_a_second_is_asked_again_after_the_time_it_names(vendor: str) -> None:
    async with planning(Status(429, {"retry-after": "0"}), GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert len(server.requests) == 2


@each_vendor
async def test_a_vendor_without_a_second_that_stays_silent_ends_at_the_deadline(vendor: str) -> None:
    async with planning(Silence(), vendors=(vendor,), limits=replace(SHORT, seconds=0.2)) as (planner, _):
        with pytest.raises(PlannerUnavailable, match=r"within 0\.2 seconds") as raised:
            await planner.propose(REQUEST, REGISTRY)
    assert raised.value.details["limit"] == "seconds"


@each_vendor
async def test_an_answer_cut_at_its_length_is_asked_for_again(vendor: str) -> None:
    async with planning(CutShort("submit_plan"), GOOD, vendors=(vendor,)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert len(server.requests) == 2


@each_vendor
async def test_answers_that_are_always_cut_are_no_plan_but_an_outage(vendor: str) -> None:
    async with planning(*[CutShort("submit_plan")] * 3, vendors=(vendor,)) as (planner, _):
        with pytest.raises(PlannerUnavailable, match="cut off after 8192 tokens") as raised:
            await planner.propose(REQUEST, REGISTRY)
    assert raised.value.details["limit"] == "answer_tokens"


@each_vendor
async def test_a_plan_that_takes_too_many_tokens_is_not_taken(vendor: str) -> None:
    wasteful = Call("submit_plan", mail_draft("wether"), input_tokens=70_000)
    async with planning(wasteful, GOOD, vendors=(vendor,)) as (planner, server):
        with pytest.raises(PlannerUnavailable, match="tokens") as raised:
            await planner.propose(REQUEST, REGISTRY)
    assert raised.value.details["limit"] == "usage"
    assert len(server.requests) == 1


async def test_a_plan_that_costs_too_much_is_not_taken() -> None:
    limits = replace(PLAN_LIMITS, cost=Decimal("0.0001"))
    async with planning(BAD, GOOD, limits=limits) as (planner, server):
        with pytest.raises(PlannerUnavailable, match="cost") as raised:
            await planner.propose(REQUEST, REGISTRY)
    assert raised.value.details["limit"] == "usage"
    assert len(server.requests) == 1


async def test_a_model_without_a_published_price_is_no_reason_to_stop() -> None:
    limits = replace(PLAN_LIMITS, cost=Decimal("0.0001"))
    async with planning(GOOD, vendors=("openai",), limits=limits) as (planner, _):
        assert (await planner.propose(REQUEST, REGISTRY)).plan is not None


async def test_corrections_are_as_many_as_the_limits_say() -> None:
    async with planning(BAD, GOOD, limits=replace(PLAN_LIMITS, corrections=0)) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is None
    assert len(server.requests) == 1


async def test_a_failure_during_a_correction_goes_on_with_the_second_vendor() -> None:
    async with planning(BAD, Status(529), GOOD, vendors=VENDORS) as (planner, server):
        proposal = await planner.propose(REQUEST, REGISTRY)
    assert proposal.plan is not None
    assert [received.anthropic for received in server.requests] == [True, True, False]
    assert "unknown_capability" in server.requests[2].prompt
