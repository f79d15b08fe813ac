"""One message, one transaction: load the state, commit state, events and reply together, publish afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from packetflow._core.context import Context, new_id
from packetflow._core.errors import ContractBroken, StoreError
from packetflow._core.event import Event
from packetflow._core.ports import Commit, NewEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from packetflow._core.actor import Actor, ActorType, Draft
    from packetflow._core.capability import ActorCapability
    from packetflow._core.ports import Clock, Fabric, Store

E = TypeVar("E", bound=Event)

_PAGE = 500


class Transactions:
    """Loads and commits the actors of one class, and reads their journals."""

    def __init__(self, declared: ActorType, store: Store, fabric: Fabric, clock: Clock) -> None:
        """Work on the actors of that type."""
        self._declared = declared
        self._store, self._fabric, self._clock = store, fabric, clock
        self.commits = 0

    async def load(self, actor: Actor[Any]) -> None:
        """Read the last committed state; an actor that was never saved begins with its initial one.

        Raises StoreError when what is saved does not fit the state's type (any more).
        """
        saved = await self._store.load(self._declared.name, actor.key)
        actor._pending = None
        if saved is None or saved.state is None:
            actor.state = self._declared.initial()
        else:
            try:
                actor.state = self._declared.adapter.validate_json(saved.state)
            except ValidationError as error:
                message = f"the saved state of {self._declared.name}:{actor.key} does not fit its type: {error}"
                raise StoreError(message, actor=f"{self._declared.name}:{actor.key}") from error
        actor._revision = saved.revision if saved is not None else 0

    async def earlier_reply(
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], message_id: str
    ) -> tuple[Any] | None:
        """Give the reply of a message that was committed before under this id, in a tuple; None when it is new."""
        kept = await self._store.reply(self._declared.name, actor.key, f"{message.id}:{message_id}")
        return None if kept is None else (message.output.from_json(kept),)

    async def commit(
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context, reply: object
    ) -> None:
        """Commit what a message changed, then publish its events. A `read` message changes nothing.

        Raises ContractBroken for a `read` that emitted, or a state that left its type; StoreConflict when another
        writer was first.
        """
        if message.effect == "read":
            if actor._pending:
                problem = f"{message.id!r} is declared as read and emitted an event"
                raise ContractBroken(problem, capability_id=message.id)
            return
        if self._declared.durability == "snapshot" and not actor._pending and context.message_id is None:
            return
        if self._declared.state is None and not actor._pending and context.message_id is None:
            return
        await self._store_all(actor, context, message, reply)

    async def save(self, actor: Actor[Any]) -> None:
        """Commit the state as it stands: what a `snapshot` actor does before it sleeps."""
        await self._store_all(actor, None, None, None)

    async def _store_all(
        self, actor: Actor[Any], context: Context | None, message: ActorCapability[Any, ..., Any] | None, reply: object
    ) -> None:
        message_id = context.message_id if context is not None else None
        kept = message is not None and message_id is not None
        commit = Commit(
            kind=self._declared.name,
            key=actor.key,
            revision=actor._revision,
            state=self._dump(actor),
            events=tuple(self._event(actor, draft, context) for draft in actor._pending or ()),
            message_id=f"{message.id}:{message_id}" if kept else None,
            reply=to_json(message.output.as_json(reply)) if kept else None,
        )
        committed = await self._store.commit(commit)
        self.commits += 1
        actor._revision = committed.revision
        actor._pending = None
        if committed.events:
            self._fabric.publish(committed.events)

    def _dump(self, actor: Actor[Any]) -> bytes | None:
        if self._declared.state is None:
            return None
        try:
            return self._declared.adapter.dump_json(actor.state, warnings="error")
        except (PydanticSerializationError, ValueError) as error:
            message = f"the state of {self._declared.name}:{actor.key} left its type: {error}"
            raise ContractBroken(message, actor=f"{self._declared.name}:{actor.key}") from error

    def _event(self, actor: Actor[Any], draft: Draft, context: Context | None) -> NewEvent:
        return NewEvent(
            topic=self._declared.topic(actor.key),
            id=draft.id or new_id(),
            kind=type(draft.event).__name__,
            at=draft.at or self._clock.now(),
            principal=context.principal if context is not None else "",
            trace_id=context.trace_id if context is not None else "",
            payload=draft.event.model_dump_json().encode(),
        )

    async def journal(
        self, actor: Actor[Any], kind: type[E], after: int, last: int | None, ids: Iterable[str] | None
    ) -> AsyncIterator[E]:
        """Read committed events of the actor's topic, then those of the message in hand."""
        wanted = frozenset(ids) if ids is not None else None
        drafts = [d for d in actor._pending or () if isinstance(d.event, kind) and (wanted is None or d.id in wanted)]
        if last is not None:
            drafts = drafts[len(drafts) - min(last, len(drafts)) :]
            rest = last - len(drafts)
            pages = self._newest(actor, kind, rest, after, wanted)
        else:
            pages = self._onward(actor, kind, after, wanted)
        async for event in pages:
            yield event
        for draft in drafts:
            yield draft.event  # pyright: ignore[reportReturnType] - checked against `kind` above

    async def _newest(
        self, actor: Actor[Any], kind: type[E], last: int, after: int, ids: frozenset[str] | None
    ) -> AsyncIterator[E]:
        if last > 0:
            topic = self._declared.topic(actor.key)
            for stored in await self._store.read(
                topic, after=after, limit=last, newest=True, kinds=[kind.__name__], ids=ids
            ):
                yield kind.from_stored(stored)

    async def _onward(
        self, actor: Actor[Any], kind: type[E], after: int, ids: frozenset[str] | None
    ) -> AsyncIterator[E]:
        topic = self._declared.topic(actor.key)
        while True:
            page = await self._store.read(topic, after=after, limit=_PAGE, kinds=[kind.__name__], ids=ids)
            for stored in page:
                yield kind.from_stored(stored)
            if len(page) < _PAGE:
                return
            after = page[-1].seq
