"""What happens to actors themselves, as events that operators follow."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from packetflow._core.event import Event

Change: TypeAlias = Literal["activated", "restarted", "stopped", "slept", "escalated", "recovered"]
"""`stopped`: it takes no messages for a while. `escalated`: its whole class does not; `recovered`: it does again."""

TOPIC: Final = "actors"
"""The topic of all of them; those of one class are on `actors/<type>`."""


class ActorChanged(Event):
    """Something happened to an actor, or to a class of actors; told to those who listen now, and stored nowhere."""

    type: str
    key: str
    """Empty when it happened to the class."""
    change: Change
    reason: str = ""
