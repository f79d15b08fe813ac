"""A process to be killed: tells relays marks that they pass on, with a reminder for each, and prints what it has told.

Usage: teller.py tell PATH     tells for ever, one line for each mark that was acknowledged
       teller.py settle PATH   delivers all that waits, then prints what the boxes hold as JSON
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from pydantic import BaseModel

import packetflow as pf
from packetflow.stores.sqlite.store import SQLiteStore

RELAYS = 4
AT_ONCE = 8


class Held(BaseModel):
    notes: dict[str, int] = {}
    rings: dict[str, int] = {}


class Box(pf.Actor[Held]):
    """Counts what reaches it."""

    @pf.capability
    def note(self, mark: str) -> None:
        """Count a mark."""
        self.state.notes[mark] = self.state.notes.get(mark, 0) + 1

    @pf.capability
    def ring(self, mark: str) -> None:
        """Count the reminder of a mark."""
        self.state.rings[mark] = self.state.rings.get(mark, 0) + 1

    @pf.capability(effect="read")
    def held(self) -> Held:
        """Tell what was counted."""
        return self.state


class Relay(pf.Actor[None]):
    """Passes marks on."""

    @pf.capability
    async def pass_on(self, ctx: pf.Context, mark: str) -> None:
        """Tell the box of the same name, now and a little later."""
        box = ctx.actor(Box, self.key)
        await box.tell(Box.note, mark)
        await box.remind(after=timedelta(milliseconds=200), name=mark).tell(Box.ring, mark)


async def tell(root: pf.Client, number: int) -> None:
    """Tell one mark after the other, for ever."""
    run = os.urandom(4).hex()
    count = 0
    while True:
        mark = f"{run}-{number}-{count}"
        await root.actor(Relay, str(number % RELAYS)).tell(Relay.pass_on, mark)
        os.write(1, f"{mark}\n".encode())
        count += 1


async def settle(root: pf.Client) -> None:
    """Wait until nothing is on its way, then print what was counted."""
    while await root.letters(dead=False):  # noqa: ASYNC110 - this process has nothing else to do
        await asyncio.sleep(0.05)
    dead = [letter.error for letter in await root.letters(dead=True)]
    held = [await root.actor(Box, str(number)).ask(Box.held) for number in range(RELAYS)]
    print(json.dumps({"dead": dead, "boxes": [one.model_dump() for one in held]}))  # noqa: T201 - for the test


async def main(what: str, path: str) -> None:
    """Do one or the other."""
    async with pf.App(Box, Relay, store=SQLiteStore(path), planners=[]) as root:
        if what == "tell":
            await asyncio.gather(*[tell(root, number) for number in range(AT_ONCE)])
        else:
            await settle(root)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
