"""The rest of a run is done once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.lives import Home, Traces, guarded

import packetflow as pf

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


def charged(home: Home) -> pf.Plan[Any]:
    """Prepare, then charge."""
    _, act, _ = home.parts
    return pf.Plan(act.step("charge", [act.step("prepare").output]))


async def test_two_retries_at_once_do_the_rest_once(home: Home, traces: Traces) -> None:
    traces.fails.add("prepare")
    async with home.app() as root:
        failed = await root.run(charged(home))
        traces.fails.clear()
        given = await asyncio.gather(root.retry(failed.id), root.retry(failed.id), return_exceptions=True)
        (again,) = [one for one in given if isinstance(one, pf.Run)]
        (conflict,) = [one for one in given if isinstance(one, pf.Conflict)]
        assert (again.status, conflict.details["continued_by"], traces.calls["charge"]) == ("succeeded", again.id, 1)


async def test_a_run_whose_rest_was_done_is_not_continued_again_even_after_a_restart(
    home: Home, traces: Traces
) -> None:
    traces.fails.add("prepare")
    async with home.app() as root:
        failed = await root.run(charged(home))
        rest = await root.replan(failed.id)
        traces.fails.clear()
        again = await root.retry(failed.id)
        with pytest.raises(pf.Conflict, match=again.id):
            await root.start(rest, continues=failed.id)
    async with home.app() as root:
        with pytest.raises(pf.Conflict, match=again.id) as caught:
            await root.retry(failed.id)
        assert caught.value.details == {"run_id": failed.id, "continued_by": again.id, "status": "succeeded"}
        assert traces.calls["charge"] == 1
        assert (await root.found(failed.id)).continued == again.id


async def test_a_run_is_continued_again_when_what_continued_it_failed_and_nobody_has_done_its_rest(
    home: Home, traces: Traces
) -> None:
    traces.fails.add("prepare")
    async with home.app() as root:
        failed = await root.run(charged(home))
        second = await root.retry(failed.id)
        third = await root.retry(failed.id)
        assert (second.status, third.status) == ("failed", "failed")
        traces.fails.clear()
        fourth = await root.retry(third.id)
        assert fourth.succeeded
        with pytest.raises(pf.Conflict, match=fourth.id):  # the rest of its rest is done
            await root.retry(failed.id)


async def test_a_run_is_not_continued_while_another_does_its_rest(home: Home, traces: Traces) -> None:
    traces.fails.add("prepare")
    async with home.app() as root:
        failed = await root.run(charged(home))
        traces.fails.clear()
        reached = traces.hold("charge")
        again = await root.restart(failed.id)
        await reached.wait()
        with pytest.raises(pf.Conflict, match="which is running"):
            await root.restart(failed.id)
        await root.cancel(again.id)
        traces.held.clear()
        assert (await root.retry(failed.id)).succeeded
