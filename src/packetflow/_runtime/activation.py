"""The awake actors of one class: activation, delivery in place, restart and sleep.

An ask to an actor that nobody is using runs its handler inside the caller's own task: no queue, no future, no task.
Being serial needs no lock on one event loop: `_busy` is one slot, tested and set without an `await` between. Only a
second caller, arriving while a handler is suspended, pays for a mailbox. A deadline is armed only when a handler
suspends. Cancelling the caller cancels the handler; its message is rolled back like a crash.
"""

from __future__ import annotations

import asyncio
import logging
import types
from typing import TYPE_CHECKING, Any, Final, cast

from packetflow._core.errors import (
    ActorStopped,
    CallCancelled,
    CallCycle,
    CallError,
    CapabilityFailed,
    DeadlineExceeded,
    PacketFlowError,
)
from packetflow._runtime.mailbox import Letter, Mailboxes
from packetflow._runtime.supervision import Supervision
from packetflow._runtime.timer import TICK
from packetflow._runtime.transaction import Transactions

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Coroutine, Generator, Mapping

    from packetflow._core.actor import Actor
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ports import Clock, Fabric, Store
    from packetflow._runtime.timer import Timer

log = logging.getLogger("packetflow.actor")


class _Mark:
    __slots__ = ()


SCHEDULED: Final = _Mark()
"""The mailbox will be drained."""
DEAD: Final = _Mark()
"""Asleep or stopped; whoever finds it looks the key up again."""

_COLD: Final = -1
_SLICE: Final = 256
_SWEEP: Final = 2000
_WHEEL: Final = 600


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
    """Go on with a coroutine whose first step was driven by hand; it stays in the task that entered it."""
    while True:
        try:
            value = yield waits_for
        except BaseException as error:  # noqa: BLE001 - thrown into the coroutine, which decides
            step, argument = cast("Callable[[Any], Any]", coroutine.throw), error
        else:
            step, argument = cast("Callable[[Any], Any]", coroutine.send), value
        try:
            waits_for = step(argument)
        except StopIteration as end:
            return end.value


class Activations:
    """The awake actors of one class on this node."""

    def __init__(self, kind: type[Actor[Any]], store: Store, fabric: Fabric, clock: Clock, timer: Timer) -> None:
        """Serve actors of `kind`; nothing is loaded before the first message."""
        self.kind = kind
        self.declared = kind.actor_type
        self.awake: dict[str, Actor[Any]] = {}
        self.mailboxes = Mailboxes(self.declared.name, self.declared.mailbox)
        self.supervision = Supervision(self.declared)
        self.transactions = Transactions(self.declared, store, fabric, clock)
        self.handled = 0
        self._volatile = self.declared.durability == "volatile"
        self._timer = timer
        self._timeout = self.declared.timeout.total_seconds()
        self._patience = max(1, round(self._timeout / TICK))
        self._suspended: dict[Actor[Any], tuple[asyncio.Task[Any], int]] = {}
        self._timed: dict[Actor[Any], asyncio.Task[Any]] = {}
        self._ended: dict[Actor[Any], PacketFlowError] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        stride = max(1, round(self.declared.idle.total_seconds() / TICK / _WHEEL))
        self._stride = stride
        self._idle = max(1, -(-round(self.declared.idle.total_seconds() / TICK) // stride))
        self._wheel: list[list[Actor[Any]]] = [[] for _ in range(self._idle + 2)]
        self._turn = timer.tick // stride
        self._due: list[Actor[Any]] = []
        timer.listen(self._on_tick)

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
            return await self._wait_in_line(actor, Letter(message, args, kwargs, context, None))
        actor._busy = context
        try:
            if self._volatile and message.kind == "def":
                reply = self._call(actor, message, args, kwargs, context)
            else:
                coroutine = self._handling(actor, message, args, kwargs, context)
                try:
                    first = coroutine.send(None)
                except StopIteration as end:
                    reply = end.value
                else:
                    reply = await self._until_deadline(actor, coroutine, first, context)
        except BaseException as error:
            failure = self._crashed(actor, message, error)
            if failure is error:
                raise
            raise failure from error
        self.handled += 1
        actor._tick = self._timer.tick
        if actor._box is None:
            actor._busy = None
        else:
            self._schedule(actor)
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
        actor = self.awake.get(key)
        if actor is None:
            actor = self._activate(key)
        self._put(actor, Letter(message, args, kwargs, context, None))

    async def stop(self, key: str) -> bool:
        """End an actor now: its handler is cancelled, waiting messages are refused, committed memory is kept.

        False when it was not awake.
        """
        actor = self.awake.get(key)
        if actor is None:
            return False
        why = CallCancelled(f"actor {self.declared.name}:{key} was stopped", actor=f"{self.declared.name}:{key}")
        await self._save_snapshot(actor)
        self._retire(actor, why)
        self._interrupt(actor, why)
        return True

    async def close(self) -> None:
        """Stop every actor and wait until no task of theirs is left."""
        for key in list(self.awake):
            await self.stop(key)
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- one message --------------------------------------------------------------------------------------------------

    def _handling(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Coroutine[Any, Any, Any]:
        if not self._volatile:
            return self._transact(actor, message, args, kwargs, context)
        handler = self._call(actor, message, args, kwargs, context)
        return self._collect(handler, context) if message.kind == "stream" else handler

    def _call(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - a reply, a coroutine or an async generator, by the message's kind
        if message.takes_context:
            return message.function(actor, context.inside(self.declared.topic(actor.key)), *args, **kwargs)
        return message.function(actor, *args, **kwargs)

    async def _transact(
        self,
        actor: Actor[Any],
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Load, handle, commit: three things that succeed together or leave no trace."""
        if actor._revision == _COLD:
            await self.transactions.load(actor)
            actor.started()
        if context.message_id is not None:
            known = await self.transactions.earlier_reply(actor, message, context.message_id)
            if known is not None:
                return known[0]
        reply = self._call(actor, message, args, kwargs, context)
        if message.kind == "async":
            reply = await reply
        elif message.kind == "stream":
            reply = await self._collect(reply, context)
        reply = message.output.check(reply)
        await self.transactions.commit(actor, message, context, reply)
        return reply

    async def _collect(self, parts: Any, context: Context) -> list[Any]:  # noqa: ANN401 - an async generator
        collected: list[Any] = []
        async for part in parts:
            collected.append(part)
            if context.sink is not None:
                await context.sink(part)
        return collected

    # -- deadlines ----------------------------------------------------------------------------------------------------

    async def _until_deadline(
        self, actor: Actor[Any], coroutine: Coroutine[Any, Any, Any], first: object, context: Context
    ) -> Any:  # noqa: ANN401 - typed by the message
        """Await the rest of a handler that has suspended, in the same task, until its deadline."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        before = task.cancelling()
        timer: asyncio.TimerHandle | None = None
        if context.deadline is None:
            self._suspended[actor] = (task, self._timer.tick + self._patience)
        else:
            loop = asyncio.get_running_loop()
            due = min(context.deadline, loop.time() + self._timeout)
            self._timed[actor] = task
            timer = loop.call_at(due, self._expire, actor)
        try:
            return await _resume(coroutine, first)
        except asyncio.CancelledError:
            why = self._ended.pop(actor, None)
            if why is None or task.uncancel() > before:
                raise
            raise why from None
        finally:
            self._suspended.pop(actor, None)
            self._timed.pop(actor, None)
            self._ended.pop(actor, None)
            if timer is not None:
                timer.cancel()

    def _expire(self, actor: Actor[Any]) -> None:
        name = f"{self.declared.name}:{actor.key}"
        self._interrupt(actor, DeadlineExceeded(f"actor {name} did not answer in time", actor=name))

    def _interrupt(self, actor: Actor[Any], why: PacketFlowError) -> None:
        """Cancel the handler in hand, if it is suspended; its caller gets `why`."""
        entry = self._suspended.get(actor)
        task = entry[0] if entry is not None else self._timed.get(actor)
        if task is not None and actor not in self._ended:
            self._ended[actor] = why
            task.cancel()

    # -- waiting in line ----------------------------------------------------------------------------------------------

    async def _wait_in_line(self, actor: Actor[Any], letter: Letter) -> Any:  # noqa: ANN401 - typed by the message
        name = self.declared.topic(actor.key)
        if name in letter.context.chain:
            chain = " -> ".join((*letter.context.chain, name))
            message = f"actor {self.declared.name}:{actor.key} already waits for this call ({chain})"
            raise CallCycle(message, chain=[*letter.context.chain, name])
        loop = asyncio.get_running_loop()
        letter.reply = reply = loop.create_future()
        due = loop.time() + self._timeout
        due = min(due, letter.context.deadline) if letter.context.deadline is not None else due
        self._put(actor, letter)
        timer = loop.call_at(due, self._too_late, actor.key, letter)
        try:
            return await reply
        finally:
            timer.cancel()
            if letter.running is not None and not reply.done():
                letter.running.cancel()
            reply.cancel()

    def _too_late(self, key: str, letter: Letter) -> None:
        if letter.reply is None or letter.reply.done():
            return
        name = f"{self.declared.name}:{key}"
        where = "did not answer" if letter.running is not None else "was busy and did not come to this message"
        letter.reply.set_exception(DeadlineExceeded(f"actor {name} {where} in time", actor=name))
        if letter.running is not None:
            letter.running.cancel()

    def _put(self, actor: Actor[Any], letter: Letter) -> None:
        actor._box = self.mailboxes.put(actor._box, actor.key, letter)
        if actor._busy is None:
            self._schedule(actor)

    def _schedule(self, actor: Actor[Any]) -> None:
        actor._busy = SCHEDULED
        task = asyncio.get_running_loop().create_task(self._drain(actor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, actor: Actor[Any]) -> None:
        """Handle what waits, in order; one task for a burst, not one for a message."""
        box: deque[Letter] = actor._box
        served = 0
        while box and actor._busy is not DEAD:
            letter = self.mailboxes.take(box)
            if not letter.abandoned:
                await self._serve(actor, letter)
                served += 1
                if not served % _SLICE:
                    await asyncio.sleep(0)
        if actor._busy is not DEAD:
            actor._box, actor._busy, actor._tick = None, None, self._timer.tick
            self.mailboxes.release(box)

    async def _serve(self, actor: Actor[Any], letter: Letter) -> None:
        actor._busy = letter.context
        letter.running = asyncio.current_task()
        before = letter.running.cancelling() if letter.running is not None else 0
        try:
            reply = self._call(actor, letter.message, letter.args, letter.kwargs, letter.context) if (
                self._volatile and letter.message.kind == "def"
            ) else await self._started(actor, letter)
        except BaseException as error:
            failure = self._restart(actor, letter.message, error)
            if letter.reply is not None and not letter.reply.done() and not isinstance(failure, asyncio.CancelledError):
                letter.reply.set_exception(failure)
            elif letter.reply is None:
                log.warning("a message to %s:%s failed: %s", self.declared.name, actor.key, failure)
            abandoned = letter.reply is not None and letter.reply.done()
            if isinstance(error, asyncio.CancelledError) and letter.running is not None:
                if not abandoned or letter.running.uncancel() > before:
                    raise
        else:
            self.handled += 1
            if letter.reply is not None and not letter.reply.done():
                letter.reply.set_result(reply)
        finally:
            letter.running = None
            if actor._busy is not DEAD:
                actor._busy = SCHEDULED

    async def _started(self, actor: Actor[Any], letter: Letter) -> Any:  # noqa: ANN401 - typed by the message
        coroutine = self._handling(actor, letter.message, letter.args, letter.kwargs, letter.context)
        try:
            first = coroutine.send(None)
        except StopIteration as end:
            return end.value
        return await self._until_deadline(actor, coroutine, first, letter.context)

    # -- life ---------------------------------------------------------------------------------------------------------

    def _activate(self, key: str) -> Actor[Any]:
        self.supervision.admit(key, self._timer.tick)
        actor = self.kind()
        actor.key = key
        actor._busy = actor._box = actor._pending = None
        actor._home = self.transactions
        actor._tick = self._timer.tick
        actor._revision = 0 if self._volatile else _COLD
        if self._volatile:
            actor.state = self.declared.initial()
            actor.started()
        self.awake[key] = actor
        self._wheel[(self._turn + self._idle) % len(self._wheel)].append(actor)
        return actor

    def _crashed(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
        """Restart an actor whose handler ran in its caller's task; gives what the caller is told."""
        failure = self._restart(actor, message, error)
        if actor._busy is not DEAD:
            if actor._box is None:
                actor._busy = None
            else:
                self._schedule(actor)
        return failure

    def _restart(self, actor: Actor[Any], message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
        """Go back to the last commit. Only exceptions of the handler's own count against the restart limit."""
        actor._tick = self._timer.tick
        actor._pending = None
        if self._volatile:
            actor.state = self.declared.initial()
            actor.started()
        else:
            actor._revision = _COLD
        if isinstance(error, CallError) or not isinstance(error, Exception):
            return error
        self.supervision.crashed(actor.key, self._timer.tick)
        try:
            self.supervision.admit(actor.key, self._timer.tick)
        except ActorStopped as stopped:
            log.error("%s", stopped.message)  # noqa: TRY400 - the cause is told to the caller
            self._retire(actor, stopped)
        if isinstance(error, PacketFlowError):
            return error
        failure = CapabilityFailed(f"{message.id!r} failed: {type(error).__name__}: {error}", capability_id=message.id)
        failure.__cause__ = error
        return failure

    def _retire(self, actor: Actor[Any], why: PacketFlowError) -> None:
        """Take an actor out; whoever waits for it gets `why`."""
        box, actor._box = actor._box, None
        actor._busy = DEAD
        if self.awake.get(actor.key) is actor:
            del self.awake[actor.key]
        while box:
            letter = self.mailboxes.take(box)
            if letter.reply is not None and not letter.reply.done():
                letter.reply.set_exception(why)

    def _on_tick(self, tick: int) -> None:
        late: list[Actor[Any]] = []
        for actor, (_, due) in self._suspended.items():
            if due > tick:
                break  # in the order of their deadlines, for all have the same patience
            late.append(actor)
        for actor in late:
            self._expire(actor)
        turn = tick // self._stride
        while self._turn < turn:
            self._turn += 1
            slot = self._turn % len(self._wheel)
            if self._wheel[slot]:
                self._due += self._wheel[slot]
                self._wheel[slot] = []
        if self._due:
            self._sweep()

    def _sweep(self) -> None:
        """Put idle actors to sleep, a slice at a time, so that no callback holds the loop for long."""
        batch, self._due = self._due[-_SWEEP:], self._due[:-_SWEEP]
        for actor in batch:
            if actor._busy is DEAD:
                continue
            last = actor._tick // self._stride
            if actor._busy is None and last + self._idle <= self._turn:
                self._sleep(actor)
            else:
                last = max(last, self._turn - self._idle + 1) if actor._busy is None else self._turn
                self._wheel[(last + self._idle) % len(self._wheel)].append(actor)
        if self._due:
            asyncio.get_running_loop().call_soon(self._sweep)

    def _sleep(self, actor: Actor[Any]) -> None:
        if self.declared.durability == "snapshot" and actor._revision != _COLD:
            actor._busy = SCHEDULED
            task = asyncio.get_running_loop().create_task(self._save_and_sleep(actor))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        actor._busy = DEAD
        del self.awake[actor.key]

    async def _save_and_sleep(self, actor: Actor[Any]) -> None:
        await self._save_snapshot(actor)
        if actor._box is not None:
            await self._drain(actor)
        elif actor._busy is not DEAD:
            actor._busy = DEAD
            del self.awake[actor.key]

    async def _save_snapshot(self, actor: Actor[Any]) -> None:
        if self.declared.durability == "snapshot" and actor._revision != _COLD and actor._pending is None:
            try:
                await self.transactions.save(actor)
            except PacketFlowError as error:
                log.error("the snapshot of %s:%s was not saved: %s", self.declared.name, actor.key, error)  # noqa: TRY400
