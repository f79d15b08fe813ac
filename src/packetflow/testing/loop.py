"""An event loop without waiting and without chance: time is virtual, and a seed decides which task goes next."""
# ruff: noqa: ANN401 - callbacks take what they are given, as in asyncio

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from weakref import WeakSet
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
    from concurrent.futures import Executor
    from contextvars import Context

T = TypeVar("T")

_SHOWN: Final = 40
_HURRY: Final = 1 / 64
"""How often time passes although something is ready."""
_LATE: Final = 1.0
"""Seconds that pass then, at most."""


class Stuck(Exception):
    """Nothing can happen any more, or it went on for longer than it may; names what was waiting."""


class Interrupted(Exception):
    """The loop was stopped after the number of steps it was given, as by the death of its process."""


class _Ready(asyncio.Handle):
    """A callback that is ready to run."""

    def __init__(
        self,
        call: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        super().__init__(call, args, loop, context)
        self.owner = _owner(call)

    def run(self) -> None:
        self._run()


class _Due(asyncio.TimerHandle):
    """A callback that will be ready at a moment."""

    def __init__(
        self,
        when: float,
        call: Callable[..., object],
        args: tuple[Any, ...],
        loop: SimulatedLoop,
        context: Context | None,
    ) -> None:
        super().__init__(when, call, args, loop, context)
        self.owner = 0

    def run(self) -> None:
        self._run()


class _Task(asyncio.Task[Any]):
    """A task that is hashed by its number: sets of tasks are walked through in the same order in every run."""

    number: int

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class SimulatedLoop(asyncio.AbstractEventLoop):
    """An asyncio event loop whose every choice comes from one seed.

    - Time is virtual: `time()` stands still while anything is ready, and jumps to the next timer when nothing is.
      Now and then it jumps earlier, as on a machine that is too busy to keep up.
    - Of the tasks that are ready any may go next. What asyncio promises stays: callbacks that are no task's step run in
      the order they were scheduled, and no task overtakes one that was scheduled before it.
    - There are no threads, sockets, processes and signals: `run_in_executor` calls at once, in place, and all else
      raises NotImplementedError.

    Two runs of one program with one seed take the same steps: `trace` says so. What makes the difference between two
    programs must come from the seed as well; `World` sees to that.
    """

    def __init__(self, seed: int | Random = 0, *, start: float = 1000.0, limit: int = 1_000_000) -> None:
        """Begin at the moment `start`, seconds; raise Stuck after `limit` steps."""
        self.random = seed if isinstance(seed, Random) else Random(seed)  # noqa: S311 - no secret, a seed
        self.steps = 0
        """Callbacks run so far."""
        self.unheard: list[dict[str, Any]] = []
        """What the exception handler was told: errors that nobody awaited."""
        self.story: deque[str] = deque(maxlen=0)
        """The latest steps in words; give it a length to keep some."""
        self._limit = self.last = limit
        self._now = start
        self._trace = 0
        self._ready: list[_Ready | _Due] = []
        self._free = 0  # so many of the first that are ready are steps of tasks, and may go in any order
        self._timers: list[tuple[float, int, _Due]] = []
        self._timer_number = 0
        self._tasks = 0
        self._generators: WeakSet[AsyncGenerator[Any, Any]] = WeakSet()
        self._stopping = self._running = self._closed = False

    @property
    def trace(self) -> str:
        """Which steps were taken in which order, and when: equal traces, equal runs."""
        return f"{self._trace:08x}"

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that have not ended, in the order they began."""
        return sorted(asyncio.all_tasks(self), key=hash)

    # -- running ------------------------------------------------------------------------------------------------------

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until something is done; raises Stuck when it never will be."""
        awaited = cast("asyncio.Future[T]", asyncio.ensure_future(cast("Awaitable[T]", future), loop=self))
        self._enter(lambda: not awaited.done())
        if not awaited.done():
            raise Stuck("the loop was stopped before its end")
        return awaited.result()

    def run_forever(self) -> None:
        """Run until `stop`, or until nothing can happen any more."""
        self._stopping = False
        self._enter(lambda: not self._stopping and bool(self._ready or self._timers))

    def settle(self) -> None:
        """Run what is ready, without letting time pass."""
        self._enter(lambda: bool(self._ready), jump=False)

    def _enter(self, go_on: Callable[[], bool], *, jump: bool = True) -> None:
        if self._running or self._closed:
            raise RuntimeError("this loop is running, or closed")
        hooks = sys.get_asyncgen_hooks()
        before = asyncio._get_running_loop()  # noqa: SLF001 - as every loop does
        sys.set_asyncgen_hooks(firstiter=self._generators.add, finalizer=self._finalize)
        asyncio._set_running_loop(self)  # noqa: SLF001
        self._running = True
        try:
            while go_on():
                self._step(jump=jump)
        finally:
            self._running = False
            asyncio._set_running_loop(before)  # noqa: SLF001
            sys.set_asyncgen_hooks(*hooks)

    def _step(self, *, jump: bool) -> None:
        if self.steps >= self.last:
            if self.last < self._limit:
                raise Interrupted
            raise Stuck(f"no end after {self.steps} steps: {self._waiting()}")
        if jump and (not self._ready or self._hurries()):
            self._jump()
        if not self._ready:
            return
        place = int(self.random.random() * min(self._free + 1, len(self._ready)))
        chosen = self._ready.pop(place)
        if place < self._free:
            self._free -= 1
        else:
            self._count_free()
        if chosen.cancelled():
            return
        self.steps += 1
        self._trace = crc32(b"%d %d %f" % (place, chosen.owner, self._now), self._trace)
        if self.story.maxlen:
            self.story.append(f"{self._now:.3f} {chosen!r}")
        chosen.run()

    def _hurries(self) -> bool:
        """Whether time passes although something is ready, as on a machine that is too busy to keep up."""
        return self.random.random() < _HURRY and bool(self._timers) and self._timers[0][0] <= self._now + _LATE

    def _jump(self) -> None:
        """Let the next timers be due, and time be theirs."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            if not self._ready:
                raise Stuck(f"nothing can happen any more: {self._waiting()}")
            return
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled():
                self._ready.append(timer)

    def _count_free(self) -> None:
        free = 0
        for ready in self._ready:
            if not ready.owner:
                break
            free += 1
        self._free = free

    def _waiting(self) -> str:
        tasks = self.tasks
        shown = ", ".join(f"{task.get_name()} in {_place(task)}" for task in tasks[:_SHOWN])
        return f"{len(tasks)} tasks wait: {shown}"

    # -- scheduling ---------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Give the virtual time, seconds."""
        return self._now

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Run a callback soon: a task's step at any place among other tasks', all else in order."""
        if self._closed:
            raise RuntimeError("this loop is closed")
        handle = _Ready(callback, args, self, context)
        if handle.owner and self._free == len(self._ready):
            self._free += 1
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback when that many virtual seconds have passed."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback at a moment of `time()`."""
        timer = _Due(when, callback, args, self, context)
        self._timer_number += 1
        heapq.heappush(self._timers, (when, self._timer_number, timer))
        return timer

    def call_soon_threadsafe(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback soon; raises RuntimeError unless called by the loop itself: another thread is chance."""
        if not self._running or asyncio._get_running_loop() is not self:  # noqa: SLF001
            raise RuntimeError("no thread may reach into a simulation: it would not be the same again")
        return self.call_soon(callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Begin a task; it has a number, which its name tells when it was given none."""
        self._tasks += 1
        task = _Task.__new__(_Task)
        task.number = self._tasks
        _Task.__init__(task, coro, loop=self, name=name or f"task {self._tasks}", context=context)
        return task

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Call in place, now."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - told by the future
            future.set_exception(error)
        return future

    # -- the rest of an event loop ------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End `run_forever` after this step."""
        self._stopping = True

    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self._running

    def is_closed(self) -> bool:
        """Tell whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Drop what was scheduled."""
        self._closed = True
        self._ready.clear()
        self._timers.clear()

    def get_debug(self) -> bool:
        """Never debug: it would read the real time."""
        return False

    def get_task_factory(self) -> None:
        """There is none: the loop must know its tasks."""

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody awaited in `unheard`."""
        self.unheard.append(context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody awaited in `unheard`."""
        self.unheard.append(context)

    async def shutdown_asyncgens(self) -> None:
        """Close the generators that are not done."""
        for generator in list(self._generators):
            await generator.aclose()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncio has it
        """There is none."""
        del timeout

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it in the heap until its time: asyncio's timers call this."""

    def _finalize(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self._closed:
            self.create_task(_close(generator))


async def _close(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()


def _owner(call: Callable[..., object]) -> int:
    """Give the number of the task that a callback is a step of; 0 for any other callback."""
    owner = getattr(call, "__self__", None)
    return owner.number if isinstance(owner, _Task) else 0


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "its last step"
