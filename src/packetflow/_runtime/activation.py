"""The awake actors of one class: activation, delivery in place, restart and sleep.

An ask to an actor that nobody is using runs its handler inside the caller's own task: no queue, no future, no task.
Being serial needs no lock on one event loop: `_busy` is one slot, tested and set without an `await` between. Only who
comes while a handler is suspended pays for a mailbox. Cancelling the caller cancels the handler and undoes its message.
"""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import asyncio
import logging
from asyncio import current_task
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from packetflow._core.errors import (
    ActorStopped,
    CallCancelled,
    CallCycle,
    CallError,
    PacketFlowError,
)
from packetflow._runtime.condition import COLD, DEAD, SCHEDULED
from packetflow._runtime.deadline import Deadlines
from packetflow._runtime.failure import ENDS, ended, is_crash, refusal, told
from packetflow._runtime.journal import Journals
from packetflow._runtime.mailbox import NOTHING, Chore, Mailboxes, Waiter
from packetflow._runtime.snapshot import Snapshots
from packetflow._runtime.supervision import Supervision
from packetflow._runtime.transaction import Transactions
from packetflow._runtime.turn import Turns
from packetflow._runtime.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from packetflow._core.actor import Actor
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ports import Clock, Fabric, Store
    from packetflow._runtime.mailbox import Box, Letter
    from packetflow._runtime.timer import Timer

log = logging.getLogger("packetflow.actor")

_SLICE: Final = 256
_YIELD: Final = 1023


class Activations:
    """The awake actors of one class on this node."""

    def __init__(self, kind: type[Actor[Any]], store: Store, fabric: Fabric, clock: Clock, timer: Timer) -> None:
        """Serve actors of `kind` on the running event loop; nothing is loaded before the first message."""
        self.kind = kind
        self.declared = kind.actor_type
        self.timer = timer
        self.awake: dict[str, Actor[Any]] = {}
        self.mailboxes = Mailboxes(self.declared.name, self.declared.mailbox)
        self.supervision = Supervision(self.declared)
        self.transactions = Transactions(self.declared, store, fabric, clock)
        self.handled = 0
        """Messages handled so far."""
        self.failed = 0
        """Messages whose handler raised, or did not end in time."""
        messages = [cast("ActorCapability[Any, ..., Any]", message) for message in kind.messages.values()]
        self._journals = Journals(self.declared, store)
        self._snapshots = Snapshots(self.declared, self.transactions, timer)
        self._snapshots.when_due(lambda actor: self._do_soon(actor, self._snapshots.save))
        self._deadlines = Deadlines(self.declared, messages, timer)
        self._wheel = Wheel(self.declared, timer, self._sleep)
        self._turns = Turns(self.declared, messages, self.transactions, self._snapshots, self._deadlines)
        self._calls, self._awaits, self._running = self._turns.calls, self._turns.awaits, self._deadlines.running
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- delivery -----------------------------------------------------------------------------------------------------

    async def ask(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Deliver a message and wait for its reply."""
        actor = self.awake.get(key)
        if actor is None:
            actor = self._activate(key)
        if actor._busy is not None:
            return await self._wait_in_line(actor, message, args, kwargs, self._deadlines.limited(message, context))
        actor._busy = context
        try:
            if (function := self._calls.get(message)) is not None and not actor._revision:
                reply = function(actor, *args, **kwargs)
            elif (function := self._awaits.get(message)) is None or actor._revision or context.deadline is not None:
                reply = await self._take(actor, (message, args, kwargs, context, None))
            else:
                self._running[key] = (current_task(self._loop), self.timer.tick)
                reply = await function(actor, *args, **kwargs)
                self._deadlines.end(key)
            if actor._pending:
                self.transactions.publish(actor, message, context)
        except BaseException as error:  # noqa: BLE001 - raised by that again, or what it became
            self._raise(actor, message, error)
        actor._tick = self.timer.tick
        if actor._box is None:
            actor._busy = None
        else:
            self._schedule(actor)
        self.handled = handled = self.handled + 1
        if not handled & _YIELD:
            await asyncio.sleep(0)  # handlers that never suspend must not keep everybody else from the loop
        return reply

    def tell(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> None:
        """Put a message into the actor's mailbox; its handler runs soon, in no caller's task.

        Nobody waits for it: neither the deadline nor the call chain of the teller is its own.
        """
        actor = self.awake.get(key)
        if actor is None:
            actor = self._activate(key)
        if context.chain or context.deadline is not None or context.sink is not None:
            context = replace(context, chain=(), deadline=None, sink=None)
        self._put(actor, (message, args, kwargs or NOTHING, context, None))

    async def stop(self, key: str) -> bool:
        """End an actor now: its handler is cancelled, waiting messages are refused, committed memory is kept.

        False when it was not awake.
        """
        actor = self.awake.get(key)
        if actor is None:
            return False
        why = CallCancelled(f"actor {self._of(key)} was stopped", actor=self._of(key))
        if actor._busy is None and key not in self._snapshots:
            self._retire(actor, why)
            return True

        async def leave(actor: Actor[Any]) -> None:
            await self._snapshots.save(actor)
            self._retire(actor, why)

        if actor._box is not None:
            self.mailboxes.refuse(actor._box, why)
        self._deadlines.interrupt(key, why)
        await self._do_soon(actor, leave)
        return True

    async def close(self) -> None:
        """Stop every actor, take no more messages, and wait until no task of theirs is left."""
        self._closed = True
        busy = [key for key, actor in self.awake.items() if actor._busy is not None or key in self._snapshots]
        await asyncio.gather(*[self.stop(key) for key in busy])
        for actor in self.awake.values():
            actor._busy = DEAD
        self.awake.clear()
        while self._tasks:
            await asyncio.wait(self._tasks)

    # -- waiting in line ----------------------------------------------------------------------------------------------

    async def _wait_in_line(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        key = actor.key
        chain = (*context.chain, self.declared.topic(key))
        if chain[-1] in context.chain:
            problem = f"actor {self._of(key)} already waits for this call ({' -> '.join(chain)})"
            raise CallCycle(problem, chain=list(chain))
        reply: asyncio.Future[Any] = self._loop.create_future()
        waiter = Waiter(reply)
        self._put(actor, (message, args, kwargs, context, waiter))

        def too_late() -> None:
            where = "did not answer in time" if waiter.served else "was busy and did not come to this message in time"
            why = self._deadlines.exceeded(key, where)
            if not waiter.served or self._deadlines.interrupt(key, why):
                waiter.refuse(why)

        alarm = self._deadlines.arm(too_late, context.deadline)
        try:
            return await reply
        except asyncio.CancelledError:
            if waiter.served:
                self._deadlines.interrupt(key, CallCancelled(f"whoever asked actor {self._of(key)} went away"))
            if reply.done() and not reply.cancelled():
                reply.exception()  # nobody will read it, and that is no mistake
            raise
        finally:
            alarm.cancel()

    def _put(self, actor: Actor[Any], letter: Letter) -> None:
        box: Box | None = actor._box
        if box is None:
            actor._box = box = self.mailboxes.open(actor.key)
            if actor._busy is None:
                self._schedule(actor)
        elif len(box) >= self.mailboxes.limit:
            raise self.mailboxes.full(actor.key)
        box.append(letter)

    def _do_soon(self, actor: Actor[Any], work: Callable[[Actor[Any]], Awaitable[None]]) -> asyncio.Future[None]:
        """Do something to an actor between two messages, even if its mailbox is full."""
        done: asyncio.Future[None] = self._loop.create_future()
        if actor._box is None:
            actor._box = self.mailboxes.open(actor.key)
            if actor._busy is None:
                self._schedule(actor)
        actor._box.append(Chore(work, done))
        return done

    def _schedule(self, actor: Actor[Any]) -> None:
        actor._busy = SCHEDULED
        task = self._loop.create_task(self._drain(actor))
        self._tasks.add(task)

        def over(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ENDS):
                log.error("what was done to actor %s failed", self._of(actor.key), exc_info=error)
            if task.cancelled() or error is not None:
                self._go_on(actor)

        task.add_done_callback(over)

    def _go_on(self, actor: Actor[Any]) -> None:
        """Serve what is left in the mailbox when its task ended before its time, such as by `sys.exit`."""
        if actor._busy is DEAD or actor._box is None:
            return
        if actor._box:
            self._schedule(actor)
        else:
            self.mailboxes.close(actor.key)
            actor._box = actor._busy = None

    async def _drain(self, actor: Actor[Any]) -> None:
        """Handle what waits, in order; one task for a burst, not one for a message."""
        box: Box = actor._box
        served = 0
        while box:
            letter = box.popleft()
            if isinstance(letter, Chore):
                actor._busy = SCHEDULED
                await letter.do(actor)
            elif letter[0] in self._calls and not actor._revision:
                self._serve_now(actor, letter)
            else:
                await self._serve(actor, letter)
            if actor._busy is DEAD:
                return
            served += 1
            if not served % _SLICE:
                await asyncio.sleep(0)
        self.mailboxes.close(actor.key)
        actor._box = actor._busy = None

    async def _serve(self, actor: Actor[Any], letter: Letter) -> None:
        message, _, _, context, waiter = letter
        if waiter is not None:
            if waiter.reply.done():
                return  # whoever asked has stopped waiting
            waiter.served = True
        actor._busy, actor._tick = context, self.timer.tick
        try:
            reply = await self._take(actor, letter)
            if actor._pending:
                self.transactions.publish(actor, message, context)
        except BaseException as error:  # noqa: BLE001 - told to whoever asked
            self._answer_failure(actor, letter, error)
        else:
            self._answer(waiter, reply)

    def _serve_now(self, actor: Actor[Any], letter: Letter) -> None:
        """Do the same in a simpler case: a handler that awaits nothing, of an actor that is ready for it."""
        message, args, kwargs, context, waiter = letter
        if waiter is not None and waiter.reply.done():
            return
        actor._busy, actor._tick = context, self.timer.tick
        try:
            reply = self._calls[message](actor, *args, **kwargs)
            if actor._pending:
                self.transactions.publish(actor, message, context)
        except BaseException as error:  # noqa: BLE001 - told to whoever asked
            self._answer_failure(actor, letter, error)
        else:
            self._answer(waiter, reply)

    async def _take(self, actor: Actor[Any], letter: Letter) -> Any:  # noqa: ANN401 - typed by the message
        """Handle any message of an actor that is free, in the current task."""
        message, args, kwargs, context, _ = letter
        if message in self._turns.instant:
            return self._turns.take(actor, message, args, kwargs, context)
        self._deadlines.begin(actor.key, self._deadlines.limited(message, context).deadline)
        reply = await self._turns.take(actor, message, args, kwargs, context)
        self._deadlines.end(actor.key)
        return reply

    def _answer(self, waiter: Waiter | None, reply: object) -> None:
        self.handled += 1
        if waiter is not None and not waiter.reply.done():
            waiter.reply.set_result(reply)

    def _answer_failure(self, actor: Actor[Any], letter: Letter, error: BaseException) -> None:
        message, _, _, _, waiter = letter
        failure = self._fail(actor, message, error)
        if not isinstance(failure, PacketFlowError):
            if waiter is not None and not self._loop.is_closed():
                waiter.refuse(ended(message, error))
            raise error
        if failure is not error:
            failure.__cause__ = error
        if waiter is not None:
            waiter.refuse(failure)
        else:
            trace = failure if is_crash(failure) else None
            log.warning("a message told to actor %s failed: %s", self._of(actor.key), failure, exc_info=trace)

    # -- life ---------------------------------------------------------------------------------------------------------

    def _activate(self, key: str) -> Actor[Any]:
        if self._closed:
            raise CallCancelled(f"actor {self._of(key)} takes no messages: the app is closing", actor=self._of(key))
        self.supervision.admit(key, self.timer.tick)
        actor = self.kind()
        actor.key = key
        actor._busy = actor._box = actor._pending = None
        actor._home = self._journals
        actor._tick = self.timer.tick
        actor._revision = COLD
        self.awake[key] = actor
        self._wheel.add(actor)
        return actor

    def _raise(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> NoReturn:
        """End a message whose handler raised in its caller's task."""
        failure = self._fail(actor, message, error)
        if actor._busy is not DEAD:
            actor._busy = None
            if actor._box is not None:
                self._schedule(actor)
        if failure is error:
            raise error
        raise failure from error

    def _fail(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
        """Undo a message whose handler raised; gives what its caller is told.

        A durable actor goes back to its last commit. One that is not has no copy of what was: a refusal (CallError)
        leaves its state as the handler left it, anything else restarts it from its last snapshot, or afresh.
        """
        self.failed += 1
        actor._tick = self.timer.tick
        key, error = actor.key, refusal(message, error, _CALLING)
        failure = self._deadlines.fail(key, error)
        actor._pending = None
        if self.declared.durability == "durable" or not isinstance(error, CallError):
            actor._revision = COLD
            self._snapshots.saved(actor)
        if is_crash(error):
            self.supervision.crashed(key, self.timer.tick)
            try:
                self.supervision.admit(key, self.timer.tick)
            except ActorStopped as stopped:
                log.error("%s", stopped.message)  # noqa: TRY400 - its caller is told the cause
                self._retire(actor, stopped)
        return told(message, failure)

    def _retire(self, actor: Actor[Any], why: PacketFlowError) -> None:
        """Take an actor out; whoever waits for it gets `why`."""
        actor._busy = DEAD
        del self.awake[actor.key]
        self._snapshots.saved(actor)
        if actor._box is not None:
            self.mailboxes.refuse(actor._box, why)
            self.mailboxes.close(actor.key)
            actor._box = None

    # -- sleep --------------------------------------------------------------------------------------------------------

    def _sleep(self, actor: Actor[Any]) -> None:
        if actor.key in self._snapshots:
            self._do_soon(actor, self._save_and_sleep)
        else:
            actor._busy = DEAD
            del self.awake[actor.key]

    async def _save_and_sleep(self, actor: Actor[Any]) -> None:
        await self._snapshots.save(actor)
        if actor._box or actor.key in self._snapshots:
            self._wheel.add(actor)
        else:
            self._retire(actor, CallCancelled(f"actor {self._of(actor.key)} sleeps"))

    def _of(self, key: str) -> str:
        return f"{self.declared.name}:{key}"


_CALLING: Final = frozenset(
    function.__code__
    for function in (Activations.ask, Activations._serve_now, Turns._call)  # what calls handlers
)
