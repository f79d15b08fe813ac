"""A crash undoes its message and restarts its actor; crashing too often stops it for a while, and it alone."""

import asyncio
import gc
import weakref
from datetime import timedelta

import pytest
from tests.runtime.tally import GATES, Snapshot, Tally, Volatile, line_up, table, until

import packetflow as pf
from packetflow._core.errors import ActorStopped, CapabilityFailed, StoreUnavailable
from packetflow._core.ports import Commit, Committed
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore


async def crash(root: pf.Client, key: str = "one", kind: type[Tally] = Tally) -> None:
    tally = root.actor(kind, key)
    with pytest.raises(CapabilityFailed, match="out of order") as failed:
        await tally.ask(kind.crash)
    assert isinstance(failed.value.__cause__, ValueError)


async def test_after_a_crash_a_durable_actor_has_the_state_after_the_message_before() -> None:
    app = pf.App(Tally, store=SQLiteStore("tally.db"), planners=[])
    async with app as root:
        tally = root.actor(Tally, "one")
        for amount in (1, 2, 3):
            await tally.ask(Tally.add, amount)
        await crash(root)
        assert await tally.ask(Tally.add, 10) == 16
        assert await tally.ask(Tally.amounts) == [1, 2, 3, 10]
    async with app as root:
        assert await root.actor(Tally, "one").ask(Tally.total) == 16


async def test_after_a_crash_a_snapshot_actor_has_the_state_of_its_last_snapshot(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Snapshot, "one")
    await tally.ask(Snapshot.note, 1)
    await tally.ask(Snapshot.note, 2)
    assert await table(app, Snapshot).stop("one")
    await tally.ask(Snapshot.note, 3)
    await crash(root, "one", Snapshot)
    assert await tally.ask(Snapshot.noted) == [1, 2]


async def test_after_a_crash_a_volatile_actor_begins_afresh(root: pf.Client) -> None:
    tally = root.actor(Volatile, "one")
    await tally.ask(Volatile.add, 3)
    await crash(root, "one", Volatile)
    assert await tally.ask(Volatile.add, 1) == 1


async def test_messages_behind_a_crash_are_handled(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    crashing = asyncio.ensure_future(tally.ask(Tally.crash, "gate"))
    await GATES["gate"].entered.wait()
    behind = await line_up(app, *[tally.ask(Tally.add) for _ in range(3)])
    GATES["gate"].opened.set()
    assert list(await asyncio.gather(*behind)) == [1, 2, 3]
    with pytest.raises(CapabilityFailed):
        await crashing
    assert table(app).supervision.restarts == 1


@pytest.mark.parametrize("kind", [Tally, Snapshot, Volatile])
async def test_a_refusal_is_no_crash(app: pf.App, root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    durability = kind.actor_type.durability
    await tally.ask(kind.add, 5)
    for _ in range(10):
        with pytest.raises(pf.Conflict, match="not now"):
            await tally.ask(kind.refuse)
    assert table(app, kind).supervision.restarts == 0
    assert await tally.ask(kind.amounts) == ([] if durability == "volatile" else [5])
    # Only a durable actor has a copy of what was; the others keep what the refusing handler left behind.
    assert await tally.ask(kind.total) == (5 if durability == "durable" else 10005)


async def test_over_the_limit_an_actor_is_stopped_and_says_when_it_is_back(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    await tally.ask(Tally.add, 5)
    for _ in range(4):
        await crash(root)
    with pytest.raises(ActorStopped) as stopped:
        await tally.ask(Tally.total)
    assert stopped.value.details["retry_after"] == pytest.approx(60, abs=1)
    table(app).timer.advance(61)
    assert await tally.ask(Tally.total) == 5
    assert table(app).supervision.restarts == 3


async def test_a_stopped_actor_that_is_not_durable_refuses_what_it_is_told(app: pf.App, root: pf.Client) -> None:
    for _ in range(4):
        await crash(root, "one", Volatile)
    with pytest.raises(ActorStopped):
        await root.actor(Volatile, "one").tell(Volatile.add)
    table(app, Volatile).timer.advance(61)
    assert await root.actor(Volatile, "one").ask(Volatile.total) == 0


async def test_a_stopped_actor_stops_no_other(root: pf.Client) -> None:
    for _ in range(4):
        await crash(root)
    assert await root.actor(Tally, "two").ask(Tally.add) == 1
    assert await root.actor(Volatile, "one").ask(Volatile.add) == 1


async def test_what_waits_for_an_actor_that_is_stopped_is_told(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    for _ in range(3):
        await crash(root)
    last = asyncio.ensure_future(tally.ask(Tally.crash, "gate"))
    await GATES["gate"].entered.wait()
    behind = await line_up(app, *[tally.ask(Tally.add) for _ in range(3)])
    GATES["gate"].opened.set()
    for refused in behind:
        with pytest.raises(ActorStopped):
            await refused
    with pytest.raises(CapabilityFailed):
        await last
    assert not table(app).awake
    assert table(app).mailboxes.waiting == 0


async def test_crashes_further_apart_than_the_window_stop_nothing(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    for _ in range(20):
        await crash(root)
        table(app).timer.advance(20)
    assert await tally.ask(Tally.add) == 1
    assert table(app).supervision.restarts == 20


async def test_an_actor_that_cannot_start_fails_its_caller_and_then_stops() -> None:
    class Broken(pf.Actor[None], durability="volatile", restart=pf.Restart(times=1, within=timedelta(minutes=1))):
        """Cannot start."""

        def started(self) -> None:
            raise RuntimeError("no tools")

        @pf.capability
        def work(self) -> None:
            """Do nothing."""

    async with pf.App(Broken, store=MemoryStore(), planners=[]) as root:
        broken = root.actor(Broken, "one")
        for _ in range(2):
            with pytest.raises(CapabilityFailed, match="no tools"):
                await broken.ask(Broken.work)
        with pytest.raises(ActorStopped):
            await broken.ask(Broken.work)


async def test_a_store_that_fails_is_no_crash_of_the_actor(app: pf.App, store: MemoryStore, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    await tally.ask(Tally.add, 5)
    await store.close()
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            await tally.ask(Tally.add)
    await store.open()
    assert await tally.ask(Tally.total) == 5
    assert table(app).supervision.restarts == 0


async def test_one_actors_crash_leaves_the_handler_that_asked_it_in_charge() -> None:
    class Careful(pf.Actor[None]):
        """Asks somebody who crashes, and lives with it."""

        @pf.capability
        async def try_it(self, ctx: pf.Context) -> str:
            """Ask."""
            try:
                await ctx.actor(Tally, "one").ask(Tally.crash)
            except CapabilityFailed as failed:
                return failed.message
            return "unheard of"

    both = pf.App(Careful, Tally, store=MemoryStore(), planners=[])
    async with both as other:
        assert "out of order" in await other.actor(Careful, "one").ask(Careful.try_it)
        assert table(both, Careful).supervision.restarts == 0
        assert table(both, Tally).supervision.restarts == 1


async def test_a_full_mailbox_refuses_and_takes_messages_again_later() -> None:
    class Narrow(Tally, mailbox=2, durability="volatile"):
        """Has little room."""

    app = pf.App(Narrow, store=MemoryStore(), planners=[])
    async with app as root:
        narrow = root.actor(Narrow, "one")
        held = asyncio.ensure_future(narrow.ask(Narrow.hold, "gate"))
        await GATES["gate"].entered.wait()
        waiting = await line_up(app, narrow.ask(Narrow.add), narrow.ask(Narrow.add), kind=Narrow)
        with pytest.raises(pf.CallError) as full:
            await narrow.ask(Narrow.add)
        assert (full.value.code, full.value.details["limit"]) == ("overloaded", 2)
        with pytest.raises(pf.CallError):
            await narrow.tell(Narrow.add)
        GATES["gate"].opened.set()
        assert list(await asyncio.gather(held, *waiting)) == [2, 3, 4]
        await until(lambda: table(app, Narrow).mailboxes.waiting == 0)
        assert await narrow.ask(Narrow.add) == 5


class Odd(BaseException):
    """What is no Exception, as some libraries raise."""


class Fragile(Tally):
    """Raises what is no Exception."""

    @pf.capability
    async def leave(self, what: str, gate: str | None = None) -> None:
        """Spoil the state, then raise what `except Exception` does not catch."""
        self.state.total += 1000
        if gate is not None:
            await GATES[gate].passed()
        raise {"odd": Odd, "exit": SystemExit, "interrupt": KeyboardInterrupt}[what]("gone")

    @pf.capability
    def drop(self) -> None:
        """Do the same without waiting for anything."""
        self.state.total += 1000
        raise Odd("gone")


class FragileVolatile(Fragile, durability="volatile"):
    """The same, never saved."""


FRAGILE = pytest.mark.parametrize("kind", [Fragile, FragileVolatile])


def fragile() -> pf.App:
    return pf.App(Fragile, FragileVolatile, store=MemoryStore(), planners=[])


@FRAGILE
async def test_what_is_no_exception_undoes_its_message_and_fails_its_caller(kind: type[Fragile]) -> None:
    app = fragile()
    async with asyncio.timeout(10), app as root:
        actor = root.actor(kind, "one")
        await actor.ask(kind.add, 5)
        for leaving in (actor.ask(kind.leave, "odd"), actor.ask(kind.drop)):
            with pytest.raises(CapabilityFailed, match="Odd: gone") as failed:
                await leaving
            assert isinstance(failed.value.__cause__, Odd)
        assert await actor.ask(kind.total) == (5 if kind is Fragile else 0)
        assert table(app, kind).supervision.restarts == 2


@FRAGILE
async def test_what_is_no_exception_fails_only_its_own_message_in_a_mailbox(kind: type[Fragile]) -> None:
    app = fragile()
    async with asyncio.timeout(10), app as root:
        actor = root.actor(kind, "one")
        held = asyncio.ensure_future(actor.ask(kind.hold, "gate", 0))
        await GATES["gate"].entered.wait()
        await actor.tell(kind.leave, "odd")
        left, dropped, added = await line_up(
            app, actor.ask(kind.leave, "odd"), actor.ask(kind.drop), actor.ask(kind.add, 7), kind=kind
        )
        GATES["gate"].opened.set()
        assert await held == 0
        for leaving in (left, dropped):
            with pytest.raises(CapabilityFailed) as failed:
                await leaving
            assert isinstance(failed.value.__cause__, Odd)
        assert await added == 7
        await until(lambda: table(app, kind).mailboxes.waiting == 0)


@FRAGILE
@pytest.mark.parametrize(("what", "ending"), [("exit", SystemExit), ("interrupt", KeyboardInterrupt)])
@pytest.mark.parametrize("queued", [False, True])
def test_what_ends_the_program_reaches_the_loop_and_the_app_still_closes(
    kind: type[Fragile], what: str, ending: type[BaseException], *, queued: bool
) -> None:
    ended: list[bool] = []

    async def program() -> None:
        app, begun = fragile(), asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(10), app as root:
                actor = root.actor(kind, "one")
                await actor.ask(kind.add, 5)
                if not queued:
                    await actor.ask(kind.leave, what)
                held = asyncio.ensure_future(actor.ask(kind.hold, "gate", 0))
                await GATES["gate"].entered.wait()
                waiting = await line_up(app, actor.ask(kind.leave, what), actor.ask(kind.add, 7), kind=kind)
                GATES["gate"].opened.set()
                await asyncio.gather(held, *waiting)
        finally:
            ended.append(asyncio.get_running_loop().time() < begun + 9)

    with asyncio.Runner() as runner, pytest.raises(ending):
        runner.run(program())
    assert ended == [True]


async def test_a_mailbox_whose_task_is_cancelled_from_outside_is_served_on() -> None:
    app = fragile()
    async with asyncio.timeout(10), app as root:
        actor = root.actor(Fragile, "one")
        first = asyncio.ensure_future(actor.ask(Fragile.hold, "first", 0))
        await GATES["first"].entered.wait()
        before = asyncio.all_tasks()
        held, added = await line_up(app, actor.ask(Fragile.hold, "gate"), actor.ask(Fragile.add, 7), kind=Fragile)
        GATES["first"].opened.set()
        await GATES["gate"].entered.wait()
        for task in asyncio.all_tasks() - before - {held, added}:
            task.cancel()
        with pytest.raises(pf.CallError, match="cancelled"):
            await held
        assert await added == 7
        assert await first == 0


class Faulty(MemoryStore):
    """Breaks its contract when it should commit."""

    broken = False

    async def commit(self, commit: Commit) -> Committed:
        if self.broken:
            raise RuntimeError("a bug in the store")
        return await super().commit(commit)


async def test_a_bug_of_the_store_while_a_snapshot_is_saved_is_logged_and_the_actor_serves_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Faulty()
    app = pf.App(Snapshot, store=store, planners=[])
    async with asyncio.timeout(10), app as root:
        actor = root.actor(Snapshot, "one")
        await actor.ask(Snapshot.note, 1)
        store.broken = True
        table(app, Snapshot).timer.advance(11)
        assert await actor.ask(Snapshot.note, 2) == [1, 2]
        assert "a bug in the store" in caplog.text
        store.broken = False
    async with app as root:
        assert await root.actor(Snapshot, "one").ask(Snapshot.noted) == [1, 2]


@pytest.mark.parametrize("kind", [Tally, Volatile])
async def test_a_crash_leaves_nothing_to_the_collector(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    left: list[weakref.ref[BaseException]] = []
    gc.disable()
    try:
        for _ in range(2):
            try:
                await tally.ask(kind.crash)
            except CapabilityFailed as failed:
                left.append(weakref.ref(failed))
        assert [one() for one in left] == [None, None]
    finally:
        gc.enable()
