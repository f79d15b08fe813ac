"""The personal agent: it remembers, answers from what was said, and keeps people apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import packetflow as pf
from packetflow._core.errors import NotAllowed
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import FakeClock
from packetflow_chat.agents import PersistentChatAgent
from packetflow_chat.rooms import Room

if TYPE_CHECKING:
    from pathlib import Path

YESTERDAY = "What did we discuss yesterday?"


def noon() -> FakeClock:
    """Give a clock that is moved by hand."""
    return FakeClock(datetime(2026, 5, 4, 12, tzinfo=UTC))


def app(path: Path, calendar: FakeClock) -> pf.App:
    return pf.App(PersistentChatAgent, Room, store=SQLiteStore(path / "store.db"), planners=[], clock=calendar)


async def test_an_agent_recalls_the_day_before_over_a_restart_and_not_the_days_around_it(tmp_path: Path) -> None:
    calendar = noon()
    async with app(tmp_path, calendar) as root:
        agent = root.actor(PersistentChatAgent, "ada")
        await agent.ask(PersistentChatAgent.receive, "The violin needs new strings.")
        calendar.advance(days=1)
        await agent.ask(PersistentChatAgent.receive, "The bakery on the corner sells rye bread.")
    calendar.advance(days=1)
    async with app(tmp_path, calendar) as root:
        reply = await root.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.receive, YESTERDAY)
        assert "rye bread" in reply.response
        assert "violin" not in reply.response
        assert reply.recalled is not None
        assert reply.recalled.found
        assert reply.conversation_count == 3


async def test_an_agent_answers_about_a_topic_of_any_day(tmp_path: Path) -> None:
    calendar = noon()
    async with app(tmp_path, calendar) as root:
        agent = root.actor(PersistentChatAgent, "ada")
        await agent.ask(PersistentChatAgent.receive, "We decided to paint the fence green.")
        calendar.advance(days=9)
        await agent.ask(PersistentChatAgent.receive, "The train leaves at nine.")
        reply = await agent.ask(PersistentChatAgent.receive, "What did we say about the fence?")
        assert "green" in reply.response
        assert "train" not in reply.response


async def test_an_agent_says_so_when_nothing_was_said(tmp_path: Path) -> None:
    async with app(tmp_path, noon()) as root:
        reply = await root.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.receive, YESTERDAY)
        assert "nothing" in reply.response
        assert reply.recalled is not None
        assert not reply.recalled.found


async def test_people_do_not_see_each_others_memory(tmp_path: Path) -> None:
    calendar = noon()
    async with app(tmp_path, calendar) as root:
        await root.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.receive, "My code word is marzipan.")
        calendar.advance(days=1)
        reply = await root.actor(PersistentChatAgent, "bob").ask(PersistentChatAgent.receive, YESTERDAY)
        assert "marzipan" not in reply.response


async def test_nobody_talks_with_anothers_agent_unless_they_may_act_for_them(tmp_path: Path) -> None:
    async with app(tmp_path, noon()) as root:
        await root.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.receive, "My code word is marzipan.")
        bob = root.delegate("bob")
        for call, more in (("receive", {"message": "What did we say about the code word?"}), ("memory", {})):
            with pytest.raises(NotAllowed):
                await bob.call(f"persistent_chat_agent.{call}", user_id="ada", **more)
        with pytest.raises(NotAllowed):
            await bob.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.memory)


async def test_the_room_one_asks_in_is_recalled_too_as_far_as_one_may_read_it(tmp_path: Path) -> None:
    calendar = noon()
    async with app(tmp_path, calendar) as root:
        ada, bob = root.delegate("ada"), root.delegate("bob")
        await ada.call("create_room", room_id="secret", visibility="private")
        await ada.call("send_message", room_id="secret", content="The launch is moved to the ninth of June.")
        calendar.advance(days=1)
        context = {"room_id": "secret"}
        seen = await ada.actor(PersistentChatAgent, "ada").ask(PersistentChatAgent.receive, YESTERDAY, context)
        assert "ninth of June" in seen.response
        hidden = await bob.actor(PersistentChatAgent, "bob").ask(PersistentChatAgent.receive, YESTERDAY, context)
        assert "June" not in hidden.response


async def test_the_memory_is_listed_oldest_first(tmp_path: Path) -> None:
    async with app(tmp_path, noon()) as root:
        agent = root.actor(PersistentChatAgent, "ada")
        await agent.ask(PersistentChatAgent.receive, "First thing.")
        await agent.ask(PersistentChatAgent.receive, "Second thing.")
        lines = await agent.ask(PersistentChatAgent.memory)
        assert [line.content for line in lines if line.author == "ada"] == ["First thing.", "Second thing."]
        assert [line.author for line in lines] == ["ada", "agent", "ada", "agent"]


async def test_what_one_says_to_remember_is_kept_and_found_by_a_plain_question(tmp_path: Path) -> None:
    async with app(tmp_path, noon()) as root:
        agent = root.actor(PersistentChatAgent, "ada")
        told = await agent.ask(PersistentChatAgent.receive, "Remember that my favourite colour is teal")
        assert told.recalled is None
        asked = await agent.ask(PersistentChatAgent.receive, "What is my favourite colour?")
        assert "teal" in asked.response
        other = await agent.ask(PersistentChatAgent.receive, "How are you?")
        assert "teal" not in other.response
