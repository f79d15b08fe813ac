"""What only grows is deleted when it is old enough, and nothing that may still be needed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.runtime.mail import Clerk, Noted, make_store, soon

import packetflow as pf
from packetflow._core.errors import DeclarationError, StoreUnavailable
from packetflow._core.ports import Horizon, RunRow
from packetflow._runtime.retention import Retention, Sweeper
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import START, FakeClock

Kept = MemoryStore | SQLiteStore


class Briefly(Clerk, keep=timedelta(days=1)):
    """A clerk whose events are kept for a day."""

    @pf.capability(effect="read")
    async def told(self) -> list[str]:
        """Read the journal."""
        return [event.text async for event in self.journal(Noted)]


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the app."""
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[Kept]:
    """Return a store of each sort, open."""
    store = make_store(request.param, data_dir)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def place(request: pytest.FixtureRequest, data_dir: Path) -> Kept:
    """Return a store that an app opens."""
    return make_store(getattr(request, "param", "memory"), data_dir)


class Asked(MemoryStore):
    """Notes what it is asked to delete, and fails at first."""

    def __init__(self) -> None:
        super().__init__()
        self.horizons: list[Horizon] = []
        self.rounds = [3, 2, 0]

    async def prune(self, horizon: Horizon, *, limit: int = 1000) -> int:
        self.horizons.append(horizon)
        if len(self.horizons) == 1:
            raise StoreUnavailable("not now")
        assert limit <= 1000
        return self.rounds.pop(0)


async def test_what_is_old_enough_is_deleted_every_hour_in_slices_and_a_failure_is_tried_again(
    clock: FakeClock,
) -> None:
    store = Asked()
    kinds = [Clerk.actor_type, Briefly.actor_type]
    await store.open()
    sweeper = Sweeper(Retention(audits=timedelta(days=400)), kinds, store, clock)
    sweeper.start()
    for rounds in (0, 1, 4):
        assert len(store.horizons) == rounds
        await soon(lambda: bool(clock.waiting))
        clock.advance(hours=1)
        await soon(lambda rounds=rounds: len(store.horizons) == (1 if rounds == 0 else 4))
        if rounds == 1:
            break
    await sweeper.stop()
    assert sweeper.deleted == 5
    at = START + timedelta(hours=2)
    assert store.horizons[-1] == Horizon(
        replies=at - timedelta(days=7),
        calls=at - timedelta(days=30),
        audits=at - timedelta(days=400),
        runs=at - timedelta(days=90),
        journals=(("briefly", at - timedelta(days=1)),),
    )


async def test_replies_outlive_the_runs_that_may_repeat_their_messages(store: Kept, clock: FakeClock) -> None:
    for name, days, status, authority in [
        ("r1", 20, "succeeded", b"{}"),
        ("r2", 15, "waiting", b"{}"),
        ("r3", 30, "waiting", b""),
    ]:
        started = START - timedelta(days=days)
        ended = started if status == "succeeded" else None
        await store.put_run(RunRow(name, status, "ada", "p", "", "0" * 32, started, ended, None, authority))
    seen: list[Horizon] = []

    async def prune(horizon: Horizon, *, limit: int = 1000) -> int:
        seen.append(horizon)
        return 0 * limit

    store.prune = prune  # to see what it is asked for
    await Sweeper(Retention(), [], store, clock).sweep()
    assert seen[0].replies == START - timedelta(days=15)
    assert seen[0].calls == START - timedelta(days=30)


@pytest.mark.parametrize("place", ["memory", "sqlite"], indirect=True)
async def test_a_reply_that_is_old_enough_is_forgotten_and_the_memory_is_not(place: Kept, clock: FakeClock) -> None:
    app = pf.App(Clerk, store=place, planners=[], clock=clock, retention=pf.Retention(replies=timedelta(hours=2)))
    async with app as root:
        ada = root.within(message_id="m1").actor(Clerk, "ada")
        assert await ada.ask(Clerk.note, "a") == 1
        assert await ada.ask(Clerk.note, "a") == 1
        sweeper = Sweeper(Retention(replies=timedelta(hours=2)), [], place, clock)
        clock.advance(hours=2)
        assert await sweeper.sweep() == 0
        assert await ada.ask(Clerk.note, "a") == 1
        clock.advance(timedelta(microseconds=1))
        assert await sweeper.sweep() == 1
        assert await ada.ask(Clerk.note, "a") == 2
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "a"]


@pytest.mark.parametrize("place", ["memory", "sqlite"], indirect=True)
async def test_a_journal_is_kept_for_as_long_as_its_class_says(place: Kept, clock: FakeClock) -> None:
    async with pf.App(Briefly, Clerk, store=place, planners=[], clock=clock) as root:
        for text in "abc":
            await root.actor(Briefly, "ada").ask(Briefly.note, text)
            await root.actor(Clerk, "ada").ask(Clerk.note, text)
            clock.advance(hours=20)
        sweeper = Sweeper(Retention(), [Briefly.actor_type, Clerk.actor_type], place, clock)
        await sweeper.sweep()
        assert await root.actor(Briefly, "ada").ask(Briefly.told) == ["c"]
        assert await root.actor(Briefly, "ada").ask(Briefly.notes) == ["a", "b", "c"]
        assert len(await place.read("clerk/ada")) == 3
        clock.advance(days=400)
        await sweeper.sweep()
        assert await root.actor(Briefly, "ada").ask(Briefly.told) == ["c"]  # the newest, for its place goes on


@pytest.mark.parametrize("name", ["replies", "calls", "audits", "runs"])
def test_a_time_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError):
        pf.Retention(**{name: timedelta(0)})
