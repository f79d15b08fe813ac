"""Runs over the bank's wallets: what was finished is not done again, what is unsure is asked, and every run ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tools.bank import KEYS, Wallet, here, law, neighbour

import packetflow as pf
from packetflow._core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bank import Ledger, WalletState

    from packetflow._core.ports import Store

_ENDED = frozenset({"succeeded", "failed"})
_ALL = 1_000_000


@pf.capability(effect="external")
async def reach_outside(op: str, amount: int) -> int:
    """Do something in the world outside that cannot be repeated."""
    ledger = here()
    await ledger.pause()
    ledger.outside[op] += 1
    await ledger.pause()
    return amount


def written(op: str, key: str, amount: int) -> pf.Plan[int]:
    """Put money into a wallet, reach outside, put it into the neighbour's."""
    first = Wallet.put.step(key=key, op=f"{op}/1", amount=amount)
    outside = reach_outside.step(op=op, amount=first.output)
    return pf.Plan(Wallet.put.step(key=neighbour(key), op=f"{op}/2", amount=outside.output))


async def plans(root: pf.Client, ledger: Ledger, alive: Callable[[], bool], life: int) -> None:
    """Begin a few runs, and wait for some of them."""
    for number in range(int(ledger.random.random() * 3)):
        op, key = f"r{life}.{number}", ledger.random.choice(KEYS)
        ledger.runs[op] = (key, "")
        with suppress(StoreError):
            run = await root.start(written(op, key, 1 + number))
            if alive():
                ledger.runs[op] = (key, run.id)
            if ledger.random.random() < 0.5:  # noqa: PLR2004 - half of them
                await root.finish(run)
        await asyncio.sleep(ledger.random.random() * 0.1)


async def answered(root: pf.Client, ledger: Ledger) -> None:
    """Say of every call that nobody saw the end of that it failed, or that it was done, whichever is true."""
    for question in await root.approvals():
        op = str(question.arguments["op"])
        ledger.asked += 1
        verdict = "done" if ledger.outside[op] else "fail"
        output = question.arguments["amount"] if verdict == "done" else None
        await root.answer(question.run_id, question.digest, verdict, output=output)


async def check_runs(store: Store, states: dict[str, WalletState], ledger: Ledger) -> set[str]:
    """Compare the runs with what they did; gives the messages they sent."""
    rows = {row.id: row for row in await store.runs(limit=_ALL)}
    law(
        all(row.status in _ENDED for row in rows.values()),
        f"runs have no end: {[(row.id, row.status) for row in rows.values()]}",
    )
    for op, (key, run_id) in ledger.runs.items():
        first, last = f"{op}/1" in states[key].ops, f"{op}/2" in states[neighbour(key)].ops
        law(not run_id or run_id in rows, f"the run {op} was begun and is lost")
        law(ledger.outside[op] <= 1, f"the run {op} reached outside {ledger.outside[op]} times")
        law(first or not ledger.outside[op], f"the run {op} reached outside before its first step")
        law(ledger.outside[op] or not last, f"the run {op} did its last step before it reached outside")
        done = run_id and rows[run_id].status == "succeeded"
        law(not done or (first and last and ledger.outside[op]), f"the run {op} succeeded and did not do all")
    return {f"{op}/{number}" for op in ledger.runs for number in (1, 2)}
