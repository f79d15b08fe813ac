"""Time under way is told as it passes, so that a process which is killed again and again spends no more than it may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf

if TYPE_CHECKING:
    from packetflow._core.run import Run


async def told(home: Home, run_id: str, kind: str, count: int) -> None:
    """Wait until a run has told so many events of a kind."""
    while sum(type(event).__name__ == kind for event in await home.events(run_id)) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def test_the_time_of_a_call_that_was_killed_is_spent_but_for_a_tenth_of_the_budget() -> None:
    traces = Traces()
    home = Home(traces)
    budget = pf.Budget(seconds=0.5)
    async with guarded():
        reached = traces.hold("held")
        async with home.app() as root:
            run: Run[str] = await root.start(pf.Plan(home.parts[0].step("held")), budget=budget)
            await reached.wait()
            await told(home, run.id, "StepSpent", 6)
            left = await home.crashed()
            await root.cancel(run.id)
        began = asyncio.get_running_loop().time()
        async with left.app() as root:
            ended = await root.finish(await root.found(run.id))
        assert (ended.status, ended.failure is not None and ended.failure.code) == ("failed", "budget_exceeded")
        assert asyncio.get_running_loop().time() - began < 0.4  # what is left of half a second, and not all of it
        assert (traces.calls["held"], ended.spent.calls, ended.spent.tokens) == (2, 2, 0)


async def test_time_is_told_ten_times_at_most_and_by_bounded_runs_alone() -> None:
    traces = Traces()
    home = Home(traces)
    traces.hold("held")
    async with guarded(), home.app() as root:
        run = await root.run(pf.Plan(home.parts[0].step("held")), budget=pf.Budget(seconds=0.1))
        kinds = [type(event).__name__ for event in await home.events(run.id)]
        assert 1 <= kinds.count("StepSpent") <= 10
        free = await root.run(pf.Plan(home.parts[0].step("free")))
        assert "StepSpent" not in [type(event).__name__ for event in await home.events(free.id)]
