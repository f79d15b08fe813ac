"""A run outlives its process: what was finished is not done again, what is unsure is asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from tests.runtime.lives import Holding, Home, Traces, guarded, waiting
from tests.runtime.tally import Tally, until

import packetflow as pf
from packetflow._core.constraint import Constraint
from packetflow._core.errors import CallCancelled, InvalidInput, StoreUnavailable
from packetflow._core.run import RunResumed
from packetflow._runtime.runs import RunRules
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from packetflow._core.event import Stored
    from packetflow._core.ports import NewEvent


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture(params=["memory", "sqlite"])
def home(request: pytest.FixtureRequest, traces: Traces, tmp_path: Path) -> Home:
    return Home(traces, tmp_path if request.param == "sqlite" else None)


@pytest.fixture
def memory(traces: Traces) -> Home:
    return Home(traces)


@pytest.fixture(autouse=True)
async def _guard() -> AsyncIterator[None]:
    async with guarded():
        yield


async def test_a_run_goes_on_when_the_app_starts_again_and_repeats_nothing_that_was_finished(
    home: Home, traces: Traces
) -> None:
    look, act, _ = home.parts
    reached = traces.hold("second")
    first = act.step("first")
    second = look.step("second", [first.output])
    plan = pf.Plan(act.step("third", [second.output]))
    async with home.app() as root:
        run = await root.start(plan)
        await reached.wait()
    traces.held.clear()
    async with home.app() as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, ended.result) == ("succeeded", "third")
        assert traces.calls == {"first": 1, "second": 2, "third": 1}
        told = await home.events(run.id)
        assert [type(event).__name__ for event in told].count("RunResumed") == 1
        assert [event.seq for event in told] == list(range(1, len(told) + 1))
        assert [row.status for row in await root.runs()] == ["succeeded"]
    async with home.app() as root:
        assert (await root.found(run.id)).model_dump() == ended.model_dump()


async def test_leaving_the_app_interrupts_its_runs_and_the_record_says_so(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")))
        await reached.wait()
    assert run.status == "interrupted"
    async with home.app(rules=RunRules(resume=False)) as root:
        assert [row.status for row in await root.runs()] == ["interrupted"]
        found = await root.found(run.id)
        assert (found.status, found.step("look").status) == ("interrupted", "running")
        assert traces.calls["held"] == 1
    traces.held.clear()
    async with home.app() as root:
        assert (await root.finish(await root.found(run.id))).status == "succeeded"


async def test_a_crash_leaves_a_run_that_goes_on_however_often_the_process_dies(memory: Home, traces: Traces) -> None:
    look, act, _ = memory.parts
    names = ["a", "b", "c", "d"]
    made = [act.step(names[0])]
    for name in names[1:]:
        made.append(look.step(name, [made[-1].output]))
    home, run_id = memory, ""
    for name in names[1:]:
        reached = traces.hold(name)
        async with home.app() as root:
            if not run_id:
                run_id = (await root.start(pf.Plan(made[-1]))).id
            await reached.wait()
            await home.live(run_id).journal.flush()
            left = await home.crashed()
        home = left
        traces.held.clear()
    async with home.app() as root:
        ended = await root.finish(await root.found(run_id))
        assert ended.result == "d"
        assert traces.calls == {"a": 1, "b": 2, "c": 2, "d": 2}


async def crashed_within(home: Home, traces: Traces, name: str, plan: pf.Plan[Any]) -> tuple[Home, str]:
    """Die while the step of that name is under way."""
    reached = traces.hold(name)
    async with home.app() as root:
        run = await root.start(plan)
        await reached.wait()
        await home.live(run.id).journal.flush()
        left = await home.crashed()
    traces.held.clear()
    return left, run.id


async def test_a_call_that_cannot_be_repeated_is_in_the_store_before_it_is_made() -> None:
    store = MemoryStore()
    seen: list[str] = []

    @pf.capability(effect="external")
    async def send(context: pf.Context) -> str:
        """Send something."""
        kept = await store.read(f"run/{context.run_id}")
        seen.extend(event.kind for event in kept)
        return "sent"

    async with pf.App(send, store=store, planners=[]) as root:
        assert (await root.run(pf.Plan(send.step()))).succeeded
    assert seen == ["RunStarted", "StepStarted"]


async def test_the_end_of_a_call_that_cannot_be_repeated_is_stored_before_what_rests_on_it_begins(
    traces: Traces,
) -> None:
    home = Home(traces)
    store = home.memory = Holding("StepSucceeded")
    look, act, _ = home.parts
    async with home.app() as root:
        run = await root.start(pf.Plan(look.step("after", [act.step("first").output])))
        await store.held.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        assert traces.order == ["first"]
        store.let.set()
        assert (await root.finish(run)).succeeded


@pytest.mark.parametrize("verdict", ["again", "done", "fail"])
async def test_a_call_nobody_saw_the_end_of_is_asked_about_and_not_repeated(
    memory: Home, traces: Traces, verdict: Literal["again", "done", "fail"]
) -> None:
    look, act, _ = memory.parts
    sent = act.step("sent")
    home, run_id = await crashed_within(memory, traces, "sent", pf.Plan(look.step("after", [sent.output])))
    async with home.app() as root:
        run = await waiting(root, await root.found(run_id))
        assert (run.step("act").status, traces.calls["sent"]) == ("uncertain", 1)
        (question,) = await root.approvals()
        assert (question.asks, question.node, question.capability_id) == ("outcome", "act", "act")
        assert question.arguments == {"name": "sent"}
        output = "said by a person" if verdict == "done" else None
        await root.answer(run_id, question.digest, verdict, output=output, reason="I looked")
        ended = await root.finish(run)
        assert await root.approvals() == []
    if verdict == "fail":
        assert ended.failure is not None
        assert (ended.status, ended.failure.code, ended.step("look").status) == ("failed", "uncertain", "skipped")
        assert "I looked" in ended.failure.message
    else:
        assert ended.status == "succeeded"
        assert ended.step("act").output == ("sent" if verdict == "again" else "said by a person")
    assert traces.calls["sent"] == (2 if verdict == "again" else 1)


async def test_an_output_said_by_a_person_must_keep_the_promise_and_a_wrong_one_changes_nothing(
    memory: Home, traces: Traces
) -> None:
    home, run_id = await crashed_within(memory, traces, "sent", pf.Plan(memory.parts[1].step("sent")))
    async with home.app() as root:
        run = await waiting(root, await root.found(run_id))
        (question,) = await root.approvals()
        with pytest.raises(InvalidInput) as caught:
            await root.answer(run_id, question.digest, "done", output=5)
        assert caught.value.problems[0].path == ("output",)
        with pytest.raises(InvalidInput, match="again, done, fail"):
            await root.approve(run_id, question.digest)
        assert await root.approvals() == [question]
        await root.answer(run_id, question.digest, "done", output="it was sent")
        assert (await root.finish(run)).result == "it was sent"
        with pytest.raises(pf.Conflict):
            await root.answer(run_id, question.digest, "again")


async def test_an_answer_to_an_uncertain_step_that_was_acknowledged_survives_a_crash(
    memory: Home, traces: Traces
) -> None:
    home, run_id = await crashed_within(memory, traces, "sent", pf.Plan(memory.parts[1].step("sent")))
    store = Holding("StepSucceeded")
    store.__dict__.update({name: kept for name, kept in home.memory.__dict__.items() if name not in store.own})
    home.memory = store
    async with home.app() as root:
        await waiting(root, await root.found(run_id))
        (question,) = await root.approvals()
        await root.answer(run_id, question.digest, "done", output="said")
        await store.held.wait()
        left = await home.crashed()
        store.let.set()
    async with left.app() as root:
        ended = await root.finish(await root.found(run_id))
        assert (ended.status, ended.result, traces.calls["sent"]) == ("succeeded", "said", 1)


async def test_an_uncertain_step_asks_the_same_question_after_another_crash(memory: Home, traces: Traces) -> None:
    home, run_id = await crashed_within(memory, traces, "sent", pf.Plan(memory.parts[1].step("sent")))
    async with home.app() as root:
        await waiting(root, await root.found(run_id))
        (question,) = await root.approvals()
        again = await home.crashed()
    async with again.app() as root:
        await waiting(root, await root.found(run_id))
        assert await root.approvals() == [question]
        assert traces.calls["sent"] == 1


async def test_a_message_to_a_durable_actor_is_sent_again_and_takes_effect_once(memory: Home) -> None:
    store = memory.memory = Holding("StepSucceeded")
    step = {"kind": "step", "id": "s", "capability_id": "tally.add"}
    step |= {"inputs": {"key": {"literal": "one"}, "amount": {"literal": 5}}}
    plan = pf.Plan[Any].model_validate({"nodes": [step], "output": {"step": "s"}})
    async with memory.app(Tally) as root:
        run = await root.start(plan)
        await store.held.wait()  # the actor has committed, and the run does not know it yet
        left = await memory.crashed()
        store.let.set()
        await root.finish(run)
    async with left.app(Tally) as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, ended.result) == ("succeeded", 5)
        assert await root.actor(Tally, "one").ask(Tally.total) == 5
        told = [type(event).__name__ for event in await left.events(run.id)]
        assert told == ["RunStarted", "StepStarted", "RunResumed", "StepStarted", "StepSucceeded", "RunFinished"]


async def test_a_loop_goes_on_with_the_items_that_are_left(memory: Home, traces: Traces) -> None:
    look, act, _ = memory.parts
    names = [f"item {number}" for number in range(6)]
    plan = pf.Plan(pf.each(names, lambda name: look.step(act.step(name).output), concurrency=1))
    home, run_id = await crashed_within(memory, traces, "item 3", plan)
    async with home.app() as root:
        run = await waiting(root, await root.found(run_id))
        (question,) = await root.approvals()
        assert question.node == "map[3]/act"
        await root.answer(run_id, question.digest, "again")
        ended = await root.finish(run)
        assert ended.result == names
    assert [traces.calls[name] for name in names] == [2, 2, 2, 3, 2, 2]  # once each by act and by look


async def test_pauses_of_a_loop_that_are_over_are_not_waited_for_again(traces: Traces) -> None:
    clock = FakeClock()
    home = Home(traces)
    look = home.parts[0]
    traces.fails.add("x")
    again = pf.retry(look.step("x"), attempts=3, backoff=100, otherwise=look.step("y"))
    async with home.app(clock=clock) as root:
        run = await root.start(pf.Plan(again))
        pauses = [clock.now() + timedelta(seconds=100), clock.now() + timedelta(seconds=300)]
        await until(lambda: pauses[0] in clock.waiting)
        clock.advance(seconds=100)
        await until(lambda: pauses[1] in clock.waiting)
        await home.live(run.id).journal.flush()
        left = await home.crashed()
    async with left.app(clock=clock) as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.result, traces.calls["x"]) == ("y", 3)


async def test_a_cancelled_run_stays_cancelled(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")))
        await reached.wait()
        assert await root.cancel(run.id)
    async with home.app() as root:
        assert home.running.parts.runs.alive == 0
        assert (await root.found(run.id)).status == "cancelled"
        assert traces.calls["held"] == 1


async def test_a_run_goes_on_under_the_grant_it_began_with_and_no_other(home: Home, traces: Traces) -> None:
    look, act, _ = home.parts
    reached = traces.hold("read")
    first = look.step("read")
    plan = pf.Plan(act.step("mine", [first.output]))
    limits = {"act": {"name": Constraint(op="eq", value="mine")}}
    async with home.app() as root:
        ada = root.delegate("ada", only=[look, act], limits=limits)
        run = await ada.start(plan)
        other = await ada.start(pf.Plan(act.step(first.output)))
        await reached.wait()
    traces.held.clear()
    async with home.app() as root:
        ended = await root.finish(await root.found(run.id))
        refused = await root.finish(await root.found(other.id))
        assert (ended.principal, ended.status) == ("ada", "succeeded")
        assert refused.failure is not None
        assert refused.failure.code == "not_allowed"
        again = root.delegate("ada", only=[look])
        assert {row.id for row in await again.runs()} == {run.id, other.id}


async def test_a_run_has_no_more_time_after_a_restart_than_it_had_before(home: Home, traces: Traces) -> None:
    clock = FakeClock()
    reached = traces.hold("held")
    plan = pf.Plan(home.parts[0].step("held"))
    async with home.app(clock=clock) as root:
        short = await root.within(deadline=100).start(plan)
        long = await root.within(deadline=10_000).start(plan)
        await reached.wait()
    traces.held.clear()
    clock.advance(seconds=200)
    async with home.app(clock=clock) as root:
        late = await root.finish(await root.found(short.id))
        assert late.failure is not None
        assert (late.status, late.failure.code) == ("failed", "deadline_exceeded")
        assert (await root.finish(await root.found(long.id))).status == "succeeded"


async def test_a_run_the_app_cannot_run_any_more_stays_interrupted_until_it_can(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")))
        await reached.wait()
    traces.held.clear()
    look, *rest = home.parts
    home.parts = rest
    async with home.app() as root:
        assert (await root.found(run.id)).status == "interrupted"
    home.parts = [look, *rest]
    async with home.app() as root:
        assert (await root.finish(await root.found(run.id))).status == "succeeded"


async def test_a_run_that_is_interrupted_can_be_cancelled_and_goes_on_no_more(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")))
        await reached.wait()
    async with home.app(rules=RunRules(resume=False)) as root:
        assert await root.cancel(run.id) is True
        assert await root.cancel(run.id) is False
    async with home.app() as root:
        assert (await root.found(run.id)).status == "cancelled"
        assert traces.calls["held"] == 1


class Away(MemoryStore):
    """Cannot be reached for a while, as often as the test says; what it was given then may be stored or not."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0
        self.keeps = False

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events, when it can be reached."""
        if self.away:
            self.away -= 1
            if self.keeps:
                await super().append(events)
            raise StoreUnavailable("nobody answers")
        return await super().append(events)


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_store_that_was_away_for_a_moment_has_each_event_once_and_the_run_goes_on(
    traces: Traces, *, keeps: bool
) -> None:
    home = Home(traces)
    store = home.memory = Away()
    store.keeps = keeps
    look, act, _ = home.parts
    async with home.app() as root:
        store.away = 2
        run = await root.run(pf.Plan(act.step("b", [look.step("a").output])))
        assert (run.status, traces.order) == ("succeeded", ["a", "b"])
        told = await home.events(run.id)
        assert [type(event).__name__ for event in told] == [
            "RunStarted",
            "StepStarted",
            "StepSucceeded",
            "StepStarted",
            "StepSucceeded",
            "RunFinished",
        ]


async def test_a_start_that_is_cancelled_while_it_is_stored_leaves_no_run_that_goes_on(traces: Traces) -> None:
    home = Home(traces)
    store = home.memory = Holding("RunStarted")
    async with home.app() as root:
        starting = asyncio.create_task(root.start(pf.Plan(home.parts[0].step("a"))))
        await store.held.wait()
        starting.cancel()
        store.let.set()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert [row.status for row in await root.runs()] == ["cancelled"]
    async with home.app() as root:
        assert (home.running.parts.runs.alive, traces.calls) == (0, {})


async def test_many_interrupted_runs_all_go_on(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    plan = pf.Plan(home.parts[0].step("held"))
    async with home.app() as root:
        ids = [(await root.start(plan)).id for _ in range(30)]
        await reached.wait()
    traces.held.clear()
    async with home.app() as root:
        ended = [await root.finish(await root.found(run_id)) for run_id in ids]
        assert {run.status for run in ended} == {"succeeded"}


async def test_somebody_who_follows_a_run_hears_that_it_goes_on(home: Home, traces: Traces) -> None:
    reached = traces.hold("held")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[0].step("held")))
        await reached.wait()
    traces.held.clear()
    async with home.app() as root:
        kinds: list[str] = []
        async for event in root.events(f"run/{run.id}", module=RunResumed.__module__):
            kinds.append(type(event).__name__)
            if kinds[-1] == "RunFinished":
                break
    assert kinds == [
        "RunStarted",
        "StepStarted",
        "RunInterrupted",
        "RunResumed",
        "StepStarted",
        "StepSucceeded",
        "RunFinished",
    ]


async def test_leaving_an_app_lets_a_call_end_that_cannot_be_repeated_and_begins_no_other(memory: Home) -> None:
    began, calls = asyncio.Event(), list[str]()

    @pf.capability
    async def post(name: str) -> str:
        """Post something, which takes a while."""
        calls.append(name)
        began.set()
        await asyncio.get_running_loop().run_in_executor(None, str)
        return name

    plan = pf.Plan(post.step(post.step("first").output).named("second"))
    async with memory.app(post, rules=RunRules()) as root:
        run = await root.start(plan)
        await began.wait()
    assert calls == ["first"]
    async with memory.app(post, rules=RunRules()) as root:
        found = await root.finish(await root.found(run.id))
    assert (found.status, calls) == ("succeeded", ["first", "first"])


async def test_an_app_that_is_being_left_begins_no_run(memory: Home) -> None:
    look, _, _ = memory.parts
    async with memory.app() as root:
        await memory.running.parts.runs.close()
        with pytest.raises(CallCancelled):
            await root.start(pf.Plan(look.step("late")))
        assert await root.runs() == []
