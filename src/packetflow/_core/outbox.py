"""What a message leaves behind for others: it goes when the message is committed, or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.event import Event
    from packetflow._core.grant import Grant
    from packetflow._core.letter import Letter
    from packetflow._core.ref import Message

ROOM: Final = 10_000
"""Letters that one message may send, at most."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that its actor has emitted and not yet committed."""

    event: Event
    id: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter with its content unpacked, so that it need not be read again where it was written."""

    letter: Letter
    message: Message[Any, ..., Any] | None
    """None when it has no receiver."""
    arguments: Mapping[str, Any]
    """Checked and typed, by name."""
    grant: Grant
    message_id: str | None = None
    """Given when it may have been handled before: its receiver then looks for its first reply."""


class Outbox(list[Draft]):
    """What the message in hand has emitted, and what it tells others; true is the list of events alone."""

    __slots__ = ("cancels", "over", "parcels", "told")

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.parcels: list[Parcel] = []
        self.told: Counter[tuple[str, str]] = Counter()
        """How many letters each actor (type, key) gets at once, without the reminders."""
        self.cancels: list[str] = []
        """Names of the actor's own reminders that shall not come."""
        self.over = False
        """Whether the message has ended, or is being committed: it takes nothing more."""

    def send(self, parcel: Parcel) -> None:
        """Take a letter; of an actor's reminders with one name the last stays. Raises DeclarationError when full."""
        letter = parcel.letter
        if letter.name:
            place = (letter.kind, letter.key, letter.name)
            self.parcels = [p for p in self.parcels if (p.letter.kind, p.letter.key, p.letter.name) != place]
        if len(self.parcels) >= ROOM:
            message = f"one message may send {ROOM} letters; let it send one to somebody who sends the rest"
            raise DeclarationError(message)
        self.parcels.append(parcel)
        if not letter.name:
            self.told[letter.kind, letter.key] += 1

    def forget(self, kind: str, key: str, name: str) -> None:
        """Let the actor's own reminder not come, be it stored or just made."""
        self.cancels.append(name)
        place = (kind, key, name)
        self.parcels = [p for p in self.parcels if (p.letter.kind, p.letter.key, p.letter.name) != place]
