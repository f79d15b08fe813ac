"""Above the actor stands its class, above the class the app: what an exception does to each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.runtime.tally import GATES, Tally, closing, line_up, table, until

import packetflow as pf
from packetflow._core.errors import ActorStopped, CapabilityFailed, DeclarationError, NotAllowed
from packetflow.stores.memory import MemoryStore

MINUTE = timedelta(minutes=1)


class Minor(ValueError):
    """Not worth a restart."""


class Grave(Exception):
    """Worth more than one."""


class Choosy(
    Tally,
    restart=pf.Restart(
        times=1, within=MINUTE, on={ValueError: "restart", Minor: "resume", Grave: "stop", pf.Conflict: "restart"}
    ),
):
    """Answers each exception in its own way."""

    @pf.capability
    async def fail(self, how: str) -> None:
        """Spoil the state, then raise."""
        self.state.total += 1000
        raise {"minor": Minor, "value": ValueError, "grave": Grave, "refuse": pf.NotFound}[how]("on purpose")


class ChoosyVolatile(Choosy, durability="volatile"):
    """The same, never saved."""


KINDS = pytest.mark.parametrize("kind", [Choosy, ChoosyVolatile])


async def fail(root: pf.Client, kind: type[Choosy], how: str, key: str = "one") -> None:
    with suppress(CapabilityFailed, pf.CallError):
        await root.actor(kind, key).ask(kind.fail, how)


@pytest.fixture
def app() -> pf.App:
    return pf.App(Choosy, ChoosyVolatile, store=MemoryStore(), planners=[])


@KINDS
async def test_an_actor_resumes_after_an_exception_as_after_a_refusal(
    app: pf.App, root: pf.Client, kind: type[Choosy]
) -> None:
    await root.actor(kind, "one").ask(kind.add, 5)
    for _ in range(10):
        await fail(root, kind, "minor")
    assert await root.actor(kind, "one").ask(kind.total) == (5 if kind is Choosy else 10005)
    assert table(app, kind).supervision.restarts == 0


@KINDS
async def test_the_nearest_class_of_an_exception_decides(app: pf.App, root: pf.Client, kind: type[Choosy]) -> None:
    await fail(root, kind, "value")
    assert table(app, kind).supervision.restarts == 1
    await fail(root, kind, "value")
    with pytest.raises(ActorStopped):
        await root.actor(kind, "one").ask(kind.total)


@KINDS
async def test_a_grave_exception_stops_its_actor_at_once_until_somebody_starts_it(
    root: pf.Client, kind: type[Choosy]
) -> None:
    await root.actor(kind, "one").ask(kind.add, 5)
    await fail(root, kind, "grave")
    with pytest.raises(ActorStopped) as stopped:
        await root.actor(kind, "one").ask(kind.total)
    assert stopped.value.details["retry_after"] == pytest.approx(60, abs=1)
    assert await root.actor(kind, "two").ask(kind.add) == 1
    assert (await root.actors(kind.actor_type.name))[0].status in {"stopped", "idle"}
    assert await root.start_actor(f"{kind.actor_type.name}:one")
    assert not await root.start_actor(f"{kind.actor_type.name}:one")
    assert await root.actor(kind, "one").ask(kind.total) == (5 if kind is Choosy else 0)


@KINDS
async def test_a_stopped_actor_is_back_after_the_window(app: pf.App, root: pf.Client, kind: type[Choosy]) -> None:
    await fail(root, kind, "grave")
    table(app, kind).timer.advance(59)
    with pytest.raises(ActorStopped):
        await root.actor(kind, "one").ask(kind.total)
    table(app, kind).timer.advance(1.5)
    assert await root.actor(kind, "one").ask(kind.total) == 0


@KINDS
async def test_a_refusal_is_no_crash_unless_its_own_class_says_so(
    app: pf.App, root: pf.Client, kind: type[Choosy]
) -> None:
    for _ in range(5):
        await fail(root, kind, "refuse")
    assert table(app, kind).supervision.restarts == 0
    with pytest.raises(pf.Conflict):
        await root.actor(kind, "one").ask(kind.refuse)
    assert table(app, kind).supervision.restarts == 1


async def test_what_everything_does_is_not_done_after_a_refusal() -> None:
    class Strict(Tally, restart=pf.Restart(on={Exception: "stop"})):
        """Stops at any exception."""

    app = pf.App(Strict, store=MemoryStore(), planners=[])
    async with app as root:
        strict = root.actor(Strict, "one")
        with pytest.raises(pf.Conflict):
            await strict.ask(Strict.refuse)
        assert await strict.ask(Strict.add) == 1
        with pytest.raises(CapabilityFailed):
            await strict.ask(Strict.crash)
        with pytest.raises(ActorStopped):
            await strict.ask(Strict.add)


@pytest.mark.parametrize(
    "wrong",
    [
        pf.Restart(on=cast("Any", {ValueError: "again"})),
        pf.Restart(on=cast("Any", {"ValueError": "stop"})),
        pf.Restart(on=cast("Any", {SystemExit: "stop"})),
        pf.Restart(times=-1),
        pf.Restart(within=timedelta(0)),
        pf.Restart(backoff=timedelta(seconds=-1)),
        pf.Restart(actors=-1),
    ],
)
def test_a_rule_that_cannot_be_is_refused_when_it_is_declared(wrong: pf.Restart) -> None:
    with pytest.raises(DeclarationError, match="restart"):
        type("Wrong", (Tally,), {"__doc__": "Wrong."}, restart=wrong)


# -- back-off ----------------------------------------------------------------------------------------------------------


class Slow(
    Tally, durability="volatile", restart=pf.Restart(times=5, within=MINUTE, backoff=timedelta(milliseconds=30))
):
    """Waits after a crash."""


async def test_after_a_crash_the_next_message_waits_longer_each_time_and_keeps_its_place() -> None:
    app = pf.App(Slow, store=MemoryStore(), planners=[])
    loop = asyncio.get_running_loop()
    async with app as root:
        slow, pauses = root.actor(Slow, "one"), list[float]()
        for _ in range(3):
            with pytest.raises(CapabilityFailed):
                await slow.ask(Slow.crash)
            begun = loop.time()
            answers = [asyncio.ensure_future(slow.ask(Slow.note, number)) for number in range(3)]
            assert await root.actor(Slow, "two").ask(Slow.note, 1)
            assert [await answer for answer in answers] == [[0], [0, 1], [0, 1, 2]]
            pauses.append(loop.time() - begun)
        assert pauses[0] >= 0.03 - 0.005
        assert pauses[1] >= 0.06 - 0.005
        assert pauses[2] >= 0.12 - 0.005


async def test_a_crash_in_the_mailbox_keeps_what_waits_behind_it_for_after_the_pause() -> None:
    app = pf.App(Slow, store=MemoryStore(), planners=[])
    async with app as root:
        slow = root.actor(Slow, "one")
        held = asyncio.ensure_future(slow.ask(Slow.hold, "gate"))
        await GATES["gate"].entered.wait()
        crashed, first, second = await line_up(
            app, slow.ask(Slow.crash), slow.ask(Slow.note, 1), slow.ask(Slow.note, 2), kind=Slow
        )
        GATES["gate"].opened.set()
        await held
        with pytest.raises(CapabilityFailed):
            await crashed
        assert (await first, await second) == ([1], [1, 2])
        await until(lambda: table(app, Slow).mailboxes.waiting == 0)
        assert await slow.ask(Slow.noted) == [1, 2]


async def test_no_pause_is_longer_than_the_longest_and_an_actor_can_be_stopped_in_one() -> None:
    class Patient(Tally, restart=pf.Restart(times=50, backoff=timedelta(hours=1), longest=timedelta(days=1))):
        """Waits for hours."""

    app = pf.App(Patient, store=MemoryStore(), planners=[])
    async with app as root:
        patient = root.actor(Patient, "one")
        with pytest.raises(CapabilityFailed):
            await patient.ask(Patient.crash)
        (waiting,) = await line_up(app, patient.ask(Patient.add), kind=Patient)
        assert root.statistics().actors[0].busy == 1
        assert await root.stop_actor("patient:one")
        with pytest.raises(pf.CallError):
            await waiting
        assert await patient.ask(Patient.add) == 1
        with pytest.raises(CapabilityFailed):
            await patient.ask(Patient.crash)
    rule = table_of_pauses(pf.Restart(times=50, backoff=timedelta(seconds=1), longest=timedelta(seconds=8)))
    assert rule == [1, 2, 4, 8, 8, 8]


def table_of_pauses(restart: pf.Restart) -> list[float | None]:
    class Ruled(Tally, restart=restart):
        """Follows a rule."""

    from packetflow._runtime.supervision import Supervision  # noqa: PLC0415 - the rule alone, without an app

    supervision = Supervision(Ruled.actor_type)
    return [supervision.crashed("one", 0) for _ in range(6)]


# -- escalation --------------------------------------------------------------------------------------------------------


class Many(Tally, restart=pf.Restart(times=0, within=MINUTE, actors=3)):
    """Has many that crash."""


@pytest.fixture
def many() -> pf.App:
    return pf.App(Many, store=MemoryStore(), planners=[])


async def crash(root: pf.Client, *keys: str) -> None:
    for key in keys:
        with pytest.raises(CapabilityFailed):
            await root.actor(Many, key).ask(Many.crash)


async def refused(root: pf.Client, key: str) -> bool:
    try:
        await root.actor(Many, key).ask(Many.add)
    except ActorStopped:
        return True
    return False


async def test_when_too_many_actors_are_stopped_their_class_is_and_comes_back_on_trial(many: pf.App) -> None:
    async with many as root:
        await root.actor(Many, "sane").ask(Many.add, 5)
        await crash(root, "a", "b", "c")
        assert not await refused(root, "sane")
        assert root.statistics().health == "ok"
        assert root.statistics().actors[0].stopped == 3
        await crash(root, "d")
        with pytest.raises(ActorStopped, match="all actors of 'many'") as stopped:
            await root.actor(Many, "sane").ask(Many.add)
        assert stopped.value.details["retry_after"] == pytest.approx(60, abs=1)
        assert await refused(root, "new")
        assert (root.statistics().health, root.statistics().actors[0].state) == ("degraded", "stopped")
        table(many, Many).timer.advance(61)
        assert root.statistics().actors[0].state == "trial"
        assert await root.actor(Many, "sane").ask(Many.total) == 6
        await crash(root, "e")  # one is enough now
        assert await refused(root, "sane")
        table(many, Many).timer.advance(61)
        assert not await refused(root, "sane")
        table(many, Many).timer.advance(61)
        assert root.statistics().health == "ok"
        await crash(root, "f")
        assert not await refused(root, "sane")


async def test_an_operator_starts_a_stopped_class_at_once(many: pf.App) -> None:
    async with many as root:
        await crash(root, "a", "b", "c", "d")
        assert await refused(root, "sane")
        assert await root.start_actor("many")
        assert not await root.start_actor("many")
        assert not await refused(root, "sane")
        assert not await refused(root, "a")
        narrow = root.delegate("guest", only=[Many])
        with pytest.raises(pf.NotFound):
            await narrow.start_actor("many")
        with pytest.raises(NotAllowed):
            narrow.statistics()


async def test_what_is_in_hand_when_its_class_is_stopped_comes_to_its_end(many: pf.App) -> None:
    async with many as root:
        sane = root.actor(Many, "sane")
        held = asyncio.ensure_future(sane.ask(Many.hold, "gate"))
        await GATES["gate"].entered.wait()
        (behind,) = await line_up(many, sane.ask(Many.add), kind=Many)
        await crash(root, "a", "b", "c", "d")
        GATES["gate"].opened.set()
        assert (await held, await behind) == (2, 3)
        assert await refused(root, "sane")
        table(many, Many).timer.advance(61)
        assert await sane.ask(Many.total) == 3


async def test_stopped_actors_sleep_and_close_as_others_do(many: pf.App) -> None:
    async with many as root:
        await root.actor(Many, "sane").ask(Many.add)
        await crash(root, "a", "b", "c", "d")
        table(many, Many).timer.advance(31 * 60)
        await until(lambda: not table(many, Many).awake)
        await crash(root, "a", "b", "c", "d")


# -- events ------------------------------------------------------------------------------------------------------------


async def changes(events: AsyncIterator[pf.Event], count: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    async for event in events:
        assert isinstance(event, pf.ActorChanged)
        assert event.seq == 0
        found.append((event.key, event.change))
        if len(found) == count:
            break
    return found


async def test_whoever_listens_hears_what_becomes_of_actors() -> None:
    app = pf.App(Many, Choosy, store=MemoryStore(), planners=[])
    async with (
        asyncio.timeout(10),
        app as root,
        closing(root.events("actors/many")) as events,
        closing(root.events("actors")) as all_events,
    ):
        both = [asyncio.ensure_future(changes(events, 15)), asyncio.ensure_future(changes(all_events, 18))]
        await until(lambda: app.parts.fabric.listening == 2)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType] - the local one tells
        await root.actor(Many, "sane").ask(Many.add)
        await crash(root, "a", "b", "c", "d")
        await fail(root, Choosy, "value", "x")
        table(app, Many).timer.advance(61)
        table(app, Many).timer.advance(31 * 60)
        await until(lambda: not table(app, Many).awake)
        await root.actor(Many, "sane").ask(Many.add)
        assert await root.stop_actor("many:sane")
        await root.actor(Many, "sane").ask(Many.add)
        of_many, of_all = await asyncio.gather(*both)
    assert of_many[:10] == [
        ("sane", "activated"),
        *[(key, change) for key in "abcd" for change in ("activated", "stopped")],
        ("", "escalated"),
    ]
    assert of_many[10:] == [
        ("", "recovered"),
        ("sane", "slept"),
        ("sane", "activated"),
        ("sane", "slept"),
        ("sane", "activated"),
    ]
    assert [change for change in of_all if change[0] == "x"] == [("x", "activated"), ("x", "restarted"), ("x", "slept")]


async def test_only_the_operator_follows_them_and_nothing_is_published_unheard(many: pf.App) -> None:
    async with many as root:
        with pytest.raises(NotAllowed):
            await anext(root.delegate("guest", only=[Many]).events("actors"))
        await root.actor(Many, "sane").ask(Many.add)
        assert not many.parts.engine.lifecycle.heard
        events = root.events("actors")
        following = asyncio.ensure_future(anext(events))
        await until(lambda: many.parts.engine.lifecycle.heard)
        await until(lambda: many.parts.fabric.listening == 1)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType] - the local one tells
        await root.actor(Many, "other").ask(Many.add)
        event = await following
        assert isinstance(event, pf.ActorChanged)
        assert (event.type, event.key, event.change) == ("many", "other", "activated")
        await cast("Any", events).aclose()
        assert not many.parts.engine.lifecycle.heard
