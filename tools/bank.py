"""A bank of durable actors, and the laws that hold for it whatever fails and whenever its process is killed.

The actors of the model do what actors do: they wait in the midst of a message, refuse after having changed their state,
crash, take too long, and pay each other. `Ledger` is told what clients sent and what they were answered, and compares
that in the end with what the store holds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

import packetflow as pf
from packetflow._core.event import Stored

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

KEYS = ("ada", "bob", "cyd")


TICKS = 3
"""Times that a standing order comes before it is taken back."""


def neighbour(key: str) -> str:
    """Give who is paid by the wallet of `key`."""
    return KEYS[(KEYS.index(key) + 1) % len(KEYS)]


class Broken(AssertionError):
    """A law does not hold."""


def law(holds: object, said: str) -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(said)


@dataclass
class Op:
    """One message of a client, and what became of it."""

    id: str
    key: str
    message: str
    amount: int
    named: bool
    """Whether it is sent with a message id, so that it may be sent again."""
    unsure: bool = False
    """Whether an attempt of it had no definite end."""
    reply: int | None = None
    refused: str = ""

    @property
    def effect(self) -> tuple[str, str] | None:
        """The actor that this message makes another message go to, and the id of that one."""
        if self.message == "pay":
            return neighbour(self.key), f"{self.id}>"
        return (self.key, f"{self.id}!") if self.message == "put_later" else None

    @property
    def over(self) -> bool:
        """Whether it is not sent any more."""
        return self.reply is not None or bool(self.refused) or (self.unsure and not self.named)


@dataclass
class Ledger:
    """What the outside knows, and what handlers tell it while they run."""

    random: Random
    ops: dict[str, Op] = field(default_factory=dict[str, Op])
    inside: set[tuple[type[object], str]] = field(default_factory=set[tuple[type[object], str]])
    """The actors that handle a message now."""
    seen: dict[str, list[str]] = field(default_factory=lambda: {key: [] for key in KEYS})
    """What subscribers saw of each wallet, through all lives."""
    stored: Callable[[str], Sequence[Stored]] = lambda _: ()
    """Gives the events that the store holds of a topic."""
    due: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When each reminder is due, at the earliest."""
    jotted: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What purses have acknowledged in the life that runs now, by key."""
    runs: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """The key of each run's first wallet, and its id when its beginning was acknowledged."""
    outside: Counter[str] = field(default_factory=Counter[str])
    """How often each run reached outside."""
    asked: int = 0
    """What runs asked a person."""
    published: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])
    """Laws that were broken where nobody could raise."""

    def begin_life(self) -> None:
        """Forget what was in the memory of the last one."""
        self.inside.clear()
        self.jotted.clear()

    def note(self, holds: object, said: str) -> None:
        """Remember a law that does not hold, where raising would only fail a message."""
        if not holds:
            self.broken.append(said)

    def watch(self, events: Sequence[Stored]) -> None:
        """Look at what is published: it must be stored by then, and be published once."""
        for event in events:
            if event.seq:
                self.published[event.id] += 1
                found = [one for one in self.stored(event.topic) if one.seq == event.seq]
                if [one.id for one in found] != [event.id]:
                    self.broken.append(f"event {event.seq} of {event.topic} was published and is not stored")

    @contextmanager
    def alone(self, actor: pf.Actor[Any]) -> Generator[None]:
        """Be the only message of an actor."""
        name = (type(actor), actor.key)
        if name in self.inside:
            self.broken.append(f"two messages of {name} at a time")
        waiting: Any = actor._box  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - nothing public says how many wait for one actor
        if len(waiting or ()) > actor.actor_type.mailbox + 1:  # one more for what the runtime itself does to an actor
            self.broken.append(f"{len(waiting)} messages wait for {name}")
        self.inside.add(name)
        try:
            yield
        finally:
            self.inside.discard(name)

    async def pause(self) -> None:
        """Let others go on, for no time or for some."""
        for _ in range(int(self.random.random() * 3)):
            await asyncio.sleep(0 if self.random.random() < 0.6 else self.random.random() * 0.02)  # noqa: PLR2004 - more often none


_ledgers = [Ledger(Random(0))]  # noqa: S311 - no secret


def use(ledger: Ledger) -> None:
    """Let the actors tell that ledger: they are made by the runtime, and are given nothing."""
    _ledgers[:] = [ledger]


def here() -> Ledger:
    """Give the ledger of the world that is simulated now."""
    return _ledgers[0]


class Moved(pf.Event):
    """Money came or went."""

    op: str
    amount: int


class WalletState(BaseModel):
    """What a wallet remembers: all it ever did, so that the laws can be read from it."""

    balance: int = 0
    ops: list[str] = []
    ticks: dict[str, list[datetime]] = {}
    """When each standing order was due, each time it came."""


def due_of(actor: pf.Actor[Any]) -> datetime:
    """Give when the letter was due that the message in hand came in."""
    context: Any = actor._busy  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - handlers are not told, nobody else needs it
    return context.letter.due


class Wallet(
    pf.Actor[WalletState],
    mailbox=3,
    idle=timedelta(seconds=2),
    timeout=timedelta(seconds=1),
    restart=pf.Restart(times=2, within=timedelta(seconds=3)),
):
    """Holds money; committed with every message."""

    def _move(self, op: str, amount: int) -> int:
        self.state.balance += amount
        self.state.ops.append(op)
        self.emit(Moved(op=op, amount=amount))
        return self.state.balance

    @pf.capability
    async def put(self, op: str, amount: int) -> int:
        """Put money in."""
        with here().alone(self):
            await here().pause()
            balance = self.state.balance
            await here().pause()
            here().note(balance == self.state.balance, "the state changed while a handler waited")
            return self._move(op, amount)

    @pf.capability
    def put_at_once(self, op: str, amount: int) -> int:
        """Put money in, without waiting."""
        with here().alone(self):
            return self._move(op, amount)

    @pf.capability
    async def take(self, op: str, amount: int) -> int:
        """Take money out, if there is enough."""
        with here().alone(self):
            self._move(op, -amount)
            await here().pause()
            if self.state.balance < 0:
                raise pf.Conflict("there is not enough in it")
            return self.state.balance

    @pf.capability
    async def pay(self, ctx: pf.Context, op: str, amount: int) -> int:
        """Pay the neighbour: that message leaves with the commit of this one."""
        with here().alone(self):
            balance = self._move(op, -amount)
            await ctx.actor(Wallet, neighbour(self.key)).tell(Wallet.put, f"{op}>", amount)
            await here().pause()
            return balance

    @pf.capability
    async def put_later(self, ctx: pf.Context, op: str, amount: int) -> int:
        """Put money in, and once more in a while."""
        with here().alone(self):
            wait = timedelta(seconds=here().random.random() * 3)
            here().due.setdefault(f"{op}!", ctx.now() + wait)
            here().due[f"{op}!"] = min(here().due[f"{op}!"], ctx.now() + wait)
            await self.remind(after=wait).tell(Wallet.come, f"{op}!", amount)
            await here().pause()
            return self._move(op, amount)

    @pf.capability
    async def come(self, ctx: pf.Context, op: str, amount: int) -> int:
        """Put money in, as a reminder said."""
        with here().alone(self):
            here().note(ctx.now() >= here().due[op], f"the reminder {op} came {here().due[op] - ctx.now()} too early")
            await here().pause()
            return self._move(op, amount)

    @pf.capability
    async def order(self, ctx: pf.Context, op: str, amount: int) -> int:
        """Put money in, and be reminded of it a few times, every second."""
        with here().alone(self):
            await ctx.actor(Wallet, self.key).remind(every=timedelta(seconds=1), name=op).tell(Wallet.tick, op)
            return self._move(op, amount)

    @pf.capability
    async def tick(self, ctx: pf.Context, op: str) -> int:
        """Note one time of a standing order, and end it after the last."""
        with here().alone(self):
            due = due_of(self)
            here().note(due <= ctx.now(), f"the order {op} came {due - ctx.now()} too early")
            times = self.state.ticks.setdefault(op, [])
            times.append(due)
            await here().pause()
            if len(times) >= TICKS:
                self.forget_reminder(op)
            return len(times)

    @pf.capability
    async def crash(self, op: str, amount: int) -> int:
        """Put money in and fail."""
        with here().alone(self):
            self._move(op, amount)
            await here().pause()
            raise ValueError("out of order")

    @pf.capability
    async def stall(self, op: str, amount: int) -> int:
        """Put money in and take longer than anybody waits."""
        with here().alone(self):
            self._move(op, amount)
            await asyncio.sleep(3)
            return self.state.balance

    @pf.capability(effect="read")
    async def balance(self) -> int:
        """Tell what is in it."""
        with here().alone(self):
            await here().pause()
            return self.state.balance


class Purse(Wallet, durability="snapshot"):
    """Holds small money; saved now and then."""

    @pf.capability
    async def jot(self, op: str) -> int:
        """Note something without an event, so that nothing is committed before the next save."""
        with here().alone(self):
            await here().pause()
            self.state.ops.append(op)
            return len(self.state.ops)


class Pocket(Wallet, durability="volatile"):
    """Holds what nobody counts; never saved."""


LEADING: dict[str, Any] = {"pay": Wallet.pay, "put_later": Wallet.put_later, "order": Wallet.order}
"""Messages that lead to others."""
MESSAGES: dict[str, Any] = LEADING | {"put": Wallet.put, "put_at_once": Wallet.put_at_once, "take": Wallet.take}
TOLD = "tell"
"""A put that is told instead of asked: acknowledged when it is stored."""
FAILING: dict[str, Any] = {"crash": Wallet.crash, "stall": Wallet.stall}


def drawn(random: Random, client: str, count: int) -> list[Op]:
    """Draw the messages of one client."""
    names = [*MESSAGES, *MESSAGES, *MESSAGES, *FAILING, TOLD, TOLD]
    return [
        Op(f"{client}{number}", random.choice(KEYS), random.choice(names), random.randint(1, 9), random.random() < 0.7)  # noqa: PLR2004 - most
        for number in range(count)
    ]
