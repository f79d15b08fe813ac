"""Letters that wait: behind a clock that is set back, behind others that fail, and together with many."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.mail import FAULTS, LATER, LOOKS, Clerk, Loose, Rough, make_store, paused, post_of, quiet, soon
from tests.runtime.tally import GATES, table

import packetflow as pf
from packetflow._core.errors import Overloaded
from packetflow._runtime import lane, post
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
def _mended() -> Iterator[None]:
    yield
    for list_ in (FAULTS, LOOKS, LATER, TRIES):
        list_.clear()


@pytest.fixture
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a receiver's letters fill its memory soon."""
    monkeypatch.setattr(lane, "HELD", 30)
    monkeypatch.setattr(post, "HELD", 30)
    monkeypatch.setattr(post, "_PAGE", 7)


class Wound(FakeClock):
    """A clock that somebody may set back."""

    def set_back(self, by: timedelta) -> None:
        """Show an earlier time from now on."""
        self._now -= by


@pytest.mark.usefixtures("_little_memory")
async def test_a_clock_that_is_set_back_holds_up_no_letter(store: Kept) -> None:
    clock = Wound()
    app = pf.App(Clerk, store=store, clock=clock, planners=[])
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        for number in range(150):
            await ada.tell(Clerk.note, str(number))
        clock.set_back(timedelta(days=2))
        await ada.tell(Clerk.note, "new")
        GATES["a"].opened.set()
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["a", *map(str, range(150)), "new"]


async def test_letters_from_before_a_restart_go_first_also_when_the_clock_was_set_back(store: Kept) -> None:
    late, early = (FakeClock(START + timedelta(hours=hours)) for hours in (1, 0))
    async with pf.App(Clerk, store=store, clock=late, planners=[]) as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        await GATES["a"].entered.wait()
    GATES["a"].opened.set()
    app = pf.App(Clerk, store=store, clock=early, planners=[])
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.note, "b")
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "b"]


async def test_a_pause_grows_no_longer_when_the_clock_is_set_back(store: Kept) -> None:
    clock = Wound()
    app = pf.App(Clerk, store=store, clock=clock, planners=[])
    FAULTS.append(ValueError("broken"))
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.fussy, "a")
        await paused(app)
        clock.set_back(timedelta(days=2))
        await root.actor(Clerk, "bob").remind(after=timedelta()).tell(Clerk.note, "look at the clock")
        await soon(lambda: post_of(app).counts["delivered"] == 1)
        FAULTS.clear()
        clock.advance(seconds=1)
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


@pytest.mark.parametrize(("receivers", "each"), [(60, 1), (3, 40)])
async def test_receivers_that_keep_failing_starve_nobody_else(
    app: pf.App, receivers: int, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "_ROOM", 20)
    FAULTS.append(ValueError("broken"))
    async with app as root:
        for number in range(receivers):
            for _ in range(each):
                await root.actor(Clerk, f"bad{number}").tell(Clerk.fussy, "a")
    async with app as root:
        good = root.actor(Clerk, "good")
        await good.tell(Clerk.note, "told")
        await good.remind(after=timedelta()).tell(Clerk.note, "reminded")
        await soon(lambda: post_of(app).counts["delivered"] == 2)
        assert sorted(await good.ask(Clerk.notes)) == ["reminded", "told"]
        await soon(lambda: post_of(app).statistics().paused == receivers)
        assert post_of(app).statistics().waiting == receivers  # the first of each alone is in memory


async def test_letters_behind_one_that_failed_come_in_order_from_the_store(app: pf.App, clock: FakeClock) -> None:
    FAULTS.append(ValueError("broken"))
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.fussy, "first")
        for number in range(50):
            await ada.tell(Clerk.note, str(number))
        await paused(app)
        await ada.tell(Clerk.note, "last")
        assert post_of(app).statistics().waiting == 1
        assert post_of(app).statistics().left == 51
        FAULTS.clear()
        clock.advance(seconds=1)
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["first", *map(str, range(50)), "last"]


async def test_a_tell_with_the_id_of_one_that_waits_and_other_arguments_is_refused(app: pf.App) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "gate")
        ada = root.within(message_id="m1").actor(Clerk, "ada")
        await ada.tell(Clerk.note, "a")
        await ada.tell(Clerk.note, text="a")
        with pytest.raises(pf.Conflict, match="other arguments"):
            await ada.tell(Clerk.note, "b")
        GATES["gate"].opened.set()
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["gate", "a"]
        assert await root.letters() == []


async def test_a_tell_with_the_id_of_one_that_took_effect_and_other_arguments_is_dead(app: pf.App) -> None:
    async with app as root:
        ada = root.within(message_id="m1").actor(Clerk, "ada")
        await ada.tell(Clerk.note, "a")
        await quiet(app)
        await ada.tell(Clerk.note, "b")
        await quiet(app)
        (letter,) = await root.letters()
        assert (letter.dead, letter.error_code, letter.attempts) == (True, "conflict", 1)
        assert letter.inputs == {"text": "b"}
        await root.actor(Clerk, "ada").tell(Clerk.note, "c")
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "c"]


async def test_an_actor_that_is_stopped_with_a_letter_in_hand_costs_no_try(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        for _ in range(5):
            await GATES["a"].entered.wait()
            GATES["a"].entered.clear()
            await table(app, Clerk).stop("ada")
            await paused(app)
            (letter,) = await root.letters()
            assert (letter.attempts, letter.dead) == (0, False)
            clock.advance(hours=1)
        GATES["a"].opened.set()
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


def archive(version: int) -> type[pf.Actor[Any]]:
    """Declare an actor whose state is of that version."""

    class Archive(pf.Actor[list[str]], name="archive", version=version, tries=2):
        @classmethod
        def upcast(cls, state: Any, version: int) -> Any:  # noqa: ANN401
            """Take it as it is."""
            del version
            return state

        @pf.capability
        def keep(self, text: str) -> list[str]:
            """Keep a text."""
            self.state.append(text)
            return self.state

    return Archive


async def test_a_letter_waits_for_a_program_that_knows_the_state(
    store: Kept, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    new, old = archive(2), archive(1)
    async with pf.App(new, store=store, clock=clock, planners=[]) as root:
        await root.call("archive.keep", key="a", text="1")
    app = pf.App(old, store=store, clock=clock, planners=[])
    async with app as root:
        await root.actor(old, "a").tell(old.messages["keep"], "2")
        for _ in range(4):
            await paused(app)
            clock.advance(seconds=120)
        await paused(app)
        (letter,) = await root.letters()
        assert (letter.attempts, letter.dead) == (0, False)
    assert [record.message for record in caplog.records if "wait until" in record.message][1:] == []
    app = pf.App(new, store=store, clock=clock, planners=[])
    async with app as root:
        await quiet(app)
        assert await root.call("archive.keep", key="a", text="3") == ["1", "2", "3"]


async def test_letters_that_are_sent_together_count_together(app: pf.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "WAITING", 30)
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        told = await asyncio.gather(*[ada.tell(Clerk.note, str(n)) for n in range(50)], return_exceptions=True)
        assert [type(one) for one in told if one is not None] == [Overloaded] * 21
        assert len(await root.letters()) == 30
        GATES["a"].opened.set()


async def test_letters_that_one_message_sends_count_together(app: pf.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "WAITING", 30)
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        await root.actor(Clerk, "bob").ask(Clerk.pass_on, "ada", ["x"] * 20)
        with pytest.raises(Overloaded):
            await root.actor(Clerk, "bob").ask(Clerk.pass_on, "ada", ["x"] * 10)
        await root.actor(Clerk, "bob").ask(Clerk.pass_on, "ada", ["x"] * 9)
        GATES["a"].opened.set()
        await quiet(app)
        assert len(await root.actor(Clerk, "ada").ask(Clerk.notes)) == 30


TRIES: list[datetime] = []


class Stubborn(pf.Actor[None], tries=6, restart=pf.Restart(times=100)):
    """Never does what it is told."""

    @pf.capability
    def refuse(self) -> None:
        """Refuse, and note when."""
        TRIES.append(self.context.now())
        raise pf.Conflict("never")


async def test_the_pauses_before_further_tries_are_those_that_are_promised(clock: FakeClock) -> None:
    app = pf.App(Stubborn, store=MemoryStore(), clock=clock, planners=[])
    promised = [1, 5, 60, 120, 120]
    async with app as root:
        await root.actor(Stubborn, "ada").tell(Stubborn.refuse)
        for tries, seconds in enumerate(promised, 1):
            await soon(lambda tries=tries: post_of(app).counts["failed"] == tries and len(TRIES) == tries)
            await paused(app)
            clock.advance(seconds=seconds - 0.5)
            for _ in range(50):
                await asyncio.sleep(0)
            clock.advance(seconds=0.5)
        await soon(lambda: post_of(app).counts["died"] == 1)
    assert [(b - a).total_seconds() for a, b in pairwise(TRIES)] == promised
