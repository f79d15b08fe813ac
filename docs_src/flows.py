"""Capabilities made of others: a flow, an event that sets it off, and a state machine that events drive."""

import asyncio

from pydantic import BaseModel

import packetflow as pf
from packetflow.stores.memory import MemoryStore

told: asyncio.Queue[str] = asyncio.Queue()


class Ordered(pf.Event):
    order: str
    coins: int


class Paid(pf.Event):
    order: str


class Till(BaseModel):
    coins: int = 0


class Shop(pf.Actor[Till], key="shop"):
    """A shop."""

    @pf.capability
    async def order(self, order: str, coins: int) -> int:
        """Order something."""
        self.emit(Ordered(order=order, coins=coins))
        return coins

    @pf.capability
    async def pay(self, order: str) -> str:
        """Pay an order."""
        self.emit(Paid(order=order))
        return order


@pf.capability(effect="read")
async def price(item: str) -> int:
    """Look up what an item costs."""
    if item == "moon":
        raise pf.NotFound("nobody sells the moon")
    return len(item)


@pf.capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pf.capability(effect="external")
async def tell(whom: str, what: str) -> str:
    """Tell somebody something."""
    await told.put(f"{whom}: {what}")
    return what


# A flow is a function that wires steps. It runs nothing itself.
@pf.flow
def basket(items: list[str], gift: str = "bow") -> pf.Step[int]:
    """Sum up what some items and a gift cost."""
    known = pf.each(items, price.step, failed="omit")
    gift_price = pf.fallback(price.step(gift), price.step("ribbon"))
    return add.step(pf.fold(known.output, 0, add.step).output, gift_price.output)


# What an event sets off is stored with the event, and runs once.
thanks = pf.on(
    Ordered,
    lambda event, shop: tell.step(whom=shop, what=event.order),
    when=lambda event, _: pf.when(event.coins, "gt", 10),
)

# Each order is an instance of a state machine, driven by the events of the shop.
orders = pf.machine(
    "order",
    ["open", "ordered", "paid"],
    [
        pf.move(Ordered, "open", "ordered", key=lambda event, _: event.order),
        pf.move(Paid, "ordered", "paid", key=lambda event, _: event.order),
    ],
    finalize=lambda moved, _: tell.step(whom=moved.key, what=moved.state),
)

app = pf.App(Shop, price, add, tell, basket, thanks, orders, store=MemoryStore())


async def main() -> None:
    async with app as root:
        print(await root.call(basket, items=["lamp", "moon", "rug"]))
        run = await root.run(pf.Plan(add.step(basket.step(["lamp"]).output, 1)))
        print(run.output, [step.node for step in run.steps][:3])

        shop = root.actor(Shop, "corner")
        await shop.ask(Shop.order, "lamp", 12)
        await shop.ask(Shop.pay, "lamp")
        print(sorted([await told.get(), await told.get()]))
        print((await root.call(orders.where, key="lamp")).state)


if __name__ == "__main__":
    asyncio.run(main())
