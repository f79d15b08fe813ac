"""The awake actors of one class: activation, delivery in place, restart and sleep.

An ask to an actor that nobody is using runs its handler inside the caller's own task: no queue, no future, no task.
Being serial needs no lock on one event loop: `_busy` is one slot, tested and set without an `await` between. Only who
comes while a handler is suspended pays for a mailbox. Cancelling the caller cancels the handler and undoes its message,
unless the class is `detached`. `Address.ask` is the same way for the simplest messages, with everything else left out.
"""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

from packetflow._core.errors import ActorStopped, CallCancelled, CallCycle, CallError
from packetflow._runtime.border import handed_in
from packetflow._runtime.condition import COLD, DEAD, Pause
from packetflow._runtime.deadline import Deadlines, current_task
from packetflow._runtime.drain import Drain, unread
from packetflow._runtime.failure import CALLING, refusal, told
from packetflow._runtime.journal import Journals
from packetflow._runtime.mailbox import NOTHING, Mailboxes, Waiter
from packetflow._runtime.snapshot import Snapshots
from packetflow._runtime.supervision import Supervision
from packetflow._runtime.transaction import Transactions
from packetflow._runtime.turn import Turns
from packetflow._runtime.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.actor import Actor
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.errors import PacketFlowError
    from packetflow._core.ports import Clock, Fabric, Store
    from packetflow._core.restart import Course
    from packetflow._runtime.lifecycle import Lifecycle
    from packetflow._runtime.mailbox import Letter
    from packetflow._runtime.timer import Timer

log = logging.getLogger("packetflow.actor")

Route: TypeAlias = tuple[Callable[..., Any], bool]
"""What to call with an actor and the arguments of a message, and whether what it gives is to be awaited."""

_YIELD: Final = 1023


class Activations:
    """The awake actors of one class on this node."""

    def __init__(
        self, kind: type[Actor[Any]], ports: tuple[Store, Fabric, Clock], timer: Timer, lifecycle: Lifecycle
    ) -> None:
        """Serve actors of `kind` on the running event loop; nothing is loaded before the first message."""
        self.kind = kind
        self.declared = kind.actor_type
        self.timer = timer
        self.tick = timer.tick
        """That of the timer, as near as can be."""
        timer.listen(self._on_tick)
        self.awake: dict[str, Actor[Any]] = {}
        self.reachable = self.awake
        """The actors that take messages: those awake, or none while the class is stopped."""
        self.mailboxes = Mailboxes(self.declared.name, self.declared.mailbox)
        self.limit = self.declared.mailbox
        self.supervision = Supervision(self.declared)
        self.transactions = Transactions(self.declared, *ports)
        self.lifecycle = lifecycle
        self.handled = 0
        """Messages handled so far."""
        self.failed = 0
        """Messages whose handler raised, or did not end in time."""
        self.loop = asyncio.get_running_loop()
        self.current_task = current_task
        messages = [cast("ActorCapability[Any, ..., Any]", message) for message in kind.messages.values()]
        self._journals = Journals(self.declared, ports[0])
        self._drain = Drain(self, self.loop)
        self.schedule = self._drain.schedule
        self._snapshots = Snapshots(self.declared, self.transactions, timer)
        self._snapshots.when_due(lambda actor: self._drain.do_soon(actor, self._snapshots.save))
        self.deadlines = Deadlines(self.declared, messages, timer)
        self.running, self.reasons = self.deadlines.running, self.deadlines.reasons
        self._wheel = Wheel(self.declared, timer, self._sleep)
        self._turns = Turns(self.declared, messages, self.transactions, self._snapshots, self.deadlines)
        self.calls, self.awaits, self.begin = self._turns.calls, self._turns.awaits, self._turns.begin
        self._pauses: set[str] = set()
        self._kept = self.declared.durability != "volatile"
        self._closed = False

    # -- delivery -----------------------------------------------------------------------------------------------------

    def route(self, message: ActorCapability[Any, ..., Any], context: Context) -> Route | None:
        """Give what an `Address` may call by itself for a message; None when it needs more of the runtime."""
        if self.declared.detached:
            return None
        if (function := self.calls.get(message)) is not None:
            return function, False
        if (function := self.awaits.get(message)) is not None and context.deadline is None:
            return function, True
        return None

    async def ask(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Deliver a message and wait for its reply."""
        actor = self.reachable.get(key)
        if actor is None:
            actor = self._activate(key)
        if actor._busy is not None or self.declared.detached:
            return await self._wait_in_line(actor, message, args, kwargs, self.deadlines.limited(message, context))
        actor._busy = context
        try:
            if (function := self.calls.get(message)) is not None:
                if actor._revision:
                    self.begin(actor)
                reply = function(actor, *args, **kwargs) if kwargs else function(actor, *args)
            else:
                reply = await self.take(actor, (message, args, kwargs, context, None))
            if actor._pending:
                self.transactions.publish(actor, message, context)
        except BaseException as error:  # noqa: BLE001 - raised by that again, or what it became
            self.raised(actor, message, error)
        actor._tick = self.tick
        if actor._box is None:
            actor._busy = None
        else:
            self.schedule(actor)
        self.handled = handled = self.handled + 1
        if not handled & _YIELD:
            await asyncio.sleep(0)  # as in Address.ask
        return reply

    def tell(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> None:
        """Put a message into the actor's mailbox; its handler runs soon, in no caller's task."""
        actor = self.reachable.get(key)
        if actor is None:
            actor = self._activate(key)
        if self._kept:
            args, kwargs = handed_in(message, args, kwargs)
        self._drain.put(actor, (message, args, kwargs or NOTHING, context, None))

    def deliver(self, key: str, letter: Letter) -> None:
        """Put what the post brings into the actor's mailbox; raises what the actor refuses with."""
        self._drain.put(self.reachable.get(key) or self._activate(key), letter)

    async def take(self, actor: Actor[Any], letter: Letter) -> Any:  # noqa: ANN401 - typed by the message
        """Handle any message of an actor that is free, in the current task and under its deadline."""
        message, args, kwargs, context, _ = letter
        if message in self._turns.instant:
            return self._turns.take(actor, message, args, kwargs, context)
        self.deadlines.begin(actor.key, self.deadlines.limited(message, context).deadline)
        reply = await self._turns.take(actor, message, args, kwargs, context)
        self.deadlines.end(actor.key)
        return reply

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
            problem = f"actor {self.address(key)} already waits for this call ({' -> '.join(chain)})"
            raise CallCycle(problem, chain=list(chain))
        if self._kept:
            args, kwargs = handed_in(message, args, kwargs)
        reply: asyncio.Future[Any] = self.loop.create_future()
        waiter = Waiter(reply)
        self._drain.put(actor, (message, args, kwargs, context, waiter))

        def too_late() -> None:
            where = "did not answer in time" if waiter.served else "was busy and did not come to this message in time"
            why = self.deadlines.exceeded(key, where)
            if not waiter.served or self.deadlines.interrupt(key, why):
                waiter.refuse(why)

        alarm = self.deadlines.arm(too_late, context.deadline)
        try:
            return await reply
        except asyncio.CancelledError:
            # A stream ends with its reader, detached or not: nobody takes its parts any more.
            if waiter.served and (not self.declared.detached or context.sink is not None):
                self.deadlines.interrupt(key, CallCancelled(f"whoever asked actor {self.address(key)} went away"))
            unread(waiter)
            raise
        finally:
            alarm.cancel()

    # -- life ---------------------------------------------------------------------------------------------------------

    def _activate(self, key: str) -> Actor[Any]:
        if self._closed:
            name = self.address(key)
            raise CallCancelled(f"actor {name} takes no messages: the app is closing", actor=name)
        if self.supervision.refuses:
            self.supervision.admit(key, self.tick)
            if (known := self.awake.get(key)) is not None:  # its class was stopped, and may go on as of this tick
                return known
        actor = self.kind()
        actor.key = key
        actor._busy = actor._box = actor._pending = None
        actor._home = self._journals
        actor._tick = self.tick
        actor._revision = COLD
        self.awake[key] = actor
        self._wheel.newest.append(actor)
        if self.lifecycle.heard:
            self.lifecycle.tell(self.declared.name, key, "activated")
        return actor

    def _on_tick(self, tick: int) -> None:
        self.tick = tick
        self.deadlines.turn(tick)
        self.running = self.deadlines.running
        if self.reachable is not self.awake and self.supervision.state(tick) != "stopped":
            self._recover()

    def _recover(self) -> None:
        if self.reachable is not self.awake:
            self.reachable = self.awake
            self.lifecycle.tell(self.declared.name, "", "recovered")

    async def stop(self, key: str) -> bool:
        """End an actor now: its handler is cancelled, waiting messages are refused, committed memory is kept.

        False when it was not awake.
        """
        actor = self.awake.get(key)
        if actor is None:
            return False
        why = CallCancelled(f"actor {self.address(key)} was stopped", actor=self.address(key))
        if (actor._busy is None or isinstance(actor._busy, Pause)) and key not in self._snapshots:
            self._leave(actor, why)
            return True

        async def leave(actor: Actor[Any]) -> None:
            await self._snapshots.save(actor)
            self._leave(actor, why)

        if actor._box is not None:
            self.mailboxes.refuse(actor._box, why)
        self.deadlines.interrupt(key, why)
        await self._drain.do_soon(actor, leave)
        return True

    async def close(self) -> None:
        """Stop every actor, take no more messages, and wait until no task of theirs is left."""
        self._closed = True
        busy = [key for key, actor in self.awake.items() if actor._busy is not None or key in self._snapshots]
        await asyncio.gather(*[self.stop(key) for key in busy])
        for actor in self.awake.values():
            actor._busy = DEAD
        self.awake.clear()
        await self._drain.close()

    def start(self, key: str) -> bool:
        """Let a stopped actor take messages at once; False when it was not stopped."""
        return self.supervision.forgive(key)

    def start_all(self) -> bool:
        """Let every actor of the class take messages at once; False when none was stopped."""
        stopped = self.supervision.stopped(self.tick) > 0 or self.reachable is not self.awake
        self.supervision.forgive_all()
        self._recover()
        return stopped

    # -- failure ------------------------------------------------------------------------------------------------------

    def raised(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> NoReturn:
        """End a message whose handler raised in its caller's task."""
        failure = self.fail(actor, message, error)
        if actor._busy is not DEAD and not isinstance(actor._busy, Pause):
            actor._busy = None
            if actor._box is not None:
                self.schedule(actor)
        try:
            if failure is error:
                raise error
            raise failure from error
        finally:
            del failure, error  # which hold this frame by their traceback: a circle, left to the collector

    def fail(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
        """Undo a message whose handler raised; gives what its caller is told.

        A durable actor goes back to its last commit. One that is not has no copy of what was: a refusal (CallError), or
        an exception after which the class resumes, leaves its state as the handler left it; anything else restarts it
        from its last snapshot, or afresh.
        """
        self.failed += 1
        actor._tick = self.tick
        error = refusal(message, error)
        failure = self.deadlines.fail(actor.key, error)
        actor._pending = None
        course = self.supervision.course(failure if isinstance(error, asyncio.CancelledError) else error)
        keeps = isinstance(error, CallError) if course is None else course == "resume"
        if self.declared.durability == "durable" or not keeps:
            actor._revision = COLD
            self._snapshots.saved(actor)
        if course == "restart" or course == "stop":  # noqa: PLR1714 - so that the type checker follows
            self._supervise(actor, course, error)
        return told(message, failure)

    def _supervise(self, actor: Actor[Any], course: Course, error: BaseException) -> None:
        """Count a crash, and stop the actor, let it pause, or let it go on."""
        key = actor.key
        pause = None
        if course == "stop":
            self.supervision.halt(key, self.tick)
        else:
            pause = self.supervision.crashed(key, self.tick)
        if pause is None:
            self._halt(actor)
            return
        if pause:
            actor._busy = rest = Pause()
            self._pauses.add(key)
            rest.alarm = self.loop.call_later(pause, self._end_pause, actor, rest)
        if self.lifecycle.heard:
            self.lifecycle.tell(self.declared.name, key, "restarted", f"{type(error).__name__}: {error}")

    def _halt(self, actor: Actor[Any]) -> None:
        """Stop an actor that crashed too often, or its class, where too many did."""
        why = self.supervision.refusal(actor.key, self.tick) or ActorStopped(f"actor {self.address(actor.key)} crashed")
        log.error("%s", why.message)
        self._retire(actor, why)
        self.lifecycle.tell(self.declared.name, actor.key, "stopped", why.message)
        if self.supervision.state(self.tick) == "stopped" and self.reachable is self.awake:
            self.reachable = {}
            self.lifecycle.tell(self.declared.name, "", "escalated", why.message)

    def _end_pause(self, actor: Actor[Any], pause: Pause) -> None:
        if actor._busy is pause:
            self._pauses.discard(actor.key)
            self._drain.go_on(actor)

    def _retire(self, actor: Actor[Any], why: PacketFlowError) -> None:
        """Take an actor out; whoever waits for it gets `why`."""
        if isinstance(actor._busy, Pause):
            actor._busy.end()
            self._pauses.discard(actor.key)
        actor._busy = DEAD
        del self.awake[actor.key]
        self._snapshots.saved(actor)
        if actor._box is not None:
            self.mailboxes.refuse(actor._box, why)
            self.mailboxes.close(actor.key)
            actor._box = None

    def _leave(self, actor: Actor[Any], why: PacketFlowError) -> None:
        self._retire(actor, why)
        if self.lifecycle.heard:
            self.lifecycle.tell(self.declared.name, actor.key, "slept", why.message)

    # -- sleep --------------------------------------------------------------------------------------------------------

    def _sleep(self, actor: Actor[Any]) -> None:
        if actor.key in self._snapshots:
            self._drain.do_soon(actor, self._save_and_sleep)
            return
        actor._busy = DEAD
        del self.awake[actor.key]
        if self.lifecycle.heard:
            self.lifecycle.tell(self.declared.name, actor.key, "slept")

    async def _save_and_sleep(self, actor: Actor[Any]) -> None:
        await self._snapshots.save(actor)
        if actor._box or actor.key in self._snapshots:
            self._wheel.newest.append(actor)
            return
        self._leave(actor, CallCancelled(f"actor {self.address(actor.key)} sleeps"))

    def busy(self) -> list[str]:
        """Give the keys of the actors that have something to do.

        An idle actor costs nothing here: one that is busy when nobody runs either waits in its handler, or has a
        mailbox, or pauses.
        """
        keys = dict.fromkeys([*self.deadlines.at_work(), *self.mailboxes.used, *self._pauses])
        return [key for key in keys if (actor := self.awake.get(key)) is not None and actor._busy is not None]

    def address(self, key: str) -> str:
        """Name an actor: `type:key`."""
        return f"{self.declared.name}:{key}"


CALLING.update(one.__code__ for one in (Activations.ask, Turns._call))
