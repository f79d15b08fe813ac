"""Reminders come at their moments, once each, over restarts, and not at all when they are forgotten."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.mail import LOOKS, Clerk, Loose, Rough, make_store, post_of, quiet, soon
from tests.runtime.tally import GATES

import packetflow as pf
from packetflow._core.errors import DeclarationError, InvalidInput, NotAllowed
from packetflow._core.reminder import next_due, rule
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import START, FakeClock

Kept = MemoryStore | SQLiteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, data_dir: Path) -> Kept:
    """Return a store of each sort."""
    return make_store(request.param, data_dir)


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the app."""
    return FakeClock()


@pytest.fixture
def app(store: Kept, clock: FakeClock) -> pf.App:
    """Return an app, not started."""
    return pf.App(Clerk, Loose, Rough, store=store, clock=clock, planners=[])


@pytest.fixture(autouse=True)
def _unseen() -> Iterator[None]:
    yield
    LOOKS.clear()


async def pass_time(app: pf.App, clock: FakeClock, seconds: float) -> None:
    """Let time pass and wait until whatever came has taken effect."""
    clock.advance(seconds=seconds)
    await quiet(app)


async def test_a_reminder_comes_at_its_moment_and_not_before(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(minutes=5)).tell(Clerk.note, "after")
        await ada.remind(at=START + timedelta(minutes=10)).tell(Clerk.note, text="at")
        await pass_time(app, clock, 299)
        assert await ada.ask(Clerk.notes) == []
        await pass_time(app, clock, 1)
        assert await ada.ask(Clerk.notes) == ["after"]
        await pass_time(app, clock, 300)
        assert await ada.ask(Clerk.notes) == ["after", "at"]
        await pass_time(app, clock, 10_000)
        assert await ada.ask(Clerk.notes) == ["after", "at"]
        assert await ada.reminders() == []


async def test_a_moment_that_has_passed_comes_at_once(app: pf.App) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").remind(at=START - timedelta(days=1)).tell(Clerk.note, "late")
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["late"]


async def test_a_reminder_survives_a_restart_and_comes_once(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").remind(after=timedelta(minutes=5)).tell(Clerk.note, "a")
    async with app as root:
        await pass_time(app, clock, 300)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]
    async with app as root:
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


async def test_a_repeated_reminder_keeps_its_distance_and_comes_once_for_all_it_missed(
    app: pf.App, clock: FakeClock, store: Kept
) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(every=timedelta(seconds=60), name="tick").tell(Clerk.note, "tick")
        await pass_time(app, clock, 75)  # a quarter of a minute late
        assert await ada.ask(Clerk.notes) == ["tick"]
        assert [one.due for one in await ada.reminders()] == [START + timedelta(seconds=120)]
        await pass_time(app, clock, 45)
        assert await ada.ask(Clerk.notes) == ["tick"] * 2
    clock.advance(hours=5)
    async with app as root:
        await quiet(app)
        ada = root.actor(Clerk, "ada")
        assert await ada.ask(Clerk.notes) == ["tick"] * 3
        assert [one.due for one in await ada.reminders()] == [START + timedelta(hours=5, seconds=180)]
        saved = await store.load("clerk", "ada")
        assert saved is not None
        assert saved.revision == 3


async def test_a_cron_reminder_comes_when_its_rule_says(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(cron="0 9 * * 1-5", tz="Europe/Berlin", name="work").tell(Clerk.note, "work")
        (reminder,) = await ada.reminders()  # the clock stands at a Sunday
        assert reminder.due == datetime(2031, 5, 5, 7, tzinfo=UTC)
        assert (reminder.name, reminder.capability_id) == ("work", "clerk.note")
        for day in range(5, 13):
            clock.at(datetime(2031, 5, day, 7, tzinfo=UTC))
            await quiet(app)
        assert await ada.ask(Clerk.notes) == ["work"] * 6


async def test_a_handlers_own_reminder_is_kept_with_its_commit(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.ask(Clerk.remind_me, 60, "mine")
        with pytest.raises(pf.CapabilityFailed):
            await ada.ask(Clerk.remind_me, 60, "never", crash=True)
        await pass_time(app, clock, 60)
        assert await ada.ask(Clerk.notes) == ["mine"]


async def test_an_actor_may_remind_itself_of_what_its_caller_may_not_tell_it(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.delegate("ada", only=["clerk.remind_me"]).actor(Clerk, "ada")
        await ada.ask(Clerk.remind_me, 60, "mine")
        with pytest.raises(NotAllowed):
            await ada.remind(after=timedelta(seconds=1)).tell(Clerk.note, "not hers")
        await pass_time(app, clock, 60)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["mine"]


async def test_a_reminder_of_the_same_name_takes_the_place_of_the_earlier(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(seconds=10), name="one").tell(Clerk.note, "early")
        await ada.remind(after=timedelta(seconds=60), name="one").tell(Clerk.note, "late")
        await ada.ask(Clerk.remind_me, 20, "own early", "two")
        await ada.ask(Clerk.remind_me, 60, "own late", "two")
        assert len(await ada.reminders()) == 2
        await pass_time(app, clock, 30)
        assert await ada.ask(Clerk.notes) == []
        await pass_time(app, clock, 30)
        assert sorted(await ada.ask(Clerk.notes)) == ["late", "own late"]


async def test_a_forgotten_reminder_does_not_come(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(seconds=10), name="one").tell(Clerk.note, "one")
        await ada.ask(Clerk.remind_me, 10, "two", "two")
        await ada.ask(Clerk.every, 5, "three")
        assert await ada.forget_reminder("one")
        assert not await ada.forget_reminder("one")
        await ada.ask(Clerk.forget, "two")
        await pass_time(app, clock, 5)
        await ada.ask(Clerk.forget, "tick")
        await pass_time(app, clock, 1000)
        assert await ada.ask(Clerk.notes) == ["three"]
        assert await root.letters() == []


@pytest.mark.parametrize("how", ["from outside", "by itself", "replaced"])
async def test_a_reminder_forgotten_while_it_waits_in_the_mailbox_takes_no_effect(
    app: pf.App, clock: FakeClock, how: str
) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(seconds=10), name="one").tell(Clerk.note, "one")
        held = asyncio.ensure_future(ada.ask(Clerk.hold, "gate"))
        await GATES["gate"].entered.wait()
        own = asyncio.ensure_future(ada.ask(Clerk.forget, "one") if how == "by itself" else ada.ask(Clerk.notes))
        await asyncio.sleep(0)
        clock.advance(seconds=10)
        await soon(lambda: post_of(app).statistics().waiting == 1)
        if how == "from outside":
            assert await ada.forget_reminder("one")
        elif how == "replaced":
            await ada.remind(after=timedelta(seconds=90), name="one").tell(Clerk.note, "other")
        GATES["gate"].opened.set()
        await held
        await own
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["gate"]


async def test_a_reminder_forgotten_while_it_is_in_hand_is_undone(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(seconds=10), name="one").tell(Clerk.hold, "one")
        clock.advance(seconds=10)
        await GATES["one"].entered.wait()
        assert await ada.forget_reminder("one")
        GATES["one"].opened.set()
        await quiet(app)
        assert await ada.ask(Clerk.notes) == []
        assert (post_of(app).counts["failed"], await root.letters()) == (0, [])


@pytest.mark.parametrize("kind", [Loose, Rough, Clerk])
async def test_reminders_reach_actors_of_every_durability_and_messages_that_read(
    app: pf.App, clock: FakeClock, kind: type[Clerk], store: Kept
) -> None:
    async with app as root:
        ada = root.actor(kind, "ada")
        await ada.remind(every=timedelta(seconds=10), name="look").tell(kind.look)
        await ada.remind(after=timedelta(seconds=10)).tell(kind.note, "a")
        await pass_time(app, clock, 10)
        await pass_time(app, clock, 10)
        assert LOOKS == ["ada", "ada"]
        assert await ada.ask(kind.notes) == ["a"]
        assert [letter.name for letter in await store.letters()] == ["look"]
        assert [one.due for one in await ada.reminders()] == [START + timedelta(seconds=30)]


async def test_reminders_are_listed_and_forgotten_by_those_who_may_send_them(app: pf.App) -> None:
    async with app as root:
        ada, bob, eve = (
            root.delegate(name, only=[*ids, "clerk.forget"]).actor(Clerk, "x")
            for name, ids in {"ada": ["clerk.note"], "bob": ["clerk.note"], "eve": []}.items()
        )
        await ada.remind(after=timedelta(hours=1), name="hers").tell(Clerk.note, "a")
        assert [one.principal for one in await bob.reminders()] == ["ada"]
        assert await eve.reminders() == []
        with pytest.raises(NotAllowed):
            await eve.forget_reminder("hers")
        assert await bob.forget_reminder("hers")


async def test_where_nothing_is_committed_a_reminder_is_forgotten_through_a_ref(app: pf.App) -> None:
    async with app as root:
        with pytest.raises(DeclarationError, match="commits nothing"):
            await root.actor(Loose, "ada").ask(Loose.forget, "one")


async def test_stopping_an_app_does_not_wait_for_its_reminders(app: pf.App) -> None:
    before = asyncio.all_tasks()
    async with app as root, asyncio.timeout(5):
        await root.actor(Clerk, "ada").remind(every=timedelta(days=1)).tell(Clerk.note, "a")
    assert asyncio.all_tasks() == before


NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"at": datetime(2031, 1, 1)},  # noqa: DTZ001 - the point
        {"at": NOW, "after": timedelta(1)},
        {"after": timedelta(seconds=-1)},
        {"after": timedelta.max},
        {"every": timedelta(milliseconds=999)},
        {"every": timedelta(0)},
        {"cron": "61 * * * *"},
        {"cron": "* * * *"},
        {"cron": "0 0 30 2 *"},
        {"cron": "* * * * *", "tz": "Mars/Olympus"},
        {"cron": "* * * * *", "tz": "../passwd"},
        {"cron": "* * * * *", "every": timedelta(1)},
        {"after": timedelta(1), "tz": "UTC"},
        {"after": timedelta(1), "name": ""},
        {"after": timedelta(1), "name": "n" * 257},
        {"after": timedelta(1), "name": "half\ud800"},
        {"after": timedelta(1), "name": 7},
        {"at": "x"},
        {"at": 1_900_000_000},
        {"at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))},
        {"at": datetime.min.replace(tzinfo=timezone(timedelta(hours=12)))},
        {"after": 5},
        {"every": "5"},
        {"cron": 5},
        {"cron": "half\ud800 * * * *"},
        {"cron": "* * * * *", "tz": "half\ud800"},
        {"cron": "* * * * *", "tz": 5},
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="a reminder's"):
        rule(NOW, **wrong)  # pyright: ignore[reportArgumentType] - the point


async def test_a_wrong_rule_is_refused_at_the_call(app: pf.App) -> None:
    async with app as root:
        with pytest.raises(InvalidInput, match="cron"):
            root.actor(Clerk, "ada").remind(cron="never")


@pytest.mark.parametrize("wrong", [{"name": "half\ud800"}, {"name": "n" * 257}, {"at": datetime(2031, 1, 1)}])  # noqa: DTZ001 - the point
async def test_what_no_store_could_keep_is_refused_at_the_call_and_keeps_nothing(
    app: pf.App, store: Kept, wrong: dict[str, Any]
) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        when: dict[str, Any] = wrong if "at" in wrong else {"after": timedelta(hours=1), **wrong}
        with pytest.raises(InvalidInput, match="a reminder's"):
            await ada.remind(**when).tell(Clerk.note, "a")
        if "name" in wrong:
            with pytest.raises(InvalidInput):
                await ada.ask(Clerk.remind_me, 9, "a", wrong["name"])
            with pytest.raises(InvalidInput, match="a reminder's name"):
                await ada.forget_reminder(wrong["name"])
            with pytest.raises(InvalidInput):
                await ada.ask(Clerk.forget, wrong["name"])
        assert await store.letters() == []


def test_an_interval_that_ends_beyond_all_calendars_comes_no_more() -> None:
    interval = rule(NOW, every=timedelta(days=2_000_000))
    assert next_due(interval.again, interval.due, NOW) is None
    assert next_due(f"every {timedelta.max.total_seconds()!r}", NOW, NOW) is None


@given(
    interval=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)),
    late=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
)
def test_an_interval_never_drifts_and_always_goes_on_in_the_future(interval: timedelta, late: timedelta) -> None:
    when = rule(NOW, every=interval)
    assert when.due == NOW + interval
    following = next_due(when.again, when.due, when.due + late)
    assert following is not None
    assert when.due + late < following <= when.due + late + interval
    assert (following - when.due) % interval == timedelta(0)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


@given(
    zone=st.sampled_from(ZONES),
    expression=st.sampled_from(["30 2 * * *", "0 * * * *", "*/7 * * * *", "15 1 * * 0", "0 0 1 * *", "10 30 2 * * *"]),
    moment=st.datetimes(datetime(2030, 1, 1), datetime(2033, 1, 1), timezones=st.just(timezone.utc)),  # noqa: DTZ001, UP017
)
def test_a_cron_rule_always_goes_on_in_the_future(zone: str, expression: str, moment: datetime) -> None:
    due = rule(moment, cron=expression, tz=zone).due
    assert due > moment
    following = next_due(f"cron {zone} {expression}", due, due)
    assert following is not None
    assert following > due


def test_a_time_the_clocks_skip_comes_behind_the_gap_and_one_they_show_twice_comes_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    again = "cron Europe/Berlin 30 2 * * *"

    def three(start: datetime) -> list[str]:
        found: list[datetime] = []
        for _ in range(3):
            start = next_due(again, start, start) or start
            found.append(start)
        return [moment.astimezone(berlin).strftime("%d %H:%M") for moment in found]

    assert three(datetime(2031, 3, 29, 0, tzinfo=UTC)) == ["29 02:30", "30 03:00", "31 02:30"]
    assert three(datetime(2031, 10, 25, 0, tzinfo=UTC)) == ["25 02:30", "26 02:30", "27 02:30"]
    assert next_due(again, NOW, datetime(2031, 10, 26, 1, 10, tzinfo=UTC)) == datetime(2031, 10, 27, 1, 30, tzinfo=UTC)


@pf.capability
async def poll(ctx: pf.Context, key: str) -> None:
    """Let a clerk be reminded again and again."""
    await ctx.actor(Clerk, key).remind(every=timedelta(seconds=1), name="poll").tell(Clerk.note, "tick")


@pytest.mark.parametrize("way", ["message id", "run"])
async def test_a_reminder_that_repeats_comes_every_time_whatever_named_it(
    store: Kept, clock: FakeClock, way: str
) -> None:
    app = pf.App(Clerk, poll, store=store, clock=clock, planners=[])
    async with app as root:
        if way == "run":
            assert (await root.run(pf.Plan(poll.step(key="ada")))).succeeded
        else:
            named = root.within(message_id="m1").actor(Clerk, "ada")
            for _ in range(2):
                await named.remind(every=timedelta(seconds=1)).tell(Clerk.note, "tick")
        for _ in range(3):
            await pass_time(app, clock, 1)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["tick"] * 3


async def test_a_reminder_is_replaced_by_those_alone_who_may_forget_it(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.remind(after=timedelta(hours=1), name="bill").tell(Clerk.hold, "bill")
        low = root.delegate("low", only=[Clerk.note]).actor(Clerk, "ada")
        with pytest.raises(NotAllowed, match="replace"):
            await low.remind(after=timedelta(hours=9), name="bill").tell(Clerk.note, "mine")
        assert [(one.principal, one.capability_id) for one in await ada.reminders()] == [(root.principal, "clerk.hold")]
        await low.remind(after=timedelta(hours=9), name="other").tell(Clerk.note, "mine")
        await low.remind(after=timedelta(hours=2), name="other").tell(Clerk.note, "mine again")
        GATES["bill"].opened.set()
        await pass_time(app, clock, 7200)
        assert await ada.ask(Clerk.notes) == ["bill", "mine again"]
