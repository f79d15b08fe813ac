"""The shortest way to an actor: a message that may pass for good reaches one that nobody is using in place."""

# ruff: noqa: SLF001 - the slots of an actor belong to the runtime
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from packetflow._core.ref import Ref
from packetflow._runtime.failure import CALLING
from packetflow._runtime.line import DONE
from packetflow._runtime.mailbox import NOTHING

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import FunctionType

    from packetflow._runtime.line import Line

A = TypeVar("A")

_MISSING: Final[Any] = object()
_YIELD: Final = 1023


class Address(Ref[A]):
    """A `Ref` that knows its way: what it finds in the line's `routes` needs no more than the actor itself.

    Everything else goes through the line: what is not decided yet, what depends on its arguments, is traced, durable or
    detached, and whatever finds its actor asleep or busy. The two say the same, only not at the same speed: keep them
    so. The first argument stands by itself because a call with `*args` costs twice one without.
    """

    __slots__ = ()

    _mail: Line

    async def ask(self, message: Any, first: Any = _MISSING, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, C901, PLR0912 - typed by Ref.ask; in one piece for speed
        """Deliver and wait for the reply; as `Ref.ask` says."""
        table = (line := self._mail).table
        try:
            actor, (function, awaited) = table.reachable[self.key], line.routes[message]
        except KeyError:
            return await line.ask(self.key, message, (() if first is _MISSING else (first, *args)), kwargs)
        if actor._busy is not None:
            return await line.ask(self.key, message, (() if first is _MISSING else (first, *args)), kwargs)
        actor._busy = line.context
        try:
            if actor._revision:
                table.begin(actor)
            if args or kwargs:
                reply = function(actor, *(() if first is _MISSING else (first, *args)), **kwargs)
            else:
                reply = function(actor) if first is _MISSING else function(actor, first)
            if awaited:
                (running := table.running)[actor.key] = table.current_task(table.loop)
                reply = await reply
                if table.reasons:
                    table.deadlines.end(actor.key)
                else:
                    del running[actor.key]
            if actor._pending:
                table.transactions.publish(actor, message, line.context)
        except BaseException as error:  # noqa: BLE001 - raised by that again, or what it became
            table.raised(actor, message, error)
        actor._tick = table.tick
        if actor._box is None:
            actor._busy = None
        else:
            table.schedule(actor)
        table.handled = handled = table.handled + 1
        if not handled & _YIELD:
            await asyncio.sleep(0)  # handlers that never suspend must not keep everybody else from the loop
        return reply

    def tell(self, message: Any, /, *args: Any, **kwargs: Any) -> Awaitable[None]:  # noqa: ANN401 - typed by Ref.tell
        """Deliver and wait for nothing; as `Ref.tell` says."""
        line = self._mail
        table, told = line.table, line.told
        try:
            box = table.reachable[self.key]._box
        except KeyError:
            box = None
        if box is None or told is None or message not in line.routes or len(box) >= table.limit:
            return line.tell(self.key, message, args, kwargs)
        box.append((message, args, kwargs or NOTHING, told, None))
        return DONE


CALLING.add(cast("FunctionType", Address[Any].ask).__code__)
