"""One message, one transaction: load the state, commit state, events and reply together, publish afterwards."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from packetflow._core.context import new_id
from packetflow._core.errors import ContractBroken, StoreError
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, NewEvent

if TYPE_CHECKING:
    from packetflow._core.actor import Actor, ActorType, Draft
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ports import Clock, Committed, Fabric, Store


class Transactions:
    """Loads and commits the actors of one class."""

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
        if saved is None or saved.state is None:
            actor.state = self._declared.initial()
        else:
            try:
                actor.state = self._declared.adapter.validate_json(saved.state)
            except ValidationError as error:
                message = f"the saved state of {self._of(actor)} does not fit its type: {error}"
                raise StoreError(message, actor=self._of(actor)) from error
            self._refuse_foreign(actor, saved.state)
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
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context
    ) -> tuple[Any] | None:
        """Give the reply of a message that was committed before under its id, in a tuple; None when it is new."""
        kept = await self._store.reply(self._declared.name, actor.key, _identity(message, context))
        return None if kept is None else (message.output.from_json(kept),)

    async def commit(
        self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context, reply: object
    ) -> bool:
        """Commit what a message changed, then publish its events; False when there was nothing to commit.

        A `read` message changes nothing, and a `snapshot` actor is saved later unless there are events.

        The commit is the point of no return: a cancellation that comes later waits until the store has decided, so that
        the actor's next message meets no commit under way.

        Raises ContractBroken for a `read` that emitted, a state that left its type, or a reply that JSON cannot hold;
        StoreConflict when another writer was first.
        """
        if message.effect == "read":
            self._refuse_events(actor, message)
            return False
        kept = context.message_id is not None
        if (
            not actor._pending
            and not kept
            and (self._declared.state is None or self._declared.durability == "snapshot")
        ):
            return False
        encoded = message.output.as_json(reply)  # what cannot be sent must not be committed
        commit = Commit(
            kind=self._declared.name,
            key=actor.key,
            revision=actor._revision,
            state=self._dump(actor),
            events=tuple(self._event(actor, draft, context) for draft in actor._pending or ()),
            message_id=_identity(message, context) if kept else None,
            reply=to_json(encoded) if kept else None,
        )
        await self._decide(actor, commit)
        return True

    async def save(self, actor: Actor[Any]) -> None:
        """Commit the state as it stands: what a `snapshot` actor does now and then, and before it sleeps."""
        await self._decide(actor, Commit(self._declared.name, actor.key, actor._revision, self._dump(actor)))

    def publish(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], context: Context) -> None:
        """Publish what a `volatile` actor emitted: heard by those who listen now, and stored nowhere."""
        if message.effect == "read":
            self._refuse_events(actor, message)
        drafts, actor._pending = actor._pending or (), None
        new = [self._event(actor, draft, context) for draft in drafts]
        self._fabric.publish(
            [Stored(e.topic, 0, e.id, e.kind, e.at, e.principal, e.trace_id, e.payload) for e in new],
        )

    async def _decide(self, actor: Actor[Any], commit: Commit) -> None:
        deciding = asyncio.get_running_loop().create_task(self._store.commit(commit))
        try:
            committed = await asyncio.shield(deciding)
        except asyncio.CancelledError:
            while not deciding.done():
                try:
                    await asyncio.wait([deciding])
                except asyncio.CancelledError:
                    continue
            if not deciding.cancelled() and deciding.exception() is None:
                self._adopt(actor, deciding.result())
            raise
        self._adopt(actor, committed)

    def _adopt(self, actor: Actor[Any], committed: Committed) -> None:
        self.commits += 1
        actor._revision = committed.revision
        actor._pending = None
        if committed.events:
            self._fabric.publish(committed.events)

    def _refuse_events(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any]) -> None:
        if actor._pending:
            problem = f"{message.id!r} is declared as read and emitted an event"
            raise ContractBroken(problem, capability_id=message.id)

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


def _identity(message: ActorCapability[Any, ..., Any], context: Context) -> str:
    """Name a message once and for all: two principals may use the same id, and any letters, for different messages."""
    return json.dumps([message.id, context.principal, context.message_id])
