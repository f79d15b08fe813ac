"""An actor for the runtime's tests, in each durability, and what steers it: gates instead of sleeps."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any, TypeVar, cast

from pydantic import BaseModel, Field

import packetflow as pf
from packetflow._runtime.activation import Activations

T = TypeVar("T")


class Gate:
    """Stops a handler inside a message until the test opens it."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        self.left = 0

    async def passed(self) -> None:
        self.entered.set()
        try:
            await self.opened.wait()
        finally:
            self.left += 1


GATES: defaultdict[str, Gate] = defaultdict(Gate)


class Added(pf.Event):
    amount: int


class TallyState(BaseModel):
    total: int = Field(default=0, ge=0)
    log: list[int] = []


class Tally(pf.Actor[TallyState], restart=pf.Restart(times=3, within=timedelta(minutes=1)), mailbox=2000):
    """Adds up; committed with every message."""

    @pf.capability
    async def add(self, amount: int = 1, event_id: str | None = None) -> int:
        """Add an amount."""
        self.state.total += amount
        self.emit(Added(amount=amount), id=event_id)
        return self.state.total

    @pf.capability
    def note(self, number: int) -> list[int]:
        """Note a number, without an event."""
        self.state.log = [*self.state.log, number]
        return self.state.log

    @pf.capability(effect="read")
    async def total(self) -> int:
        """Tell the sum."""
        return self.state.total

    @pf.capability(effect="read")
    async def noted(self) -> list[int]:
        """Tell what was noted."""
        return self.state.log

    @pf.capability
    async def hold(self, gate: str, amount: int = 1) -> int:
        """Add an amount in two halves of a handler that waits between them."""
        self.state.total += amount
        self.emit(Added(amount=amount))
        await GATES[gate].passed()
        self.state.total += amount
        return self.state.total

    @pf.capability
    async def crash(self, gate: str | None = None) -> int:
        """Spoil the state, then raise."""
        self.state.total += 1000
        self.emit(Added(amount=1000))
        if gate is not None:
            await GATES[gate].passed()
        raise ValueError("out of order")

    @pf.capability
    async def refuse(self) -> int:
        """Spoil the state, then refuse the caller."""
        self.state.total += 1000
        self.emit(Added(amount=1000))
        raise pf.Conflict("not now")

    @pf.capability
    async def spoil(self, how: str) -> None:
        """Leave the type of the state."""
        self.emit(Added(amount=0))
        if how == "type":
            self.state.total = "many"  # pyright: ignore[reportAttributeAccessIssue] - the point
        else:
            self.state.total = -1

    @pf.capability(effect="read")
    async def sneak(self) -> None:
        """Emit an event though it only reads."""
        self.emit(Added(amount=1))

    @pf.capability
    async def wait_on(self, ctx: pf.Context, other: str, how: str) -> int:
        """Ask another tally, which may lead back here."""
        if how == "gather":
            totals = await asyncio.gather(
                ctx.actor(type(self), "quiet").ask(type(self).total), ctx.actor(type(self), other).ask(type(self).total)
            )
            return sum(totals)
        if how == "via":
            return await ctx.actor(type(self), other).ask(type(self).wait_on, self.key, "directly")
        return await ctx.actor(type(self), other).ask(type(self).total)

    @pf.capability
    async def pass_on(self, ctx: pf.Context, other: str) -> None:
        """Tell another tally to look at this one; nobody waits for that."""
        await ctx.actor(type(self), other).tell(type(self).look_at, self.key)

    @pf.capability
    async def look_at(self, ctx: pf.Context, other: str) -> int:
        """Keep another tally's sum."""
        self.state.total = 100 + await ctx.actor(type(self), other).ask(type(self).total)
        return self.state.total

    @pf.capability
    async def count_up(self, to: int, gate: str | None = None) -> AsyncIterator[int]:
        """Count, adding each number to the sum."""
        try:
            for number in range(1, to + 1):
                self.state.total += number
                yield number
        finally:
            if gate is not None:
                GATES[gate].entered.set()

    @pf.capability(effect="read")
    async def amounts(self, after: int = 0, last: int | None = None, ids: list[str] | None = None) -> list[int]:
        """Read the journal."""
        return [event.amount async for event in self.journal(Added, after=after, last=last, ids=ids)]

    @pf.capability
    async def add_and_read(self, amount: int, event_id: str | None = None, last: int | None = None) -> list[int]:
        """Emit, then read the journal within the same message."""
        self.emit(Added(amount=amount), id=event_id)
        return [event.amount async for event in self.journal(Added, last=last)]

    @pf.capability(timeout=timedelta(milliseconds=20))
    async def hurry(self, gate: str) -> None:
        """Wait, but not for long."""
        self.state.total += 1000
        await GATES[gate].passed()


class Snapshot(Tally, durability="snapshot", idle=timedelta(minutes=5)):
    """Adds up; saved now and then."""


class Volatile(Tally, durability="volatile"):
    """Adds up; never saved."""


def table(app: pf.App, kind: type[pf.Actor[Any]] = Tally) -> Activations:
    """Give the awake actors of a class, and the app's timer in it."""
    return app.parts.engine.tables[kind.actor_type.name]


async def until(condition: Callable[[], bool]) -> None:
    """Let the other tasks run until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for may be any fact
            await asyncio.sleep(0)


async def line_up(app: pf.App, *letters: Any, kind: type[pf.Actor[Any]] = Tally) -> list[asyncio.Task[Any]]:  # noqa: ANN401
    """Start asks one after the other, each once the one before stands in the mailbox."""
    tasks: list[asyncio.Task[Any]] = []
    for letter in letters:
        waiting = table(app, kind).mailboxes.waiting
        tasks.append(asyncio.ensure_future(letter))
        await until(lambda before=waiting: table(app, kind).mailboxes.waiting > before)
    return tasks


def closing(parts: AsyncIterator[T]) -> aclosing[AsyncGenerator[T, None]]:
    """Close a stream or subscription at the end of a with statement, as a reader that is done does."""
    return aclosing(cast("AsyncGenerator[T, None]", parts))
