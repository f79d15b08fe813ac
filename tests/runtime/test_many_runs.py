"""A thousand runs at once, cancelled at random: no task is left, and nothing of them is held."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from random import Random
from typing import Any, Final

from tests.runtime.lives import guarded

import packetflow as pf
from packetflow._core.run import Run, StepRecord
from packetflow._runtime.live import Live
from packetflow._runtime.run import Execution
from packetflow._runtime.run_journal import RunJournal
from packetflow._runtime.step_call import StepCall
from packetflow.stores.memory import MemoryStore

RUNS: Final = 1_000


@pf.capability(effect="read")
async def turn(times: int) -> int:
    """Let others go first, some times."""
    for _ in range(times):
        await asyncio.sleep(0)
    return times


@pf.capability(effect="write")
async def hold(times: int) -> int:
    """Hold a run until it is cancelled."""
    await asyncio.Event().wait()
    return times


def plan_of(chance: Random) -> pf.Plan[Any]:
    first = turn.step(chance.randrange(20))
    looped = pf.each([1, 2, 3], turn.step)
    last = hold.step(first.output) if chance.random() < 0.5 else turn.step(first.output)
    return pf.Plan(last, looped)


async def fate(root: pf.Client, run: pf.Run[Any], chance: Random) -> str:
    """Cancel a run at a random moment, or let it end."""
    for _ in range(chance.randrange(60)):
        await asyncio.sleep(0)
    if any(step.capability_id == "hold" for step in run.steps) or chance.random() < 0.5:
        await root.cancel(run.id)
    return (await root.finish(run)).status


def held() -> Counter[str]:
    """Count what runs under way are made of."""
    gc.collect()
    kinds = (Live, Execution, RunJournal, StepCall, Run, StepRecord)
    return Counter(type(found).__name__ for found in gc.get_objects() if type(found) in kinds)


async def test_a_thousand_runs_cancelled_at_random_leave_no_task_and_hold_no_memory() -> None:
    chance = Random(20261122)  # noqa: S311 - chooses moments, keeps no secret
    plans = [plan_of(chance) for _ in range(50)]
    app = pf.App(turn, hold, store=MemoryStore(), planners=[])
    async with guarded(100), app as root:
        parts = app.parts
        tasks, before = asyncio.all_tasks(), held()
        for _ in range(2):
            runs = [await root.start(chance.choice(plans)) for _ in range(RUNS)]
            assert parts.runs.alive > RUNS / 2
            ended = Counter(await asyncio.gather(*(fate(root, run, chance) for run in runs)))
            assert set(ended) == {"succeeded", "cancelled"}
            assert min(ended.values()) > RUNS / 10
            del runs
            assert (parts.runs.alive, parts.engine.spending) == (0, {})
            assert asyncio.all_tasks() == tasks
            assert held() == before
