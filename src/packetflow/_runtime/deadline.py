"""The end of handlers and of waits that take too long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packetflow._core.errors import CallCancelled, DeadlineExceeded
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packetflow._core.actor import ActorType
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.errors import PacketFlowError
    from packetflow._runtime.timer import Timer


class Alarm:
    """Calls back once, at a tick, unless it is cancelled before."""

    __slots__ = ("_alarms", "call", "since")

    def __init__(self, call: Callable[[], None], since: int, alarms: dict[Alarm, None]) -> None:
        """Stand in `alarms`, which are in the order of their time."""
        self.call, self.since, self._alarms = call, since, alarms
        alarms[self] = None

    def cancel(self) -> None:
        """Never call."""
        self._alarms.pop(self, None)


class Deadlines:
    """Watches the handlers of one class of actors, and cancels those that take too long.

    All have the same patience, the class option `timeout`, so the order in which they began is the order in which they
    are late: a handler costs one entry in a dictionary, and a tick looks at the late ones only. A caller with its own
    deadline pays for a timer of the event loop.
    """

    def __init__(self, declared: ActorType, messages: Iterable[ActorCapability[Any, ..., Any]], timer: Timer) -> None:
        """Begin with nothing to watch; belongs to the running event loop."""
        self._limits = {each: each.options.timeout.total_seconds() for each in messages if each.options.timeout}
        self._name = declared.name
        self._patience = max(1, round(declared.timeout.total_seconds() / TICK))
        self._timer = timer
        self._loop = asyncio.get_running_loop()
        self.running: dict[str, tuple[asyncio.Task[Any] | None, int]] = {}
        """The task and the first tick of each handler that may be waiting, by the actor's key; oldest first."""
        self._reasons: dict[str, PacketFlowError] = {}
        self._sealed: set[str] = set()
        self._exact: dict[str, asyncio.TimerHandle] = {}
        self._alarms: dict[Alarm, None] = {}
        timer.listen(self._on_tick)

    def begin(self, key: str, deadline: float | None) -> None:
        """Watch the handler of the actor `key`, which runs in the current task.

        Raises DeadlineExceeded when the caller's deadline is over already.
        """
        if deadline is not None:
            if deadline <= self._loop.time():
                raise self.exceeded(key, "was asked too late: the caller's deadline is over")
            self._exact[key] = self._loop.call_at(deadline, self._expire, key)
        self.running[key] = (asyncio.current_task(self._loop), self._timer.tick)

    def limited(self, message: ActorCapability[Any, ..., Any], context: Context) -> Context:
        """Give the context with the deadline of the message's own `timeout`, where that comes first."""
        limit = self._limits.get(message)
        if limit is None:
            return context
        due = self._loop.time() + limit
        return context if context.deadline is not None and context.deadline <= due else replace(context, deadline=due)

    def end(self, key: str) -> None:
        """Watch no more; for a handler that returned."""
        task, _ = self.running.pop(key)
        if self._exact or self._reasons or self._sealed:
            self._forget(key, task)

    def fail(self, key: str, error: BaseException) -> BaseException:
        """Watch no more, for a handler that raised; gives what its caller is told.

        A cancellation from here becomes its reason, unless the caller itself is being cancelled, too. One from nowhere
        (the handler awaited something that somebody else cancelled) becomes CallCancelled.
        """
        entry = self.running.pop(key, None)
        if entry is None:
            return error
        why = self._forget(key, entry[0])
        if not isinstance(error, asyncio.CancelledError) or (entry[0] is not None and entry[0].cancelling()):
            return error
        return why or CallCancelled(f"what actor {self._name}:{key} waited for was cancelled", actor=self._of(key))

    def seal(self, key: str) -> None:
        """Interrupt the actor `key` no more until its message ends: it commits, and what it did is true."""
        self._sealed.add(key)

    def interrupt(self, key: str, why: PacketFlowError) -> bool:
        """Cancel the handler of the actor `key`; its caller gets `why`. False when none runs, or it is committing."""
        entry = self.running.get(key)
        if entry is None or key in self._sealed:
            return False
        if key not in self._reasons and entry[0] is not None:
            self._reasons[key] = why
            entry[0].cancel()
        return True

    def arm(self, call: Callable[[], None], deadline: float | None) -> Alarm | asyncio.TimerHandle:
        """Call back when a wait that begins now has taken too long."""
        if deadline is not None:
            return self._loop.call_at(deadline, call)
        return Alarm(call, self._timer.tick, self._alarms)

    def exceeded(self, key: str, what: str) -> DeadlineExceeded:
        """Say that an actor was too late."""
        return DeadlineExceeded(f"actor {self._name}:{key} {what}", actor=self._of(key))

    def _forget(self, key: str, task: asyncio.Task[Any] | None) -> PacketFlowError | None:
        self._sealed.discard(key)
        timer = self._exact.pop(key, None)
        if timer is not None:
            timer.cancel()
        why = self._reasons.pop(key, None)
        if why is not None and task is not None:
            task.uncancel()
        return why

    def _expire(self, key: str) -> None:
        self.interrupt(key, self.exceeded(key, "did not answer in time"))

    def _on_tick(self, tick: int) -> None:
        late: list[str] = []
        for key, (_, since) in self.running.items():
            if tick - since <= self._patience:  # one tick more, for the part of a tick that had passed when it began
                break
            late.append(key)
        for key in late:
            self._expire(key)
        overdue: list[Alarm] = []
        for alarm in self._alarms:
            if tick - alarm.since <= self._patience:
                break
            overdue.append(alarm)
        for alarm in overdue:
            alarm.cancel()
            alarm.call()

    def _of(self, key: str) -> str:
        return f"{self._name}:{key}"
