"""What is told to a durable actor is kept before the sender goes on, and takes effect once."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.mail import FAULTS, LATER, LOOKS, Clerk, Loose, Rough, make_store, paused, post_of, quiet, soon
from tests.runtime.tally import GATES, table

import packetflow as pf
from packetflow._core.constraint import Constraint
from packetflow._core.context import Context
from packetflow._core.errors import ConfirmationRequired, InvalidInput, NotAllowed, Overloaded, StoreUnavailable
from packetflow._core.ports import Commit, Committed, Letter
from packetflow._runtime import lane, post
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import FakeClock

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
    for list_ in (FAULTS, LOOKS, LATER):
        list_.clear()


async def test_what_is_told_is_in_the_store_before_the_sender_goes_on(app: pf.App, store: Kept) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        (letter,) = await store.letters()
        assert (letter.kind, letter.key, letter.capability_id) == ("clerk", "ada", "clerk.hold")
        assert json.loads(letter.inputs) == {"text": "a"}
        GATES["a"].opened.set()
        await quiet(app)
        assert await store.letters() == []


async def test_what_is_told_takes_effect_once_and_its_letter_ends_with_the_commit(app: pf.App, store: Kept) -> None:
    async with app as root:
        for text in "abc":
            await root.actor(Clerk, "ada").tell(Clerk.note, text)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "b", "c"]
        assert await store.letters() == []
        saved = await store.load("clerk", "ada")
        assert saved is not None
        assert saved.revision == 3


async def test_what_was_told_is_delivered_after_a_restart(app: pf.App, store: Kept) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        await root.actor(Clerk, "ada").tell(Clerk.note, "b")
        await GATES["a"].entered.wait()
    GATES["a"].opened.set()
    async with app as root:
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "b"]
        assert await store.letters() == []


@pytest.fixture
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a receiver's letters fill its memory soon."""
    monkeypatch.setattr(lane, "HELD", 30)
    monkeypatch.setattr(post, "HELD", 30)
    monkeypatch.setattr(post, "_PAGE", 7)


@pytest.mark.usefixtures("_little_memory")
async def test_letters_from_before_a_restart_go_before_new_ones(app: pf.App) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        for number in range(120):
            await root.actor(Clerk, "ada").tell(Clerk.note, str(number))
        await GATES["a"].entered.wait()
    GATES["a"].opened.set()
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.note, "new")
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", *map(str, range(120)), "new"]


async def test_a_tell_before_an_ask_is_handled_before_it(app: pf.App) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        for number in range(15):
            await ada.tell(Clerk.note, str(number))
        assert await ada.ask(Clerk.notes) == [str(number) for number in range(15)]


@pytest.mark.usefixtures("_little_memory")
async def test_more_letters_than_the_mailbox_holds_wait_in_the_store_in_order(app: pf.App, store: Kept) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        for number in range(150):
            await ada.tell(Clerk.note, str(number))
        assert table(app, Clerk).mailboxes.waiting <= 20
        assert post_of(app).statistics().left > 0
        GATES["a"].opened.set()
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["a", *map(str, range(150))]
        assert await store.letters() == []


async def test_too_many_waiting_letters_are_refused(app: pf.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "WAITING", 30)
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        for number in range(29):
            await ada.tell(Clerk.note, str(number))
        with pytest.raises(Overloaded, match="30 letters wait"):
            await ada.tell(Clerk.note, "one too many")
        GATES["a"].opened.set()
        await quiet(app)
        assert len(await ada.ask(Clerk.notes)) == 30


async def test_what_a_handler_tells_leaves_with_its_commit(app: pf.App) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").ask(Clerk.pass_on, "bob", ["a", "b"])
        await quiet(app)
        assert await root.actor(Clerk, "bob").ask(Clerk.notes) == ["a", "b"]
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["told bob"]


async def test_what_a_failing_handler_told_never_leaves(app: pf.App, store: Kept) -> None:
    async with app as root:
        with pytest.raises(pf.CapabilityFailed):
            await root.actor(Clerk, "ada").ask(Clerk.pass_on, "bob", ["a"], crash=True)
        assert await store.letters() == []
        assert await root.actor(Clerk, "bob").ask(Clerk.notes) == []


@pytest.mark.parametrize("crash", [False, True])
async def test_what_a_handlers_own_task_tells_after_the_message_is_kept_at_once(app: pf.App, *, crash: bool) -> None:
    async with app as root:
        asked = root.actor(Clerk, "ada").ask(Clerk.tell_later, "bob", "go", crash=crash)
        with pytest.raises(pf.CapabilityFailed) if crash else nullcontext():
            await asked
        GATES["go"].opened.set()
        await asyncio.gather(*LATER)
        await quiet(app)
        assert await root.actor(Clerk, "bob").ask(Clerk.notes) == ["later"]


async def test_a_volatile_actor_and_a_message_that_reads_are_told_in_memory(app: pf.App, store: Kept) -> None:
    async with app as root:
        await root.actor(Loose, "ada").tell(Loose.note, "a")
        await root.actor(Clerk, "ada").tell(Clerk.look)
        assert await store.letters() == []
        await soon(lambda: LOOKS == ["ada"])


async def test_an_input_that_breaks_the_contract_is_refused_where_it_is_told(app: pf.App, store: Kept) -> None:
    async with app as root:
        with pytest.raises(InvalidInput):
            await root.actor(Clerk, "ada").tell(Clerk.note, 5)  # pyright: ignore[reportArgumentType] - the point
        assert await store.letters() == []


async def test_a_letter_keeps_what_was_said_when_it_was_told(app: pf.App) -> None:
    async with app as root:
        texts = ["a"]
        await root.actor(Clerk, "x").tell(Clerk.hold, "gate")
        await root.actor(Clerk, "x").tell(Clerk.pass_on, "ada", texts)
        texts.append("changed afterwards")
        GATES["gate"].opened.set()
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


async def test_a_failing_letter_is_tried_again_and_those_behind_it_wait(app: pf.App, clock: FakeClock) -> None:
    FAULTS.append(ValueError("broken"))
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.fussy, "a")
        await ada.tell(Clerk.note, "b")
        await soon(lambda: post_of(app).counts["failed"] == 1 and post_of(app).statistics().paused == 1)
        assert await ada.ask(Clerk.notes) == []
        await root.actor(Clerk, "bob").tell(Clerk.note, "not held back")
        assert await root.actor(Clerk, "bob").ask(Clerk.notes) == ["not held back"]
        FAULTS.clear()
        clock.advance(seconds=1)
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["a", "b"]


async def die(app: pf.App, clock: FakeClock, root: pf.Client) -> Letter:
    """Tell a clerk something that fails until it is dead, and something behind it."""
    FAULTS.append(ValueError("broken"))
    await root.actor(Clerk, "ada").tell(Clerk.fussy, "a")
    await root.actor(Clerk, "ada").tell(Clerk.note, "b")
    for tries in (1, 2):
        await soon(lambda tries=tries: post_of(app).counts["failed"] == tries and post_of(app).statistics().paused == 1)
        clock.advance(seconds=5)
    await soon(lambda: post_of(app).counts["died"] == 1)
    await quiet(app)
    (letter,) = await app.parts.store.letters(dead=True)
    return letter


async def test_a_letter_that_keeps_failing_is_dead_and_lets_the_others_go_on(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        async with app.parts.fabric.listen("letters") as live:
            letter = await die(app, clock, root)
            told = await anext(live)
        assert (letter.attempts, letter.error_code, letter.dead) == (3, "capability_failed", True)
        assert "broken" in str(letter.error)
        assert json.loads(told.payload)["letter_id"] == letter.id
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["b"]
        (info,) = await root.letters(dead=True)
        assert (info.id, info.capability_id, info.inputs) == (letter.id, "clerk.fussy", {"text": "a"})


async def test_a_dead_letter_that_is_replayed_takes_effect(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        letter = await die(app, clock, root)
        FAULTS.clear()
        assert await root.replay_letter(letter.id)
        await soon(lambda: post_of(app).counts["delivered"] == 2)
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["b", "a"]
        assert await root.letters() == []
        assert not await root.replay_letter(letter.id)


async def test_a_dead_letter_that_is_dropped_is_gone(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        letter = await die(app, clock, root)
        assert await root.drop_letter(letter.id)
        assert await root.letters() == []
        assert not await root.drop_letter(letter.id)


async def test_letters_are_their_senders_own_and_the_operators(app: pf.App) -> None:
    FAULTS.append(NotAllowed("never"))
    async with app as root:
        ada, bob = (root.delegate(name, only=[Clerk]) for name in ("ada", "bob"))
        await ada.actor(Clerk, "x").tell(Clerk.fussy, "a")
        await soon(lambda: post_of(app).counts["died"] == 1)
        (letter,) = await root.letters()
        assert [one.id for one in await ada.letters(dead=True)] == [letter.id]
        assert await bob.letters() == []
        assert not await bob.drop_letter(letter.id)
        assert not await bob.replay_letter(letter.id)
        assert await ada.drop_letter(letter.id)


async def test_a_dead_letter_is_replayed_only_by_who_may_make_that_very_call_now(
    app: pf.App, store: Kept, clock: FakeClock
) -> None:
    FAULTS.append(NotAllowed("not yet"))
    async with app as root:
        await root.delegate("ada", only=[Clerk]).actor(Clerk, "x").tell(Clerk.fussy, "a")
        await soon(lambda: post_of(app).counts["died"] == 1)
        FAULTS.clear()
        (letter,) = await root.letters(dead=True)
        other = {"clerk.fussy": {"text": Constraint(op="in", value=["b"])}}
        past = clock.now() - timedelta(seconds=1)
        for less in (
            root.delegate("ada", only=["clerk.notes"]),
            root.delegate("ada", effects=["read"]),
            root.delegate("ada", limits=other),
            root.delegate("ada", limits={"clerk.fussy": {"key": Constraint(op="eq", value="y")}}),
            root.delegate("ada", expires=past),
        ):
            assert [one.id for one in await less.letters(dead=True)] == [letter.id]
            with pytest.raises(NotAllowed):
                await less.replay_letter(letter.id)
        assert [one.dead for one in await store.letters()] == [True]
        await app.parts.engine.records.flush()
        denied = [one for one in await store.audits() if one.verdict == "deny"]
        assert {(one.capability_id, one.principal) for one in denied} == {("clerk.fussy", "ada")}
        assert len(denied) == 5
        exactly = {"clerk.fussy": {"text": Constraint(op="eq", value="a"), "key": Constraint(op="eq", value="x")}}
        assert await root.delegate("ada", only=["clerk.fussy"], limits=exactly).replay_letter(letter.id)
        await quiet(app)
        assert await root.actor(Clerk, "x").ask(Clerk.notes) == ["a"]
        await app.parts.engine.records.flush()
        told = [one.capability_id for one in await store.audits() if one.principal == "ada" and one.verdict == "allow"]
        assert "letter.replay" in told


async def test_who_may_act_only_with_a_persons_yes_needs_one_to_replay(app: pf.App, store: Kept) -> None:
    FAULTS.append(NotAllowed("not yet"))
    async with app as root:
        await root.delegate("ada", only=[Clerk]).actor(Clerk, "x").tell(Clerk.fussy, "a")
        await soon(lambda: post_of(app).counts["died"] == 1)
        (letter,) = await root.letters(dead=True)
        with pytest.raises(ConfirmationRequired):
            await root.delegate("ada", confirm=["write"]).replay_letter(letter.id)
        assert [one.dead for one in await store.letters()] == [True]
        FAULTS.clear()
        assert await root.replay_letter(letter.id)
        await quiet(app)
        assert await root.actor(Clerk, "x").ask(Clerk.notes) == ["a"]


@pytest.mark.parametrize("fault", [InvalidInput("no"), NotAllowed("no"), pf.CallError("later")])
async def test_a_refusal_that_will_not_change_is_dead_at_once(app: pf.App, fault: pf.CallError) -> None:
    FAULTS.append(fault)
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.fussy, "a")
        await soon(lambda: post_of(app).counts["failed"] == 1)
        (letter,) = await root.letters()
        assert letter.dead == (type(fault) is not pf.CallError)
        assert letter.error_code == fault.code


async def test_a_letter_comes_under_the_authority_it_was_told_with(app: pf.App) -> None:
    async with app as root:
        ada = root.delegate("ada", only=["clerk.pass_on", "clerk.hold"])
        await ada.actor(Clerk, "x").tell(Clerk.hold, "gate")
        await ada.actor(Clerk, "x").tell(Clerk.pass_on, "y", ["a"])
        await GATES["gate"].entered.wait()
    GATES["gate"].opened.set()
    async with app as root:  # restored from what is stored
        await soon(lambda: post_of(app).counts["died"] == 1)
        (letter,) = await root.letters()
        assert (letter.principal, letter.capability_id, letter.error_code) == ("ada", "clerk.pass_on", "not_allowed")
        assert await root.actor(Clerk, "y").ask(Clerk.notes) == []


async def test_a_letter_whose_grant_has_ended_is_dead(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.delegate("ada", only=[Clerk], expires=clock.now() + timedelta(hours=1))
        await ada.actor(Clerk, "x").remind(after=timedelta(hours=2)).tell(Clerk.note, "a")
        clock.advance(hours=2)
        await soon(lambda: post_of(app).counts["died"] == 1)
        (letter,) = await root.letters()
        assert "the grant ended" in str(letter.error)
        assert await root.actor(Clerk, "x").ask(Clerk.notes) == []


async def test_a_message_id_told_again_takes_effect_once(app: pf.App, store: Kept) -> None:
    async with app as root:
        for _ in range(3):
            await root.within(message_id="m1").actor(Clerk, "ada").tell(Clerk.note, "a")
            await quiet(app)
        assert await root.within(message_id="m1").actor(Clerk, "ada").ask(Clerk.note, "a") == 1
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]
        assert await store.letters() == []


async def test_a_message_id_used_for_other_arguments_is_refused(app: pf.App) -> None:
    async with app as root:
        ada = root.within(message_id="m1").actor(Clerk, "ada")
        assert await ada.ask(Clerk.note, "a") == 1
        assert await ada.ask(Clerk.note, text="a") == 1
        assert await root.within(message_id="m1").call(Clerk.note, key="ada", text="a") == 1
        with pytest.raises(pf.Conflict, match="other arguments"):
            await ada.ask(Clerk.note, "b")
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


async def test_a_stopped_actor_gets_its_letters_when_it_is_called_again(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        await ada.tell(Clerk.note, "b")
        await GATES["a"].entered.wait()
        await table(app, Clerk).stop("ada")
        GATES["a"].opened.set()
        await paused(app)
        clock.advance(seconds=1)
        await quiet(app)
        assert await ada.ask(Clerk.notes) == ["a", "b"]


async def test_an_actor_that_is_forgotten_gets_no_letters_from_before(app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        ada = root.actor(Clerk, "ada")
        await ada.tell(Clerk.hold, "a")
        await ada.tell(Clerk.note, "b")
        await ada.remind(after=timedelta(hours=1)).tell(Clerk.note, "c")
        await GATES["a"].entered.wait()
        await root.forget_actor("clerk:ada")
        GATES["a"].opened.set()
        clock.advance(hours=1)
        await quiet(app)
        assert await ada.ask(Clerk.notes) == []
        assert await root.letters() == []


async def test_a_letter_of_a_class_the_app_does_not_have_is_dead(store: Kept, app: pf.App, clock: FakeClock) -> None:
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        await GATES["a"].entered.wait()
    other = pf.App(Loose, store=store, clock=clock, planners=[])
    async with other as root:
        await soon(lambda: post_of(other).counts["died"] == 1)
        assert [letter.error_code for letter in await root.letters(dead=True)] == ["unknown_capability"]


class Failing(MemoryStore):
    """Fails while it is told to."""

    failing = False

    async def commit(self, commit: Commit) -> Committed:
        if self.failing:
            raise StoreUnavailable("no disk")
        return await super().commit(commit)


async def test_a_store_that_fails_is_no_fault_of_the_letter(clock: FakeClock) -> None:
    store = Failing()
    app = pf.App(Clerk, store=store, clock=clock, planners=[])
    async with app as root:
        store.failing = True
        await root.actor(Clerk, "ada").tell(Clerk.note, "a")
        for _ in range(10):
            await paused(app)
            clock.advance(hours=1)
        (letter,) = await root.letters()
        assert (letter.attempts, letter.dead) == (0, False)
        store.failing = False
        await soon(lambda: post_of(app).statistics().paused == 1 or post_of(app).quiet)
        clock.advance(hours=1)
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


class Slow(MemoryStore):
    """Lists letters only when the gate is open, if there is one."""

    async def letters(self, **which: Any) -> list[Letter]:  # noqa: ANN401
        if "letters" in GATES and which["limit"] > 1:
            await GATES["letters"].passed()
        return await super().letters(**which)


async def test_letters_that_are_not_read_yet_go_before_new_ones(clock: FakeClock) -> None:
    app = pf.App(Clerk, store=Slow(), clock=clock, planners=[])
    async with app as root:
        await root.actor(Clerk, "ada").tell(Clerk.hold, "a")
        await GATES["a"].entered.wait()
    GATES["a"].opened.set()
    gate = GATES["letters"]
    async with app as root:
        await gate.entered.wait()
        await root.actor(Clerk, "ada").tell(Clerk.note, "new")
        gate.opened.set()
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a", "new"]


class Gated(MemoryStore):
    """Stores letters only when the gate is open, whatever becomes of the sender."""

    async def post(self, letters: object) -> None:
        await GATES["post"].passed()
        await super().post(letters)  # pyright: ignore[reportArgumentType] - as it came


async def test_a_sender_cancelled_while_its_letter_is_stored_does_not_lose_it(clock: FakeClock) -> None:
    app = pf.App(Clerk, store=Gated(), clock=clock, planners=[])
    async with app as root:
        telling = asyncio.ensure_future(root.actor(Clerk, "ada").tell(Clerk.note, "a"))
        await GATES["post"].entered.wait()
        telling.cancel()
        GATES["post"].opened.set()
        with pytest.raises(asyncio.CancelledError):
            await telling
        await quiet(app)
        assert await root.actor(Clerk, "ada").ask(Clerk.notes) == ["a"]


async def test_a_letter_without_a_receiver_goes_to_the_flows_and_ends_after_them(
    app: pf.App, store: Kept, clock: FakeClock
) -> None:
    seen: list[tuple[str, str, str | None]] = []

    async def flow(letter: Letter, context: Context) -> None:
        seen.append((letter.id, context.principal, context.message_id))
        if len(seen) == 1:
            raise ValueError("not yet")

    async with app as root:
        letter = Letter(
            id="f1", kind="", key="", capability_id="clerk.note", inputs=b"{}", principal="ada",
            authority=root.grant.to_json(), trace_id="0" * 32, due=clock.now(), sent_at=clock.now(),
        )  # fmt: skip
        post_of(app).flows = flow
        await store.post([letter])
        post_of(app).expect(clock.now())
        await soon(lambda: len(seen) == 1 and post_of(app).statistics().paused == 1)
        clock.advance(seconds=1)
        await soon(lambda: post_of(app).counts["delivered"] == 1)
        await quiet(app)
        assert seen == [("f1", "ada", "f1")] * 2
        assert await store.letters() == []


async def test_a_flow_that_goes_on_does_not_hold_up_the_end_of_an_app(app: pf.App, clock: FakeClock) -> None:
    async def flow(letter: Letter, context: Context) -> None:
        del letter, context
        await GATES["flow"].passed()

    before = asyncio.all_tasks()
    async with asyncio.timeout(20), app as root:
        letter = Letter(
            id="f1", kind="", key="", capability_id="flow", inputs=b"{}", principal="ada",
            authority=root.grant.to_json(), trace_id="0" * 32, due=clock.now(), sent_at=clock.now(),
        )  # fmt: skip
        post_of(app).flows = flow
        await app.parts.store.post([letter])
        post_of(app).expect(clock.now())
        await GATES["flow"].entered.wait()
    assert asyncio.all_tasks() == before


# -- what a sceptic broke ---------------------------------------------------------------------------------------------
