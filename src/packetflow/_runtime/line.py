"""Delivery of typed messages to the actors of one class under one caller's authority."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from packetflow._runtime.stream import Sink, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator, Mapping

    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ref import Message
    from packetflow._runtime.activation import Activations
    from packetflow._runtime.telemetry import Telemetry


class Admission(Protocol):
    """Decides messages before they are delivered; the engine does."""

    @property
    def telemetry(self) -> Telemetry:
        """Where spans go."""
        ...

    def admit(
        self, line: Line, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        """Return when the message may pass; add it to `line.allowed` when that can never change."""
        ...


class Line:
    """Implements `Mail`: what was allowed once, for good, costs one look into a set."""

    __slots__ = ("_door", "allowed", "context", "table")

    def __init__(self, door: Admission, table: Activations, context: Context) -> None:
        """Begin with nothing decided."""
        self._door, self.table, self.context = door, table, context
        self.allowed: set[Message[Any, ..., Any]] = set()

    def ask(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Coroutine[Any, Any, Any]:
        """Deliver and wait for the reply."""
        if message in self.allowed:
            return self.table.ask(key, cast("ActorCapability[Any, ..., Any]", message), args, kwargs, self.context)
        return self._admitted(key, message, args, kwargs, self.context)

    def tell(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Awaitable[None]:
        """Deliver; the message is in the mailbox when this returns."""
        if message not in self.allowed:
            self._door.admit(self, key, message, args, kwargs)
        self.table.tell(key, cast("ActorCapability[Any, ..., Any]", message), args, kwargs, self.context)
        return _DONE

    async def stream(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> AsyncGenerator[Any]:
        """Deliver and give the partial outputs as they come; a slow reader slows the handler."""

        def call(sink: Sink) -> Awaitable[Any]:
            return self._admitted(key, message, args, kwargs, replace(self.context, sink=sink))

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
            self._door.admit(self, key, message, args, kwargs)
        with self._door.telemetry.span(f"actor {self.table.declared.name}", context.trace_id, {}):
            known = cast("ActorCapability[Any, ..., Any]", message)
            return await self.table.ask(key, known, args, kwargs, context)

    def __repr__(self) -> str:
        """Show the class of actors."""
        return self.table.declared.name


class _Done:
    """Something to await that is done."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


_DONE: Final = _Done()
