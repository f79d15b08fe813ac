"""An answer counts or can be given again, and a question that was asked stays asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Holding, Home, Traces, guarded

import packetflow as pf

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


async def test_a_yes_whose_giver_goes_away_while_it_is_stored_still_counts(home: Home, traces: Traces) -> None:
    store = home.memory = Holding("StepAnswered")
    async with home.app() as root:
        run = await root.run(pf.Plan(home.parts[2].step("a")), careful=True)
        (question,) = await root.approvals()
        giving = asyncio.create_task(root.approve(run.id, question.digest))
        await store.held.wait()
        giving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving
        store.let.set()
        ended = await root.finish(await root.found(run.id))
        assert (ended.output, traces.calls["a"]) == ("a", 1)


async def test_a_question_is_stored_before_it_can_be_answered(home: Home) -> None:
    store = home.memory = Holding("StepWaits")
    async with home.app() as root:
        run = await root.start(pf.Plan(home.parts[2].step("a")), careful=True)
        await store.held.wait()
        assert await root.approvals() == []
        store.let.set()
        await root.finish(run)
        (question,) = await root.approvals()
        await root.approve(run.id, question.digest)
        assert (await root.finish(run)).succeeded


async def test_a_name_that_begins_like_anothers_sees_none_of_their_questions(home: Home) -> None:
    async with home.app() as root:
        drop = home.parts[2]
        run = await root.delegate("ada").run(pf.Plan(drop.step("a")), careful=True)
        (question,) = await root.approvals()
        agent = await root.delegate("ada").delegate("agent").run(pf.Plan(drop.step("b")), careful=True)
        assert {one.run_id for one in await root.delegate("ada", only=[drop]).approvals()} == {run.id, agent.id}
        for name in ("ad", "adam", "ada-agent"):
            other = root.delegate(name, only=[drop])
            assert await other.approvals() == []
            with pytest.raises(pf.NotFound):
                await other.approve(run.id, question.digest)


def paying(made: list[int], *, confirm: bool) -> Any:  # noqa: ANN401 - a capability of the same name and shape
    """Declare the payment of one version of the program."""

    @pf.capability(name="pay", effect="money", confirm=confirm)
    async def pay(amount: int) -> int:
        """Pay."""
        made.append(amount)
        return amount

    return pay


@pytest.mark.parametrize("verdict", ["approve", "refuse"])
async def test_what_was_asked_stays_asked_when_a_new_version_would_not_ask(home: Home, verdict: str) -> None:
    made: list[int] = []
    asking = paying(made, confirm=True)
    async with home.app(asking) as root:
        run = await root.run(pf.Plan(asking.step(amount=5)))
        (asked,) = await root.approvals()
    async with home.app(paying(made, confirm=False)) as root:
        (question,) = await root.approvals()
        assert (question, (await root.found(run.id)).status, made) == (asked, "waiting", [])
        await (root.approve if verdict == "approve" else root.refuse)(run.id, question.digest)
        ended = await root.finish(await root.found(run.id))
        code = ended.failure.code if ended.failure is not None else ""
        assert (made, code) == (([5], "") if verdict == "approve" else ([], "approval_refused"))
