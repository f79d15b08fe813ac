"""A keyed, stateful entity that handles one message at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    get_args,
    get_origin,
)

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from packetflow._core.context import Context
from packetflow._core.errors import DeclarationError, StoreError
from packetflow._core.event import Event
from packetflow._core.outbox import Draft, Outbox
from packetflow._core.ref import Message
from packetflow._core.reminder import check_name
from packetflow._core.restart import Restart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from packetflow._core.ref import Reminder

S = TypeVar("S")
E = TypeVar("E", bound=Event)

Durability: TypeAlias = Literal["durable", "snapshot", "volatile"]


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
    version: int = 1
    tries: int = 5
    keep: timedelta | None = None
    detached: bool = False
    upcast: Callable[[dict[str, Any], int], dict[str, Any]] | None = field(default=None, compare=False)

    @property
    def sensible(self) -> bool:
        """Whether the options can be."""
        times = (self.idle, self.timeout, *([self.keep] if self.keep is not None else ()))
        numbers = (self.mailbox, self.version, self.tries)
        return min(times) > timedelta(0) and min(numbers) >= 1 and self.key.isidentifier()

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

    def read(self, saved: bytes, version: int) -> Any:  # noqa: ANN401 - the actor's own state type
        """Read a state as it was saved, brought up to the version of today.

        Raises StoreError for a state that is newer, that no `upcast` knows, or that does not fit its type (any more).
        """
        raised = self.raised(saved, version)
        try:
            return self.adapter.validate_json(raised)
        except ValidationError as error:
            raise StoreError(f"a saved state of {self.name!r} does not fit its type: {error}") from error

    def raised(self, saved: bytes, version: int) -> bytes:
        """Bring a saved state up to the version of today; raises StoreError as `read` does."""
        if version == self.version:
            return saved
        if version > self.version:
            what = f"is of version {version} and this program knows {self.version}: run the newer program"
            raise StoreError(f"a saved state of {self.name!r} {what}", version=version, known=self.version)
        state: Any = from_json(saved)
        for step in range(version, self.version):
            what = f"a saved state of {self.name!r} is of version {step} of {self.version}"
            if self.upcast is None:
                raise StoreError(f"{what}: give the class an `upcast(cls, state, version)`", version=step)
            try:
                given = cast("object", self.upcast(state, step))
            except Exception as error:
                raise StoreError(f"{what}, and its upcast failed: {error!r}", version=step) from error
            if not isinstance(given, dict):
                raise StoreError(f"{what}, and its upcast gave no state but {type(given).__name__}", version=step)
            state = cast("dict[str, Any]", given)
        return to_json(state)

    def initial(self) -> Any:  # noqa: ANN401 - the actor's own state type
        """Make the state of an actor that was never saved."""
        return None if self.state is None else self.state()


class ActorOptions(TypedDict, total=False):
    """The class options of an actor; `Actor` says what each does."""

    name: str | None
    key: str | None
    idle: timedelta | None
    restart: Restart | None
    durability: Durability | None
    mailbox: int | None
    timeout: timedelta | None
    version: int | None
    tries: int | None
    keep: timedelta | None
    detached: bool | None


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
    deadline of a message that brings none), `tries` (deliveries of a durable tell or a reminder before it is a dead
    letter), `version` (of the state's shape; raise it with an `upcast`), `keep` (how long its events are kept; for ever
    unless given), `detached` (its handlers run in tasks of their own and end their work when their caller goes away;
    otherwise cancelling the caller cancels the handler). A subclass has its own name, and the other options and the
    messages of its parent unless it says otherwise.

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

    def __init_subclass__(cls, **options: Unpack[ActorOptions]) -> None:
        """Record what the class declares; raises DeclarationError for options that cannot be."""
        super().__init_subclass__()
        above = getattr(cls, "actor_type", None) or ActorType("actor")
        given = {option: value for option, value in options.items() if value is not None}
        own = str(given.pop("name", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()))
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", own):
            message = f"{own!r} is no name for an actor: use letters, digits, _ and -"
            raise DeclarationError(message)
        if unknown := given.keys() - ActorOptions.__annotations__.keys():
            message = f"actor {own!r}: there is no class option {min(unknown)!r}"
            raise TypeError(message)
        upcast = None if cls.upcast.__func__ is Actor.upcast.__func__ else cls.upcast
        fixed = {"name": own, "state": _state_type(cls), "module": cls.__module__, "upcast": upcast}
        cls.actor_type = replace(above, **cast("dict[str, Any]", {**given, **fixed}))
        if not cls.actor_type.sensible:
            wrong = "idle, timeout, keep, mailbox, tries and version must be positive, and its key a plain name"
            message = f"actor {own!r}: {wrong}"
            raise DeclarationError(message)
        cls.actor_type.restart.verify(own)
        cls.messages = _messages(cls)

    @classmethod
    def capability_ids(cls) -> list[str]:
        """List the ids of its messages."""
        return [str(getattr(message, "id", "")) for message in cls.messages.values()]

    @classmethod
    def upcast(cls, state: dict[str, Any], version: int) -> dict[str, Any]:
        """Bring a saved state from `version` to the next one; override it together with the class option `version`.

        Called once for each step between the version saved and that of the class; what it gives is never saved before
        a message has changed the actor.
        """
        message = f"{cls.actor_type.name!r} has no upcast from version {version}"
        raise NotImplementedError(message, state)

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

    def remind(
        self,
        *,
        at: datetime | None = None,
        after: timedelta | None = None,
        every: timedelta | None = None,
        cron: str | None = None,
        name: str | None = None,
        tz: str | None = None,
    ) -> Reminder[Self]:
        """Say when this actor shall be told something, as `Ref.remind` does: `self.remind(after=...).tell(Room.close)`.

        It is kept with the commit of the message in hand, or not at all; in a message that only reads, or of a
        `volatile` actor, `tell` must be awaited and keeps it at once. It comes in the name of the caller of the message
        in hand; what the actor tells itself needs no right of theirs.
        """
        ref = self.context.actor(type(self), self.key)
        return ref.remind(at=at, after=after, every=every, cron=cron, name=name, tz=tz)

    def forget_reminder(self, name: str) -> None:
        """Let this actor's own reminder of that name not come, once the message in hand is committed.

        Raises DeclarationError where nothing is committed: in a message that only reads, and in a `volatile` actor.
        """
        if not isinstance(self._pending, Outbox):
            message = f"this message of {self.actor_type.name}:{self.key} commits nothing: forget it through a Ref"
            raise DeclarationError(message)
        self._pending.forget(self.actor_type.name, self.key, check_name(name))

    @property
    def context(self) -> Context:
        """The context of the message in hand; raises DeclarationError between messages."""
        if not isinstance(self._busy, Context):
            message = f"actor {self.actor_type.name}:{self.key} handles no message now"
            raise DeclarationError(message)
        outbox = self._pending if isinstance(self._pending, Outbox) else None
        return self._busy.inside(self.actor_type.topic(self.key), outbox)


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
