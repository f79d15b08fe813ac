"""What a run did is taken back when the run does not succeed: in reverse order, told, and over restarts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._core.answer import answer
from packetflow._core.run import StepUndone

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


def call(name: str, capability: str = "act", *after: str, said: str | None = None, **more: object) -> dict[str, Any]:
    """Write a step that leaves a trace of its own name."""
    inputs: dict[str, Any] = {"name": {"literal": said or name}}
    return {"kind": "step", "id": name, "capability_id": capability, "inputs": inputs, "depends_on": after, **more}


def undone(name: str, capability: str = "act") -> dict[str, Any]:
    """Write the block that takes a step back; it sees the step's own output."""
    back = call(f"un{name}", capability)
    back["inputs"] = {"name": {"literal": f"un{name}"}, "after": {"items": [{"step": name}]}}
    return {"nodes": [back], "output": {"step": f"un{name}"}}


def saga(*nodes: dict[str, Any]) -> pf.Plan[Any]:
    return pf.Plan[Any].model_validate({"nodes": nodes, "output": {"step": nodes[-1]["id"]}})


def booked() -> pf.Plan[Any]:
    """Three calls one after the other, the first two of which can be undone, and a last one."""
    return saga(
        call("a", undo=undone("a")),
        call("b", "act", "a", undo=undone("b")),
        call("c", "act", "b"),
        call("d", "act", "c"),
    )


async def test_a_failed_run_undoes_what_succeeded_the_latest_first_and_says_what_is_kept(
    home: Home, traces: Traces
) -> None:
    traces.fails.add("d")
    async with home.app() as root:
        run = await root.run(booked())
        assert traces.order == ["a", "b", "c", "d", "unb", "una"]
        assert [run.step(name).status for name in "abcd"] == ["undone", "undone", "succeeded", "failed"]
        assert (run.status, run.failure is not None and run.failure.code) == ("failed", "capability_failed")
        assert run.step("b/undo/unb").inputs == {"name": "unb", "after": ["b"]}
        said = answer(run)
        assert "Undone: a, b." in said
        assert "Kept: the results of c" in said
        found = await root.found(run.id)
        assert found.model_dump() == run.model_dump()


async def test_a_run_that_succeeds_undoes_nothing(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        assert (await root.run(booked())).succeeded
        assert traces.order == ["a", "b", "c", "d"]


async def test_a_cancelled_run_undoes_what_succeeded_before_the_cancellation_is_said_to_be_done(
    home: Home, traces: Traces
) -> None:
    reached = traces.hold("c")
    async with home.app() as root:
        run = await root.start(booked())
        await reached.wait()
        assert await root.cancel(run.id)
        assert traces.order == ["a", "b", "c", "unb", "una"]
        found = await root.found(run.id)
        assert (found.status, found.step("a").status, found.step("c").status) == ("cancelled", "undone", "cancelled")


async def test_an_undo_that_fails_is_told_and_the_others_are_undone(home: Home, traces: Traces) -> None:
    traces.fails |= {"d", "unb"}
    async with home.app() as root:
        run = await root.run(booked())
        assert traces.order == ["a", "b", "c", "d", "unb", "una"]
        kept = run.step("b")
        assert (kept.status, kept.undo_failure is not None and kept.undo_failure.code) == (
            "succeeded",
            "capability_failed",
        )
        assert run.step("a").status == "undone"
        assert "Could not be undone: b." in answer(run)


async def test_undoing_goes_on_after_a_restart_and_repeats_nothing(home: Home, traces: Traces) -> None:
    traces.fails.add("d")
    reached = traces.hold("una")
    plan = saga(call("a", undo=undone("a", "look")), call("b", "act", "a", undo=undone("b")), call("d", "act", "b"))
    async with home.app() as root:
        run = await root.start(plan)
        await reached.wait()
    assert (run.status, run.step("b").status) == ("interrupted", "undone")
    traces.held.clear()
    traces.fails.clear()  # the run does not begin anew: it was decided that it failed
    async with home.app() as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, ended.failure is not None and ended.failure.code) == ("failed", "capability_failed")
        assert [ended.step(name).status for name in "ab"] == ["undone", "undone"]
        assert traces.order == ["a", "b", "d", "unb", "una", "una"]


async def test_cancelling_is_gone_on_with_after_a_crash(traces: Traces) -> None:
    home = Home(traces)
    reached, undoing = traces.hold("c"), traces.hold("una")
    plan = saga(call("a", undo=undone("a", "look")), call("c", "act", "a"))
    async with home.app() as root:
        run = await root.start(plan)
        await reached.wait()
        cancelling = asyncio.create_task(root.cancel(run.id))
        await undoing.wait()
        live = home.live(run.id)
        await live.journal.flush()
        left = await home.crashed()
        cancelling.cancel()
    traces.held.clear()
    async with left.app() as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, ended.step("a").status) == ("cancelled", "undone")
        assert traces.calls == {"a": 1, "c": 1, "una": 2}


async def test_each_round_of_a_loop_is_undone_with_its_own_item(home: Home, traces: Traces) -> None:
    traces.fails.add("d")
    back = call("back", "act")
    back["inputs"] = {"name": {"step": "all.item"}, "after": {"items": [{"step": "one"}]}}
    one = call("one", undo={"nodes": [back], "output": {"step": "back"}})
    one["inputs"] = {"name": {"step": "all.item"}}
    each = {
        "kind": "map",
        "id": "all",
        "over": {"literal": ["x", "y", "z"]},
        "each": {"nodes": [one], "output": {"step": "one"}},
        "concurrency": 1,
    }
    async with home.app() as root:
        run = await root.run(saga(each, call("d", "act", "all")))
        assert run.status == "failed"
        assert traces.order == ["x", "y", "z", "d", "z", "y", "x"]
        store = home.running.parts.store
        told = [stored.payload for stored in await store.read(f"run/{run.id}", kinds=["StepUndone"])]
        assert [StepUndone.model_validate_json(payload).node for payload in told] == [
            "all[2]/one",
            "all[1]/one",
            "all[0]/one",
        ]


async def test_a_step_has_its_own_time_limit(home: Home, traces: Traces) -> None:
    traces.hold("slow")
    async with home.app() as root:
        run = await root.run(saga(call("a", undo=undone("a")), call("slow", "look", "a", timeout=0.05)))
        assert run.failure is not None
        assert (run.failure.code, run.step("slow").status) == ("deadline_exceeded", "failed")
        assert run.step("a").status == "undone"


async def test_what_is_undone_may_need_a_yes_too(home: Home, traces: Traces) -> None:
    traces.fails.add("d")
    async with home.app() as root:
        run = await root.run(saga(call("a", undo=undone("a", "drop")), call("d", "act", "a")), careful=True)
        assert (run.status, traces.order) == ("waiting", ["a", "d"])
        (question,) = await root.approvals()
        assert question.node == "a/undo/una"
        await root.approve(run.id, question.digest)
        ended = await root.finish(run)
        assert (ended.status, ended.step("a").status) == ("failed", "undone")


async def test_undoing_is_not_bounded_by_the_budget_that_ended_the_run(home: Home, traces: Traces) -> None:
    async with home.app() as root:
        run = await root.run(booked(), budget=pf.Budget(calls=2))
        assert (run.status, run.failure is not None and run.failure.code) == ("failed", "budget_exceeded")
        assert traces.order == ["a", "b", "unb", "una"]
        assert [(run.step(name).status, run.step(name).undo_failure) for name in "ab"] == [("undone", None)] * 2
