"""Facts: immutable, in the past tense, about one subject; stored first, published second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr

from packetflow._core.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packetflow._core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the journal keeps it."""

    topic: str
    seq: int
    """Position in its topic: 1, 2, 3, without gaps."""
    id: str
    """Unique in its topic; the same id stored again is stored once."""
    kind: str
    at: datetime
    """When it happened, UTC. An imported fact may be older than its neighbours; order is by `seq`."""
    principal: str
    trace_id: str
    payload: bytes
    """The fields of the event as JSON."""


@cache
def event_class(kind: str, module: str = "") -> type[Event]:
    """Find the loaded Event class of that name, first in `module`; UnknownEvent when there is none.

    Of several the one declared last is taken, as Python does with names.
    """
    found = [known for known in _subclasses(Event) if known.__name__ == kind][::-1]
    return next((known for known in found if known.__module__ == module), found[0] if found else UnknownEvent)


class Event(BaseModel):
    """A fact about one subject. Subclass it and name the subclass in the past tense.

    Where it stands (`stored`) is known once it was read from a journal or topic; before that `seq` is 0. Two events of
    one class with the same fields are equal, wherever they stand.
    """

    model_config = ConfigDict(frozen=True)

    _stored: Stored | None = PrivateAttr(default=None)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own signature
        """Refuse fields that would hide what every event has."""
        super().__pydantic_init_subclass__(**kwargs)
        if hidden := {"seq", "stored", "from_stored"} & cls.model_fields.keys():
            message = f"event {cls.__name__!r} cannot have a field {min(hidden)!r}: every event has one already"
            raise DeclarationError(message)
        event_class.cache_clear()

    def __eq__(self, other: object) -> bool:
        """Compare what is told, not where it is stored."""
        if not isinstance(other, Event) or type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__ and self.model_extra == other.model_extra

    def __hash__(self) -> int:
        """Hash what is told; raises TypeError when a field cannot be hashed."""
        return hash((type(self), *self.__dict__.values()))

    @property
    def seq(self) -> int:
        """Position in its topic, from 1; 0 while it is not stored."""
        return self._stored.seq if self._stored else 0

    @property
    def stored(self) -> Stored:
        """Its place in the journal: topic, id, moment, principal; raises LookupError while it is not stored."""
        if self._stored is None:
            message = f"this {type(self).__name__} is not stored yet"
            raise LookupError(message)
        return self._stored

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Read an event back; raises pydantic's ValidationError when the journal holds another shape."""
        event = cls.model_validate_json(stored.payload)
        event._stored = stored  # noqa: SLF001 - own private attribute, set on the one path that knows it
        return event


class UnknownEvent(Event):
    """An event whose class is not part of this program (any more); its fields are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def fields(self) -> JsonObject:
        """The fields as they were stored."""
        return dict[str, Any](self.model_extra or {})


def decode(stored: Stored, module: str = "") -> Event:
    """Read a stored event as the class its kind names; `module` breaks a tie between classes of one name."""
    return event_class(stored.kind, module).from_stored(stored)


def _subclasses(kind: type[Event]) -> Iterator[type[Event]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
