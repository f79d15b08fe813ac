"""Every wait has an end: that of the actor's class, of the message, or of the caller, whichever comes first."""

import asyncio

import pytest
from tests.runtime.tally import GATES, Snapshot, Tally, Volatile, line_up, table

import packetflow as pf
from packetflow._core.errors import DeadlineExceeded

KINDS = pytest.mark.parametrize("kind", [Tally, Snapshot, Volatile])


@KINDS
async def test_a_handler_that_waits_for_too_long_is_cancelled_and_rolled_back(
    app: pf.App, root: pf.Client, kind: type[Tally]
) -> None:
    tally = root.actor(kind, "one")
    held = asyncio.ensure_future(tally.ask(kind.hold, "gate", 1000))
    await GATES["gate"].entered.wait()
    table(app, kind).timer.advance(29)
    await asyncio.gather(root.actor(kind, "two").ask(kind.add))
    assert not held.done()
    table(app, kind).timer.advance(2)
    async with asyncio.timeout(5):
        with pytest.raises(DeadlineExceeded):
            await held
    assert GATES["gate"].left == 1
    assert await tally.ask(kind.total) == 0
    assert table(app, kind).supervision.restarts == 0


async def test_a_message_that_waits_in_the_mailbox_for_too_long_is_dropped(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    held = asyncio.ensure_future(tally.ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    (late,) = await line_up(app, root.within(deadline=0.02).actor(Tally, "one").ask(Tally.add, 1000))
    with pytest.raises(DeadlineExceeded, match="busy"):
        await late
    GATES["gate"].opened.set()
    assert await held == 2
    assert await tally.ask(Tally.total) == 2


async def test_the_wait_in_the_mailbox_and_the_handling_share_one_deadline(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    first = asyncio.ensure_future(tally.ask(Tally.hold, "first"))
    await GATES["first"].entered.wait()
    (second,) = await line_up(app, tally.ask(Tally.hold, "second", 1000))
    table(app).timer.advance(20)
    GATES["first"].opened.set()
    assert await first == 2
    await GATES["second"].entered.wait()
    assert not second.done()
    table(app).timer.advance(11)
    async with asyncio.timeout(5):
        with pytest.raises(DeadlineExceeded, match="did not answer"):
            await second
    assert await tally.ask(Tally.total) == 2


async def test_what_was_told_has_a_deadline_too(app: pf.App, root: pf.Client, caplog: pytest.LogCaptureFixture) -> None:
    tally = root.actor(Tally, "one")
    await tally.tell(Tally.hold, "gate", 1000)
    await GATES["gate"].entered.wait()
    table(app).timer.advance(31)
    assert await tally.ask(Tally.total) == 0
    assert "did not answer in time" in caplog.text


@KINDS
async def test_a_shorter_deadline_of_the_caller_counts(root: pf.Client, kind: type[Tally]) -> None:
    with pytest.raises(DeadlineExceeded):
        await root.within(deadline=0.02).actor(kind, "one").ask(kind.hold, "gate", 1000)
    assert await root.actor(kind, "one").ask(kind.total) == 0


async def test_a_call_whose_deadline_is_over_is_not_begun(root: pf.Client) -> None:
    with pytest.raises(DeadlineExceeded):
        await root.within(deadline=-1).actor(Tally, "one").ask(Tally.hold, "gate")
    assert not GATES["gate"].entered.is_set()


async def test_a_shorter_timeout_of_the_message_counts_asked_and_told(
    root: pf.Client, caplog: pytest.LogCaptureFixture
) -> None:
    tally = root.actor(Tally, "one")
    with pytest.raises(DeadlineExceeded):
        await tally.ask(Tally.hurry, "gate")
    await tally.tell(Tally.hurry, "gate")
    assert await tally.ask(Tally.total) == 0
    assert "did not answer in time" in caplog.text


async def test_a_caller_that_is_cancelled_as_its_deadline_passes_stays_cancelled(app: pf.App, root: pf.Client) -> None:
    held = asyncio.ensure_future(root.actor(Tally, "one").ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    table(app).timer.advance(31)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held


async def test_the_callers_own_timeout_around_an_ask_is_heard(root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await tally.ask(Tally.hold, "gate", 1000)
    assert await tally.ask(Tally.total) == 0


async def test_a_deadline_that_passes_leaves_its_task_uncancelled(app: pf.App, root: pf.Client) -> None:
    async def patient() -> int:
        with pytest.raises(DeadlineExceeded):
            await root.actor(Tally, "one").ask(Tally.hold, "gate", 1000)
        current = asyncio.current_task()
        assert current is not None
        assert current.cancelling() == 0
        return await root.actor(Tally, "one").ask(Tally.add)

    waiting = asyncio.ensure_future(patient())
    await GATES["gate"].entered.wait()
    table(app).timer.advance(31)
    assert await waiting == 1
