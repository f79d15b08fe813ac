"""Whole lives of an app on a simulated loop, with deaths between them, and the search for a seed that breaks a law."""

from __future__ import annotations

import asyncio
import gc
import inspect
import random
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import anyio.to_thread

from packetflow._core import context
from packetflow.testing.clock import START
from packetflow.testing.loop import Interrupted, SimulatedLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable

T = TypeVar("T")

_SWEEPS: Final = 100
_COLLECT: Final = 64


class Killed(Exception):
    """The life ended in the midst of it, as by kill -9: what it kept in memory is gone, what it stored is not."""


class LeftRunning(AssertionError):
    """A life ended in order and left tasks running, or errors that nobody awaited."""


class LawBroken(AssertionError):
    """A simulated scenario failed; the seed does it again, the cause says how."""

    def __init__(self, seed: int, cause: BaseException, trace: str) -> None:
        """Tell the seed, what was broken and the trace of the run."""
        self.seed = seed
        self.trace = trace
        while isinstance(cause, BaseExceptionGroup):
            cause = cast("BaseExceptionGroup[BaseException]", cause).exceptions[0]
        self.law = f"{type(cause).__name__}: {cause}"
        super().__init__(f"seed {seed}: {self.law}; do it again with seeds=[{seed}], its trace is {trace}")


class World:
    """The outside of an app: time, chance and the number of its lives, all from one seed.

    A scenario gets a world and runs lives in it: each `run` is a process of its own, with a loop of its own. What the
    scenario keeps outside of a life, such as a MemoryStore and what its clients know, survives.
    """

    def __init__(self, seed: int, *, limit: int = 1_000_000) -> None:
        """Begin at `packetflow.testing.clock.START`; a life of more than `limit` steps is Stuck."""
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - no secret, a seed
        self.life = 0
        """How many lives have begun."""
        self.steps = 0
        """Steps of all lives that have ended."""
        self._limit = limit
        self._time = 1000.0
        self._loop: SimulatedLoop | None = None
        self._traces: list[str] = []

    def now(self) -> datetime:
        """Give the moment, UTC: the world is the Clock of its apps."""
        return START + timedelta(seconds=(self._time if self._loop is None else self._loop.time()) - 1000.0)

    async def wait_until(self, moment: datetime) -> None:
        """Return at a moment; the loop jumps there when nothing happens before."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a sleep may end a rounding too early
            await asyncio.sleep(left)

    @property
    def trace(self) -> str:
        """What happened so far: two runs with equal traces took the same steps."""
        return "-".join(self._traces)

    def alive(self) -> Callable[[], bool]:
        """Give what tells whether the life that runs now still runs; for FaultyStore and FaultyFabric."""
        life = self.life
        return lambda: self._loop is not None and self.life == life and not self._dying

    _dying = False

    def run(self, main: Callable[[], Coroutine[Any, Any, T]], *, kill_after: int | None = None) -> T:
        """Live: run `main()` on a new loop to its end; with `kill_after` die after that many steps, if it is not over.

        Raises Killed when it died, LeftRunning when tasks are left behind, Stuck when it has no end, and whatever
        `main` raises. Within, chance is the seed's: the modules `random` and `secrets`, and threads of anyio and
        asyncio, whose functions are called in place.
        """
        self.life += 1
        self._dying = False
        loop = self._loop = SimulatedLoop(self.random, start=self._time, limit=self._limit)
        if kill_after is not None:
            loop.last = min(kill_after, self._limit)
        with _no_chance(self.random):
            try:
                return self._live(loop, main)
            finally:
                self._time = loop.time()
                self.steps += loop.steps
                self._traces.append(loop.trace)
                self._dying = True
                self._sweep(loop)
                loop.close()
                self._loop = None

    def _live(self, loop: SimulatedLoop, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = loop.create_task(main(), name="main")
        try:
            result = loop.run_until_complete(task)
            loop.settle()
        except Interrupted:
            raise Killed(f"after {loop.steps} steps") from None
        if loop.tasks or loop.unheard:
            names = [f"{task.get_name()} {task.get_coro()}" for task in loop.tasks]
            raise LeftRunning(f"tasks {names}, errors nobody awaited: {loop.unheard}")
        return result

    def _sweep(self, loop: SimulatedLoop) -> None:
        """Clear the memory of a life that is over: its tasks end, without a store or a fabric to do anything to."""
        for _ in range(_SWEEPS):
            tasks = loop.tasks
            if not tasks:
                return
            for task in tasks:
                task.cancel()
            loop.last = loop.steps + 10 * len(tasks) + 100
            try:
                loop.run_until_complete(_ended(tasks))
            except BaseException:  # noqa: BLE001, S112 - whatever it says, it is dead
                continue
        raise LeftRunning(f"cancelled {_SWEEPS} times, and still there: {loop.tasks}")


@dataclass(frozen=True, slots=True)
class Report:
    """What a search came to."""

    seeds: int
    steps: int
    """Callbacks run, over all seeds."""
    lives: int
    traces: dict[int, str]
    """The trace of the last few seeds."""


def simulate(scenario: Callable[[World], object], seeds: Iterable[int]) -> Report:
    """Put a scenario into one world after the other; raises LawBroken, with the seed, for the first that fails.

    `scenario` is a coroutine function, run as the one life of its world, or a plain function that runs lives itself:

    ```python
    async def scenario(world: World) -> None:
        async with pf.App(Room, store=MemoryStore(), planners=[], clock=world) as root:
            ...


    simulate(scenario, range(1000))
    ```
    """
    count = steps = lives = 0
    traces: dict[int, str] = {}
    for seed in seeds:
        world = World(seed)
        try:
            if inspect.iscoroutinefunction(scenario):
                world.run(lambda world=world: cast("Callable[[World], Coroutine[Any, Any, None]]", scenario)(world))
            else:
                scenario(world)
        except Exception as error:
            raise LawBroken(seed, error, world.trace) from error
        count, steps, lives = count + 1, steps + world.steps, lives + world.life
        traces[seed] = world.trace
        traces.pop(next(iter(traces)) if len(traces) > _COLLECT else -1, None)
        if not count % _COLLECT:
            gc.collect()
    return Report(count, steps, lives, traces)


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    await asyncio.wait(list(tasks))


@contextmanager
def _no_chance(chance: random.Random) -> Generator[None]:
    """Let every source of chance that PacketFlow uses be the seed's, for a while."""

    def hexadecimal(nbytes: int | None = None) -> str:
        return chance.randbytes(nbytes or 32).hex()

    async def in_place(func: Callable[..., T], *args: object, **_: object) -> T:
        await asyncio.sleep(0)
        return func(*args)

    ids: random.Random = context._ids  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - what new ids come from
    state, id_state, run_sync = random.getstate(), ids.getstate(), anyio.to_thread.run_sync
    token_hex, token_bytes = secrets.token_hex, secrets.token_bytes
    collecting = gc.isenabled()
    gc.disable()  # what the collector ends, it ends at a moment of its own
    random.seed(chance.random())
    ids.seed(chance.random())
    secrets.token_hex = hexadecimal
    secrets.token_bytes = lambda nbytes=None: chance.randbytes(nbytes or 32)
    anyio.to_thread.run_sync = cast("Any", in_place)
    try:
        yield
    finally:
        random.setstate(state)
        ids.setstate(id_state)
        secrets.token_hex, secrets.token_bytes = token_hex, token_bytes
        anyio.to_thread.run_sync = run_sync
        if collecting:
            gc.enable()
