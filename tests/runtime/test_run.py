"""Runs: data flow without barriers, partial failure, cancellation, composites, and what survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import packetflow as pf
from packetflow._core.answer import answer
from packetflow._core.run import RunFinished, StepProgressed, StepSucceeded
from packetflow.app import SystemClock
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Gate:
    """What the capabilities of a test wait for and tell."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    entered: list[str] = field(default_factory=list[str])
    cancelled: list[str] = field(default_factory=list[str])
    together: int = 0
    most: int = 0
    both: asyncio.Event = field(default_factory=asyncio.Event)


@pf.capability(effect="read")
async def start(text: str) -> str:
    """Begin."""
    return text


@pf.capability(effect="read")
async def fail(text: str) -> str:
    """Fail always."""
    raise ValueError(text)


@pf.capability(effect="read")
async def join(left: str, right: str) -> str:
    """Put two texts together."""
    return left + right


@pf.capability(effect="read")
def count(text: str) -> int:
    """Count letters, in a thread."""
    return len(text)


@pf.capability(effect="read")
async def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


@pf.capability(effect="read")
async def letters(text: str) -> AsyncIterator[str]:
    """Give letter by letter."""
    for letter in text:
        yield letter


def app(*more: pf.Capability[..., Any, Any], store: MemoryStore | SQLiteStore | None = None) -> pf.App:
    return pf.App(start, fail, join, count, add, letters, *more, store=store or MemoryStore(), planners=[])


async def test_independent_steps_run_together_and_a_dependent_one_after_them() -> None:
    gate = Gate()

    @pf.capability(effect="read")
    async def meet(name: str) -> str:
        """Wait until two are here."""
        gate.entered.append(name)
        if len(gate.entered) == 2:
            gate.both.set()
        await gate.both.wait()
        return name

    async with asyncio.timeout(10), app(meet) as root:
        first, second = meet.step("a"), meet.step("b")
        run = await root.run(pf.Plan(join.step(first.output, second.output)))
        assert run.output == "ab"


async def test_a_failing_step_keeps_the_results_of_the_others_and_skips_what_needs_it() -> None:
    async with app() as root:
        good, bad = start.step("kept"), fail.step("broken")
        after = join.step(bad.output, good.output)
        run = await root.run(pf.Plan(after, good))
        assert run.status == "failed"
        assert run.failure is not None
        assert (run.failure.code, run.step("fail").status) == ("capability_failed", "failed")
        assert (run.step("start").output, run.step("join").status) == ("kept", "skipped")
        said = answer(run)
        assert "'fail' failed" in said
        assert "broken" in said
        assert "Kept: the results of start" in said
        with pytest.raises(RuntimeError, match="failed"):
            _ = run.output


async def test_cancelling_a_run_cancels_the_running_capability_and_is_recorded() -> None:
    gate = Gate()

    @pf.capability(effect="read")
    async def wait() -> str:
        """Wait for ever."""
        gate.both.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            gate.cancelled.append("wait")
            raise
        return ""

    async with asyncio.timeout(10), app(wait) as root:
        run = await root.start(pf.Plan(wait.step()))
        await gate.both.wait()
        assert await root.cancel(run.id) is True
        assert gate.cancelled == ["wait"]
        found = await root.found(run.id)
        assert (found.status, found.step("wait").status) == ("cancelled", "cancelled")
        assert await root.cancel(run.id) is False


async def test_cancelling_the_wait_for_a_run_cancels_the_run() -> None:
    gate = Gate()

    @pf.capability(effect="read")
    async def wait() -> str:
        """Wait for ever."""
        gate.both.set()
        await asyncio.Event().wait()
        return ""

    async with asyncio.timeout(10), app(wait) as root:
        waiting = asyncio.create_task(root.run(pf.Plan(wait.step())))
        await gate.both.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert [row.status for row in await root.runs()] == ["cancelled"]


async def test_map_keeps_order_and_never_exceeds_its_concurrency() -> None:
    gate = Gate()

    @pf.capability(effect="read")
    async def slow(number: int) -> int:
        """Double a number, letting others in between."""
        gate.together += 1
        gate.most = max(gate.most, gate.together)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.together -= 1
        return number * 2

    async with app(slow) as root:
        doubled = pf.each(list(range(20)), slow.step, concurrency=3)
        run = await root.run(pf.Plan(doubled))
        assert run.output == [number * 2 for number in range(20)]
        assert gate.most == 3
        assert run.step("map[7]/slow").output == 14


async def test_fold_carries_the_output_of_one_item_to_the_next() -> None:
    async with app() as root:
        run = await root.run(pf.Plan(pf.fold([1, 2, 3], 10, add.step)))
        assert run.output == 16


async def test_branch_runs_the_first_case_that_holds_and_nothing_else() -> None:
    async with app() as root:
        size = count.step("four")
        chosen = pf.branch(
            (pf.when(size.output, "gt", 10), fail.step("never")),
            (pf.when(size.output, "gt", 3), start.step("big")),
            otherwise=start.step("small"),
        )
        run = await root.run(pf.Plan(chosen))
        assert run.output == "big"
        assert all("fail" not in step.node for step in run.steps)


async def test_retry_repeats_the_attempt_alone_and_falls_back_when_all_failed() -> None:
    tries: list[int] = []

    @pf.capability(effect="read")
    async def flaky(text: str) -> str:
        """Fail twice."""
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return text

    async with app(flaky) as root:
        begun = start.step("x")
        run = await root.run(pf.Plan(pf.retry(flaky.step(begun.output), attempts=3, backoff=0)))
        assert (run.output, len(tries)) == ("x", 3)
        assert sum(step.capability_id == "start" for step in run.steps) == 1
        rescued = await root.run(
            pf.Plan(pf.retry(fail.step("no"), attempts=2, backoff=0, otherwise=start.step("plan b")))
        )
        assert rescued.output == "plan b"


async def test_the_events_of_a_run_tell_its_progress_and_partial_outputs() -> None:
    async with asyncio.timeout(10), app() as root:
        parts = [part async for part in root.stream(letters, text="abc")]
        assert parts == ["a", "b", "c"]
        run = await root.run(pf.Plan(letters.step("xyz")))
        assert run.output == ["x", "y", "z"]
        seen: list[pf.Event] = []
        async for event in root.events(f"run/{run.id}"):
            seen.append(event)
            if isinstance(event, RunFinished):
                break
        assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
        assert any(isinstance(event, StepSucceeded) and event.output == ["x", "y", "z"] for event in seen)
        assert not any(isinstance(event, StepProgressed) for event in seen), "progress is told, not stored"


async def test_a_run_is_found_with_its_steps_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with app(store=SQLiteStore(path)) as root:
        run = await root.run(pf.Plan(count.step(start.step("four").output)))
    async with app(store=SQLiteStore(path)) as root:
        found = await root.found(run.id)
        assert found.model_dump() == run.model_dump()
        assert [row.id for row in await root.runs()] == [run.id]


async def test_another_holder_finds_no_run_of_mine() -> None:
    async with app() as root:
        ada, bob = root.delegate("ada", only=[start]), root.delegate("bob", only=[start])
        run = await ada.run(pf.Plan(start.step("mine")))
        assert (await ada.found(run.id)).output == "mine"
        with pytest.raises(pf.NotFound):
            await bob.found(run.id)
        with pytest.raises(pf.NotFound):
            await bob.cancel(run.id)
        assert await bob.runs() == []
        assert [row.id for row in await root.runs()] == [run.id]


async def test_a_plan_that_uses_what_the_holder_was_not_granted_is_rejected_and_runs_nothing() -> None:
    async with app() as root:
        ada = root.delegate("ada", only=[start])
        with pytest.raises(pf.PlanRejected) as caught:
            await ada.run(pf.Plan(join.step(start.step("a").output, "b")))
        assert [(problem.code, problem.step) for problem in caught.value.problems] == [("unknown_capability", "join")]
        assert await root.runs() == []


async def test_a_careful_run_stops_before_a_risky_step_until_exactly_that_call_is_confirmed() -> None:
    gone: list[str] = []

    @pf.capability(effect="delete")
    async def drop(name: str) -> str:
        """Delete something."""
        gone.append(name)
        return name

    async with app(drop) as root:
        plan = pf.Plan(drop.step("a"))
        run = await root.run(plan, careful=True, waits=False)
        assert run.failure is not None
        assert (run.failure.code, gone) == ("confirmation_required", [])
        digest = run.failure.details["digest"]
        other = await root.within(confirmed=[digest]).run(pf.Plan(drop.step("b")), careful=True, waits=False)
        assert (other.succeeded, gone) == (False, [])
        again = await root.within(confirmed=[digest]).run(plan, careful=True)
        assert (again.output, gone) == ("a", ["a"])


async def test_closing_the_app_interrupts_its_runs_and_leaves_no_task() -> None:
    gate = Gate()

    @pf.capability(effect="read")
    async def wait() -> str:
        """Wait for ever."""
        gate.both.set()
        await asyncio.Event().wait()
        return ""

    async with asyncio.timeout(10):
        async with app(wait) as root:
            run = await root.start(pf.Plan(wait.step()))
            await gate.both.wait()
        assert len(asyncio.all_tasks()) == 1
        assert run.status == "interrupted"


class Outside(BaseException):
    """What no capability may swallow."""


class Broken(SystemClock):
    """Ends whatever waits for a moment that is near."""

    async def wait_until(self, moment: datetime) -> None:
        if moment - self.now() < timedelta(seconds=10):
            raise Outside
        await super().wait_until(moment)


async def test_what_is_no_exception_fails_the_run_and_is_told_before_it_goes_on() -> None:
    broken = pf.App(start, fail, store=MemoryStore(), planners=[], clock=Broken())
    async with asyncio.timeout(10), broken as root:
        plan = pf.Plan(pf.retry(fail.step("x"), attempts=2, backoff=1))
        with pytest.raises(BaseExceptionGroup) as caught:
            await root.run(plan)
        assert caught.value.subgroup(Outside) is not None
        (row,) = await root.runs()
        found = await root.found(row.id)
        assert (found.status, found.failure and found.failure.message) == ("failed", "the run was ended from outside")
        assert broken.parts.runs.alive == 0
