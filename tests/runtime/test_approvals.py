"""A risky step waits for a person's yes to exactly that call, durably, once, and not for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.runtime.lives import Holding, Home, Traces, guarded, waiting
from tests.runtime.tally import until

import packetflow as pf
from packetflow._core.answer import answer
from packetflow._core.approval import question_digest
from packetflow._core.errors import ConfirmationRequired, NotAllowed
from packetflow._core.grant import Grant
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


async def test_a_careful_run_waits_for_a_yes_and_then_makes_the_call_once(home: Home, traces: Traces) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        run = await root.run(pf.Plan(drop.step("a")), careful=True)
        assert (run.status, run.step("drop").status, traces.calls["a"]) == ("waiting", "waiting", 0)
        (question,) = await root.approvals()
        assert (question.asks, question.run_id, question.node) == ("approval", run.id, "drop")
        assert (question.capability_id, question.effect) == ("drop", "delete")
        assert question.arguments == {"name": "a", "after": None}
        assert [row.status for row in await root.runs()] == ["waiting"]
        await root.approve(run.id, question.digest)
        ended = await root.finish(run)
        assert (ended.output, traces.calls["a"]) == ("a", 1)
        with pytest.raises(pf.Conflict):
            await root.approve(run.id, question.digest)
        assert await root.approvals() == []


async def test_the_words_for_a_run_that_waits_say_what_for(home: Home) -> None:
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        assert answer(run) == "The run waits for a person: may 'drop' be called by step 'drop'?"
        with pytest.raises(RuntimeError, match="it is waiting"):
            _ = run.output


async def test_what_needs_no_yes_goes_on_meanwhile(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts
    dropped = drop.step("risky")
    chain = look.step("three", [look.step("two", [look.step("one").output]).output])
    async with home.app() as root:
        run = await root.run(pf.Plan(look.step("end", [dropped.output, chain.output])), careful=True)
        assert run.status == "waiting"
        assert traces.order == ["one", "two", "three"]
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        assert (await root.finish(run)).output == "end"


async def test_a_run_in_which_something_goes_on_is_not_said_to_wait(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(drop.step("risky"), look.step("held")), careful=True)
        await reached.wait()
        await until(lambda: run.step("drop").status == "waiting")
        live = home.live(run.id)
        await until(lambda: bool(live.questions))
        for _ in range(100):
            await asyncio.sleep(0)
        assert run.status == "running"
        assert len(await root.approvals()) == 1


async def test_refusing_fails_the_step_and_says_who_and_why(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts
    gone = drop.step("a")
    async with home.app() as root:
        run = await root.run(pf.Plan(look.step("after", [gone.output])), careful=True)
        (question,) = await root.approvals()
        await root.refuse(run.id, question.digest, "we still need it")
        ended = await root.finish(run)
        assert ended.failure is not None
        assert (ended.status, ended.failure.code) == ("failed", "approval_refused")
        assert "we still need it" in ended.failure.message
        assert ended.failure.details["by"] == "local-owner"
        assert (ended.step("look").status, traces.calls) == ("skipped", {})


async def test_a_refused_step_is_not_asked_about_again_by_a_retry_but_its_fallback_runs(home: Home) -> None:
    look, _, drop = home.parts
    plan = pf.Plan(pf.retry(drop.step("a"), attempts=3, backoff=0, otherwise=look.step("plan b")))
    async with home.app() as root:
        run = await root.run(plan, careful=True)
        (question,) = await root.approvals()
        await root.refuse(run.id, question.digest)
        assert (await root.finish(run)).output == "plan b"


async def test_nobody_answering_in_time_fails_the_step_by_the_apps_clock(home: Home, traces: Traces) -> None:
    clock = FakeClock()
    async with home.app(clock=clock, rules=RunRules(approval_ttl=timedelta(hours=2))) as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        assert question.expires_at == clock.now() + timedelta(hours=2)
        clock.advance(hours=2)
        with pytest.raises(pf.Conflict):
            await root.approve(run.id, question.digest)
        ended = await root.finish(run)
        assert ended.failure is not None
        assert (ended.status, ended.failure.code, traces.calls) == ("failed", "approval_expired", {})


async def test_a_yes_is_waited_for_a_day_unless_the_app_says_otherwise(home: Home) -> None:
    clock = FakeClock()
    async with home.app(clock=clock) as root:
        await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        assert question.expires_at == clock.now() + timedelta(days=1)


async def test_a_question_is_the_same_with_the_same_expiry_after_a_restart(home: Home, traces: Traces) -> None:
    clock = FakeClock()
    async with home.app(clock=clock) as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
    clock.advance(hours=23)
    async with home.app(clock=clock) as root:
        await waiting(root, run)
        assert await root.approvals() == [question]
    clock.advance(minutes(30))
    async with home.app(clock=clock) as root:
        await waiting(root, run)
        await root.approve(run.id, question.digest)
        assert (await root.finish(await root.found(run.id))).status == "succeeded"
        assert traces.calls["a"] == 1


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


async def test_a_question_that_expired_while_the_app_was_down_fails_its_step_at_the_start(home: Home) -> None:
    clock = FakeClock()
    async with home.app(clock=clock) as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
    clock.advance(hours=25)
    async with home.app(clock=clock) as root:
        ended = await root.finish(await root.found(run.id))
        assert ended.failure is not None
        assert ended.failure.code == "approval_expired"


async def test_an_approval_that_was_acknowledged_survives_a_crash_before_the_call(traces: Traces) -> None:
    home = Home(traces)
    store = home.memory = Holding("StepStarted")
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        await store.held.wait()  # the start of the call is on its way into the store
        left = await home.crashed()
        assert traces.calls == {}
        store.let.set()
    traces.calls.clear()
    async with left.app() as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, traces.calls["a"]) == ("succeeded", 1)


async def test_an_answer_is_acknowledged_when_it_is_stored_and_not_before(traces: Traces) -> None:
    home = Home(traces)
    store = home.memory = Holding("StepAnswered")
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        answering = asyncio.create_task(root.approve(run.id, question.digest))
        await store.held.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        assert not answering.done()
        assert traces.calls == {}
        store.let.set()
        await answering
        assert (await root.finish(run)).succeeded


async def test_a_yes_to_a_call_is_none_to_the_same_call_made_by_it(home: Home) -> None:
    made: list[str] = []

    @pf.capability(effect="delete")
    async def wipe(context: pf.Context, name: str) -> str:
        """Delete something, and then once more."""
        made.append(name)
        if len(made) == 1:
            await context.call(wipe, name=name)
        return name

    async with home.app(wipe) as root:
        run = await root.run(pf.Plan(wipe.step("a")), careful=True)
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        ended = await root.finish(run)
        assert (ended.status, made) == ("failed", ["a"])
        assert ended.failure is not None
        assert ended.failure.code == "confirmation_required"


async def test_an_approval_holds_for_nothing_but_its_very_call() -> None:
    grant = Grant.root()
    context = pf.Context("ada", grant, run_id="r", step="s")
    first = question_digest("approval", "pay", {"to": "bob", "amount": 5}, "plan", context)
    assert first == question_digest("approval", "pay", {"amount": 5, "to": "bob"}, "plan", context)
    others = [
        question_digest("outcome", "pay", {"to": "bob", "amount": 5}, "plan", context),
        question_digest("approval", "buy", {"to": "bob", "amount": 5}, "plan", context),
        question_digest("approval", "pay", {"to": "bob", "amount": 6}, "plan", context),
        question_digest("approval", "pay", {"to": "bob", "amount": 5}, "other plan", context),
        question_digest(
            "approval", "pay", {"to": "bob", "amount": 5}, "plan", pf.Context("eve", grant, run_id="r", step="s")
        ),
        question_digest(
            "approval",
            "pay",
            {"to": "bob", "amount": 5},
            "plan",
            pf.Context("ada", grant.confirming(["read"]), run_id="r", step="s"),
        ),
        question_digest(
            "approval", "pay", {"to": "bob", "amount": 5}, "plan", pf.Context("ada", grant, run_id="q", step="s")
        ),
        question_digest(
            "approval", "pay", {"to": "bob", "amount": 5}, "plan", pf.Context("ada", grant, run_id="r", step="t")
        ),
    ]
    assert len({first, *others}) == len(others) + 1


async def test_an_answer_to_one_byte_less_is_refused_and_changes_nothing(home: Home, traces: Traces) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        asked = await root.run(pf.Plan(drop.step("a")), careful=True)
        other = await root.run(pf.Plan(drop.step("b")), careful=True)
        digests = {question.run_id: question.digest for question in await root.approvals()}
        with pytest.raises(pf.Conflict):
            await root.approve(other.id, digests[asked.id])
        with pytest.raises(pf.Conflict):
            await root.approve(asked.id, digests[asked.id][:-1] + ("0" if digests[asked.id][-1] != "0" else "1"))
        assert len(await root.approvals()) == 2
        assert traces.calls == {}


async def test_arguments_that_changed_in_the_store_are_asked_about_again(traces: Traces) -> None:
    home = Home(traces)
    look, _, drop = home.parts
    store = home.memory = Holding("StepStarted")
    store.let.set()
    async with home.app() as root:
        name = look.step("alpha")
        run = await root.run(pf.Plan(drop.step(name.output)), careful=True)
        (question,) = await root.approvals()
        store.let.clear()
        await root.approve(run.id, question.digest)
        await store.held.wait()
        left = await home.crashed()
        store.let.set()
    traces.calls.clear()
    changed = [0]
    journal = left.memory._topics[f"run/{run.id}"]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    for key, stored in journal.items():
        if stored.kind == "StepSucceeded":
            journal[key] = replace(stored, payload=stored.payload.replace(b'"alpha"', b'"alphb"'))
            changed[0] += 1
    assert changed == [1]
    async with left.app() as root:
        await waiting(root, await root.found(run.id))
        (again,) = await root.approvals()
        assert again.digest != question.digest
        assert again.arguments["name"] == "alphb"
        assert traces.calls == {}


async def test_two_answers_at_once_are_one_answer(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        given = await asyncio.gather(
            root.approve(run.id, question.digest), root.refuse(run.id, question.digest), return_exceptions=True
        )
        assert [type(one) for one in given] == [type(None), pf.Conflict]
        assert (await root.finish(run)).succeeded
        assert traces.calls["a"] == 1


async def test_each_item_of_a_loop_is_asked_about_by_itself(home: Home, traces: Traces) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        run = await root.run(pf.Plan(pf.each(["a", "a"], drop.step)), careful=True)
        first, second = await root.approvals()
        assert first.digest != second.digest
        await root.approve(run.id, first.digest)
        await waiting(root, run)
        assert traces.calls["a"] == 1
        await root.approve(run.id, second.digest)
        assert (await root.finish(run)).output == ["a", "a"]


async def test_who_may_approve(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts
    async with home.app() as root:
        ada = root.delegate("ada", only=[look, drop])
        agent = ada.delegate("agent", only=[look, drop], confirm=["delete"])
        bob = root.delegate("bob", only=[look, drop])
        reader = root.delegate("ada", only=[look])
        assert agent.principal == "ada/agent"
        run = await agent.run(pf.Plan(drop.step("a")))
        assert run.status == "waiting"
        assert [len(await who.approvals()) for who in (agent, bob, reader, ada, root)] == [0, 0, 0, 1, 1]
        (question,) = await ada.approvals()
        with pytest.raises(NotAllowed):
            await agent.approve(run.id, question.digest)
        with pytest.raises(NotAllowed):
            await reader.approve(run.id, question.digest)
        with pytest.raises(pf.NotFound):
            await bob.approve(run.id, question.digest)
        assert traces.calls == {}
        await ada.approve(run.id, question.digest)
        assert (await agent.finish(run)).succeeded
        parts = home.running.parts
        await parts.engine.records.flush()
        audits = [audit for audit in await parts.store.audits() if audit.digest == question.digest]
        assert [(audit.principal, audit.verdict) for audit in audits] == [
            ("ada", "allow"),
            ("ada", "deny"),
            ("ada/agent", "deny"),
            ("ada/agent", "confirm"),
        ]


async def test_a_capability_that_always_wants_a_yes_gets_it_from_its_own_holder(home: Home) -> None:
    shown: list[str] = []

    @pf.capability(effect="read", confirm=True)
    async def reveal(name: str) -> str:
        """Show a secret."""
        shown.append(name)
        return name

    async with home.app(reveal) as root:
        with pytest.raises(ConfirmationRequired):
            await root.call(reveal, name="x")
        run = await root.run(pf.Plan(reveal.step("x")))
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        assert ((await root.finish(run)).output, shown) == ("x", ["x"])


async def test_cancelling_a_run_that_waits_ends_its_question(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        assert await root.cancel(run.id)
        assert (await root.found(run.id)).status == "cancelled"
        assert await root.approvals() == []
        with pytest.raises(pf.Conflict):
            await root.approve(run.id, question.digest)
        assert traces.calls == {}
