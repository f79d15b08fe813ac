"""A caller that goes away takes its message along, unless the class is detached: then it is handled to its end."""

import asyncio
import logging

import pytest
from tests.runtime.tally import GATES, Tally, Volatile, closing, line_up, table, until

import packetflow as pf
from packetflow._core.errors import CallCancelled, CallCycle, CapabilityFailed, DeadlineExceeded
from packetflow.stores.memory import MemoryStore


class Detached(Tally, detached=True):
    """Ends what it began."""


class DetachedVolatile(Detached, durability="volatile"):
    """The same, never saved."""


KINDS = pytest.mark.parametrize("kind", [Detached, DetachedVolatile])
BOTH = pytest.mark.parametrize(("inline", "detached"), [(Tally, Detached), (Volatile, DetachedVolatile)])


@pytest.fixture
def app() -> pf.App:
    return pf.App(Tally, Volatile, Detached, DetachedVolatile, store=MemoryStore(), planners=[])


@BOTH
async def test_a_cancelled_caller_ends_an_inline_handler_and_not_a_detached_one(
    root: pf.Client, inline: type[Tally], detached: type[Tally]
) -> None:
    for kind, outcome in ((inline, 0), (detached, 2)):
        gate = kind.actor_type.name
        held = asyncio.ensure_future(root.actor(kind, "one").ask(kind.hold, gate))
        await GATES[gate].entered.wait()
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        assert GATES[gate].left == (1 if kind is inline else 0)
        GATES[gate].opened.set()
        assert await root.actor(kind, "one").ask(kind.total) == outcome


@KINDS
async def test_a_callers_own_timeout_leaves_a_detached_handler_at_work(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await tally.ask(kind.hold, "gate")
    assert GATES["gate"].entered.is_set()
    GATES["gate"].opened.set()
    assert await tally.ask(kind.total) == 2


@KINDS
async def test_a_detached_actor_handles_one_message_at_a_time_in_order(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    totals = await asyncio.gather(*[tally.ask(kind.add) for _ in range(500)])
    assert list(totals) == list(range(1, 501))
    assert [await tally.ask(kind.note, number) for number in range(3)] == [[0], [0, 1], [0, 1, 2]]
    assert [part async for part in tally.stream(kind.count_up, 50)] == list(range(1, 51))


@KINDS
async def test_a_detached_handler_has_the_deadline_of_its_message(
    app: pf.App, root: pf.Client, kind: type[Tally]
) -> None:
    tally = root.actor(kind, "one")
    with pytest.raises(DeadlineExceeded):
        await root.within(deadline=0.02).actor(kind, "one").ask(kind.hold, "first")
    assert GATES["first"].left == 1
    held = asyncio.ensure_future(tally.ask(kind.hold, "second"))
    await GATES["second"].entered.wait()
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    table(app, kind).timer.advance(31)
    assert await tally.ask(kind.total) == 0
    assert GATES["second"].left == 1


async def test_a_message_whose_caller_leaves_the_mailbox_is_dropped_detached_or_not(
    app: pf.App, root: pf.Client
) -> None:
    tally = root.actor(Detached, "one")
    held = asyncio.ensure_future(tally.ask(Detached.hold, "gate"))
    await GATES["gate"].entered.wait()
    gone, kept = await line_up(app, tally.ask(Detached.add, 1000), tally.ask(Detached.add, 1), kind=Detached)
    gone.cancel()
    GATES["gate"].opened.set()
    assert (await held, await kept) == (2, 3)


async def test_a_failure_that_no_caller_waits_for_any_more_is_logged(
    root: pf.Client, caplog: pytest.LogCaptureFixture
) -> None:
    tally = root.actor(Detached, "one")
    crashing = asyncio.ensure_future(tally.ask(Detached.crash, "gate"))
    await GATES["gate"].entered.wait()
    crashing.cancel()
    await asyncio.gather(crashing, return_exceptions=True)
    with caplog.at_level(logging.WARNING):
        GATES["gate"].opened.set()
        assert await tally.ask(Detached.total) == 0
    assert "out of order" in caplog.text


@KINDS
async def test_a_stream_ends_with_its_reader_detached_or_not(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    async with closing(tally.stream(kind.count_up, 1_000_000, "gate")) as parts:
        assert await anext(parts) == 1
    async with asyncio.timeout(5):
        await GATES["gate"].entered.wait()
        assert await tally.ask(kind.total) == 0


@pytest.mark.parametrize("kind", [Tally, Volatile, Detached, DetachedVolatile])
async def test_a_reader_that_is_cancelled_midway_ends_the_handler_and_undoes_it(
    root: pf.Client, kind: type[Tally]
) -> None:
    tally, got = root.actor(kind, "one"), asyncio.Event()

    async def read() -> None:
        async for part in tally.stream(kind.count_up, 1_000_000, "gate"):
            if part == 3:
                got.set()

    reading = asyncio.ensure_future(read())
    await got.wait()
    reading.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([reading])
        await GATES["gate"].entered.wait()
        assert await tally.ask(kind.total) == 0
    assert reading.cancelled()


@KINDS
async def test_a_call_that_leads_back_to_a_detached_actor_is_refused(root: pf.Client, kind: type[Tally]) -> None:
    with pytest.raises(CallCycle):
        await root.actor(kind, "first").ask(kind.wait_on, "first", "directly")


async def test_a_detached_actor_crashes_and_is_stopped_as_any_other(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Detached, "one")
    with pytest.raises(CapabilityFailed):
        await tally.ask(Detached.crash)
    assert table(app, Detached).supervision.restarts == 1
    held = asyncio.ensure_future(tally.ask(Detached.hold, "gate"))
    await GATES["gate"].entered.wait()
    assert await root.stop_actor("detached:one")
    with pytest.raises(CallCancelled):
        await held
    await until(lambda: not table(app, Detached).awake)
