"""What is told to a durable actor survives the process; reminders come; what keeps failing can be seen."""

import asyncio
from datetime import timedelta

from pydantic import BaseModel

import packetflow as pf


class Order(BaseModel):
    state: str = "new"


class Shelf(BaseModel):
    taken: int = 0


class Orders(pf.Actor[Order], name="order"):
    """An order; one for each number."""

    @pf.capability
    async def place(self, ctx: pf.Context, item: str) -> str:
        """Place an order: the shelf is told, and the order reminded, in the same transaction."""
        self.state.state = "placed"
        await ctx.actor(Shelves, item).tell(Shelves.take)
        self.remind(after=timedelta(milliseconds=20), name="due").tell(Orders.expire)
        return self.state.state

    @pf.capability
    def expire(self) -> None:
        """Let the order go."""
        self.state.state = "expired"

    @pf.capability(effect="read")
    def look(self) -> str:
        """Tell how the order is."""
        return self.state.state


class Shelves(pf.Actor[Shelf], name="shelf", tries=1):
    """A shelf; one for each item."""

    @pf.capability
    def take(self) -> None:
        """Take one from the shelf."""
        if self.key == "unicorn":
            raise pf.NotFound("there is no such shelf")
        self.state.taken += 1

    @pf.capability(effect="read")
    def taken(self) -> int:
        """Count what was taken."""
        return self.state.taken


app = pf.App(Orders, Shelves)


async def main() -> None:
    async with app as root:
        for number, item in {"1": "mug", "2": "unicorn"}.items():
            print(number, await root.actor(Orders, number).ask(Orders.place, item))
        for _ in range(1000):
            if not await root.letters(dead=False):
                break  # all of it has been delivered
            await asyncio.sleep(0.01)
        print("mugs taken:", await root.actor(Shelves, "mug").ask(Shelves.taken))
        print("order 1 is", await root.actor(Orders, "1").ask(Orders.look))
        for letter in await root.letters(dead=True):
            print("dead:", letter.capability_id, letter.key, letter.error)
            await root.drop_letter(letter.id)


if __name__ == "__main__":
    asyncio.run(main())
