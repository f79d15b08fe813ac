"""An actor that gets letters, and what the tests of letters, reminders and retention share."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel
from tests.runtime.tally import GATES

import packetflow as pf
from packetflow._runtime.post import Post
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore


class Desk(BaseModel):
    notes: list[str] = []
    broken: bool = False


class Noted(pf.Event):
    text: str


class Clerk(pf.Actor[Desk], restart=pf.Restart(times=100), tries=3, mailbox=20):
    """Notes what it is told."""

    @pf.capability
    def note(self, text: str) -> int:
        """Note a text."""
        self.state.notes.append(text)
        self.emit(Noted(text=text))
        return len(self.state.notes)

    @pf.capability
    async def hold(self, text: str) -> int:
        """Note a text when the gate of that name is open."""
        await GATES[text].passed()
        return self.note(text)

    @pf.capability
    async def fussy(self, text: str) -> int:
        """Note a text unless something is broken."""
        if FAULTS:
            raise FAULTS[0]
        return self.note(text)

    @pf.capability
    async def pass_on(self, ctx: pf.Context, other: str, texts: list[str], crash: bool = False) -> int:  # noqa: FBT001, FBT002
        """Note that, and tell another clerk; crash afterwards if asked to."""
        for text in texts:
            await ctx.actor(type(self), other).tell(type(self).note, text)
        if crash:
            raise ValueError("after the telling")
        return self.note(f"told {other}")

    @pf.capability
    async def tell_later(self, ctx: pf.Context, other: str, gate: str, crash: bool = False) -> int:  # noqa: FBT001, FBT002
        """Begin a task that tells another clerk once this message is over, well or not."""
        ref = ctx.actor(type(self), other)

        async def later() -> None:
            await GATES[gate].passed()
            await ref.tell(type(self).note, "later")

        LATER.append(asyncio.ensure_future(later()))
        if crash:
            raise ValueError("after the telling")
        return 0

    @pf.capability
    def remind_me(self, seconds: float, text: str, name: str | None = None, crash: bool = False) -> None:  # noqa: FBT001, FBT002
        """Be reminded to note a text."""
        self.remind(after=timedelta(seconds=seconds), name=name).tell(type(self).note, text)
        if crash:
            raise ValueError("after the reminding")

    @pf.capability
    def every(self, seconds: float, text: str) -> None:
        """Be reminded again and again."""
        self.remind(every=timedelta(seconds=seconds), name="tick").tell(type(self).note, text)

    @pf.capability
    def forget(self, name: str) -> None:
        """Forget a reminder of one's own."""
        self.forget_reminder(name)

    @pf.capability(effect="read")
    def look(self) -> None:
        """Look, and count how often."""
        LOOKS.append(self.key)

    @pf.capability(effect="read")
    def notes(self) -> list[str]:
        """Give the notes."""
        return self.state.notes


class Loose(Clerk, durability="volatile"):
    """Notes what it is told, and keeps nothing."""


class Rough(Clerk, durability="snapshot"):
    """Notes what it is told, and is saved now and then."""


FAULTS: list[Exception] = []
LOOKS: list[str] = []
LATER: list[asyncio.Task[None]] = []


def make_store(where: str, folder: Path) -> MemoryStore | SQLiteStore:
    """Make a store of that sort."""
    return MemoryStore() if where == "memory" else SQLiteStore(folder / "mail.db")


def post_of(app: pf.App) -> Post:
    """Give the post of a running app."""
    return app.parts.engine.post


async def soon(condition: Callable[[], bool]) -> None:
    """Wait, with a guard, until something is so; threads of a store may have a part in it."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what it waits for may be any fact
            await asyncio.sleep(0.001)


async def paused(app: pf.App) -> None:
    """Wait until a letter waits for another try."""
    await soon(lambda: post_of(app).statistics().paused == 1)


async def quiet(app: pf.App) -> None:
    """Wait until no letter is on its way."""
    await soon(lambda: post_of(app).quiet)
