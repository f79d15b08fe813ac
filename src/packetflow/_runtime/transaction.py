"""One message, one transaction: load the state, commit state, events and reply together, publish afterwards."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

from packetflow._core.context import new_id
from packetflow._core.errors import Conflict, ContractBroken, StoreError
from packetflow._core.event import Stored
from packetflow._core.json import digest
from packetflow._core.outbox import Outbox
from packetflow._core.ports import Commit, NewEvent, Settled
from packetflow._core.reminder import next_due
from packetflow._runtime.carry import Carrier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packetflow._core.actor import Actor, ActorType
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.outbox import Draft, Parcel
    from packetflow._core.ports import Clock, Committed, Fabric, Letter, Store


class SaidOtherwise(Conflict):
    """A message id was used for other arguments before: no further try will change that."""


class SetsOff(Protocol):
    """What becomes of the events of commits."""

    def set_off(
        self, key: str, drafts: Sequence[Draft], events: Sequence[NewEvent], context: Context
    ) -> Sequence[Parcel]:
        """Give the letters that the events of one commit set off; raises nothing."""
        ...

    def missed(self, kind: str, event: Event) -> None:
        """Tell that an event of a volatile actor is in no commit and sets nothing off."""
        ...


class Transactions:
    """Loads and commits the actors of one class."""

    def __init__(self, declared: ActorType, store: Store, fabric: Fabric, clock: Clock) -> None:
        """Work on the actors of that type."""
        self._declared = declared
        self._store, self._fabric, self._clock = store, fabric, clock
        self._carrier = Carrier(store)
        self.commits = 0
        self.triggers: SetsOff | None = None
        """Says which letters events set off; they are stored in the same commit."""
        self.left: Callable[[str, str, Outbox], None] = _dropped
        """Told which letters a commit of the actor (type, key) has stored."""

    async def load(self, actor: Actor[Any]) -> None:
        """Read the last committed state; an actor that was never saved begins with its initial one.

        Raises StoreError when what is saved is newer than this program, when no upcast knows it, and when it does not
        fit the state's type (any more); it stays as it is then.
        """
        saved = await self._store.load(self._declared.name, actor.key)
        if saved is None or saved.state is None:
            actor.state = self._declared.initial()
        else:
            try:
                raised = self._declared.raised(saved.state, saved.version)
                actor.state = self._declared.read(raised, self._declared.version)
            except StoreError as error:
                raise StoreError(f"{self._of(actor)}: {error.message}", actor=self._of(actor)) from error
            self._refuse_foreign(actor, raised)
        actor._revision = saved.revision if saved is not None else 0

    def _refuse_foreign(self, actor: Actor[Any], saved: bytes) -> None:
        """Refuse a state that holds more than its type knows: the next commit would silently drop it."""
        kept: Any = from_json(saved)
        known: Any = from_json(self._declared.adapter.dump_json(actor.state))
        if not (isinstance(kept, dict) and isinstance(known, dict)):
            return
        unknown = sorted(set(map(str, cast("dict[str, Any]", kept))) - set(map(str, cast("dict[str, Any]", known))))
        if unknown:
            message = (
                f"the saved state of {self._of(actor)} holds what its type does not know ({', '.join(unknown)}): "
                "another program, or a newer version, wrote it; give each program a data folder of its own "
                "(PACKETFLOW_DATA)"
            )
            raise StoreError(message, actor=self._of(actor))

    async def earlier_reply(
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context, mark: str
    ) -> tuple[Any] | None:
        """Give the reply of a message that was committed before under its id, in a tuple; None when it is new.

        A letter that was handled before is settled. Raises Conflict when the id stood for other arguments then; a
        letter stays as it is.
        """
        kept = await self._store.reply(self._declared.name, actor.key, _identity(message, context))
        if kept is None:
            return None
        first, reply = _unmarked(kept)
        if first and mark and first != mark:
            problem = f"the message id {context.message_id!r} was used for {message.id!r} with other arguments before"
            raise SaidOtherwise(problem, actor=self._of(actor), capability_id=message.id)
        if context.letter is not None:
            await self._store.settle(self._settled(context.letter))
        return (message.output.from_json(reply) if reply else None,)

    async def commit(
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context, reply: object, mark: str
    ) -> bool:
        """Commit what a message changed, then publish its events; False when there was nothing to commit.

        A `read` message changes nothing, and a `snapshot` actor is saved later unless there are events, letters or an
        id. What the message told others is stored with it, and so is the end of the letter it came in.

        The commit is the point of no return: a cancellation that comes later waits until the store has decided, so that
        the actor's next message meets no commit under way.

        Raises ContractBroken for a `read` that emitted, a state that left its type, or a reply that JSON cannot hold;
        StoreConflict when another writer was first, or the letter was taken back meanwhile.
        """
        if message.effect == "read":
            self._refuse_events(actor, message)
            return False
        kept = context.message_id is not None or context.letter is not None
        outbox = actor._pending if isinstance(actor._pending, Outbox) else Outbox()
        outbox.over = True
        if not (kept or outbox or outbox.parcels or outbox.cancels) and (
            self._declared.state is None or self._declared.durability == "snapshot"
        ):
            return False
        encoded = message.output.as_json(reply)  # what cannot be sent must not be committed
        events = [self._event(actor, draft, context) for draft in outbox]
        if self.triggers is not None and events:
            outbox.parcels += self.triggers.set_off(actor.key, outbox, events, context)
        commit = Commit(
            kind=self._declared.name,
            key=actor.key,
            revision=actor._revision,
            state=self._dump(actor),
            events=tuple(events),
            message_id=_identity(message, context) if kept else None,
            reply=_marked(mark, to_json(encoded)) if context.message_id is not None else None,
            version=self._declared.version,
            letters=tuple([parcel.letter for parcel in outbox.parcels]),
            settles=None if context.letter is None else self._settled(context.letter),
            cancels=tuple(outbox.cancels),
            at=self._clock.now() if kept else None,
        )
        await self._decide(actor, commit, outbox)
        return True

    def _settled(self, letter: Letter) -> Settled:
        return Settled(letter.id, letter.due, next_due(letter.again, letter.due, self._clock.now()))

    async def save(self, actor: Actor[Any]) -> None:
        """Commit the state as it stands: what a `snapshot` actor does now and then, and before it sleeps."""
        name, version = self._declared.name, self._declared.version
        await self._decide(
            actor, Commit(name, actor.key, actor._revision, self._dump(actor), version=version), Outbox()
        )

    def publish(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context) -> None:
        """Publish what a `volatile` actor emitted: heard by those who listen now, and stored nowhere."""
        if message.effect == "read":
            self._refuse_events(actor, message)
        drafts, actor._pending = actor._pending or (), None
        if self.triggers is not None:
            for draft in drafts:
                self.triggers.missed(self._declared.name, draft.event)
        new = [self._event(actor, draft, context) for draft in drafts]
        self._fabric.publish(
            [Stored(e.topic, 0, e.id, e.kind, e.at, e.principal, e.trace_id, e.payload) for e in new],
        )

    async def _decide(self, actor: Actor[Any], commit: Commit, outbox: Outbox) -> None:
        await self._carrier.carry(self._store.commit(commit), lambda committed: self._adopt(actor, committed, outbox))

    def _adopt(self, actor: Actor[Any], committed: Committed, outbox: Outbox) -> None:
        self.commits += 1
        actor._revision = committed.revision
        actor._pending = None
        if committed.events:
            self._fabric.publish(committed.events)
        if outbox.parcels or outbox.cancels:
            self.left(self._declared.name, actor.key, outbox)

    def _refuse_events(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any]) -> None:
        if actor._pending:
            problem = f"{message.id!r} is declared as read and emitted an event"
            raise ContractBroken(problem, capability_id=message.id)

    def shown(self, actor: Actor[Any]) -> bytes:
        """Give the state as JSON, to be compared with another."""
        return b"" if self._declared.state is None else self._declared.adapter.dump_json(actor.state)

    def _dump(self, actor: Actor[Any]) -> bytes | None:
        """Give the state as JSON that can be read back: one that could not would be lost."""
        if self._declared.state is None:
            return None
        try:
            state = self._declared.adapter.dump_json(actor.state, warnings="error")
            self._declared.adapter.validate_json(state)
        except (PydanticSerializationError, ValueError) as error:
            message = f"the state of {self._of(actor)} left its type: {error}"
            raise ContractBroken(message, actor=self._of(actor)) from error
        return state

    def _event(self, actor: Actor[Any], draft: Draft, context: Context) -> NewEvent:
        return NewEvent(
            topic=self._declared.topic(actor.key),
            id=draft.id or new_id(),
            kind=type(draft.event).__name__,
            at=draft.at or self._clock.now(),
            principal=context.principal,
            trace_id=context.trace_id,
            payload=draft.event.model_dump_json().encode(),
        )

    def _of(self, actor: Actor[Any]) -> str:
        return f"{self._declared.name}:{actor.key}"


def mark(message: ActorCapability[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Name what a message says, so that its id cannot be used for something else; empty for what has no JSON form."""
    defaults = {each.name: each.default for each in message.parameters if each.default is not each.empty}
    try:
        return digest(to_jsonable_python({**defaults, **message.named_arguments(args, kwargs)}), 16)
    except (ValueError, TypeError):
        return ""


def _marked(mark: str, reply: bytes) -> bytes:
    """Keep with a reply what it answers. No JSON value begins with `#`, so a reply without a mark is told apart."""
    return b"#%s %s" % (mark.encode(), reply)


def _unmarked(kept: bytes) -> tuple[str, bytes]:
    if not kept.startswith(b"#"):
        return "", kept
    mark, _, reply = kept[1:].partition(b" ")
    return mark.decode(), reply


def _dropped(kind: str, key: str, outbox: Outbox) -> None:
    """Leave letters to whoever reads the store."""
    del kind, key, outbox


def _identity(message: ActorCapability[Any, ..., Any], context: Context) -> str:
    """Name a message once and for all: two principals may use the same id, and any letters, for different messages."""
    letter = context.letter
    own = letter.occurrence if context.message_id is None and letter is not None else context.message_id
    return json.dumps([message.id, context.principal, own])
