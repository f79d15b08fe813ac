"""Empties mailboxes: one task for a burst of messages, not one for a message."""

# ruff: noqa: SLF001 - the slots of an actor belong to the runtime
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from packetflow._core.errors import PacketFlowError
from packetflow._runtime.condition import DEAD, SCHEDULED, Pause
from packetflow._runtime.deadline import current_task
from packetflow._runtime.failure import CALLING, ENDS, ended, is_crash
from packetflow._runtime.mailbox import Chore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from packetflow._core.actor import Actor
    from packetflow._core.capability import ActorCapability
    from packetflow._runtime.deadline import Deadlines
    from packetflow._runtime.mailbox import Box, Letter, Mailboxes, Waiter
    from packetflow._runtime.transaction import Transactions

log = logging.getLogger("packetflow.actor")

_SLICE: Final = 256
"""Messages handled at a stretch before everybody else has a turn."""


class Table(Protocol):
    """What emptying a mailbox needs of the table of its actors; `Activations` is the only one."""

    mailboxes: Mailboxes
    transactions: Transactions
    deadlines: Deadlines
    calls: dict[ActorCapability[Any, ..., Any], Callable[..., Any]]
    awaits: dict[ActorCapability[Any, ..., Any], Callable[..., Any]]
    running: dict[str, asyncio.Task[Any] | None]
    reasons: dict[str, PacketFlowError]
    tick: int
    handled: int

    def take(self, actor: Actor[Any], letter: Letter) -> Awaitable[Any]:
        """Handle any message of an actor that is free, in the current task."""
        ...

    def fail(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
        """Undo a message whose handler raised; gives what its caller is told."""
        ...

    def address(self, key: str) -> str:
        """Name an actor."""
        ...


class Drain:
    """Handles what waits for the actors of one class, in order, in tasks of its own."""

    def __init__(self, table: Table, loop: asyncio.AbstractEventLoop) -> None:
        """Serve the mailboxes of that table's actors."""
        self._table, self._loop = table, loop
        self._mailboxes = table.mailboxes
        self._tasks: set[asyncio.Task[None]] = set()

    # -- into the mailbox ---------------------------------------------------------------------------------------------

    def put(self, actor: Actor[Any], letter: Letter) -> None:
        """Let a message wait for its turn; raises Overloaded when too many do."""
        box: Box | None = actor._box
        if box is None:
            actor._box = box = self._mailboxes.open(actor.key)
            if actor._busy is None:
                self.schedule(actor)
        elif len(box) >= self._mailboxes.limit:
            raise self._mailboxes.full(actor.key)
        box.append(letter)

    def do_soon(self, actor: Actor[Any], work: Callable[[Actor[Any]], Awaitable[None]]) -> asyncio.Future[None]:
        """Do something to an actor between two messages, even if its mailbox is full."""
        done: asyncio.Future[None] = self._loop.create_future()
        if actor._box is None:
            actor._box = self._mailboxes.open(actor.key)
            if actor._busy is None:
                self.schedule(actor)
        actor._box.append(Chore(work, done))
        return done

    # -- out of it ----------------------------------------------------------------------------------------------------

    def schedule(self, actor: Actor[Any]) -> None:
        """Begin to empty the mailbox of an actor that is free."""
        actor._busy = SCHEDULED
        task = self._loop.create_task(self._drain(actor))
        self._tasks.add(task)

        def over(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ENDS):
                log.error("what was done to actor %s failed", self._table.address(actor.key), exc_info=error)
            if (task.cancelled() or error is not None) and not isinstance(actor._busy, Pause):
                self.go_on(actor)

        task.add_done_callback(over)

    def go_on(self, actor: Actor[Any]) -> None:
        """Serve what is left in the mailbox, or make the actor idle: after a pause, or after a `sys.exit`."""
        if actor._busy is DEAD:
            return
        if actor._box:
            self.schedule(actor)
            return
        if actor._box is not None:
            self._mailboxes.close(actor.key)
        actor._box = actor._busy = None

    async def close(self) -> None:
        """Wait until no task is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _drain(self, actor: Actor[Any]) -> None:
        box: Box = actor._box
        served = 0
        while box:
            count, letter = self._serve_calls(actor, box)
            if isinstance(letter, Chore):
                actor._busy = SCHEDULED
                await letter.do(actor)
            elif letter is not None:
                count += await self._serve(actor, letter, box)
            if actor._busy is DEAD or isinstance(actor._busy, Pause):
                return
            served += count
            if served >= _SLICE:
                served = 0
                await asyncio.sleep(0)
        self._mailboxes.close(actor.key)
        actor._box = actor._busy = None

    def _serve_calls(self, actor: Actor[Any], box: Box) -> tuple[int, Letter | Chore | None]:
        """Handle what comes first in the mailbox and awaits nothing, if the actor is ready, until one fails.

        Gives how many messages were taken out, and the last of them if it is still to be handled.
        """
        table, calls = self._table, self._table.calls
        if actor._revision or not calls:
            return 1, box.popleft()
        actor._tick = table.tick
        taken = unhandled = 0
        for taken in range(1, min(len(box), _SLICE) + 1):
            letter: Any = box.popleft()  # a letter, once it is known to hold a message
            function = calls.get(letter[0])
            if function is None:
                table.handled += taken - 1 - unhandled
                return taken, letter
            message, args, kwargs, context, waiter = letter
            if waiter is not None and waiter.reply.done():
                unhandled += 1
                continue
            actor._busy = context
            try:
                # A call with `*args` costs twice one without.
                reply = function(actor, *args, **kwargs) if kwargs or len(args) != 1 else function(actor, args[0])
                if actor._pending:
                    table.transactions.publish(actor, message, context)
            except BaseException as error:  # noqa: BLE001 - told to whoever asked
                unhandled += 1
                self._answer_failure(actor, letter, error)
                break
            if waiter is not None and not waiter.reply.done():
                waiter.reply.set_result(reply)
        table.handled += taken - unhandled
        return taken, None

    async def _serve(self, actor: Actor[Any], letter: Letter, box: Box) -> int:
        """Handle any message, and those behind it that are to be awaited, until one fails; gives how many more."""
        table, awaits, more = self._table, self._table.awaits, 0
        while True:
            message, args, kwargs, context, waiter = letter
            if waiter is not None:
                waiter.served = True
            actor._busy, actor._tick = context, table.tick
            function = awaits.get(message)
            try:
                if waiter is not None and waiter.reply.done():
                    reply = None  # whoever asked has stopped waiting
                elif function is None or actor._revision or context.deadline is not None:
                    reply = await table.take(actor, letter)
                    table.handled += 1
                else:  # as in Address.ask
                    (running := table.running)[actor.key] = current_task(self._loop)
                    reply = await (function(actor, *args, **kwargs) if kwargs else function(actor, *args))
                    table.deadlines.end(actor.key) if table.reasons else running.pop(actor.key)
                    table.handled += 1
                if actor._pending:
                    table.transactions.publish(actor, message, context)
            except BaseException as error:  # noqa: BLE001 - told to whoever asked
                self._answer_failure(actor, letter, error)
                return more
            if waiter is not None and not waiter.reply.done():
                waiter.reply.set_result(reply)
            if not box or more >= _SLICE or box[0][0] not in awaits:
                return more
            letter = cast("Letter", box.popleft())
            more += 1

    def _answer_failure(self, actor: Actor[Any], letter: Letter, error: BaseException) -> None:
        message, _, _, _, waiter = letter
        failure = self._table.fail(actor, message, error)
        if not isinstance(failure, PacketFlowError):
            if waiter is not None and not self._loop.is_closed():
                waiter.refuse(ended(message, error))
            raise error
        if failure is not error:
            failure.__cause__ = error
        if waiter is not None and not waiter.reply.done():
            waiter.refuse(failure)
        else:
            trace, name = failure if is_crash(failure) else None, self._table.address(actor.key)
            log.warning("a message told to actor %s failed: %s", name, failure, exc_info=trace)


def unread(waiter: Waiter) -> None:
    """Take the failure of a message whose sender went away as known."""
    reply = waiter.reply
    if reply.done() and not reply.cancelled():
        reply.exception()


CALLING.update(one.__code__ for one in (Drain._serve_calls, Drain._serve))
