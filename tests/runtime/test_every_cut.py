"""Whatever the process had stored when it died, its run ends as it would have, and repeats nothing it knew finished."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._core.ports import NewEvent, RunRow
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from packetflow._core.event import Event, Stored


@pytest.fixture(autouse=True)
async def _guard() -> AsyncIterator[None]:
    async with guarded(60):
        yield


def rich(home: Home) -> pf.Plan[Any]:
    """Write a plan with calls that can be repeated and calls that cannot, in loops, attempts and branches."""
    look, act, _ = home.parts
    first = act.step("first")
    looped = pf.each(["x", "y"], lambda name: act.step(look.step(name).output), concurrency=1)
    tried = pf.retry(act.step("bad", [first.output]), attempts=2, backoff=0, otherwise=act.step("plan b"))
    chosen = pf.branch((pf.when(first.output, "eq", "first"), act.step("taken")), otherwise=act.step("left"))
    folded = pf.fold(["p", "q"], "begin", lambda so_far, name: act.step(name, [so_far]))
    return pf.Plan(look.step("end", [tried.output, chosen.output, folded.output]), looped)


def undone(home: Home) -> pf.Plan[Any]:
    """Write a plan that fails in the end, after calls that can be taken back."""
    look, act, _ = home.parts

    def unlook(name: str) -> pf.Step[str]:
        return look.step("un", [name])

    def unact(name: str) -> pf.Step[str]:
        return act.step("un-one", [name])

    one = act.step("one").undone_by(unact)
    looped = pf.each(["x", "y"], lambda name: act.step(name, [one.output]).undone_by(unlook), concurrency=1)
    return pf.Plan(act.step("bad", looped.output))


async def told(home: Home, plan: pf.Plan[Any]) -> tuple[pf.Run[Any], RunRow, list[Stored]]:
    async with home.app() as root:
        run = await root.run(plan)
        store = home.running.parts.store
        row = await store.run(run.id)
        assert row is not None
        return run, row, await store.read(f"run/{run.id}")


async def begun(row: RunRow, events: Sequence[Stored]) -> MemoryStore:
    """Give a store that holds the beginning of a run, as one that died leaves it."""
    store = MemoryStore()
    await store.open()
    new = [NewEvent(e.topic, e.id, e.kind, e.at, e.principal, e.trace_id, e.payload) for e in events]
    await store.put_run(replace(row, status="running", ended_at=None, error_code=None), new)
    await store.close()
    return store


async def ended(root: pf.Client, run_id: str) -> pf.Run[Any]:
    """Wait for the end of a run, and let it make again what it asks about."""
    run = await root.finish(await root.found(run_id))
    while run.status == "waiting":
        for question in await root.approvals():
            await root.answer(run_id, question.digest, "again")
        run = await root.finish(run)
    return run


def calls(events: Sequence[Event], kind: str) -> set[str]:
    return {event.__dict__["node"] for event in events if type(event).__name__ == kind}


async def life(home: Home, whole: pf.Run[Any], known: int) -> None:
    """Let a run of which so many events are stored come to its end, and hold it against the run that was never cut."""
    async with home.app() as root:
        run = await ended(root, whole.id)
        assert (run.status, run.result) == (whole.status, whole.result)
        statuses = {step.node: step.status for step in run.steps}
        assert statuses == {step.node: step.status for step in whole.steps}
        events = await home.events(run.id)
    before, after = events[:known], events[known:]
    finished = calls(before, "StepSucceeded") | calls(before, "StepFailed")
    assert not finished & calls(after, "StepStarted")
    for kind in ("StepSucceeded", "StepUndone", "RunEnding", "RunFinished"):
        places = [event.__dict__.get("node") for event in events if type(event).__name__ == kind]
        assert len(places) == len(set(places)), kind
    begun_acts = {event.__dict__["node"] for event in before if event.__dict__.get("capability_id") == "act"}
    asked = calls(before, "StepUncertain") - calls(before, "StepAnswered")
    assert calls(after, "StepUncertain") | asked >= begun_acts - finished - calls(before, "StepAnswered")


@pytest.mark.parametrize("write", [rich, undone])
async def test_a_run_ends_the_same_wherever_its_journal_was_cut_off(write: Any) -> None:  # noqa: ANN401 - either
    home = Home(Traces(fails={"bad"}))
    whole, row, journal = await told(home, write(home))
    assert whole.status == ("succeeded" if write is rich else "failed")
    for length in range(1, len(journal)):
        home.memory = await begun(row, journal[:length])
        await life(home, whole, length)


@pytest.mark.parametrize("write", [rich, undone])
async def test_a_run_ends_the_same_when_it_is_cut_off_again_and_again(write: Any) -> None:  # noqa: ANN401 - either
    home = Home(Traces(fails={"bad"}))
    whole, row, journal = await told(home, write(home))
    chance = Random(20261122)  # noqa: S311 - chooses places, keeps no secret
    for _ in range(40):
        kept = journal[: chance.randrange(1, len(journal))]
        for _ in range(4):
            home.memory = await begun(row, kept)
            await life(home, whole, len(kept))
            async with home.app():
                longer = await home.running.parts.store.read(f"run/{whole.id}")
            kept = longer[: chance.randrange(len(kept), len(longer))]
