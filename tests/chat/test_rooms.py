"""Rooms: who may see them, what is said in them, and that it is said once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import packetflow as pf
from packetflow._core.errors import InvalidInput, NotAllowed
from packetflow.stores.memory import MemoryStore
from packetflow_chat.rooms import ImportedMessage, MemberJoined, Posted, Room, list_rooms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def app() -> pf.App:
    return pf.App(Room, list_rooms, store=MemoryStore(), planners=[])


def imported(number: int, text: str = "hello") -> ImportedMessage:
    return ImportedMessage(id=f"m{number}", author="grace", text=text, at=datetime(2020, 1, 1, tzinfo=UTC))


async def test_a_posted_message_appears_once_with_author_time_and_id_of_the_server() -> None:
    async with app() as root:
        room = root.actor(Room, "den")
        await room.ask(Room.create, "Den")
        sent = await room.ask(Room.post, "hello there?")
        page = await room.ask(Room.history)
        assert [(m.id, m.author, m.content) for m in page.messages] == [
            (sent.message_id, "local-owner", "hello there?")
        ]
        assert page.messages[0].at == sent.at
        assert (sent.ai_insights.word_count, sent.ai_insights.contains_question) == (2, True)


async def test_a_room_that_was_not_created_does_not_exist_for_anything() -> None:
    async with app() as root:
        for call, more in (
            ("send_message", {"content": "x"}),
            ("list_messages", {}),
            ("join_room", {}),
            ("import_messages", {"messages": [imported(1)]}),
        ):
            with pytest.raises(pf.NotFound, match="there is no room 'nowhere'"):
                await root.call(call, room_id="nowhere", **more)
        assert await root.call(list_rooms) == []


async def test_a_room_is_created_once() -> None:
    async with app() as root:
        await root.call("create_room", room_id="den")
        with pytest.raises(pf.Conflict, match="already"):
            await root.call("create_room", room_id="den")


@pytest.mark.parametrize("content", ["", "   ", "x" * 20_001, 5, None])
async def test_a_message_that_says_nothing_or_too_much_is_refused_and_changes_nothing(content: object) -> None:
    async with app() as root:
        await root.call("create_room", room_id="den")
        with pytest.raises(InvalidInput) as caught:
            await root.call("send_message", room_id="den", content=content)
        assert [problem.path for problem in caught.value.problems] == [("content",)]
        assert (await root.call("list_messages", room_id="den")).total == 0


async def test_a_private_room_does_not_exist_for_whoever_is_not_in_it() -> None:
    async with app() as root:
        ada, bob = root.delegate("ada"), root.delegate("bob")
        await ada.call("create_room", room_id="secret", visibility="private")
        await ada.call("send_message", room_id="secret", content="psst")
        for call, more in (("list_messages", {}), ("join_room", {}), ("send_message", {"content": "let me in"})):
            with pytest.raises(pf.NotFound):
                await bob.call(call, room_id="secret", **more)
        assert await bob.call(list_rooms) == []
        assert [room.room_id for room in await ada.call(list_rooms)] == ["secret"]
        assert (await root.call("list_messages", room_id="secret")).total == 1, "the owner of the machine sees all"


async def test_nobody_writes_in_anothers_name_unless_they_may_act_for_them() -> None:
    async with app() as root:
        await root.call("create_room", room_id="den")
        assert (await root.call("send_message", room_id="den", content="hi", user_id="ada")).author == "ada"
        bob = root.delegate("bob")
        with pytest.raises(NotAllowed):
            await bob.call("send_message", room_id="den", content="I am ada", user_id="ada")
        with pytest.raises(NotAllowed):
            await bob.call("import_messages", room_id="den", messages=[imported(1)])
        assert (await root.call("list_messages", room_id="den")).total == 1


async def test_writing_in_a_public_room_makes_one_a_member_once() -> None:
    async with app() as root:
        await root.call("create_room", room_id="den")
        bob = root.delegate("bob")
        for text in ("one", "two"):
            await bob.call("send_message", room_id="den", content=text)
        joined = [event async for event in _until(root, 5) if isinstance(event, MemberJoined)]
        assert [(event.user_id, event.role) for event in joined] == [("local-owner", "admin"), ("bob", "member")]


async def _until(root: pf.Client, seq: int) -> AsyncIterator[pf.Event]:
    async for event in root.subscribe(Room, "den"):
        yield event
        if event.seq == seq:
            return


async def test_imported_messages_keep_their_times_and_are_stored_once_however_often_they_come() -> None:
    async with app() as root:
        await root.call("create_room", room_id="den")
        batch = [imported(1), imported(2), imported(2, "a second with the same id"), imported(3)]
        first = await root.call("import_messages", room_id="den", messages=batch)
        again = await root.call("import_messages", room_id="den", messages=batch)
        assert (first.stored, first.known, again.stored, again.known) == (3, 1, 0, 4)
        page = await root.call("list_messages", room_id="den")
        assert page.total == len(page.messages) == 3
        assert {message.at for message in page.messages} == {datetime(2020, 1, 1, tzinfo=UTC)}


async def test_history_gives_the_latest_messages_oldest_first_and_goes_on_behind_a_place() -> None:
    async with app() as root:
        room = root.actor(Room, "den")
        await room.ask(Room.create)
        for number in range(10):
            await room.ask(Room.post, f"message {number}")
        latest = await room.ask(Room.history, limit=3)
        assert [message.content for message in latest.messages] == ["message 7", "message 8", "message 9"]
        rest = await room.ask(Room.history, after=latest.messages[1].seq)
        assert [message.content for message in rest.messages] == ["message 9"]
        assert latest.total == 10


async def test_everybody_in_a_room_hears_a_message_after_it_is_stored() -> None:
    async with app() as root:
        room = root.actor(Room, "den")
        await room.ask(Room.create)
        sent = await room.ask(Room.post, "hello")
        heard = [event async for event in _until(root, 3) if isinstance(event, Posted)]
        assert [(event.content, event.stored.id) for event in heard] == [("hello", sent.message_id)]
