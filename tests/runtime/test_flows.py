"""A flow is called like any capability: as a run of its own, or in place, under the authority of its caller."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from tests.runtime.workshop import CALLS, FAILS, GATES, add, book, cancel_booking, fetch, nodes, wait, working

import packetflow as pf
from packetflow.stores.memory import MemoryStore


class Report(BaseModel):
    title: str
    length: int


@pf.capability(effect="read")
async def measure(text: str) -> Report:
    """Measure a text."""
    return Report(title=text, length=len(text))


@pf.flow
def report(text: str, shout: bool = True) -> pf.Step[Report]:  # noqa: FBT001, FBT002 - an input
    """Fetch a text and measure it."""
    found = fetch.step(text)
    return pf.branch((pf.when(shout), measure.step(found.output)), otherwise=measure.step(text))


@pf.flow
def twice(text: str) -> pf.Step[int]:
    """Measure a text twice."""
    one, two = report.step(text), report.step(text, shout=False)
    return add.step(one.output.length, two.output.length)


@pf.flow(timeout=timedelta(seconds=0.05))
def slow(name: str) -> pf.Step[str]:
    """Wait."""
    return wait.step(name)


@pf.flow
def booking(what: str, place: str) -> pf.Step[str]:
    """Book something, then fetch a place."""
    booked = book.step(what).undone_by(cancel_booking.step)
    return fetch.step(place).following(booked)


async def test_a_flow_called_directly_is_a_run_of_its_own_with_a_typed_output() -> None:
    async with working(measure, report) as root:
        assert await root.call(report, text="a") == Report(title="A", length=1)
        (row,) = await root.runs()
        run = await root.found(row.id)
        assert (run.status, run.intent) == ("succeeded", "Fetch a text and measure it.")
        assert nodes(run) == ["branch", "branch/fetch", "branch/measure"]


async def test_a_flow_in_a_plan_runs_in_place_and_its_steps_are_named_within_it() -> None:
    async with working(measure, report, twice) as root:
        run = await root.run(pf.Plan(add.step(twice.step("ab").output, 1)))
        assert run.output == 5
        assert {"twice", "twice/report", "twice/report/branch/fetch", "twice/report_2/branch/measure_2", "add"} <= set(
            nodes(run)
        )
        assert run.step("twice/report").inputs == {"text": "ab"}
        assert run.step("twice/report").output == {"title": "AB", "length": 2}
        assert len(await root.runs()) == 1


async def test_wrong_input_to_a_flow_names_the_fields_and_runs_nothing() -> None:
    async with working(measure, report) as root:
        with pytest.raises(pf.CallError) as raised:
            await root.call("report", txt=1)
        assert raised.value.code == "invalid_input"
        assert not await root.runs()


async def test_a_failing_flow_says_in_which_run_and_at_which_step() -> None:
    async with working(measure, report, twice) as root:
        FAILS["x"] = 5
        with pytest.raises(pf.CapabilityFailed) as raised:
            await root.call(twice, text="x")
        details = raised.value.details
        assert details["step"] == "report/branch/fetch"
        assert details["reason"] == "not_found"
        run = await root.found(str(details["run_id"]))
        assert run.status == "failed"
        assert run.step("add").status == "skipped"


async def test_every_step_of_a_flow_is_decided_under_the_grant_of_its_caller() -> None:
    async with working(measure, report) as root:
        ada = root.delegate("ada", only=[report])
        assert "report" not in ada.capabilities
        with pytest.raises(pf.CallError) as raised:
            await ada.call(report, text="a")
        assert raised.value.code == "unknown_capability"
        limits = {"fetch": {"text": pf.Constraint(op="eq", value="open")}}
        bob = root.delegate("bob", only=[report, fetch, measure], limits=limits)
        assert (await bob.call(report, text="open")).title == "OPEN"
        with pytest.raises(pf.CapabilityFailed) as failed:
            await bob.call(report, text="secret")
        assert failed.value.details["reason"] == "not_allowed"
        assert CALLS == ["fetch open"]
        (latest, _) = await bob.runs()
        assert (await bob.found(latest.id)).principal == "bob"


async def test_a_person_is_asked_about_the_steps_of_a_flow_and_not_about_the_flow() -> None:
    async with working(booking) as root:
        careful = root.delegate("ada", confirm=["write"])
        with pytest.raises(pf.CapabilityFailed) as raised:
            await careful.call(booking, what="room", place="rome")
        details: Any = raised.value.details
        assert (details["step"], details["reason"]) == ("book", "confirmation_required")
        run = await careful.run(pf.Plan(booking.step("room", "rome")))
        (question,) = await root.approvals()
        assert question.node == "booking/book"
        await root.approve(run.id, question.digest)
        assert (await careful.finish(run)).output == "ROME"


async def test_what_a_flow_did_is_taken_back_when_the_run_around_it_fails_later() -> None:
    async with working(booking) as root:
        FAILS["late"] = 1
        done = booking.step("hall", "rome")
        run = await root.run(pf.Plan(fetch.step("late").following(done)))
        assert not run.succeeded
        assert CALLS == ["book hall", "fetch rome", "fetch late", "cancel booking of hall"]


async def test_a_flow_that_takes_too_long_is_ended_with_its_run() -> None:
    async with working(slow) as root:
        with pytest.raises(pf.CallError) as raised:
            await root.call(slow, name="never")
        assert raised.value.code == "deadline_exceeded"
        (row,) = await root.runs()
        assert row.status == "cancelled"
        run = await root.run(pf.Plan(slow.step("never")))
        assert run.failure is not None
        assert run.failure.code == "deadline_exceeded"
        inside = await root.run(pf.Plan(wait.step("never").within(0.05)))
        assert inside.failure is not None
        assert inside.failure.code == "deadline_exceeded"


async def test_cancelling_the_caller_of_a_flow_cancels_its_run_and_leaves_no_task() -> None:
    async with working(slow) as root:
        before = len(asyncio.all_tasks())
        calling = asyncio.create_task(root.call(slow, name="never"))
        await CALLS.reach(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        (row,) = await root.runs()
        assert row.status == "cancelled"
        assert len(asyncio.all_tasks()) <= before


async def test_the_same_message_id_runs_a_flow_once() -> None:
    async with working(booking) as root:
        named = root.within(message_id="m1")
        results = await asyncio.gather(*(named.call(booking, what="room", place="rome") for _ in range(3)))
        assert [*results, await named.call(booking, what="room", place="rome")] == ["ROME"] * 4
        assert CALLS == ["book room", "fetch rome"]
        assert len(await root.runs()) == 1


async def test_a_capability_may_call_a_flow_under_its_own_callers_authority_and_trace() -> None:
    @pf.capability(effect="read")
    async def outer(ctx: pf.Context, text: str) -> int:
        """Call a flow."""
        return (await ctx.call(report, text=text)).length

    async with working(measure, report, outer) as root:
        assert await root.within(trace_id="b" * 32).call(outer, text="abc") == 3
        (row,) = await root.runs()
        assert row.trace_id == "b" * 32


async def test_a_flow_is_recorded_as_a_call_and_audited_besides_its_steps() -> None:
    store = MemoryStore()
    app = pf.App(fetch, measure, report, store=store, planners=[])
    async with app as root:
        await root.call(report, text="a")
        await root.run(pf.Plan(report.step("b")))
        await app.parts.engine.records.flush()
        assert sorted(call.capability_id for call in await store.calls()) == [
            *("fetch", "fetch", "measure", "measure", "report")
        ]
        assert sorted(audit.capability_id for audit in await store.audits()) == [
            *("fetch", "fetch", "measure", "measure", "report", "report")
        ]


async def test_a_run_with_a_flow_that_was_interrupted_goes_on_behind_what_it_had_done(tmp_path: Any) -> None:  # noqa: ANN401
    @pf.flow
    def patient(name: str) -> pf.Step[str]:
        """Book, then wait."""
        return wait.step(name).following(book.step(name))

    parts = (book, wait, patient)
    CALLS.clear()
    GATES.clear()
    async with pf.App(*parts, store=tmp_path / "runs.db", planners=[]) as root:
        run = await root.start(pf.Plan(patient.step("x")))
        await CALLS.reach(2)
    GATES.clear()
    async with pf.App(*parts, store=tmp_path / "runs.db", planners=[]) as root:
        await CALLS.reach(3)
        GATES["x"].set()
        again = await root.finish(await root.found(run.id))
        assert again.result == "x"
        assert CALLS == ["book x", "wait x", "wait x"]
        assert nodes(again) == ["patient", "patient/book", "patient/wait"]
