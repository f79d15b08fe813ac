"""What the gate costs: the way of one call through the engine, above the handler that it calls.

Ours: JSON comes in; the call is found, validated, decided, its audit record and its call record are queued, the span is
off, the handler runs, its output is checked, and JSON goes out. The floor: the bare handler, awaited with the arguments
as they are. The peer does a part of it by hand: `pydantic.validate_call` on the handler, input and return value, with
JSON read and written, but no authority, no record, no deadline and no other kinds of capability.

All take turns in one run, 25 calls each, and the records are made and written between the turns, outside of the
figure, as in a server whenever the loop is free; what that takes for a call is a figure of its own. A round is 400
turns, a figure the median of 5 rounds. Prints JSON lines.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, validate_call
from pydantic_core import from_json, to_json
from report import figure, header

from packetflow._core.cache import Cache
from packetflow._core.capability import capability
from packetflow._core.context import Context
from packetflow._core.retry import Retry
from packetflow.app import App
from packetflow.stores.memory import MemoryStore

ROUNDS = 5
TURNS = 400
CALLS = 25
GOAL_US = 25.0
RAW = b'{"order": {"item": "tea", "count": 2}, "price": 1.5}'


class Order(BaseModel):
    """What comes in."""

    item: str
    count: int


class Receipt(BaseModel):
    """What goes out."""

    item: str
    total: float


async def bill(order: Order, price: float, express: bool = False) -> Receipt:  # noqa: FBT001, FBT002 - an input
    """Bill an order."""
    return Receipt(item=order.item, total=order.count * price + express)


async def quote(order: Order, price: float, express: bool = False) -> Receipt:  # noqa: FBT001, FBT002 - an input
    """Quote an order."""
    await asyncio.sleep(0)
    return Receipt(item=order.item, total=order.count * price + express)


plain = capability(effect="write", name="plain")(bill)
waiting = capability(effect="write", name="waiting")(quote)
repeatable = capability(effect="write", name="repeatable", retry=Retry())(bill)
guarded = capability(effect="write", name="guarded", retry=Retry(breaker=True))(bill)
kept = capability(effect="read", name="kept", cache=Cache(timedelta(minutes=5)))(bill)
checked = validate_call(validate_return=True)(bill)
order = Order(item="tea", count=2)


async def bare() -> None:
    """Call the handler."""
    await bill(order, 1.5)


async def bare_waiting() -> None:
    """Call the handler that waits for the loop once."""
    await quote(order, 1.5)


async def by_hand() -> None:
    """Validate by hand."""
    to_json(await checked(**from_json(RAW)))


Work = Callable[[], Awaitable[None]]


async def round_of(works: dict[str, Work], between: Work) -> dict[str, float]:
    """Give the microseconds of one call of each, and of `between` for one call."""
    taken = {name: list[float]() for name in (*works, "between")}
    for _ in range(TURNS):
        for name, work in works.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                await work()
            ended = time.perf_counter()
            await between()
            taken[name].append(ended - started)
            if name == "plain":
                taken["between"].append(time.perf_counter() - ended)
    return {name: statistics.median(times) / CALLS * 1e6 for name, times in taken.items()}


async def measure() -> dict[str, list[float]]:
    """Run all rounds."""
    app = App(plain, waiting, repeatable, guarded, kept, store=MemoryStore(), planners=[])
    async with app as root:
        engine, grant = app.parts.engine, root.grant

        def ours(name: str) -> Work:
            async def work() -> None:
                to_json((await engine.perform(name, from_json(RAW), Context("ada", grant))).json)

            return work

        works: dict[str, Work] = {"bare": bare, "by_hand": by_hand, "bare_waiting": bare_waiting}
        works |= {one.id: ours(one.id) for one in (plain, waiting, repeatable, guarded, kept)}
        await round_of(works, engine.records.flush)
        rounds = [await round_of(works, engine.records.flush) for _ in range(ROUNDS)]
    return {name: [one[name] for one in rounds] for name in rounds[0]}


def above(found: dict[str, list[float]], name: str, floor: str) -> float:
    """Give the median of what a call takes more than its handler, round by round."""
    return statistics.median(ours - least for ours, least in zip(found[name], found[floor], strict=True))


def main() -> None:
    """Measure all and print."""
    found: dict[str, Any] = asyncio.run(measure())
    header("pydantic", calls=ROUNDS * TURNS * CALLS)
    peer = above(found, "by_hand", "bare")
    gate = above(found, "plain", "bare")
    by_hand_name = "validate_call and JSON by hand"
    goal = f"<= {GOAL_US:g} us above the handler"
    figure("gate.call", gate, "us", peer=by_hand_name, theirs=peer, goal=goal, met=gate <= GOAL_US)
    figure("gate.call.suspending", above(found, "waiting", "bare_waiting"), "us")
    figure("gate.call.retry", above(found, "repeatable", "bare"), "us")
    figure("gate.call.retry.breaker", above(found, "guarded", "bare"), "us")
    figure("gate.call.cache_hit", above(found, "kept", "bare"), "us")
    figure("gate.records.written", statistics.median(found["between"]), "us")
    figure("gate.handler", statistics.median(found["bare"]), "us")


if __name__ == "__main__":
    main()
