"""An actor keeps its state over restarts, and goes back to its last commit when a message fails."""

import asyncio

from pydantic import BaseModel

import packetflow as pf


class Balance(BaseModel):
    coins: int = 0


class Purse(pf.Actor[Balance], key="owner"):
    """A purse; one for each owner."""

    @pf.capability
    def put(self, coins: int) -> int:
        """Put coins into a purse."""
        self.state.coins += coins
        if self.state.coins < 0:
            raise pf.Conflict("a purse cannot hold less than nothing", coins=self.state.coins)
        return self.state.coins

    @pf.capability(effect="read")
    def count(self) -> int:
        """Count the coins in a purse."""
        return self.state.coins


app = pf.App(Purse)


async def main() -> None:
    async with app as root:
        purse = root.actor(Purse, "ada")
        await purse.ask(Purse.put, 5)
        try:
            await purse.ask(Purse.put, -9)
        except pf.Conflict as refusal:
            print(refusal)

    async with app as root:  # another start: the same store, the same purse
        print(await root.call(Purse.count, owner="ada"))


if __name__ == "__main__":
    asyncio.run(main())
