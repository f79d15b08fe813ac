"""Capabilities for the tests of flows and patterns: what they did, and how often they shall fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import packetflow as pf
from packetflow.stores.memory import MemoryStore


class Calls(list[str]):
    """What was called, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._news: asyncio.Event | None = None

    def append(self, call: str, /) -> None:
        super().append(call)
        if self._news is not None:
            self._news.set()

    async def reach(self, count: int) -> None:
        """Wait until there are that many."""
        while len(self) < count:
            self._news = asyncio.Event()
            await self._news.wait()


CALLS = Calls()
FAILS: Counter[str] = Counter()
"""How often each text shall still fail."""
GATES: dict[str, asyncio.Event] = {}


@pf.capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@pf.capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    CALLS.append(f"add {a} {b}")
    return a + b


@pf.capability(effect="read")
async def fetch(text: str) -> str:
    """Fetch a text."""
    CALLS.append(f"fetch {text}")
    if FAILS[text] > 0:
        FAILS[text] -= 1
        message = f"{text} is not there"
        raise pf.NotFound(message)
    return text.upper()


@pf.capability(effect="read")
async def fetch_all(texts: list[str]) -> str:
    """Fetch texts."""
    CALLS.append(f"fetch_all {texts}")
    return "+".join(texts)


@pf.capability(effect="read")
async def wait(name: str) -> str:
    """Wait for a gate to be opened."""
    CALLS.append(f"wait {name}")
    await GATES.setdefault(name, asyncio.Event()).wait()
    return name


@pf.capability
async def book(what: str) -> str:
    """Book something."""
    CALLS.append(f"book {what}")
    return f"booking of {what}"


@pf.capability(effect="delete")
async def cancel_booking(booking: str) -> bool:
    """Cancel a booking."""
    CALLS.append(f"cancel {booking}")
    return True


@pf.capability(effect="read")
async def words(text: str) -> list[str]:
    """Split a text."""
    return text.split()


WORKSHOP: tuple[Any, ...] = (numbers, add, fetch, fetch_all, wait, book, cancel_booking, words)


@asynccontextmanager
async def working(*parts: Any, clock: QuickClock | None = None) -> AsyncGenerator[pf.Client]:  # noqa: ANN401 - what an App takes
    """Run an app of these parts with the workshop, everything in memory and nothing left from before."""
    CALLS.clear()
    FAILS.clear()
    GATES.clear()
    app = pf.App(*WORKSHOP, *parts, store=MemoryStore(), planners=[], clock=clock)
    async with asyncio.timeout(30), app as root:
        app.parts.engine.attempts.chance = lambda: 0.5
        yield root


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a fact is so, letting everything else go on meanwhile."""
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110 - what it waits for may be any fact
            await asyncio.sleep(0)


async def ended(root: pf.Client, count: int) -> list[pf.Run[Any]]:
    """Wait until so many runs have ended, and give them, the latest first."""

    async def enough() -> bool:
        return len([row for row in await root.runs() if row.ended_at is not None]) >= count

    await until(enough)
    return [await root.found(row.id) for row in await root.runs()]


class QuickClock:
    """A clock on which short waits end at once; long ones, of the app's own upkeep, never."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, tzinfo=UTC)
        self.waited: list[float] = []

    def now(self) -> datetime:
        return self._now

    async def wait_until(self, moment: datetime) -> None:
        seconds = (moment - self._now).total_seconds()
        if seconds > 300:
            await asyncio.Event().wait()
        self.waited.append(round(seconds, 6))
        self._now = max(self._now, moment)


def nodes(run: pf.Run[Any], status: str = "succeeded") -> list[str]:
    """Name the nodes of a run that ended so, in their order."""
    return [step.node for step in run.steps if step.status == status]
