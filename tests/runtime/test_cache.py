"""A kept result is given again to whoever may have it, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.errors import CallCycle, ConfirmationRequired, DeadlineExceeded, DeclarationError, NotAllowed
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import FakeClock

MINUTE = timedelta(minutes=1)


class Report(BaseModel):
    city: str
    lines: list[str]


class Work:
    """Counts the executions, and holds each until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.cancelled = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.failure: BaseException | None = None

    def hold(self) -> None:
        self.go.clear()

    async def __call__(self, city: str) -> Report:
        self.calls += 1
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return Report(city=city, lines=[f"report {self.calls}"])


def report(work: Work, cache: pf.Cache | timedelta = MINUTE, **options: Any) -> pf.Capability[..., Report, Any]:  # noqa: ANN401
    @pf.capability(effect="read", cache=cache, **options)
    async def report(city: str, verbose: bool = False) -> Report:  # noqa: FBT001, FBT002
        """Report on a city."""
        del verbose
        return await work(city)

    return report


@asynccontextmanager
async def running(
    *parts: object, clock: FakeClock | None = None, store: MemoryStore | None = None
) -> AsyncGenerator[pf.Client]:
    app = pf.App(*parts, store=store or MemoryStore(), planners=[], clock=clock or FakeClock())  # type: ignore[arg-type]
    async with app as root:
        yield root


async def test_a_result_is_given_again_until_its_time_is_over() -> None:
    clock, work = FakeClock(), Work()
    async with running(report(work), clock=clock) as root:
        first = await root.perform("report", {"city": "Rome"})
        clock.advance(seconds=59)
        again = await root.perform("report", {"city": "Rome"})
        assert (first.cache_hit, again.cache_hit, work.calls) == (False, True, 1)
        assert (again.value, again.json) == (first.value, first.json)
        clock.advance(seconds=1)
        assert not (await root.perform("report", {"city": "Rome"})).cache_hit
        assert work.calls == 2


async def test_equal_inputs_are_equal_however_they_are_written_and_others_are_not() -> None:
    work = Work()
    async with running(report(work)) as root:
        await root.call("report", city="Rome")
        await root.call("report", verbose=False, city="Rome")
        assert work.calls == 1
        await root.call("report", city="Rome", verbose=True)
        await root.call("report", city="rome")
        assert work.calls == 3


async def test_a_result_is_only_for_who_asked_unless_it_is_shared() -> None:
    own, shared = Work(), Work()
    async with running(report(own), report(shared, pf.Cache(MINUTE, shared=True), name="shared")) as root:
        ada, bob = root.delegate("ada"), root.delegate("bob")
        narrow = root.delegate("ada", limits={"report": {"city": pf.Constraint(op="in", value=["Rome"])}})
        for name in ("report", "shared"):
            for asker in (ada, bob, narrow, root.delegate("ada")):
                await asker.call(name, city="Rome")
        assert (own.calls, shared.calls) == (3, 1)


async def test_authority_is_decided_before_a_kept_result_is_looked_for() -> None:
    work, store = Work(), MemoryStore()
    async with running(report(work, pf.Cache(MINUTE, shared=True)), store=store) as root:
        await root.call("report", city="Rome")
        ada = root.delegate("ada", limits={"report": {"city": pf.Constraint(op="eq", value="Oslo")}})
        with pytest.raises(NotAllowed):
            await ada.call("report", city="Rome")
        with pytest.raises(ConfirmationRequired):
            await root.delegate("bob", confirm=["read"]).call("report", city="Rome")
        await root.delegate("eve").call("report", city="Rome")
        assert work.calls == 1
    await store.open()
    assert [audit.verdict for audit in reversed(await store.audits())] == ["allow", "deny", "confirm", "allow"]


async def test_a_thousand_equal_calls_at_once_share_one_execution() -> None:
    work = Work()
    async with running(report(work)) as root:
        results = await asyncio.gather(*[root.perform("report", {"city": "Rome"}) for _ in range(1000)])
        assert work.calls == 1
        assert sum(result.cache_hit for result in results) == 999
        assert len({id(result.value) for result in results}) == 1000


async def test_the_first_caller_may_leave_and_the_others_get_the_result() -> None:
    work = Work()
    work.hold()
    async with running(report(work)) as root:
        first = asyncio.ensure_future(root.call("report", city="Rome"))
        await work.begun.wait()
        others = [asyncio.ensure_future(root.call("report", city="Rome")) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        work.go.set()
        assert [result.lines for result in await asyncio.gather(*others)] == [["report 1"]] * 3
        assert (work.calls, work.cancelled) == (1, 0)


async def test_when_the_last_caller_leaves_the_execution_is_cancelled_and_has_ended() -> None:
    work = Work()
    work.hold()
    async with running(report(work)) as root:
        calls = [asyncio.ensure_future(root.call("report", city="Rome")) for _ in range(3)]
        await work.begun.wait()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert (work.calls, work.cancelled) == (1, 1)
        work.go.set()
        assert (await root.call("report", city="Rome")).lines == ["report 2"]


async def test_a_short_deadline_is_its_callers_own() -> None:
    work = Work()
    work.hold()
    async with running(report(work)) as root:
        hasty = asyncio.ensure_future(root.within(deadline=0.01).call("report", city="Rome"))
        await work.begun.wait()
        patient = asyncio.ensure_future(root.call("report", city="Rome"))
        with pytest.raises(DeadlineExceeded):
            await hasty
        work.go.set()
        assert (await patient).lines == ["report 1"]


async def test_a_failure_is_told_to_all_who_wait_and_is_not_kept() -> None:
    work = Work()
    work.hold()
    work.failure = OSError("down")
    async with running(report(work)) as root:
        calls = [asyncio.ensure_future(root.call("report", city="Rome")) for _ in range(3)]
        await work.begun.wait()
        work.go.set()
        told = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(one) for one in told] == [pf.CapabilityFailed] * 3
        work.failure = None
        assert (await root.call("report", city="Rome")).lines == ["report 2"]


async def test_what_a_caller_does_to_its_result_is_seen_by_no_other() -> None:
    work = Work()
    work.hold()

    async def spoil(root: pf.Client) -> None:
        result = await root.perform("report", {"city": "Rome"})
        shown = cast("dict[str, list[str]]", result.json)
        assert result.value.lines == shown["lines"] == ["report 1"]
        result.value.lines.append("mine")
        shown["lines"].append("mine")

    async with running(report(work)) as root:
        together = asyncio.gather(*[spoil(root) for _ in range(3)])
        await work.begun.wait()
        work.go.set()
        await together
        for _ in range(2):
            await spoil(root)


async def test_only_so_many_results_are_kept_those_used_last() -> None:
    work = Work()
    async with running(report(work, pf.Cache(MINUTE, limit=2))) as root:
        for city in ("Rome", "Oslo", "Rome", "Bonn", "Rome"):
            await root.call("report", city=city)
        assert work.calls == 3
        await root.call("report", city="Oslo")
        assert work.calls == 4


async def test_a_key_may_leave_inputs_out_and_cannot_change_them() -> None:
    def by_city(arguments: Any) -> str:  # noqa: ANN401
        arguments.pop("verbose")
        return str(arguments.pop("city")).lower()

    work, store = Work(), MemoryStore()
    async with running(report(work, pf.Cache(MINUTE, key=by_city)), store=store) as root:
        await root.call("report", city="Rome", verbose=True)
        await root.call("report", city="rome")
        await root.call("report", city="Rome", verbose=True)
        assert work.calls == 1
    await store.open()
    digests = [audit.digest for audit in reversed(await store.audits())]
    assert digests[0] == digests[2] != digests[1]


async def test_a_key_that_raises_fails_the_call_and_nothing_is_executed() -> None:
    work = Work()
    async with running(report(work, pf.Cache(MINUTE, key=lambda arguments: arguments["town"]))) as root:
        with pytest.raises(pf.CapabilityFailed, match="town"):
            await root.call("report", city="Rome")
        assert work.calls == 0


async def test_a_hit_is_told_by_the_call_record_and_counted() -> None:
    work, store = Work(), MemoryStore()
    async with running(report(work), store=store) as root:
        for _ in range(3):
            await root.call("report", city="Rome")
        telemetry = root._parts.engine.telemetry  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        assert telemetry.cache_hits == {"report": 2}
        assert telemetry.calls["report"].outcomes == {"ok": 3}
    await store.open()
    assert [call.cache_hit for call in reversed(await store.calls())] == [False, True, True]


async def test_retries_happen_within_the_shared_execution() -> None:
    work = Work()
    work.failure = OSError("down")
    async with running(report(work, retry=pf.Retry(attempts=3, backoff=0))) as root:
        told = await asyncio.gather(*[root.call("report", city="Rome") for _ in range(5)], return_exceptions=True)
        assert [type(one) for one in told] == [pf.CapabilityFailed] * 5
        assert work.calls == 3


async def test_leaving_the_app_ends_what_is_under_way() -> None:
    work = Work()
    work.hold()
    async with running(report(work)) as root:
        call = asyncio.ensure_future(root.call("report", city="Rome"))
        await work.begun.wait()
    with pytest.raises(pf.CallError, match="cancelled"):
        await call
    assert work.cancelled == 1


BUSY, ASKED = asyncio.Event(), asyncio.Event()


class Desk(pf.Actor[None]):
    """A desk that looks something up while it is busy."""

    @pf.capability(effect="read")
    async def look(self, ctx: pf.Context) -> str:
        """Look it up, once somebody else does."""
        BUSY.set()
        await ASKED.wait()
        return await ctx.call(through_the_desk, desk=self.key)

    @pf.capability(effect="read")
    async def name(self) -> str:
        """Give its name."""
        return self.key


@pf.capability(effect="read", cache=MINUTE)
async def through_the_desk(ctx: pf.Context, desk: str) -> str:
    """Ask the desk."""
    ASKED.set()
    return await ctx.actor(Desk, desk).ask(Desk.name)


async def test_an_actor_does_not_wait_for_an_execution_that_waits_for_it() -> None:
    async with running(Desk, through_the_desk) as root, asyncio.timeout(10):
        busy = asyncio.ensure_future(root.actor(Desk, "one").ask(Desk.look))
        await BUSY.wait()
        outside = asyncio.ensure_future(root.call(through_the_desk, desk="one"))
        with pytest.raises(CallCycle):
            await busy
        assert await outside == "one"


def declared(**options: Any) -> pf.Capability[..., Any, Any]:  # noqa: ANN401
    @pf.capability(**options)
    async def whoever(ctx: pf.Context) -> str:
        """Say who asks."""
        return ctx.principal

    return whoever


def test_only_what_reads_may_have_a_cache() -> None:
    for effect in ("write", "delete", "external"):
        with pytest.raises(DeclarationError, match="only the result of a `read`"):
            declared(effect=effect, cache=MINUTE).verify()


def test_a_shared_result_must_not_depend_on_who_asks() -> None:
    declared(effect="read", cache=MINUTE).verify()
    with pytest.raises(DeclarationError, match="Context"):
        declared(effect="read", cache=pf.Cache(MINUTE, shared=True)).verify()


def test_a_message_of_an_actor_and_a_stream_have_no_cache() -> None:
    class Shelf(pf.Actor[None]):
        """A shelf."""

        @pf.capability(effect="read", cache=MINUTE)
        async def count(self) -> int:
            """Count."""
            return 0

    @pf.capability(effect="read", cache=MINUTE)
    async def numbers() -> AsyncIterator[int]:
        """Count."""
        yield 1

    with pytest.raises(DeclarationError, match="actor's message"):
        Shelf.count.verify()
    with pytest.raises(DeclarationError, match="is a stream"):
        numbers.verify()


@pytest.mark.parametrize("wrong", [{"ttl": timedelta(0)}, {"ttl": 5}, {"ttl": MINUTE, "limit": 0}])
def test_a_cache_that_cannot_be_is_refused_where_it_is_declared(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        pf.Cache(**wrong)


def test_discovery_tells_how_old_an_answer_may_be() -> None:
    assert declared(effect="read", cache=timedelta(minutes=5)).described()["cache_seconds"] == 300
    assert declared(effect="read").described()["cache_seconds"] is None
