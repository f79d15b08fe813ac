"""What a fresh start holds: two rooms, a short conversation, and a finished run to look at."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import packetflow as pf
from packetflow_chat.analyses import analyze_conversation
from packetflow_chat.rooms import ImportedMessage, Room

if TYPE_CHECKING:
    from packetflow import Client

_LOBBY = (
    (0, "packetflow", "Welcome. This room is open to everybody; what is written here is kept."),
    (1, "packetflow", "Try: summarize the conversation in room 123"),
)

_ROOM123 = (
    (0, "ada", "Morning! The import of the old chat logs is ready for a look, it took 40 seconds for 1,200 messages."),
    (2, "grace", "Great. Does it keep the original times, or do all messages get today's date?"),
    (3, "ada", "grace: it keeps the times. The date comes from the file name, and bad lines are listed at the end."),
    (
        5,
        "user456",
        "I found two lines without a nick in the log of December, the import counted them as bad. Is that right?",
    ),
    (7, "ada", "user456: yes, those are server notices. They are not lost, the report names their line numbers."),
    (9, "grace", "Then let's go with Thursday for the release. Agreed?"),
    (10, "user456", "Agreed, Thursday works for me."),
    (11, "ada", "Agreed. I'll write the release notes by Wednesday."),
    (13, "grace", "Thanks! user456, can you test the import on a slow disk before Thursday?"),
    (14, "user456", "Sure, I'll test it tomorrow and post the numbers here."),
)


async def seed(root: Client) -> None:
    """Fill a store that is used for the first time; begun again after a crash, it adds what is missing."""
    await _room(root, "lobby", "Lobby", "Where everybody starts.", _LOBBY)
    await _room(root, "room123", "Release planning", "A short conversation to try things on.", _ROOM123)
    await root.actor(Room, "room123").ask(Room.join, user_id="user456")
    if not await root.runs(status="succeeded", limit=1):
        await root.run(pf.Plan(analyze_conversation.step("room123"), intent="Analyze the conversation in room 123"))


async def _room(root: Client, room_id: str, title: str, about: str, lines: tuple[tuple[int, str, str], ...]) -> None:
    room = root.actor(Room, room_id)
    with suppress(pf.Conflict):
        await room.ask(Room.create, title, about)
    start = root.context.now() - timedelta(days=1, minutes=lines[-1][0] + 1)  # so that there is a yesterday to ask for
    messages = [
        ImportedMessage(id=f"{room_id}-{minute}", author=author, text=text, at=start + timedelta(minutes=minute))
        for minute, author, text in lines
    ]
    await room.ask(Room.take, messages)
