"""Delivery of typed messages to the actors of one class under one caller's authority."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from packetflow._runtime.stream import Sink, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
    from datetime import datetime

    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ref import Message
    from packetflow._core.reminder import ReminderInfo, Rule
    from packetflow._runtime.activation import Activations, Route
    from packetflow._runtime.telemetry import Telemetry


class Writing(Protocol):
    """Writes letters; `Letters` does."""

    def now(self) -> datetime:
        """Give the present moment, UTC."""
        ...

    def send(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        arguments: Mapping[str, Any],
        context: Context,
        when: Rule | None = None,
    ) -> Awaitable[None]:
        """Put a letter into the outbox of the message in hand, else into the store."""
        ...

    async def forget_reminder(self, kind: str, key: str, name: str, context: Context) -> bool:
        """Let a reminder not come; False when there is none of that name."""
        ...

    async def reminders(self, kind: str, key: str, context: Context) -> list[ReminderInfo]:
        """List an actor's reminders, the next one first."""
        ...


class Admission(Protocol):
    """Decides messages before they are delivered; the engine does."""

    @property
    def telemetry(self) -> Telemetry:
        """Where spans go."""
        ...

    @property
    def letters(self) -> Writing:
        """What writes letters."""
        ...

    def admit(
        self, line: Line, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        """Return when the message may pass; add it to `line.allowed` when that can never change."""
        ...

    async def repeated(
        self, message: Message[Any, ..., Any], context: Context, once: Callable[[Context], Awaitable[Any]]
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Send a message as often as its `retry` says."""
        ...


class Line:
    """Implements `Mail`: what was allowed once, for good, costs one look into a set."""

    __slots__ = ("_door", "allowed", "context", "routes", "table", "told")

    def __init__(self, door: Admission, table: Activations, context: Context) -> None:
        """Begin with nothing decided."""
        self._door, self.table, self.context = door, table, context
        self.told = forgetting(context) if context.outbox is None else None
        """The context of what may be told at once; None within a message whose commit it waits for."""
        self.allowed: set[Message[Any, ..., Any]] = set()
        self.routes: dict[Message[Any, ..., Any], Route] = {}
        """What to call for the allowed messages that need no more of the runtime than to call it."""

    def ask(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Coroutine[Any, Any, Any]:
        """Deliver and wait for the reply."""
        if message in self.allowed:
            known = cast("ActorCapability[Any, ..., Any]", message)
            return self.table.ask(key, known, args, kwargs, self._of("ask", key, message, args, kwargs))
        return self._admitted(key, message, args, kwargs, self._of("ask", key, message, args, kwargs))

    def tell(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Awaitable[None]:
        """Deliver; the message is in the mailbox when this returns."""
        if message not in self.allowed:
            self._admit(key, message, args, kwargs)
        known = cast("ActorCapability[Any, ..., Any]", message)
        told = self.told
        if told is None or told.names is not None:
            told = forgetting(self._of("tell", key, message, args, kwargs))
        self.table.tell(key, known, args, kwargs, told)
        return DONE

    def now(self) -> datetime:
        """Give the present moment by the app's clock, UTC."""
        return self._door.letters.now()

    def remind(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], when: Rule, /
    ) -> Awaitable[None]:
        """Deliver when its moment comes; what an actor tells itself is its own affair, whatever its caller may do."""
        own = self.context.chain[-1:] == (self.table.declared.topic(key),)
        if not own and message not in self.allowed:
            self._admit(key, message, args, kwargs)
        known = cast("ActorCapability[Any, ..., Any]", message)
        context = self._of(f"remind {when.name or ''}", key, message, args, kwargs)
        return self._door.letters.send(key, known, known.named_arguments(args, kwargs), context, when)

    async def forget_reminder(self, key: str, name: str, /) -> bool:
        """Let a reminder not come; False when there is none of that name."""
        return await self._door.letters.forget_reminder(self.table.declared.name, key, name, self.context)

    async def reminders(self, key: str, /) -> list[ReminderInfo]:
        """List the reminders that wait for their moment, the next one first."""
        return await self._door.letters.reminders(self.table.declared.name, key, self.context)

    async def stream(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> AsyncGenerator[Any]:
        """Deliver and give the partial outputs as they come; a slow reader slows the handler."""

        def call(sink: Sink) -> Awaitable[Any]:
            context = self._of("ask", key, message, args, kwargs)
            return self._admitted(key, message, args, kwargs, replace(context, sink=sink))

        async for part in streamed(call):
            yield part

    async def _admitted(
        self,
        key: str,
        message: Message[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        if message not in self.allowed:
            self._admit(key, message, args, kwargs)
        with self._door.telemetry.span(f"actor {self.table.declared.name}", context.trace_id, {}):
            known = cast("ActorCapability[Any, ..., Any]", message)
            if known.options.retry is None:
                return await self.table.ask(key, known, args, kwargs, context)
            return await self._door.repeated(
                known, context, lambda named: self.table.ask(key, known, args, kwargs, named)
            )

    def _of(
        self, how: str, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Context:
        """Give the context that one message is sent with; within a function that has a message id, one of its own."""
        if self.context.names is None:
            return self.context
        known = cast("ActorCapability[Any, ..., Any]", message)
        return self.context.named(how, known.id, key, known.named_arguments(args, kwargs))

    def _admit(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self._door.admit(self, key, message, args, kwargs)
        if message in self.allowed:
            route = self.table.route(cast("ActorCapability[Any, ..., Any]", message), self.context)
            if route is not None:
                self.routes[message] = route

    def __repr__(self) -> str:
        """Show the class of actors."""
        return self.table.declared.name


def forgetting(context: Context) -> Context:
    """Give the context of a message that nobody waits for: neither deadline nor chain of its sender are its own."""
    own = (context.deadline, context.sink, context.outbox, context.letter)
    if context.chain or any(one is not None for one in own):
        return replace(context, chain=(), deadline=None, sink=None, outbox=None, letter=None)
    return context


class _Done(tuple[()]):
    """Something to await that is done; a tuple, because Python then awaits it without running any Python."""

    __slots__ = ()

    __await__ = tuple.__iter__  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - of nothing


DONE: Final = cast("Awaitable[None]", _Done())
"""What a message that is in its mailbox gives to whoever awaits it."""
