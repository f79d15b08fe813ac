"""Clients of the bank: they send, give up, try again, listen, and write down what they were told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tools.bank import FAILING, KEYS, MESSAGES, TOLD, Moved, Pocket, Purse, Wallet, law

import packetflow as pf
from packetflow._core.errors import ActorStopped, CallCancelled, DeadlineExceeded, Overloaded, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bank import Ledger, Op

_LATER = (Overloaded, ActorStopped, CallCancelled)
"""Nothing was begun: try again later."""

ACCEPTED = -1
"""The reply to what is told."""

_TRIES = 200
"""Of one message, at most; one that needs more is stuck."""


class Teller:
    """Sends its messages one after the other, through as many lives of the app as it takes."""

    def __init__(self, ledger: Ledger, ops: list[Op]) -> None:
        """Begin with the first message."""
        self._ledger, self._random = ledger, ledger.random
        self._ops = ops
        ledger.ops.update({op.id: op for op in ops})

    async def work(self, root: pf.Client, alive: Callable[[], bool]) -> None:
        """Go on where the last life ended."""
        for op in self._ops:
            for _ in range(_TRIES):
                if op.over:
                    break
                await self._attempt(root, op, alive)
            law(op.over, f"{op} has no end")
            if op.reply not in {None, ACCEPTED} and op.named and self._random.random() < 0.2:  # noqa: PLR2004 - now and then
                await self._repeat(root, op)

    async def _attempt(self, root: pf.Client, op: Op, alive: Callable[[], bool]) -> None:
        unsure, op.unsure = op.unsure, True  # until somebody says otherwise; a death says nothing
        try:
            reply = await self._sent(root, op)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        except pf.PacketFlowError as error:
            if alive():
                self._failed(op, error, unsure=unsure)
                await asyncio.sleep(self._random.random())
        else:
            if alive():
                op.reply, op.unsure = reply, False

    def _failed(self, op: Op, error: pf.PacketFlowError, *, unsure: bool) -> None:
        match error:
            case pf.Conflict() | pf.CapabilityFailed():
                op.unsure, op.refused = False, error.code
            case DeadlineExceeded():  # this attempt did nothing, and says nothing about an earlier one
                op.unsure = unsure and op.message not in FAILING
                op.refused = "" if op.unsure else error.code
            case Overloaded() | ActorStopped() | CallCancelled():
                op.unsure = unsure
            case StoreError():
                pass  # nobody knows
            case _:
                raise error

    async def _sent(self, root: pf.Client, op: Op) -> int:
        ask = asyncio.get_running_loop().create_task(self._ask(root, op))
        if self._random.random() < 0.15:  # noqa: PLR2004 - now and then
            await asyncio.wait([ask], timeout=self._random.random() * 0.03)
            ask.cancel()  # whoever asked loses patience
        try:
            return await ask
        finally:
            ask.cancel()

    async def _ask(self, root: pf.Client, op: Op) -> int:
        if op.message == TOLD:
            teller = root.within(message_id=op.id if op.named else None)
            await teller.actor(Wallet, op.key).tell(Wallet.put, op.id, op.amount)
            return ACCEPTED
        due = self._random.choice([None, None, 0.05, 30.0])
        client = root.within(message_id=op.id if op.named else None, deadline=due)
        return await client.actor(Wallet, op.key).ask((MESSAGES | FAILING)[op.message], op.id, op.amount)

    async def _repeat(self, root: pf.Client, op: Op) -> None:
        with suppress(StoreError, *_LATER, DeadlineExceeded):
            again = (
                await root.within(message_id=op.id).actor(Wallet, op.key).ask(MESSAGES[op.message], op.id, op.amount)
            )
            law(again == op.reply, f"{op} was answered {again} when it was repeated")


async def listen(root: pf.Client, ledger: Ledger, key: str) -> None:
    """Follow a wallet's events from where the last life ended; again when the store fails or the wallet is busy."""
    while True:
        with suppress(StoreError, *_LATER, DeadlineExceeded):
            async for event in root.subscribe(Wallet, key, after=len(ledger.seen[key])):
                law(isinstance(event, Moved), f"a wallet published {event!r}")
                ledger.seen[key].append(event.op) if isinstance(event, Moved) else None
        await asyncio.sleep(0.05)


async def chatter(root: pf.Client, ledger: Ledger, name: str) -> None:
    """Use the actors that keep less than everything, and tell instead of ask; only what purses jot down is counted."""
    random = ledger.random
    kinds: list[tuple[type[Wallet], Any]] = [(Purse, Purse.put), (Purse, Purse.put_at_once)]
    kinds += [(Pocket, message) for message in (Pocket.put, Pocket.put_at_once, Pocket.take, Pocket.crash)]
    for number in range(int(random.random() * 8)):
        (kind, message), key = random.choice(kinds), random.choice(KEYS)
        with suppress(pf.PacketFlowError):
            ref = root.actor(kind, key)
            await (ref.tell(message, f"t{number}", 1) if random.random() < 0.3 else ref.ask(message, f"a{number}", 1))  # noqa: PLR2004 - some
            jotted = f"{name}.{number}"
            await root.actor(Purse, key).ask(Purse.jot, jotted)
            ledger.jotted.append((key, jotted))
        if random.random() < 0.5:  # noqa: PLR2004 - half
            await asyncio.sleep(random.random() * 0.05)
