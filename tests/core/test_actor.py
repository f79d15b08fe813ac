"""What an actor class declares, and what it inherits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.actor import ActorType, Draft
from packetflow._core.errors import DeclarationError


class State(BaseModel):
    posts: int = 0


class Needy(BaseModel):
    posts: int


class ChatRoom(pf.Actor[State], idle=timedelta(minutes=1), key="room", durability="snapshot", mailbox=5):
    """A room."""


class Hall(ChatRoom, mailbox=7):
    """A larger room."""


def test_a_class_is_named_in_snake_case_and_its_topic_after_it() -> None:
    assert ChatRoom.actor_type.name == "chat_room"
    assert ChatRoom.actor_type.topic("lobby") == "chat_room/lobby"
    assert ChatRoom.actor_type.state is State


def test_a_subclass_inherits_the_options_it_does_not_give() -> None:
    kind = Hall.actor_type
    assert (kind.name, kind.key, kind.idle, kind.durability, kind.mailbox) == (
        "hall",
        "room",
        timedelta(minutes=1),
        "snapshot",
        7,
    )
    assert kind.state is State
    assert ChatRoom.actor_type.mailbox == 5


@pytest.mark.parametrize(
    "options",
    [
        {"name": "no spaces"},
        {"idle": timedelta(0)},
        {"idle": timedelta(-1)},
        {"timeout": timedelta(0)},
        {"mailbox": 0},
        {"key": "not a name"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        type("Odd", (pf.Actor,), {}, **options)


def test_a_state_must_be_made_without_arguments_and_have_a_json_form() -> None:
    ChatRoom.actor_type.verify()
    for state in (Needy, object):
        with pytest.raises(DeclarationError):
            ActorType("odd", state=state).verify()


def test_an_event_emitted_is_a_draft_until_it_is_committed() -> None:
    class Told(pf.Event):
        text: str

    room = ChatRoom.__new__(ChatRoom)
    room._pending = None  # noqa: SLF001 - what the runtime does  # pyright: ignore[reportPrivateUsage]
    room.emit(Told(text="a"), id="one")
    drafts: list[Draft] = room._pending or []  # noqa: SLF001 - what the runtime does  # pyright: ignore[reportPrivateUsage]
    assert [(draft.event, draft.id) for draft in drafts] == [(Told(text="a"), "one")]
