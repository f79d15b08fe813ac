"""The gate is quick without being careless: what it leaves for later is as true as what it does at once."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, cast

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import packetflow as pf
from packetflow._core.context import new_id
from packetflow._core.errors import CallCancelled, DeadlineExceeded
from packetflow._core.grant import Grant
from packetflow._core.meter import Meter
from packetflow._runtime.telemetry import Telemetry, TraceField
from packetflow.stores.memory import MemoryStore

EXTRA: list[str] = []
"""What `fill` adds to its input."""


class Stop(BaseException):
    """Raised by who knows no better."""


@pf.capability(effect="read")
async def wait(seconds: float) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    return "done"


@pf.capability(effect="read")
async def stop() -> None:
    """Raise what is no Exception."""
    raise Stop("enough")


@pf.capability(effect="read")
def stop_in_thread() -> None:
    """Raise what is no Exception, in a thread."""
    raise Stop("enough")


@pf.capability(effect="read")
async def leave(code: int) -> None:
    """End the program."""
    raise SystemExit(code)


@pf.capability(effect="read")
async def leave_in_group() -> None:
    """End the program out of a group."""
    raise BaseExceptionGroup("two", [ValueError("a"), KeyboardInterrupt()])


@pf.capability(effect="read")
async def lose() -> None:
    """Await something that somebody else cancels."""
    lost = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lost.cancel)
    await lost


@pf.capability(effect="write")
async def fill(names: list[str]) -> int:
    """Change what it was given."""
    names += EXTRA
    return len(names)


@pf.capability(effect="read", timeout=timedelta(milliseconds=20))
async def clean_up(steps: int) -> str:
    """Take several turns of the loop, and a while to end."""
    for _ in range(steps):
        await asyncio.sleep(0)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        raise
    return "never"


@pf.capability(effect="read")
async def task_name() -> tuple[str, str]:
    """Name the task before and after a wait."""
    before = cast("asyncio.Task[Any]", asyncio.current_task()).get_name()
    await asyncio.sleep(0)
    return before, cast("asyncio.Task[Any]", asyncio.current_task()).get_name()


@pf.capability(effect="read")
async def log_twice() -> None:
    """Write two lines, before and after a wait."""
    logging.getLogger("test").warning("one")
    await asyncio.sleep(0)
    logging.getLogger("test").warning("two")


@pf.capability(effect="external")
async def think(ctx: pf.Context, tokens: int, deeper: int = 0) -> int:
    """Spend tokens, and let another spend some."""
    ctx.spend(tokens=tokens, cost=0.000002)
    if deeper:
        await ctx.call(think, tokens=deeper)
    ctx.spend(tokens=1)
    return tokens


class Mind(pf.Actor[None]):
    """A mind."""

    @pf.capability(effect="external")
    async def ponder(self, ctx: pf.Context, tokens: int) -> None:
        """Spend tokens."""
        ctx.spend(tokens=tokens)


PARTS = (
    *(wait, stop, stop_in_thread, leave, leave_in_group, lose, fill, clean_up, task_name, log_twice, think),
    Mind,
)


def app(store: MemoryStore | None = None) -> pf.App:
    return pf.App(*PARTS, store=store or MemoryStore(), planners=[])


@pytest.mark.parametrize("name", ["stop", "stop_in_thread"])
async def test_an_exception_that_is_no_exception_is_a_failure_of_its_capability(name: str) -> None:
    async with app() as root:
        with pytest.raises(pf.CapabilityFailed, match="Stop: enough") as caught:
            await root.call(name)
        assert isinstance(caught.value.__cause__, Stop)


async def test_what_ends_the_program_passes_as_it_is() -> None:
    async with app() as root:
        with pytest.raises(SystemExit) as caught:
            await root.call(leave, code=3)
        assert caught.value.code == 3
        with pytest.raises(BaseExceptionGroup):
            await root.call(leave_in_group)


async def test_a_cancellation_that_is_not_the_callers_is_an_error_and_ends_nobody() -> None:
    async with app() as root:
        with pytest.raises(CallCancelled):
            await root.call(lose)
        assert await root.call(wait, seconds=0.0) == "done"


async def test_cancelling_the_caller_cancels_the_capability_and_waits_for_its_end() -> None:
    async with app() as root:
        call = asyncio.ensure_future(root.call(clean_up, steps=1))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with anyio.move_on_after(0.005) as scope:
            await root.call(wait, seconds=60)
        assert scope.cancelled_caught


@pytest.mark.parametrize("steps", [0, 1, 5])
async def test_a_call_is_late_however_many_turns_it_took_before(steps: int) -> None:
    async with app() as root, asyncio.timeout(10):
        with pytest.raises(DeadlineExceeded):
            await root.call(clean_up, steps=steps)
        with pytest.raises(DeadlineExceeded):
            await root.within(deadline=-1).call(clean_up, steps=steps)


async def test_a_capability_stays_in_its_callers_task() -> None:
    async with app() as root:
        own = cast("asyncio.Task[Any]", asyncio.current_task()).get_name()
        assert await root.call(task_name) == (own, own)


async def test_the_audit_names_the_arguments_that_were_decided_whatever_became_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, given = MemoryStore(), ["ada"]
    async with app(store) as root:
        assert await root.call(fill, names=["ada"]) == 1
        monkeypatch.setattr(sys.modules[__name__], "EXTRA", ["more"])
        assert await root.call(fill, names=given) == 2
        given.append("eve")
        assert await root.call(fill, names=["ada", "more"]) == 3
    await store.open()
    left_alone, changed, other = [audit.digest for audit in reversed(await store.audits())]
    assert left_alone == changed != other
    assert len(changed) == 32


async def test_a_burst_of_calls_is_recorded_whole_and_in_order() -> None:
    store = MemoryStore()
    async with app(store) as root:
        for number in range(300):
            await root.within(trace_id=f"{number:032x}").call(fill, names=[])
    await store.open()
    calls, audits = await store.calls(limit=1000), await store.audits(limit=1000)
    assert [int(one.trace_id, 16) for one in reversed(calls)] == list(range(300))
    assert [int(one.trace_id, 16) for one in reversed(audits)] == list(range(300))
    assert len({one.id for one in calls}) == 300


async def test_every_log_line_of_a_call_has_its_trace_id_though_nothing_is_traced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(TraceField())
    async with app() as root:
        await asyncio.gather(*[root.within(trace_id=f"{n:032x}").call(log_twice) for n in (1, 2)])
        logging.getLogger("test").warning("outside")
    ids = [cast("Any", record).trace_id for record in caplog.records if record.name == "test"]
    assert sorted(ids) == ["", *[f"{n:032x}" for n in (1, 1, 2, 2)]]


async def test_a_tracer_provider_that_is_set_later_is_noticed_at_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    telemetry = Telemetry()
    assert not telemetry.traced
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    telemetry.look()
    assert telemetry.traced
    with telemetry.span("capability x", "0" * 31 + "7", {}):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == ["capability x"]
    provider.shutdown()


async def test_what_a_call_spent_is_in_its_own_record() -> None:
    store = MemoryStore()
    async with app(store) as root:
        await root.call(think, tokens=10, deeper=5)
        await root.call("mind.ponder", key="one", tokens=7)
        with pytest.raises(pf.CapabilityFailed):
            await root.call(think, tokens=-1)
    await store.open()
    spent = [(call.capability_id, call.tokens, call.cost_micros) for call in reversed(await store.calls())]
    assert spent == [("think", 11, 2), ("think", 6, 2), ("mind.ponder", 7, 0), ("think", 0, 0)]


def test_a_capability_gets_every_circumstance_of_its_call() -> None:
    given = {field.name: object() for field in fields(pf.Context)}
    context = pf.Context(**cast("Any", given))
    door, meter = cast("Any", object()), Meter()
    assert context.within(door, meter, 3.0) == replace(context, door=door, deadline=3.0, approved=frozenset())
    inner = context.within(door, meter, 3.0)
    own = {"door", "meter", "deadline", "approved", "names"}  # a yes is for one call, and names are for one function
    assert {name for name in given if getattr(inner, name) is not given[name]} == own


def test_ids_are_unique_and_a_forked_process_has_others() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 32).decode() != new_id()
    os.close(read)
    os.close(write)


def test_a_grants_fingerprint_depends_on_what_it_permits_and_on_nothing_else() -> None:
    names = ["b", "a", "d", "c", "e"]
    one, same = (Grant.root().delegate("ada", only=order) for order in (names, names[::-1]))
    assert one.fingerprint == same.fingerprint == Grant.from_json(one.to_json()).fingerprint
    assert one.fingerprint != Grant.root().delegate("ada", only=names[1:]).fingerprint
