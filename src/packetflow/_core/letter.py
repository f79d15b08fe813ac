"""What is on its way to an actor, kept in the store until it took effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When all that is no reminder is due: it has been so whatever the clock says, also after it was set back."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A durable message on its way: it stays in the store until its receiver has committed what it did with it.

    A message told to a durable actor, a reminder, and a flow set off by an event are all letters. They are delivered at
    least once; the receiver keeps its reply under the letter's occurrence, so each takes effect once.
    """

    id: str
    """Unique for good. A letter whose id is in the store already is left out."""
    kind: str
    """The type of the actor that gets it; empty for a capability that is no actor's message."""
    key: str
    """The actor's key; empty for a capability that is no actor's message."""
    capability_id: str
    inputs: bytes
    """Inputs by name as JSON, without the actor's key."""
    principal: str
    authority: bytes
    """The sender's grant as JSON (`Grant.to_json`)."""
    trace_id: str
    due: datetime
    """When it is to be delivered; changes only when it comes again."""
    sent_at: datetime
    name: str = ""
    """A reminder's name. Of one receiver a later one with the same name takes the place of the earlier."""
    again: str = ""
    """When it comes again, as a rule in text; empty for once."""
    depth: int = 0
    """How many events and flows led to it, one setting off the next."""
    attempts: int = 0
    """Deliveries that failed since it was last due."""
    error_code: str | None = None
    error: str | None = None
    """Why the last delivery failed."""
    dead: bool = False
    """Whether it is delivered no more, and waits for somebody to replay or drop it."""
    number: int = 0
    """Its place in the order of sending, given by the store."""

    @property
    def occurrence(self) -> str:
        """Names this delivery for good: the id, and for what comes again also when."""
        return f"{self.id}@{self.due.isoformat()}" if self.again else self.id


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a letter, or of one occurrence of it."""

    id: str
    due: datetime
    """When this occurrence was due; a letter that is gone, or due at another moment, is a StoreConflict."""
    next: datetime | None = None
    """When it comes again; None deletes it."""
