"""A keyed, stateful entity that handles one message at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from pydantic import PydanticUserError, TypeAdapter

from packetflow._core.context import Context
from packetflow._core.errors import DeclarationError
from packetflow._core.event import Event
from packetflow._core.ref import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

S = TypeVar("S")
E = TypeVar("E", bound=Event)

Durability: TypeAlias = Literal["durable", "snapshot", "volatile"]


@dataclass(frozen=True, slots=True)
class Restart:
    """How often an actor may crash and be restarted from its last commit before it is stopped for `within`."""

    times: int = 3
    within: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that its actor has emitted and not yet committed."""

    event: Event
    id: str | None
    at: datetime | None


class Home(Protocol):
    """What an actor needs of the runtime while it handles a message."""

    def journal(
        self, actor: Actor[Any], kind: type[E], after: int, last: int | None, ids: Iterable[str] | None
    ) -> AsyncIterator[E]:
        """Read committed events of the actor's topic, then those of the message in hand."""
        ...


@dataclass(frozen=True)
class ActorType:
    """What an actor class declares; one for each class."""

    name: str
    key: str = "key"
    idle: timedelta = timedelta(minutes=30)
    restart: Restart = field(default_factory=Restart)
    durability: Durability = "durable"
    mailbox: int = 1000
    timeout: timedelta = timedelta(seconds=30)
    state: Any = None
    """The type of its state; None for an actor that keeps what it has in its own attributes."""
    module: str = ""

    @property
    def sensible(self) -> bool:
        """Whether the options can be."""
        return min(self.idle, self.timeout) > timedelta(0) and self.mailbox >= 1 and self.key.isidentifier()

    def verify(self) -> None:
        """Make a first state and read it back; raises DeclarationError for a type without defaults or JSON form."""
        if self.state is None:
            return
        try:
            self.adapter.validate_json(self.adapter.dump_json(self.initial()))
        except (TypeError, ValueError) as error:
            message = f"the state of actor {self.name!r} must be made without arguments and have a JSON form: {error}"
            raise DeclarationError(message) from error

    def topic(self, key: str) -> str:
        """Name the topic of the actor with that key, such as `room/lobby`."""
        return f"{self.name}/{key}"

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Reads and writes the state; raises DeclarationError when its type has no JSON form."""
        try:
            return TypeAdapter(self.state)
        except (PydanticUserError, NameError) as error:
            message = f"the state of actor {self.name!r} has no schema: {error}"
            raise DeclarationError(message) from error

    def initial(self) -> Any:  # noqa: ANN401 - the actor's own state type
        """Make the state of an actor that was never saved."""
        return None if self.state is None else self.state()


class Actor(Generic[S]):
    """Subclass it with a state type and declare its messages with `capability`.

    ```python
    class Room(pf.Actor[RoomState], idle=timedelta(minutes=30)):
        @pf.capability
        async def post(self, text: str) -> int: ...
    ```

    Class options: `name` (the type part of its address; the class name in snake case), `key` (what the key is called
    among a capability's inputs), `idle` (slept off after that long without a message), `restart`, `durability`
    (`durable`: state and events are committed before the reply; `snapshot`: saved every ten seconds and when it
    sleeps; `volatile`: never saved, its events are live only), `mailbox` (messages that may wait), `timeout` (the
    deadline of a message that brings none). A subclass has its own name, and the other options and the messages of its
    parent unless it says otherwise.

    A message handler owns the actor until it returns: no lock is needed, and an exception rolls the state back to the
    last commit. The state is small and bounded; what grows is the journal: `emit` and `journal`.
    """

    __slots__ = ("_box", "_busy", "_home", "_pending", "_revision", "_tick", "key", "state")

    actor_type: ClassVar[ActorType]
    messages: ClassVar[Mapping[str, Message[Any, ..., Any]]] = {}
    """Its capabilities by method name."""

    key: str
    state: S
    _box: Any
    _busy: Any
    _home: Home
    _pending: list[Draft] | None
    _revision: int
    _tick: int

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        key: str | None = None,
        idle: timedelta | None = None,
        restart: Restart | None = None,
        durability: Durability | None = None,
        mailbox: int | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        """Record what the class declares; raises DeclarationError for options that cannot be."""
        super().__init_subclass__()
        above = getattr(cls, "actor_type", None) or ActorType("actor")
        own = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", own):
            message = f"{own!r} is no name for an actor: use letters, digits, _ and -"
            raise DeclarationError(message)
        cls.actor_type = ActorType(
            own,
            key or above.key,
            idle or above.idle,
            restart or above.restart,
            durability or above.durability,
            above.mailbox if mailbox is None else mailbox,
            timeout or above.timeout,
            _state_type(cls),
            cls.__module__,
        )
        if idle == timedelta(0) or timeout == timedelta(0) or not cls.actor_type.sensible:
            message = f"actor {own!r}: idle, timeout and mailbox must be positive, and its key a plain name"
            raise DeclarationError(message)
        cls.messages = _messages(cls)

    @classmethod
    def capability_ids(cls) -> list[str]:
        """List the ids of its messages."""
        return [str(getattr(message, "id", "")) for message in cls.messages.values()]

    def readable_by(self, context: Context) -> bool:
        """Whether the caller may follow this actor's events. Override it where reading is not everybody's.

        Asked within the actor, its state loaded, once the caller's grant names one of its `read` messages.
        """
        del context
        return True

    def started(self) -> None:
        """Prepare what is not part of the state; called after the state was loaded, before the first message."""

    def emit(self, event: Event, *, id: str | None = None, at: datetime | None = None) -> None:  # noqa: A002 - the word
        """Record a fact about this actor: committed with the state, then published on its topic.

        `id` makes it idempotent: an event whose id is already in the journal is not stored again. `at` is for facts
        that happened earlier. Raises ContractBroken when the message in hand is declared as `read`, by the runtime.
        """
        if self._pending is None:
            self._pending = []
        self._pending.append(Draft(event, id, at))

    def journal(
        self, kind: type[E], *, last: int | None = None, after: int = 0, ids: Iterable[str] | None = None
    ) -> AsyncIterator[E]:
        """Read this actor's events of class `kind`, oldest first, those of the message in hand included.

        `last` gives only the newest so many, `after` only those with a greater `seq`, `ids` only those named.
        """
        return self._home.journal(self, kind, after, last, ids)

    @property
    def context(self) -> Context:
        """The context of the message in hand; raises DeclarationError between messages."""
        if not isinstance(self._busy, Context):
            message = f"actor {self.actor_type.name}:{self.key} handles no message now"
            raise DeclarationError(message)
        return self._busy.inside(self.actor_type.topic(self.key))


def _messages(cls: type[Actor[Any]]) -> dict[str, Message[Any, ..., Any]]:
    """Collect what a class answers, its parents' messages under its own name."""
    found: dict[str, Message[Any, ..., Any]] = {}
    for parent in reversed(cls.__mro__):
        for name, declared in vars(parent).items():
            found.pop(name, None)  # a plain method in its place takes a message away
            if isinstance(declared, Message):
                found[name] = cast("Message[Any, ..., Any]", declared)
    for name, declared in found.items():
        if name not in vars(cls):
            found[name] = declared.rebound(cls)
            setattr(cls, name, found[name])
    return found


def _state_type(cls: type[Actor[Any]]) -> Any:  # noqa: ANN401 - a type expression
    for base in getattr(cls, "__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, Actor):
            state = get_args(base)[0]
            return None if state is None or state is type(None) or isinstance(state, TypeVar) else state
    inherited = getattr(cls, "actor_type", None)
    return inherited.state if isinstance(inherited, ActorType) else None
