"""A yes counts from whoever may give it, and once: nobody who is bound lifts the bond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf
from packetflow._core.errors import ConfirmationRequired, InvalidInput, NotAllowed, Overloaded
from packetflow._runtime.runs import RunRules
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def home(traces: Traces) -> Home:
    return Home(traces)


@pytest.fixture(autouse=True)
async def _guard() -> AsyncIterator[None]:
    async with guarded():
        yield


async def test_a_delegate_cannot_confirm_its_own_call(home: Home, traces: Traces) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        eve = root.delegate("eve", confirm=["delete"])
        with pytest.raises(ConfirmationRequired, match="somebody else than 'eve' must agree") as asked:
            await eve.call(drop, name="a")
        own = eve.within(confirmed=[str(asked.value.details["digest"])])
        with pytest.raises(ConfirmationRequired):
            await own.call(drop, name="a")
        failed = await own.run(pf.Plan(drop.step("a")), careful=True, waits=False)
        assert (failed.failure is not None and failed.failure.code) == "confirmation_required"
        run = await own.run(pf.Plan(drop.step("a")), careful=True)
        assert run.status == "waiting"
        (question,) = await root.approvals()
        with pytest.raises(NotAllowed):
            await own.approve(run.id, question.digest)
        assert traces.calls == {}
        await root.approve(run.id, question.digest)
        assert (await eve.finish(run)).succeeded
        assert traces.calls["a"] == 1


async def test_an_approval_of_a_step_is_not_one_of_what_the_step_calls(home: Home, traces: Traces) -> None:
    drop = home.parts[2]

    @pf.capability(effect="delete")
    async def twice(context: pf.Context) -> str:
        """Delete something by another capability."""
        return str(await context.call(drop, name="a"))

    async with home.app(twice) as root:
        eve = root.delegate("eve", confirm=["delete"])
        run = await eve.run(pf.Plan(twice.step()))
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        ended = await eve.finish(run)
        assert (ended.failure is not None and ended.failure.code) == "confirmation_required"
        assert traces.calls == {}


async def test_a_confirmation_holds_once_within_a_run_and_after_a_restart(home: Home, traces: Traces) -> None:
    look, _, drop = home.parts
    first = drop.step("a")
    held = look.step("held", [first.output])
    async with home.app() as root:
        alone = pf.Plan(drop.step("a"), drop.step("a").named("again"))
        digest = str((await root.dry_run(alone, careful=True)).asks[0].digest)
        run = await root.within(confirmed=[digest]).run(alone, careful=True)
        assert (run.status, traces.calls["a"]) == ("waiting", 1)
        await root.cancel(run.id)
    traces.calls.clear()
    reached = traces.hold("held")
    same = pf.Plan(first, held, drop.step("a").named("again").following(held))
    async with home.app() as root:
        run = await root.within(confirmed=[digest]).start(same, careful=True)
        await reached.wait()
    traces.held.clear()
    async with home.app() as root:
        ended = await root.finish(await root.found(run.id))
        assert (ended.status, traces.calls["a"]) == ("waiting", 1)


async def test_who_may_answer_for_a_run_may_look_at_it_and_cancel_it(home: Home) -> None:
    async with home.app() as root:
        ada = root.delegate("ada")
        agent = ada.delegate("agent", confirm=["delete"])
        run = await agent.run(pf.Plan(home.parts[2].step("a")))
        assert (await ada.found(run.id)).status == "waiting"
        with pytest.raises(pf.NotFound):
            await root.delegate("ad").found(run.id)
        with pytest.raises(pf.NotFound):
            await agent.delegate("deeper").found(run.id)
        assert await ada.cancel(run.id)


async def test_a_run_that_waits_and_cannot_go_on_here_is_interrupted_and_can_be_done_with(home: Home) -> None:
    drop = home.parts[2]
    async with home.app() as root:
        first = await root.run(pf.Plan(drop.step("a")), careful=True)
        second = await root.run(pf.Plan(drop.step("b")), careful=True)
        assert [row.status for row in await root.runs()] == ["waiting", "waiting"]
    async with home.app(rules=RunRules(resume=False)) as root:
        assert (await root.found(first.id)).status == "interrupted"
        assert [row.id for row in await root.runs(status="interrupted")] == [second.id, first.id]
        assert [row.id for row in await root.runs(status="interrupted", limit=1)] == [second.id]
        assert await root.runs(status="waiting") == []
        with pytest.raises(pf.Conflict):
            await root.refuse(first.id, first.questions[0].digest)
        assert (await root.retry(first.id)).succeeded
        assert await root.cancel(second.id)
        assert (await root.found(second.id)).status == "cancelled"
    parts, home.parts = home.parts, home.parts[:2]
    async with home.app() as root:
        assert (await root.found(first.id)).status == "interrupted"
        assert await root.cancel(first.id)
    home.parts = parts


async def test_a_reason_with_half_a_character_is_refused_and_changes_nothing(home: Home) -> None:
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        with pytest.raises(InvalidInput, match="half a character"):
            await root.refuse(run.id, question.digest, "\ud800")
        assert await root.approvals() == [question]
        await root.refuse(run.id, question.digest, "no")
        assert (await root.finish(run)).status == "failed"


async def test_a_holder_has_only_so_many_runs_under_way() -> None:
    traces = Traces()
    home = Home(traces)
    home.memory = MemoryStore()
    drop = home.parts[2]
    async with home.app(rules=RunRules(limit=2)) as root:
        ada, bob = root.delegate("ada", confirm=["delete"]), root.delegate("bob", confirm=["delete"])
        runs = [await ada.run(pf.Plan(drop.step("a"))) for _ in range(2)]
        with pytest.raises(Overloaded, match="2 runs under way"):
            await ada.start(pf.Plan(drop.step("a")))
        assert (await bob.run(pf.Plan(drop.step("a")))).status == "waiting"
        await ada.cancel(runs[0].id)
        assert (await ada.run(pf.Plan(drop.step("a")))).status == "waiting"
