"""A small app to serve: rooms, a diary that receives messages, and capabilities that succeed, fail, wait and stream."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

from pydantic import BaseModel

import packetflow as pf
from packetflow._core.ports import Planner, Store
from packetflow.planners.rules.planner import RulesPlanner
from packetflow.stores.memory import MemoryStore


class Line(BaseModel):
    author: str
    text: str


class Posted(pf.Event):
    line: Line


class RoomState(BaseModel):
    title: str = ""
    posts: int = 0


class Room(pf.Actor[RoomState], key="room_id", restart=pf.Restart(times=2)):
    """One room."""

    @pf.capability(examples=["post hello in room lobby"])
    async def post(self, ctx: pf.Context, text: str) -> Line:
        """Post a text to a room."""
        self.state.posts += 1
        line = Line(author=ctx.principal, text=text)
        self.emit(Posted(line=line))
        return line

    @pf.capability(effect="read", examples=["show the history of room lobby"])
    async def history(self, limit: int = 50) -> list[Line]:
        """Show the latest lines of a room, oldest first."""
        return [event.line async for event in self.journal(Posted, last=limit)]

    @pf.capability(effect="delete")
    async def wipe(self) -> int:
        """Delete every line of a room."""
        posts, self.state.posts = self.state.posts, 0
        return posts

    @pf.capability
    async def crash(self) -> None:
        """Fail on purpose, after a change."""
        self.state.posts = 999
        raise ZeroDivisionError("on purpose")


class DiaryState(BaseModel):
    entries: list[str] = []


class Diary(pf.Actor[DiaryState], key="user_id"):
    """What one user wrote down."""

    @pf.capability
    async def receive(self, ctx: pf.Context, message: str, context: dict[str, Any]) -> str:
        """Write a message down."""
        self.state.entries.append(message)
        return f"{ctx.principal} wrote {message!r} with {sorted(context)}"

    @pf.capability(effect="read")
    async def entries(self) -> list[str]:
        """Read all that was written down."""
        return self.state.entries


class Gate:
    """Lets a test decide when a waiting capability goes on, and see that it waits."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        self.left = asyncio.Event()
        self.unblocked = threading.Event()


@pf.capability(effect="read", examples=["what time is it in the club"])
def club_time() -> str:
    """Tell what time it is in the club."""
    return "closing time"


@pf.capability(effect="read")
async def count_words(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())


@pf.capability(effect="read")
async def double(number: int) -> int:
    """Double a number."""
    return number * 2


@pf.capability(effect="read")
async def whoami(ctx: pf.Context) -> str:
    """Tell in whose name the call is made."""
    return ctx.principal


@pf.capability(effect="read")
async def fails(why: str) -> str:
    """Fail for a reason."""
    raise ValueError(why)


@pf.capability(effect="read")
async def stream_letters(text: str) -> AsyncIterator[str]:
    """Give the letters of a text one by one."""
    for letter in text:
        yield letter


@pf.capability(effect="money")
async def pay(amount: int) -> str:
    """Pay an amount."""
    return f"paid {amount}"


@pf.capability(effect="read")
async def not_a_number() -> float:
    """Give a number that JSON does not know."""
    return float("nan")


def club(gate: Gate | None = None, *, store: Store | None = None, planners: Sequence[Planner] | None = None) -> pf.App:
    """Make the app; with a gate it has a capability that waits for it."""
    gate = gate or Gate()

    @pf.capability(effect="read")
    async def wait(ctx: pf.Context, word: str = "") -> str:
        """Wait until the gate is opened."""
        gate.entered.set()
        ctx.report(1, 2, "half way")
        try:
            await gate.opened.wait()
        finally:
            gate.left.set()
        return word

    return pf.App(
        Room,
        Diary,
        club_time,
        count_words,
        double,
        whoami,
        fails,
        stream_letters,
        pay,
        not_a_number,
        wait,
        store=store or MemoryStore(),
        planners=[RulesPlanner()] if planners is None else planners,
    )
