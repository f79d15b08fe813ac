"""One process of the proof of durability: an app under load, which tells on stdout what it was acknowledged.

Started by `tools.durability`, and killed by it. With `--drain` it sends nothing, and ends when all is done that earlier
processes have left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tools.broken_stores import BROKEN
from tools.durable_actors import Account, plan, reach_outside

import packetflow as pf

if TYPE_CHECKING:
    from packetflow._core.ports import Store

CLIENTS = 24
KEYS = 8


def said(**line: object) -> None:
    """Tell one line, whole or not at all."""
    os.write(1, json.dumps(line).encode() + b"\n")


def store_of(address: str) -> Store:
    """Give the store at a path or a PostgreSQL address, not opened."""
    if "://" in address:
        from packetflow.stores.postgres.store import PostgresStore  # noqa: PLC0415 - needs a driver

        return PostgresStore(address)
    from packetflow.stores.sqlite.store import SQLiteStore  # noqa: PLC0415 - as above

    return SQLiteStore(address)


@dataclass
class Client:
    """One client: sends a message, waits for its end, tells it, sends the next."""

    root: pf.Client
    name: str
    keys: list[str]
    random: Random
    sent: int = 0
    kinds: list[str] = field(default_factory=lambda: ["put"] * 6 + ["pay"] * 4 + ["tell"] * 3 + ["later"] * 3)

    async def work(self) -> None:
        """Go on until the process dies."""
        while True:
            self.sent += 1
            dice = self.random.random()
            kind = "order" if dice < 0.01 else "run" if dice < 0.04 else self.random.choice(self.kinds)  # noqa: PLR2004 - few
            op, key, amount = f"{self.name}.{self.sent}", self.random.choice(self.keys), self.random.randint(1, 9)
            reply = await self._sent(kind, op, key, amount)
            said(op=op, key=key, kind=kind, amount=amount, reply=reply)

    async def _sent(self, kind: str, op: str, key: str, amount: int) -> object:
        ref = self.root.within(message_id=op).actor(Account, key)
        other = self.keys[(self.keys.index(key) + 1) % len(self.keys)]
        match kind:
            case "put":
                return await ref.ask(Account.put, op, amount)
            case "pay":
                return await ref.ask(Account.pay, op, amount, other)
            case "later":
                return await ref.ask(Account.put_later, op, amount, self.random.random())
            case "order":
                return await ref.ask(Account.order, op, amount)
            case "tell":
                return await ref.tell(Account.put, op, amount)
            case _:
                run = await self.root.start(plan(op, key, other))
                said(begun=run.id)
                return (await self.root.finish(run)).status


async def repeated(root: pf.Client, again: list[dict[str, Any]]) -> None:
    """Send once more what an earlier process was acknowledged, and tell the replies."""
    for line in again:
        ref = root.within(message_id=line["op"]).actor(Account, line["key"])
        said(again=line["op"], reply=await ref.ask(Account.put, line["op"], line["amount"]), first=line["reply"])


async def drained(root: pf.Client, store: Store) -> None:
    """Let what cannot be known fail, and return when nothing is under way any more."""
    while True:
        for question in await root.approvals():
            said(asked=question.run_id)
            await root.answer(question.run_id, question.digest, "fail")
        under_way = [*await store.runs(status="running", limit=1), *await store.runs(status="waiting", limit=1)]
        if not under_way and not await store.letters(dead=False, limit=1):
            return
        await asyncio.sleep(0.05)


async def main(given: argparse.Namespace) -> None:
    """Run until killed, or drained."""
    store = store_of(given.store)
    if given.broken:
        store = BROKEN[given.broken](store)
    keys = [f"{given.stamp}-{number}" for number in range(KEYS)]
    again: list[dict[str, Any]] = json.loads(Path(given.again).read_text()) if given.again else []  # noqa: ASYNC240 - before anything runs
    async with pf.App(Account, reach_outside, store=store, planners=[]) as root:
        said(ready=True)
        if given.drain:
            await drained(root, store)
            return
        await repeated(root, again)
        names = [f"{given.stamp}.{given.round}.{number}" for number in range(CLIENTS)]
        clients = [Client(root, name, keys, Random(name)) for name in names]  # noqa: S311 - no secret
        await asyncio.gather(*[client.work() for client in clients])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", required=True)
    parser.add_argument("--stamp", required=True)
    parser.add_argument("--round", type=int, default=0)
    parser.add_argument("--again", default="")
    parser.add_argument("--broken", default="")
    parser.add_argument("--drain", action="store_true")
    asyncio.run(main(parser.parse_args()))
