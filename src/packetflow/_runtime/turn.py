"""One actor handles one message: what happens between the moment it is free and its reply."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from packetflow._core.errors import ContractBroken
from packetflow._core.outbox import Outbox
from packetflow._runtime.border import handed_in, handed_out
from packetflow._runtime.condition import COLD
from packetflow._runtime.transaction import mark

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from packetflow._core.actor import Actor, ActorType
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._runtime.deadline import Deadlines
    from packetflow._runtime.snapshot import Snapshots
    from packetflow._runtime.transaction import Transactions


class Turns:
    """Runs the handlers of one class of actors, for whoever has made sure that the actor is free."""

    def __init__(
        self,
        declared: ActorType,
        messages: Iterable[ActorCapability[Any, ..., Any]],
        transactions: Transactions,
        snapshots: Snapshots,
        deadlines: Deadlines,
    ) -> None:
        """Commit with `transactions`; tell `snapshots` of what was not committed, and `deadlines` of the commit."""
        self._declared = declared
        self._deadlines = deadlines
        self._transactions = transactions
        self._snapshots = snapshots
        self._volatile = declared.durability == "volatile"
        self._watched = asyncio.get_running_loop().get_debug()
        own = list(messages) if self._volatile else []
        self.instant = frozenset(message for message in own if message.kind == "def")
        """Messages to which `take` gives the reply itself, and not something to await."""
        direct = [each for each in own if not each.takes_context and each.options.timeout is None]
        self.calls = {message: message.function for message in direct if message.kind == "def"}
        """What to call, with the arguments alone, for an instant message of an actor whose `_revision` is 0."""
        self.awaits = {message: message.function for message in direct if message.kind == "async"}
        """The same for messages to await."""

    def take(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - the reply of an instant message, or what to await for that of any other
        """Begin to handle a message."""
        if not self._volatile:
            return self._transact(actor, message, args, kwargs, context)
        if actor._revision == COLD:
            self.begin(actor)
        reply = self._call(actor, message, args, kwargs, context)
        return _collected(reply, context) if message.kind == "stream" else reply

    def begin(self, actor: Actor[Any]) -> None:
        """Make a `volatile` actor that is new, or crashed, ready for its first message."""
        actor.state = None if self._declared.state is None else self._declared.state()
        actor.started()
        actor._revision = 0

    async def _transact(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Load, handle, commit: three things that succeed together or leave no trace.

        What comes in and what goes out is the actor's alone or its caller's alone: neither can change the other's.
        """
        args, kwargs = handed_in(message, args, kwargs)
        if actor._revision == COLD:
            await self._transactions.load(actor)
            actor.started()
        said = ""
        if context.message_id is not None:
            said = mark(message, args, kwargs)
            known = await self._transactions.earlier_reply(actor, message, context, said)
            if known is not None:
                return known[0]
        outbox = actor._pending = Outbox() if message.effect != "read" else None
        try:
            reply = await self._handle(actor, message, args, kwargs, context)
            self._deadlines.seal(actor.key)
            if await self._transactions.commit(actor, message, context, reply, said):
                self._snapshots.saved(actor)
            elif message.effect != "read":
                self._snapshots.changed(actor)
        finally:
            if outbox is not None:
                outbox.over = True  # whoever still holds it, such as a task of the handler's, sends at once from now on
        return reply

    async def _handle(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        before = self._transactions.shown(actor) if self._watched and message.effect == "read" else None
        reply = self._call(actor, message, args, kwargs, context)
        if message.kind == "async":
            reply = await reply
        elif message.kind == "stream":
            reply = await _collected(reply, context, message)
        reply = handed_out(message, message.output.check(reply))
        if before is not None and before != self._transactions.shown(actor):
            problem = f"{message.id!r} is declared as read and changed the state"
            raise ContractBroken(problem, capability_id=message.id)
        return reply

    def _call(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - a reply, a coroutine or an async generator, by the message's kind
        if message.takes_context:
            outbox = actor._pending if isinstance(actor._pending, Outbox) else None
            return message.function(actor, context.inside(self._declared.topic(actor.key), outbox), *args, **kwargs)
        return message.function(actor, *args, **kwargs)


async def _collected(
    parts: AsyncGenerator[Any, None], context: Context, kept: ActorCapability[Any, ..., Any] | None = None
) -> list[Any]:
    """Pass on the parts of a stream as they come, no faster than their reader takes them.

    With `kept`, a message of an actor whose state is kept, the reader gets copies.
    """
    collected: list[Any] = []
    async with aclosing(parts):
        async for part in parts:
            collected.append(part)
            if context.sink is not None:
                await context.sink(part if kept is None else handed_out(kept, part))
    return collected
