"""The end of handlers and of waits that take too long."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packetflow._core.errors import CallCancelled, DeadlineExceeded
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packetflow._core.actor import ActorType
    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.errors import PacketFlowError
    from packetflow._runtime.timer import Timer


if sys.version_info >= (3, 12):
    current_task = asyncio.current_task
else:  # where it is Python code, and would cost as much as all else that a message needs
    current_task: Callable[[Any], asyncio.Task[Any] | None] = vars(asyncio.tasks)["_current_tasks"].get


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

    All have the same patience, the class option `timeout`, so those that began in one tick are late in one tick: a
    handler costs one entry in a dictionary, each tick has a dictionary of its own, and it looks at the late one only. A
    caller with its own deadline pays for a timer of the event loop.
    """

    def __init__(self, declared: ActorType, messages: Iterable[ActorCapability[Any, ..., Any]], timer: Timer) -> None:
        """Begin with nothing to watch; belongs to the running event loop."""
        self._limits = {each: each.options.timeout.total_seconds() for each in messages if each.options.timeout}
        self._name = declared.name
        self._patience = max(1, round(declared.timeout.total_seconds() / TICK))
        self._timer = timer
        self._loop = asyncio.get_running_loop()
        self.running: dict[str, asyncio.Task[Any] | None] = {}
        """The tasks of the handlers that began in this tick and may be waiting, by the actor's key. Whoever puts one
        in holds on to the dictionary and takes it out again: with the next tick there is another one."""
        self._since = timer.tick
        self._earlier: deque[tuple[int, dict[str, asyncio.Task[Any] | None]]] = deque()
        self.reasons: dict[str, PacketFlowError] = {}
        """Why the handlers are being cancelled that are, by the actor's key."""
        self._sealed: set[str] = set()
        self._exact: dict[str, asyncio.TimerHandle] = {}
        self._alarms: dict[Alarm, None] = {}

    def begin(self, key: str, deadline: float | None) -> None:
        """Watch the handler of the actor `key`, which runs in the current task.

        Raises DeadlineExceeded when the caller's deadline is over already.
        """
        if deadline is not None:
            if deadline <= self._loop.time():
                raise self.exceeded(key, "was asked too late: the caller's deadline is over")
            self._exact[key] = self._loop.call_at(deadline, self._expire, key)
        self.running[key] = current_task(self._loop)

    def limited(self, message: ActorCapability[Any, ..., Any], context: Context) -> Context:
        """Give the context with the deadline of the message's own `timeout`, where that comes first."""
        limit = self._limits.get(message)
        if limit is None:
            return context
        due = self._loop.time() + limit
        return context if context.deadline is not None and context.deadline <= due else replace(context, deadline=due)

    def end(self, key: str) -> None:
        """Watch no more; for a handler that returned."""
        self._forget(key, self._taken(key)[0])

    def fail(self, key: str, error: BaseException) -> BaseException:
        """Watch no more, for a handler that raised; gives what its caller is told.

        A cancellation from here becomes its reason, unless the caller itself is being cancelled, too. One from nowhere
        (the handler awaited something that somebody else cancelled) becomes CallCancelled.
        """
        task, known = self._taken(key)
        if not known:
            return error
        why = self._forget(key, task)
        if not isinstance(error, asyncio.CancelledError) or (task is not None and task.cancelling()):
            return error
        return why or CallCancelled(f"what actor {self._name}:{key} waited for was cancelled", actor=self._of(key))

    def seal(self, key: str) -> None:
        """Interrupt the actor `key` no more until its message ends: it commits, and what it did is true."""
        self._sealed.add(key)

    def interrupt(self, key: str, why: PacketFlowError) -> bool:
        """Cancel the handler of the actor `key`; its caller gets `why`. False when none runs, or it is committing."""
        if key in self._sealed:
            return False
        for running in self._all():
            if key in running:
                task = running[key]
                if key not in self.reasons and task is not None:
                    self.reasons[key] = why
                    task.cancel()
                return True
        return False

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
        why = self.reasons.pop(key, None)
        if why is not None and task is not None:
            task.uncancel()
        return why

    def _expire(self, key: str) -> None:
        self.interrupt(key, self.exceeded(key, "did not answer in time"))

    def at_work(self) -> list[str]:
        """Give the keys of the actors whose handlers may be waiting."""
        return [key for running in self._all() for key in running]

    def _all(self) -> Iterator[dict[str, asyncio.Task[Any] | None]]:
        """Give the dictionaries of handlers, the latest first."""
        yield self.running
        for _, running in reversed(self._earlier):
            yield running

    def _taken(self, key: str) -> tuple[asyncio.Task[Any] | None, bool]:
        """Take a handler out: its task, and whether there was one."""
        for running in self._all():
            if key in running:
                return running.pop(key), True
        return None, False

    def turn(self, tick: int) -> None:
        """Begin a new tick, and cancel what is late."""
        if self.running:
            self._earlier.append((self._since, self.running))
            self.running = {}
        self._since = tick
        while self._earlier and not self._earlier[0][1]:
            self._earlier.popleft()
        late: list[str] = []
        for since, running in self._earlier:
            if tick - since <= self._patience:  # one tick more, for the part of a tick that had passed when it began
                break
            late += running
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
