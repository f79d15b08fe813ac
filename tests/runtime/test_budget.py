"""A run spends no more than it may, and what it has spent is known, live and after a restart."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._runtime.runs import RunRules
from packetflow.testing.clock import FakeClock

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


@pf.capability(effect="read")
async def think(context: pf.Context, about: str, tokens: int = 0, cost: float = 0) -> str:
    """Spend something."""
    context.spend(tokens=tokens, cost=Decimal(str(cost)))
    return about


def chain(home: Home, *names: str) -> pf.Plan[Any]:
    made = [home.parts[1].step(names[0])]
    for name in names[1:]:
        made.append(home.parts[1].step(name, [made[-1].output]))
    return pf.Plan(made[-1])


def thinking(*spent: dict[str, Any]) -> pf.Plan[Any]:
    made: list[Any] = [think.step("begin", **spent[0])]
    for one in spent[1:]:
        made.append(think.step(made[-1].output, **one))
    return pf.Plan(made[-1])


async def test_a_run_makes_no_more_calls_than_it_may(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        run = await root.run(chain(home, "a", "b", "c"), budget=pf.Budget(calls=2))
        assert run.failure is not None
        assert (run.status, run.failure.code) == ("failed", "budget_exceeded")
        assert run.failure.details == {"budget": "calls", "limit": 2, "spent": 2}
        assert run.failure.message == "the run may spend 2 calls and has spent 2; nothing more is started"
        assert (traces.order, run.spent.calls) == (["a", "b"], 2)
        assert (await root.run(chain(home, "a", "b"), budget=pf.Budget(calls=2))).succeeded


@pytest.mark.parametrize(("budget", "named"), [(pf.Budget(tokens=100), "tokens"), (pf.Budget(cost=0.5), "cost")])
async def test_tokens_and_money_that_capabilities_tell_of_are_counted(
    home: Home, budget: pf.Budget, named: str
) -> None:
    plan = thinking({"tokens": 60, "cost": 0.3}, {"tokens": 50, "cost": 0.25}, {"tokens": 1})
    async with home.app(think) as root:
        run = await root.run(plan, budget=budget)
        assert run.failure is not None
        assert (run.failure.code, run.failure.details["budget"]) == ("budget_exceeded", named)
        assert (run.spent.tokens, run.spent.cost, run.spent.calls) == (110, 0.55, 2)
        found = await root.found(run.id)
        assert (found.spent, found.budget) == (run.spent, budget)


async def test_the_apps_budget_is_for_runs_that_bring_none(home: Home, traces: Traces) -> None:
    async with home.app(rules=RunRules(budget=pf.Budget(calls=1))) as root:
        assert (await root.run(chain(home, "a", "b"))).status == "failed"
        assert (await root.run(chain(home, "a", "b"), budget=pf.Budget())).succeeded
        assert traces.order == ["a", "a", "b"]


async def test_what_was_spent_before_a_restart_stays_spent(home: Home, traces: Traces) -> None:
    look, _, _ = home.parts
    reached = traces.hold("held")
    thought = think.step("dear", tokens=90)
    held = look.step("held", [thought.output])
    more = think.step(held.output, tokens=20)
    plan = pf.Plan(think.step(more.output))
    async with home.app(think) as root:
        run = await root.start(plan, budget=pf.Budget(tokens=100))
        await reached.wait()
        assert run.spent.tokens == 90
    traces.held.clear()
    async with home.app(think) as root:
        ended = await root.finish(await root.found(run.id))
        assert ended.failure is not None
        assert ended.failure.details == {"budget": "tokens", "limit": 100, "spent": 110}


async def test_time_under_way_is_bounded_and_neither_waiting_nor_being_down_counts(home: Home, traces: Traces) -> None:
    clock = FakeClock()
    look, _, drop = home.parts
    reached = traces.hold("held")
    first = drop.step("a")
    plan = pf.Plan(look.step("end", [look.step("held", [first.output]).output]))
    async with home.app(clock=clock) as root:
        run = await root.run(plan, careful=True, budget=pf.Budget(seconds=60))
        clock.advance(hours=1)
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        await reached.wait()
        clock.advance(seconds=40)
        assert round(run.seconds(clock.now())) == 40
    clock.advance(hours=1)
    reached = traces.hold("held")
    async with home.app(clock=clock) as root:
        run = await root.found(run.id)
        await reached.wait()
        clock.advance(seconds=30)
        live = home.live(run.id)
        assert round(live.run.seconds(clock.now())) == 70
        with pytest.raises(pf.CallError, match="60 seconds and has spent 70"):
            live.afford()


async def test_the_time_between_a_crash_and_the_next_start_is_not_spent(traces: Traces) -> None:
    clock, home = FakeClock(), Home(traces)
    reached = traces.hold("held")
    async with home.app(clock=clock) as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")), budget=pf.Budget(seconds=60))
        await reached.wait()
        clock.advance(seconds=40)
        live = home.live(run.id)
        live.spend("look", 1, 0)
        await live.journal.flush()
        left = await home.crashed()
        traces.held.clear()
    clock.advance(hours=1)
    async with left.app(clock=clock) as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, round(ended.spent.seconds), ended.spent.tokens) == ("succeeded", 40, 1)


async def test_a_call_is_cancelled_when_the_time_of_its_run_is_up(home: Home, traces: Traces) -> None:
    traces.hold("held")
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[0].step("held")), budget=pf.Budget(seconds=0.05))
        assert run.failure is not None
        assert (run.failure.code, run.failure.details["budget"]) == ("budget_exceeded", "seconds")


async def test_nothing_more_is_tried_by_a_retry_when_the_budget_is_used_up(home: Home, traces: Traces) -> None:
    traces.fails.add("x")
    look = home.parts[0]
    async with home.app() as root:
        plan = pf.Plan(pf.retry(look.step("x"), attempts=50, backoff=0))
        run = await root.run(plan, budget=pf.Budget(calls=3))
        assert (run.failure is not None and run.failure.code) == "budget_exceeded"
        assert (traces.calls["x"], len(run.steps)) == (3, 5)


def test_a_budget_below_nothing_is_refused() -> None:
    for wrong in ({"calls": -1}, {"seconds": 0}, {"cost": float("nan")}, {"tokens": 1.5}, {"money": 1}):
        with pytest.raises(ValueError, match="validation error"):
            pf.Budget.model_validate(wrong)


@pytest.mark.parametrize(
    "asked", [pf.Budget(), pf.Budget(calls=100), pf.Budget(tokens=5), pf.Budget(calls=100, seconds=60)]
)
async def test_a_caller_narrows_the_budget_of_the_app_and_lifts_it_only_with_all_authority(
    home: Home, asked: pf.Budget
) -> None:
    async with home.app(rules=RunRules(budget=pf.Budget(calls=1, tokens=50))) as root:
        ada = root.delegate("ada")
        run = await ada.run(chain(home, "a", "b"), budget=asked)
        assert (run.failure is not None and run.failure.code) == "budget_exceeded"
        assert (run.budget.calls, run.budget.tokens, run.budget.seconds) == (1, asked.tokens or 50, asked.seconds)
        again = await ada.retry(run.id, budget=asked)
        assert again.budget == run.budget
        assert (await root.run(chain(home, "a", "b"), budget=asked)).budget == asked
        assert (await root.run(chain(home, "a", "b"), budget=asked)).succeeded


def test_a_budget_takes_numbers_and_nothing_that_looks_like_one() -> None:
    for wrong in ({"calls": True}, {"tokens": "5"}, {"seconds": True}, {"cost": "1"}, {"calls": 1.0}):
        with pytest.raises(ValueError, match="validation error"):
            pf.Budget.model_validate(wrong)


@pf.flow()
def pondering(tokens: int) -> pf.Step[str]:
    """Think twice."""
    first = think.step("first", tokens=tokens)
    return think.step(first.output, tokens=tokens)


@pf.capability(effect="read")
async def ponder(context: pf.Context, times: int, tokens: int = 0) -> int:
    """Call a flow again and again, whatever comes of it."""
    done = 0
    for _ in range(times):
        try:
            await context.call(pondering, tokens=tokens)
        except pf.CapabilityFailed as error:
            assert error.details["reason"] == "budget_exceeded"  # noqa: PT017 - inside a capability
            return done
        done += 1
    return done


async def test_what_a_flow_spends_that_a_step_called_counts_in_the_run_of_the_step(home: Home) -> None:
    async with home.app(think, pondering, ponder) as root:
        run = await root.run(pf.Plan(ponder.step(2, tokens=10)))
        assert (run.output, run.spent.calls, run.spent.tokens) == (2, 5, 40)
        kept = await root.found(run.id)
        assert (kept.spent.calls, kept.spent.tokens) == (5, 40)
        for budget, done in ((pf.Budget(calls=4), 1), (pf.Budget(tokens=25), 1), (pf.Budget(calls=1), 0)):
            bounded = await root.run(pf.Plan(ponder.step(3, tokens=10)), budget=budget)
            assert bounded.output == done
            last = pf.Plan(ponder.step(ponder.step(3, tokens=10).output))
            over = await root.run(last, budget=budget)
            assert (over.failure is not None and over.failure.code) == "budget_exceeded"
