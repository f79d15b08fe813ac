"""What `packetflow bench` measures: actors, durable messages, the door, and plans, each for a bounded time."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from pydantic import BaseModel

from packetflow._core.actor import Actor
from packetflow._core.capability import capability
from packetflow._core.plan import Plan
from packetflow._core.proof import proven
from packetflow._runtime.client import Client
from packetflow.app import App
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

_ACTORS: Final = 1000
_BURST: Final = 200
_STEPS: Final = 100
_WRITERS: Final = 64


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, and what it should be."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    """At most so much of a time or of bytes, at least so much of anything else."""

    @property
    def met(self) -> bool | None:
        """Whether it is as it should be; None when nothing is said."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.unit in {"ms", "us", "bytes"} else self.value >= self.goal


class Note(BaseModel):
    """A kilobyte of state."""

    text: str = ""


class BenchActor(Actor[int], durability="volatile"):
    """Counts what it hears."""

    inside = 0
    most = 0

    @capability
    async def ping(self, number: int) -> int:
        """Give the number back."""
        return number

    @capability
    async def together(self, meet: int) -> int:
        """Wait for a moment, with everybody else."""
        BenchActor.inside += 1
        BenchActor.most = max(BenchActor.most, BenchActor.inside)
        await asyncio.sleep(0)
        BenchActor.inside -= 1
        return meet


class BenchNote(Actor[Note]):
    """Keeps a kilobyte, committed with every message."""

    @capability
    async def write(self, text: str) -> int:
        """Replace the text."""
        self.state.text = text
        return len(text)


@capability(effect="read")
async def bench_add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


async def figures(folder: Path, seconds: float) -> AsyncGenerator[Figure]:
    """Measure one thing after the other, for about that long in all; files go into `folder` and stay there."""
    share = seconds / 8
    async with App(BenchActor, bench_add, store=MemoryStore(), planners=[]) as root:
        async for figure in _actors(root, share):
            yield figure
        async for figure in _calls(root, share):
            yield figure
    for figure in await _durable(folder, share):
        yield figure


async def _actors(root: Client, seconds: float) -> AsyncGenerator[Figure]:
    keys = [f"a{number}" for number in range(_ACTORS)]
    begin = perf_counter()
    for key in keys:
        await root.actor(BenchActor, key).ask(BenchActor.ping, 1)
    yield Figure("create an actor and send its first message", (perf_counter() - begin) / _ACTORS * 1e3, "ms", 1)
    refs = [root.actor(BenchActor, key) for key in keys]

    async def asks() -> None:
        for ref in refs[:_BURST]:
            await ref.ask(BenchActor.ping, 1)

    yield Figure("ask an actor and get its reply", await _each(asks, seconds) / _BURST * 1e3, "ms", 0.1)

    async def tells() -> None:
        for number in range(_BURST):
            await refs[0].tell(BenchActor.ping, number)
        await refs[0].ask(BenchActor.ping, 1)

    yield Figure("tell an actor, handled", await _each(tells, seconds) / _BURST * 1e3, "ms", 0.1)
    await asyncio.gather(*[ref.ask(BenchActor.together, 1) for ref in refs])
    yield Figure("actors at work at the same time", BenchActor.most, "actors", 100)
    yield Figure("memory of an idle actor", await _memory(root), "bytes", 50_000)


async def _memory(root: Client) -> float:
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(_ACTORS):
        await root.actor(BenchActor, f"m{number}").ask(BenchActor.ping, 1)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return max(0.0, (after - before) / _ACTORS)


async def _calls(root: Client, seconds: float) -> AsyncGenerator[Figure]:
    async def calls() -> None:
        for _ in range(_BURST):
            await root.perform(bench_add, {"first": 1, "second": 2})

    yield Figure("call a capability through the whole gate", await _each(calls, seconds) / _BURST * 1e6, "us")
    step = bench_add.step(first=1, second=1)
    for _ in range(_STEPS - 1):
        step = bench_add.step(first=step.output, second=1)
    plan = Plan(step)

    async def prove() -> None:
        proven(plan, root.capabilities, root.grant)

    yield Figure(f"prove a plan of {_STEPS} steps", await _each(prove, seconds) * 1e3, "ms", 2)

    async def run() -> None:
        if not (await root.run(plan)).succeeded:
            raise RuntimeError("a run of the benchmark failed")

    yield Figure("a step of a run, journalled in memory", await _each(run, seconds) / _STEPS * 1e6, "us")


async def _durable(folder: Path, seconds: float) -> list[Figure]:
    floor = _floor(folder / "floor", seconds)
    text, waits = "x" * 1000, list[float]()
    async with _noted(folder) as root:
        end = perf_counter() + 2 * seconds

        async def writer(number: int) -> None:
            ref = root.actor(BenchNote, f"n{number}")
            while (begin := perf_counter()) < end:
                await ref.ask(BenchNote.write, text)
                waits.append(perf_counter() - begin)

        begin = perf_counter()
        await asyncio.gather(*[writer(number) for number in range(_WRITERS)])
        rate = len(waits) / (perf_counter() - begin)
    ordered = sorted(waits)
    return [
        Figure("the disk: append a kilobyte and flush it", floor * 1e3, "ms"),
        Figure(f"durable messages of {_WRITERS} actors, a kilobyte each", rate, "1/s"),
        Figure("a durable message, at the 99th percentile", ordered[int(len(ordered) * 0.99)] * 1e3, "ms"),
    ]


@asynccontextmanager
async def _noted(folder: Path) -> AsyncGenerator[Client]:
    async with App(BenchNote, store=SQLiteStore(folder / "bench.db"), planners=[]) as root:
        yield root


def _floor(path: Path, seconds: float) -> float:
    """Give the median seconds of a flush, what no durable message alone can be faster than."""
    waits: list[float] = []
    end = perf_counter() + seconds
    with path.open("wb", buffering=0) as file:
        while (begin := perf_counter()) < end:
            file.write(b"x" * 1024)
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
            waits.append(perf_counter() - begin)
    return sorted(waits)[len(waits) // 2]


async def _each(action: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Repeat something for a while, at least three times, and give the best: the rest is the machine's other work."""
    end, best = perf_counter() + seconds, float("inf")
    times = 0
    while times < 3 or perf_counter() < end:  # noqa: PLR2004 - the first ones warm up
        begin = perf_counter()
        await action()
        best = min(best, perf_counter() - begin)
        times += 1
    return best
