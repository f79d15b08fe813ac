"""Delivery: one message at a time, in order, to an actor that is awake when it is needed and not otherwise."""

import asyncio
from datetime import timedelta

import pytest
from tests.runtime.tally import GATES, Snapshot, Tally, Volatile, line_up, table, until

import packetflow as pf
from packetflow._core.errors import CallCancelled, CallCycle, InvalidInput

KINDS = pytest.mark.parametrize("kind", [Tally, Snapshot, Volatile])


class Pair(pf.Actor[None], durability="volatile"):
    """Notices when two messages are in hand at once."""

    __slots__ = ("busy", "seen")

    def started(self) -> None:
        self.busy = 0
        self.seen: list[int] = []

    @pf.capability
    async def enter(self, number: int, pauses: int) -> int:
        """Stay for some rounds of the loop; give how many were in there."""
        self.busy += 1
        for _ in range(pauses):
            await asyncio.sleep(0)
        self.seen.append(number)
        inside, self.busy = self.busy, self.busy - 1
        return inside

    @pf.capability(effect="read")
    def order(self) -> list[int]:
        """Tell in which order they came."""
        return self.seen


async def test_a_thousand_concurrent_asks_are_handled_one_at_a_time_in_the_order_they_were_sent() -> None:
    async with pf.App(Pair, planners=[]) as root:
        pair = root.actor(Pair, "one")
        inside = await asyncio.gather(*[pair.ask(Pair.enter, number, number % 3) for number in range(1000)])
        assert set(inside) == {1}
        assert await pair.ask(Pair.order) == list(range(1000))


@KINDS
async def test_a_thousand_concurrent_writes_are_all_counted(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    totals = await asyncio.gather(*[tally.ask(kind.add) for _ in range(1000)])
    assert list(totals) == list(range(1, 1001))


async def test_asks_and_tells_keep_their_order(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    held = asyncio.ensure_future(tally.ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    asks: list[asyncio.Task[object]] = []
    for number in range(0, 100, 2):
        await tally.tell(Tally.note, number)
        asks += await line_up(app, tally.ask(Tally.note, number + 1))
    GATES["gate"].opened.set()
    await asyncio.gather(held, *asks)
    assert await tally.ask(Tally.noted) == list(range(100))


async def test_a_tell_before_an_ask_is_handled_before_it(root: pf.Client) -> None:
    tally = root.actor(Volatile, "one")
    await tally.tell(Volatile.add, 5)
    assert await tally.ask(Volatile.total) == 5


async def test_one_key_under_two_classes_is_two_actors(root: pf.Client) -> None:
    await root.actor(Tally, "one").ask(Tally.add, 5)
    await root.actor(Volatile, "one").ask(Volatile.add, 7)
    assert await root.actor(Tally, "one").ask(Tally.total) == 5
    assert await root.actor(Volatile, "one").ask(Volatile.total) == 7


async def test_a_busy_actor_delays_no_other(root: pf.Client) -> None:
    busy = asyncio.ensure_future(root.actor(Tally, "0").ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*[root.actor(Tally, str(n)).ask(Tally.add, n) for n in range(1, 100)])
    assert list(answers) == list(range(1, 100))
    assert not busy.done()
    GATES["gate"].opened.set()
    assert await busy == 2


@KINDS
@pytest.mark.parametrize("how", ["directly", "via", "gather"])
async def test_a_call_that_leads_back_to_its_actor_is_refused(root: pf.Client, kind: type[Tally], how: str) -> None:
    first = root.actor(kind, "first")
    with pytest.raises(CallCycle) as refused:
        await first.ask(kind.wait_on, "second" if how == "via" else "first", how)
    topic = f"{kind.actor_type.name}/first"
    chain = refused.value.details["chain"]
    assert isinstance(chain, list)
    assert (chain[0], chain[-1]) == (topic, topic)
    assert await first.ask(kind.total) == 0


async def test_what_is_told_is_no_part_of_the_tellers_call(root: pf.Client) -> None:
    first, second = root.actor(Tally, "first"), root.actor(Tally, "second")
    await first.ask(Tally.add, 3)
    await first.ask(Tally.pass_on, "second")  # and the second one asks the first
    assert await second.ask(Tally.total) == 103


@KINDS
async def test_a_cancelled_caller_leaves_no_trace_and_strands_nobody(
    app: pf.App, root: pf.Client, kind: type[Tally]
) -> None:
    tally = root.actor(kind, "one")
    held = asyncio.ensure_future(tally.ask(kind.hold, "gate", 1000))
    await GATES["gate"].entered.wait()
    behind = await line_up(app, *[tally.ask(kind.add) for _ in range(3)], kind=kind)
    held.cancel()
    async with asyncio.timeout(5):
        assert list(await asyncio.gather(*behind)) == [1, 2, 3]
    assert held.cancelled()
    assert table(app, kind).supervision.restarts == 0


async def test_a_caller_cancelled_in_the_mailbox_takes_its_message_along(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    held = asyncio.ensure_future(tally.ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    gone, kept = await line_up(app, tally.ask(Tally.add, 1000), tally.ask(Tally.add, 1))
    gone.cancel()
    GATES["gate"].opened.set()
    assert await kept == 3
    assert await held == 2
    assert gone.cancelled()


async def test_a_caller_cancelled_while_its_message_from_the_mailbox_is_in_hand_ends_it(
    app: pf.App, root: pf.Client
) -> None:
    tally = root.actor(Tally, "one")
    held = asyncio.ensure_future(tally.ask(Tally.hold, "first"))
    await GATES["first"].entered.wait()
    gone, kept = await line_up(app, tally.ask(Tally.hold, "second", 1000), tally.ask(Tally.add, 1))
    GATES["first"].opened.set()
    await GATES["second"].entered.wait()
    gone.cancel()
    async with asyncio.timeout(5):
        assert await kept == 3
    assert await held == 2
    assert GATES["second"].left == 1
    assert await tally.ask(Tally.amounts) == [1, 1]


async def test_a_handler_that_awaits_something_cancelled_by_others_fails_and_stops_nothing() -> None:
    class Fragile(pf.Actor[None], durability="volatile"):
        """Awaits what it should not."""

        @pf.capability
        async def stumble(self) -> None:
            """Await a cancelled future."""
            lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost

        @pf.capability(effect="read")
        def well(self) -> bool:
            """Answer."""
            return True

    async with pf.App(Fragile, planners=[]) as other:
        fragile = other.actor(Fragile, "one")
        with pytest.raises(CallCancelled):
            await fragile.ask(Fragile.stumble)
        await fragile.tell(Fragile.stumble)
        assert await fragile.ask(Fragile.well)


async def test_arguments_that_do_not_fit_are_the_callers_fault(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    for _ in range(5):
        with pytest.raises(InvalidInput):
            await tally.ask(Tally.hold)  # pyright: ignore[reportCallIssue] - the point
    assert await tally.ask(Tally.total) == 0
    assert table(app).supervision.restarts == 0


@KINDS
async def test_a_thousand_actors_idle_at_once_all_sleep_and_keep_their_memory(
    app: pf.App, root: pf.Client, kind: type[Tally]
) -> None:
    await asyncio.gather(*[root.actor(kind, str(n)).ask(kind.add, n) for n in range(1000)])
    awake = table(app, kind)
    assert len(awake.awake) == 1000
    awake.timer.advance(31 * 60)
    await until(lambda: not awake.awake)
    assert awake.supervision.restarts == 0
    kept = await asyncio.gather(*[root.actor(kind, str(n)).ask(kind.total) for n in range(1000)])
    assert list(kept) == ([0] * 1000 if kind is Volatile else list(range(1000)))


async def test_an_actor_that_is_used_now_and_then_stays_awake(app: pf.App, root: pf.Client) -> None:
    used, unused = root.actor(Volatile, "used"), root.actor(Volatile, "unused")
    await asyncio.gather(used.ask(Volatile.add), unused.ask(Volatile.add))
    volatile = table(app, Volatile)
    for _ in range(6):
        volatile.timer.advance(20 * 60)
        await used.ask(Volatile.add)
    assert set(volatile.awake) == {"used"}
    assert await used.ask(Volatile.total) == 7


async def test_a_busy_actor_does_not_sleep() -> None:
    class Patient(pf.Actor[None], durability="volatile", idle=timedelta(seconds=1), timeout=timedelta(days=1)):
        """Waits for long."""

        @pf.capability
        async def wait(self) -> str:
            """Wait for the gate."""
            await GATES["gate"].passed()
            return "done"

    app = pf.App(Patient, planners=[])
    async with app as root:
        waiting = asyncio.ensure_future(root.actor(Patient, "one").ask(Patient.wait))
        await GATES["gate"].entered.wait()
        table(app, Patient).timer.advance(3600)
        assert set(table(app, Patient).awake) == {"one"}
        GATES["gate"].opened.set()
        assert await waiting == "done"


@KINDS
async def test_stopping_a_busy_actor_cancels_it_refuses_what_waits_and_keeps_its_memory(
    app: pf.App, root: pf.Client, kind: type[Tally]
) -> None:
    tally = root.actor(kind, "one")
    await tally.ask(kind.add, 5)
    held = asyncio.ensure_future(tally.ask(kind.hold, "gate", 1000))
    await GATES["gate"].entered.wait()
    behind = await line_up(app, *[tally.ask(kind.add) for _ in range(3)], kind=kind)
    async with asyncio.timeout(5):
        assert await table(app, kind).stop("one")
    for refused in [held, *behind]:
        with pytest.raises(CallCancelled):
            await refused
    assert GATES["gate"].left == 1
    assert not table(app, kind).awake
    assert await tally.ask(kind.total) == (5 if kind is Tally else 0) + (5 if kind is Snapshot else 0)


async def test_stopping_an_idle_actor_saves_its_snapshot(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Snapshot, "one")
    await tally.ask(Snapshot.note, 5)
    assert await table(app, Snapshot).stop("one")
    assert not await table(app, Snapshot).stop("one")
    assert await tally.ask(Snapshot.noted) == [5]


async def test_closing_the_app_ends_busy_actors_and_leaves_no_task(app: pf.App) -> None:
    before = asyncio.all_tasks()
    async with app as root:
        kinds: list[type[Tally]] = [Tally, Snapshot, Volatile]
        gates = {f"{kind.__name__}-{key}": (kind, key) for kind in kinds for key in ("one", "two")}
        asks = [
            asyncio.ensure_future(root.actor(kind, key).ask(kind.hold, gate)) for gate, (kind, key) in gates.items()
        ]
        for gate in gates:
            await GATES[gate].entered.wait()
        asks += await line_up(app, root.actor(Tally, "one").ask(Tally.add))
        await root.actor(Tally, "one").tell(Tally.add)
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [CallCancelled] * 7
    assert asyncio.all_tasks() == before


async def test_handlers_that_never_suspend_do_not_keep_others_from_the_loop(root: pf.Client) -> None:
    tally = root.actor(Volatile, "one")
    heard = asyncio.Event()
    asyncio.get_running_loop().call_soon(heard.set)
    for _ in range(5000):
        await tally.ask(Volatile.note, 1)
        if heard.is_set():
            break
    assert heard.is_set()


async def test_a_failure_of_what_was_told_is_counted_and_logged(
    app: pf.App, root: pf.Client, caplog: pytest.LogCaptureFixture
) -> None:
    tally = root.actor(Tally, "one")
    await tally.tell(Tally.crash)
    assert await tally.ask(Tally.total) == 0
    assert table(app).failed == 1
    assert "a message told to actor tally:one failed" in caplog.text
    assert "out of order" in caplog.text


@pytest.mark.parametrize("how", ["def", "async"])
async def test_a_long_mailbox_is_emptied_in_slices_between_which_others_have_the_loop(
    app: pf.App, root: pf.Client, how: str
) -> None:
    tally, volatile = root.actor(Volatile, "one"), table(app, Volatile)
    for number in range(1900):
        await (tally.tell(Volatile.note, number) if how == "def" else tally.tell(Volatile.add))
    seen: set[int] = set()

    def done() -> bool:
        seen.add(volatile.handled)
        return volatile.handled == 1900

    await until(done)
    assert len(seen) > 5
    assert volatile.mailboxes.waiting == 0
