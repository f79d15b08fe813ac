"""What events set off is stored with them, runs once, acts as itself, and does not go round for ever."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.runtime.workshop import CALLS, GATES, WORKSHOP, add, book, ended, fetch, nodes, until, wait, working

import packetflow as pf
from packetflow._core.errors import DeclarationError
from packetflow.stores.memory import MemoryStore


class Posted(pf.Event):
    text: str
    length: int


class Shouted(Posted):
    """A loud kind of post."""


class Tally(BaseModel):
    count: int = 0


class Room(pf.Actor[Tally], key="room_id"):
    """A room."""

    @pf.capability
    async def post(self, text: str, loud: bool = False) -> int:  # noqa: FBT001, FBT002 - an input
        """Post a text."""
        self.state.count += 1
        kind = Shouted if loud else Posted
        self.emit(kind(text=text, length=len(text)))
        return self.state.count

    @pf.capability
    async def fail(self, text: str) -> int:
        """Emit, and fail."""
        self.emit(Posted(text=text, length=0))
        raise pf.Conflict(text)


class Counter(pf.Actor[Tally], key="room_id"):
    """Counts the posts of a room."""

    @pf.capability
    async def count(self, length: int) -> int:
        """Count a post."""
        self.state.count += length
        return self.state.count

    @pf.capability(effect="read")
    def total(self) -> int:
        """Give the sum."""
        return self.state.count


class Board(pf.Actor[Tally], durability="volatile"):
    """A room that keeps nothing."""

    @pf.capability
    async def post(self, text: str) -> int:
        """Post a text."""
        self.emit(Posted(text=text, length=len(text)))
        return 1


@pf.flow
def announce(room: str, text: str) -> pf.Step[str]:
    """Fetch a text and book it."""
    return book.step(fetch.step(text).output).following(fetch.step(room))


async def test_an_event_sets_off_a_flow_whose_steps_are_in_the_trace() -> None:
    trigger = pf.on(Posted, lambda event, room: announce.step(room=room, text=event.text))
    async with working(Room, announce, trigger) as root:
        await root.actor(Room, "lobby").ask(Room.post, "hi")
        (run,) = await ended(root, 1)
        assert run.succeeded
        assert set(nodes(run)) == {"announce", "announce/fetch", "announce/fetch_2", "announce/book"}
        assert run.principal == "on/Posted.announce"
        assert run.result == "booking of HI"


async def test_a_capability_gets_the_fields_of_the_event_and_an_actor_the_key_of_the_teller() -> None:
    async with working(Room, Counter, pf.on(Posted, Counter.count), pf.on(Posted, fetch)) as root:
        await root.actor(Room, "lobby").ask(Room.post, "four")
        await root.actor(Room, "lobby").ask(Room.post, "five!", loud=True)
        assert [run.result for run in await ended(root, 2)] == ["FIVE!", "FOUR"]
        counter = root.actor(Counter, "lobby")

        async def counted() -> bool:
            return await counter.ask(Counter.total) >= 9

        await until(counted)
        assert await counter.ask(Counter.total) == 9


async def test_the_very_first_message_of_an_app_sets_off_what_it_should() -> None:
    for _ in range(10):
        async with working(Room, Counter, pf.on(Posted, Counter.count), pf.on(Posted, fetch)) as root:
            await root.call(Room.post, room_id="lobby", text="first")
            (run,) = await ended(root, 1)
            assert run.result == "FIRST"


async def test_a_condition_over_the_event_and_the_class_decide() -> None:
    long = pf.on(Shouted, fetch, when=lambda event, _: pf.when(event.length, "gt", 3))
    async with working(Room, long) as root:
        room = root.actor(Room, "lobby")
        await room.ask(Room.post, "quiet")
        await room.ask(Room.post, "hey", loud=True)
        await room.ask(Room.post, "hello", loud=True)
        (run,) = await ended(root, 1)
        assert run.result == "HELLO"
        assert CALLS == ["fetch hello"]


async def test_a_message_that_fails_sets_nothing_off() -> None:
    async with working(Room, pf.on(Posted, fetch)) as root:
        room = root.actor(Room, "lobby")
        with pytest.raises(pf.Conflict):
            await room.ask(Room.fail, "no")
        await room.ask(Room.post, "yes")
        await ended(root, 1)
        assert CALLS == ["fetch yes"]


async def test_a_trigger_may_call_what_its_steps_call_and_nothing_else() -> None:
    seen: list[pf.Context] = []

    @pf.capability
    async def curious(ctx: pf.Context, text: str) -> str:
        """Look at what one may do."""
        seen.append(ctx)
        return text

    async with working(Room, curious, pf.on(Posted, curious)) as root:
        await root.within(trace_id="a" * 32).call(Room.post, room_id="lobby", text="x")
        await ended(root, 1)
        (context,) = seen
        assert context.principal == "on/Posted.curious"
        assert context.trace_id == "a" * 32
        assert context.grant.may_name("curious", "write")
        assert not context.grant.may_name("fetch", "read")
        assert not context.grant.may_act_for("local-owner")


async def test_what_was_set_off_before_the_app_stopped_runs_when_it_starts_again_and_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    trigger = pf.on(Posted, fetch)
    CALLS.clear()
    app = pf.App(*WORKSHOP, Room, trigger, store=store, planners=[])
    async with app as root:
        app.parts.engine.post.stop()  # what is delivered from now on is delivered at the next start
        monkeypatch.setattr(app.parts.engine.post, "sent", list)
        await root.actor(Room, "lobby").ask(Room.post, "kept")
        assert [letter.capability_id for letter in await store.letters()] == ["on/Posted.fetch"]
        assert CALLS == []
    for _ in range(2):
        async with pf.App(*WORKSHOP, Room, trigger, store=store, planners=[]) as root:
            (run,) = await ended(root, 1)
            assert run.result == "KEPT"

            async def settled() -> bool:
                return not await store.letters()

            await until(settled)
    assert CALLS == ["fetch kept"]


async def test_a_letter_delivered_twice_is_one_run() -> None:
    trigger = pf.on(Posted, fetch)
    store = MemoryStore()
    CALLS.clear()
    app = pf.App(*WORKSHOP, Room, trigger, store=store, planners=[])
    async with app as root:
        start, letters = app.parts.engine.post.flows, list[Any]()

        async def twice(letter: Any, context: pf.Context) -> None:  # noqa: ANN401 - a letter
            letters.append(letter)
            assert start is not None
            await asyncio.gather(start(letter, context), start(letter, context))
            await start(letter, context)

        app.parts.engine.post.flows = twice
        await root.actor(Room, "lobby").ask(Room.post, "once")
        await ended(root, 1)
        assert len(letters) == 1
        assert CALLS == ["fetch once"]


async def test_events_that_set_each_other_off_in_a_circle_end_as_a_dead_letter() -> None:
    circle = pf.on(Posted, lambda event, room: Room.post.step(room, text=event.text))
    store = MemoryStore()
    async with pf.App(Room, circle, store=store, planners=[]) as root:
        await root.actor(Room, "lobby").ask(Room.post, "again")

        async def died() -> bool:
            return bool(await store.letters(dead=True))

        await until(died)
        (letter,) = await store.letters(dead=True)
        assert letter.error_code == "too_deep"
        assert "set each other off" in str(letter.error)
        assert letter.depth == 17
        assert await root.actor(Room, "lobby").ask(Room.post, "x") == 18


async def test_a_run_that_is_resumed_is_as_deep_in_the_circle_as_it_was() -> None:
    store = MemoryStore()
    parts = (*WORKSHOP, Room, pf.on(Posted, fetch))
    GATES.clear()
    app = pf.App(*parts, store=store, planners=[])
    async with app as root:
        posted = Room.post.step("lobby", wait.step("gate").output)
        await app.parts.runs.start(pf.Plan(posted), replace(root.context, depth=16))
    GATES.setdefault("gate", asyncio.Event()).set()
    async with pf.App(*parts, store=store, planners=[]) as root:
        (run,) = await ended(root, 1)
        assert run.status == "succeeded"

        async def died() -> bool:
            return bool(await store.letters(dead=True))

        await until(died)
        (letter,) = await store.letters(dead=True)
        assert (letter.error_code, letter.depth) == ("too_deep", 17)


async def test_events_of_a_volatile_actor_set_nothing_off_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working(Board, Room, pf.on(Posted, fetch)) as root:
        with caplog.at_level(logging.WARNING, "packetflow.trigger"):
            for _ in range(3):
                await root.actor(Board, "b").ask(Board.post, "lost")
        await root.actor(Room, "lobby").ask(Room.post, "kept")
        await ended(root, 1)
        assert CALLS == ["fetch kept"]
        assert [record.getMessage().split(":")[0] for record in caplog.records] == [
            "Posted of 'board' sets nothing off"
        ]


def test_a_trigger_that_cannot_run_is_refused_when_the_app_is_built() -> None:
    with pytest.raises(DeclarationError, match="no capability 'fetch'"):
        pf.App(Room, pf.on(Posted, fetch))
    with pytest.raises(DeclarationError, match="does not fit input 'a'"):
        pf.App(Room, add, pf.on(Posted, lambda event, _: add.step(event.text, 1)))  # pyright: ignore[reportArgumentType]
    with pytest.raises(DeclarationError, match="input 'a' is missing"):
        pf.App(Room, add, pf.on(Posted, add))
    with pytest.raises(DeclarationError, match="only two numbers or two texts"):
        pf.App(Room, fetch, pf.on(Posted, fetch, when=lambda event, _: pf.when(event.text, "gt", 1)))
    with pytest.raises(DeclarationError, match="two triggers are called"):
        pf.App(Room, fetch, pf.on(Posted, fetch), pf.on(Posted, fetch))
    with pytest.raises(DeclarationError, match="must be a step"):
        pf.App(Room, fetch, pf.on(Posted, lambda _, __: None, name="x"))  # pyright: ignore[reportArgumentType]
