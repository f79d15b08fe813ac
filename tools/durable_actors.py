"""What the proof of durability runs: accounts that note all they ever did, and a call that reaches outside."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel
from tools.bank import due_of

import packetflow as pf

OUTSIDE = "PACKETFLOW_DURABILITY_OUTSIDE"
"""Names the file that stands for the world outside, in the environment."""

TICKS = 3
"""Times that a standing order comes before it is taken back."""


class Put(pf.Event):
    """Money came or went."""

    op: str
    amount: int
    due: datetime | None = None
    """When the reminder was due that brought it."""
    at: datetime | None = None


class Ticked(pf.Event):
    """A standing order came."""

    op: str
    due: datetime


class AccountState(BaseModel):
    """How often money came or went, and how much is there."""

    count: int = 0
    total: int = 0
    ticks: dict[str, int] = {}


class Account(pf.Actor[AccountState], idle=timedelta(seconds=1)):
    """Holds money."""

    def _put(self, op: str, amount: int, due: datetime | None = None, at: datetime | None = None) -> int:
        self.state.count += 1
        self.state.total += amount
        self.emit(Put(op=op, amount=amount, due=due, at=at))
        return self.state.total

    @pf.capability
    async def put(self, op: str, amount: int) -> int:
        """Put money in."""
        return self._put(op, amount)

    @pf.capability
    async def pay(self, ctx: pf.Context, op: str, amount: int, to: str) -> int:
        """Pay another account."""
        await ctx.actor(Account, to).tell(Account.put, f"{op}>", amount)
        return self._put(op, -amount)

    @pf.capability
    async def put_later(self, op: str, amount: int, seconds: float) -> int:
        """Put money in, and once more in a while."""
        await self.remind(after=timedelta(seconds=seconds)).tell(Account.come, f"{op}!", amount)
        return self._put(op, amount)

    @pf.capability
    async def come(self, ctx: pf.Context, op: str, amount: int) -> int:
        """Put money in, as a reminder said."""
        return self._put(op, amount, due_of(self), ctx.now())

    @pf.capability
    async def order(self, op: str, amount: int) -> int:
        """Put money in, and be reminded of it a few times."""
        await self.remind(every=timedelta(seconds=1), name=op).tell(Account.tick, op)
        return self._put(op, amount)

    @pf.capability
    async def tick(self, op: str) -> int:
        """Note one time of a standing order, and end it after the last."""
        times = self.state.ticks[op] = self.state.ticks.get(op, 0) + 1
        self.emit(Ticked(op=op, due=due_of(self)))
        if times >= TICKS:
            self.forget_reminder(op)
        return times


@pf.capability(effect="external")
async def reach_outside(op: str, amount: int) -> int:
    """Do something in the world outside that cannot be repeated."""
    with Path(os.environ[OUTSIDE]).open("a") as outside:  # noqa: ASYNC230 - one line
        outside.write(f"{op}\n")
    return amount


def plan(op: str, one: str, two: str) -> pf.Plan[int]:
    """Put money into one account, reach outside, put it into the other."""
    first = Account.put.step(key=one, op=f"{op}/1", amount=1)
    outside = reach_outside.step(op=op, amount=first.output)
    return pf.Plan(Account.put.step(key=two, op=f"{op}/2", amount=outside.output))
