"""One message, one transaction: all of what it did is stored, or nothing; and what is stored is published."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.runtime.tally import GATES, Added, Snapshot, Tally, TallyState, Volatile, line_up, table, until

import packetflow as pf
from packetflow._core.errors import CapabilityFailed, ContractBroken, StoreConflict, StoreError
from packetflow._core.ports import Commit, Committed
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore


@pytest.fixture(params=["memory", "sqlite"])
async def kept(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[pf.Client]:
    """Start an app on each store."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(data_dir / "tally.db")
    async with pf.App(Tally, Snapshot, Volatile, store=store, planners=[]) as root:
        yield root


class Gated(MemoryStore):
    """Decides commits only when the gate is open, and then whatever became of the caller, as a real writer does."""

    async def commit(self, commit: Commit) -> Committed:
        if commit.state == b'{"total":7,"log":[]}':
            await GATES["store"].passed()
        return await super().commit(commit)


async def test_a_message_id_sent_again_gives_the_first_reply_and_has_one_effect(kept: pf.Client) -> None:
    for _ in range(3):
        assert await kept.within(message_id="m1").actor(Tally, "one").ask(Tally.add, 5) == 5
    assert await kept.within(message_id="m2").actor(Tally, "one").ask(Tally.add, 5) == 10
    assert await kept.actor(Tally, "one").ask(Tally.amounts) == [5, 5]


async def test_a_message_id_repeated_while_the_first_is_in_hand_has_one_effect(kept: pf.Client) -> None:
    asks = [
        asyncio.ensure_future(kept.within(message_id="m1").actor(Tally, "one").ask(Tally.hold, "gate"))
        for _ in range(3)
    ]
    await GATES["gate"].entered.wait()
    GATES["gate"].opened.set()
    assert await asyncio.gather(*asks) == [2, 2, 2]
    assert GATES["gate"].left == 1


async def test_a_message_id_is_its_senders_own(kept: pf.Client) -> None:
    for name in ("ada", "bob"):
        await kept.delegate(name, only=[Tally]).within(message_id="1").actor(Tally, "one").ask(Tally.add, 5)
    assert await kept.actor(Tally, "one").ask(Tally.total) == 10


async def test_a_message_id_and_a_name_are_never_taken_for_another_pair_of_the_same_letters(kept: pf.Client) -> None:
    tally = {"a": "b:c", "a:b": "c", 'a", "b': "c", "a\\": '"c'}
    for number, (name, message_id) in enumerate(tally.items(), start=1):
        ada = kept.delegate(name, only=[Tally]).within(message_id=message_id)
        for _ in range(2):
            assert await ada.actor(Tally, "one").ask(Tally.add, 1) == number


class Speller(pf.Actor[TallyState]):
    """Spells."""

    @pf.capability
    async def spell(self, code: int) -> str:
        """Count, and give the character with that code."""
        self.state.total += 1
        self.emit(Added(amount=1))
        return chr(code)

    @pf.capability(effect="read")
    async def spelt(self) -> int:
        """Tell how often."""
        return self.state.total


@pytest.mark.parametrize("message_id", [None, "m1"])
async def test_a_reply_that_cannot_be_written_as_json_is_never_committed(message_id: str | None) -> None:
    async with pf.App(Speller, store=MemoryStore(), planners=[]) as root:
        speller = root.within(message_id=message_id).actor(Speller, "one")
        with pytest.raises(ContractBroken):
            await speller.ask(Speller.spell, 0xD800)
        assert await root.actor(Speller, "one").ask(Speller.spelt) == 0
        assert await speller.ask(Speller.spell, 65) == "A"
        assert await root.actor(Speller, "one").ask(Speller.spelt) == 1


async def test_a_message_id_that_failed_may_be_tried_again(kept: pf.Client) -> None:
    with pytest.raises(CapabilityFailed):
        await kept.within(message_id="m1").actor(Tally, "one").ask(Tally.crash)
    assert await kept.within(message_id="m1").actor(Tally, "one").ask(Tally.add) == 1


async def test_an_event_with_the_same_id_is_stored_once(kept: pf.Client) -> None:
    tally = kept.actor(Tally, "one")
    await tally.ask(Tally.add, 5, "e1")
    await tally.ask(Tally.add, 5, "e1")
    await tally.ask(Tally.add, 6, "e2")
    assert await tally.ask(Tally.amounts) == [5, 6]


@pytest.mark.parametrize("kind", [Tally, Snapshot, Volatile])
async def test_a_read_that_emits_breaks_its_contract(root: pf.Client, kind: type[Tally]) -> None:
    tally = root.actor(kind, "one")
    await tally.ask(kind.add, 5)
    with pytest.raises(ContractBroken, match="declared as read"):
        await tally.ask(kind.sneak)
    volatile = kind.actor_type.durability == "volatile"
    assert await tally.ask(kind.amounts) == ([] if volatile else [5])
    assert await tally.ask(kind.add, 1) == (1 if volatile else 6)


@pytest.mark.parametrize("how", ["type", "constraint"])
async def test_a_state_that_leaves_its_type_is_never_committed(kept: pf.Client, how: str) -> None:
    tally = kept.actor(Tally, "one")
    await tally.ask(Tally.add, 5)
    with pytest.raises(ContractBroken, match="left its type"):
        await tally.ask(Tally.spoil, how)
    assert await tally.ask(Tally.add, 1) == 6
    assert await tally.ask(Tally.amounts) == [5, 1]


async def test_a_second_writer_is_seen_and_its_truth_is_read(store: MemoryStore, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    await tally.ask(Tally.add, 5)
    await store.commit(Commit("tally", "one", 1, b'{"total": 70}'))
    with pytest.raises(StoreConflict):
        await tally.ask(Tally.add, 1)
    assert await tally.ask(Tally.add, 1) == 71


async def test_a_saved_state_of_another_shape_is_an_error_and_stays_as_it_is(
    app: pf.App, store: MemoryStore, root: pf.Client
) -> None:
    await store.commit(Commit("tally", "one", 0, b'{"total": "many"}'))
    for _ in range(5):
        with pytest.raises(StoreError, match="does not fit"):
            await root.actor(Tally, "one").ask(Tally.add)
    saved = await store.load("tally", "one")
    assert saved is not None
    assert saved.state == b'{"total": "many"}'
    assert table(app).supervision.restarts == 0


class Elsewhere(Gated):
    """Says nothing of how it writes, as a store that is not ours."""

    plain_writes = False


@pytest.mark.parametrize("kind", [Gated, Elsewhere])
async def test_a_caller_cancelled_during_the_commit_waits_for_it_and_the_next_message_sees_it(
    kind: type[Gated],
) -> None:
    app = pf.App(Tally, store=kind(), planners=[])
    async with app as root:
        tally = root.actor(Tally, "one")
        async with app.parts.fabric.listen("tally/one") as live:
            asked = asyncio.ensure_future(tally.ask(Tally.add, 7))
            await GATES["store"].entered.wait()
            asked.cancel()
            await asyncio.sleep(0)
            asked.cancel()
            behind = asyncio.ensure_future(tally.ask(Tally.add, 1))
            await until(lambda: table(app).mailboxes.waiting == 1)
            assert not asked.done()
            GATES["store"].opened.set()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert await behind == 8
            assert [(await anext(live)).seq, (await anext(live)).seq] == [1, 2]


@pytest.mark.parametrize("queued", [False, True])
async def test_a_deadline_that_passes_during_the_commit_does_not_make_a_lie_of_the_reply(*, queued: bool) -> None:
    app = pf.App(Tally, store=Gated(), planners=[])
    async with app as root:
        tally = root.actor(Tally, "one")
        if queued:
            held = asyncio.ensure_future(tally.ask(Tally.hold, "gate", 0))
            await GATES["gate"].entered.wait()
            (asked,) = await line_up(app, tally.ask(Tally.add, 7))
            GATES["gate"].opened.set()
            await held
        else:
            asked = asyncio.ensure_future(tally.ask(Tally.add, 7))
        await GATES["store"].entered.wait()
        table(app).timer.advance(31)
        GATES["store"].opened.set()
        assert await asked == 7
        assert await tally.ask(Tally.total) == 7


async def test_stopping_an_actor_that_commits_waits_for_the_commit() -> None:
    app = pf.App(Tally, store=Gated(), planners=[])
    async with app as root:
        asked = asyncio.ensure_future(root.actor(Tally, "one").ask(Tally.add, 7))
        await GATES["store"].entered.wait()
        stopping = asyncio.ensure_future(table(app).stop("one"))
        await until(lambda: table(app).mailboxes.waiting == 1)
        GATES["store"].opened.set()
        assert await stopping
        assert await asked == 7
        assert await root.actor(Tally, "one").ask(Tally.total) == 7


async def test_a_journal_is_read_from_a_place_from_its_end_and_by_ids(kept: pf.Client) -> None:
    tally = kept.actor(Tally, "one")
    for amount in range(10):
        await tally.ask(Tally.add, amount, f"e{amount}")
    assert await tally.ask(Tally.amounts, after=7) == [7, 8, 9]
    assert await tally.ask(Tally.amounts, last=2) == [8, 9]
    assert await tally.ask(Tally.amounts, last=0) == []
    assert await tally.ask(Tally.amounts, after=9, last=5) == [9]
    assert await tally.ask(Tally.amounts, ids=["e3", "e1", "never"]) == [1, 3]


async def test_a_journal_longer_than_a_page_is_read_whole(kept: pf.Client) -> None:
    tally = kept.actor(Tally, "one")
    for amount in range(1201):
        await tally.tell(Tally.add, amount)
    assert await tally.ask(Tally.amounts) == list(range(1201))


async def test_a_journal_holds_the_events_of_the_message_in_hand(kept: pf.Client) -> None:
    tally = kept.actor(Tally, "one")
    assert await tally.ask(Tally.add_and_read, 1, "e1") == [1]
    assert await tally.ask(Tally.add_and_read, 2) == [1, 2]
    assert await tally.ask(Tally.add_and_read, 1, "e1") == [1, 2]  # stored once, so shown once
    assert await tally.ask(Tally.add_and_read, 3, last=2) == [2, 3]
    assert await tally.ask(Tally.add_and_read, 4, last=0) == []
    assert await tally.ask(Tally.amounts) == [1, 2, 3, 4]


async def test_a_journal_read_by_a_wider_class_holds_its_subclasses() -> None:
    class Doubled(Added):
        pass

    class Mixed(pf.Actor[None]):
        """Emits both."""

        @pf.capability
        async def fill(self) -> list[str]:
            """Emit one of each and read."""
            self.emit(Added(amount=1))
            self.emit(Doubled(amount=2))
            return [type(event).__name__ async for event in self.journal(Added)]

        @pf.capability(effect="read")
        async def kinds(self) -> list[str]:
            """Read what is stored."""
            wide = [type(event).__name__ async for event in self.journal(Added)]
            return wide + [type(event).__name__ async for event in self.journal(Doubled)]

    async with pf.App(Mixed, store=MemoryStore(), planners=[]) as root:
        mixed = root.actor(Mixed, "one")
        assert await mixed.ask(Mixed.fill) == ["Added", "Doubled"]
        assert await mixed.ask(Mixed.kinds) == ["Added", "Doubled", "Doubled"]


async def test_a_volatile_actors_events_are_heard_live_and_stored_nowhere(app: pf.App, root: pf.Client) -> None:
    async with app.parts.fabric.listen("volatile/one") as live:
        await root.actor(Volatile, "one").ask(Volatile.add, 5)
        await root.actor(Volatile, "one").tell(Volatile.add, 6)
        heard = [await anext(live), await anext(live)]
    assert [(event.seq, event.payload) for event in heard] == [(0, b'{"amount":5}'), (0, b'{"amount":6}')]
    assert await app.parts.store.read("volatile/one") == []


async def test_a_snapshot_actor_is_saved_every_ten_seconds(app: pf.App, store: MemoryStore, root: pf.Client) -> None:
    tally = root.actor(Snapshot, "one")
    await tally.ask(Snapshot.note, 1)
    assert await store.load("snapshot", "one") is None
    table(app, Snapshot).timer.advance(11)
    assert await tally.ask(Snapshot.noted) == [1]  # behind the save
    saved = await store.load("snapshot", "one")
    assert saved is not None
    assert saved.state == b'{"total":0,"log":[1]}'
    table(app, Snapshot).timer.advance(100)
    await tally.ask(Snapshot.noted)
    again = await store.load("snapshot", "one")
    assert again is not None
    assert again.revision == 1


async def test_a_snapshot_that_the_store_refused_is_saved_later(
    app: pf.App, store: MemoryStore, root: pf.Client, caplog: pytest.LogCaptureFixture
) -> None:
    tally = root.actor(Snapshot, "one")
    await tally.ask(Snapshot.note, 1)
    await store.close()
    table(app, Snapshot).timer.advance(6 * 60)
    assert await tally.ask(Snapshot.noted) == [1]
    assert "was not saved" in caplog.text
    await store.open()

    def asleep_a_minute_later() -> bool:
        table(app, Snapshot).timer.advance(60)
        return not table(app, Snapshot).awake

    await until(asleep_a_minute_later)
    assert await tally.ask(Snapshot.noted) == [1]


async def test_closing_the_app_saves_snapshots(app: pf.App) -> None:
    async with app as root:
        await asyncio.gather(*[root.actor(Snapshot, str(n)).ask(Snapshot.note, n) for n in range(50)])
    async with app as root:
        for n in range(50):
            assert await root.actor(Snapshot, str(n)).ask(Snapshot.noted) == [n]


async def test_a_state_that_another_program_wrote_is_refused_and_left_as_it_is() -> None:
    class Wide(BaseModel):
        title: str = ""
        extra: int = 0

    class Narrow(BaseModel):
        title: str = ""

    class Mine(pf.Actor[Wide], name="board"):
        """A board."""

        @pf.capability
        def write(self, title: str) -> str:
            """Write the title."""
            self.state = Wide(title=title, extra=7)
            return title

    class Theirs(pf.Actor[Narrow], name="board"):
        """A board of another program."""

        @pf.capability
        def wipe(self) -> None:
            """Wipe the title."""
            self.state.title = ""

    store = MemoryStore()
    async with pf.App(Mine, store=store, planners=[]) as root:
        await root.actor(Mine, "a").ask(Mine.write, "mine")
        before = await store.load("board", "a")
    async with pf.App(Theirs, store=store, planners=[]) as root:
        with pytest.raises(StoreError, match="extra"):
            await root.actor(Theirs, "a").ask(Theirs.wipe)
        assert await store.load("board", "a") == before
