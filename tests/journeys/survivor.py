"""A program whose runs outlive it: takes commands as JSON lines, tells what it does as JSON lines, and may be killed.

Every effect is a line in a file beside the data, written through to the disk. A capability whose name stands in the
file `held` leaves its line and never ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import packetflow as pf
from packetflow.stores.sqlite.store import SQLiteStore

FOLDER = Path(sys.argv[1]) if __name__ == "__main__" else Path()


def say(**what: object) -> None:
    """Tell the test something."""
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


async def leave(kind: str, name: str) -> str:
    """Leave a line for an effect, and wait for ever when told to."""
    with (FOLDER / "effects.txt").open("a", encoding="utf-8") as file:
        file.write(f"{kind} {name}\n")
        file.flush()
        os.fsync(file.fileno())
    say(did=f"{kind} {name}")
    if name in (FOLDER / "held").read_text(encoding="utf-8").split():
        await asyncio.Event().wait()
    return name


@pf.capability(effect="read")
async def look(name: str) -> str:
    """Look at something."""
    return await leave("look", name)


@pf.capability(effect="external")
async def send(name: str) -> str:
    """Send something that cannot be taken back."""
    return await leave("send", name)


@pf.capability(effect="delete")
async def drop(name: str) -> str:
    """Delete something."""
    return await leave("drop", name)


async def obey(root: pf.Client, command: dict[str, Any]) -> None:
    """Carry out one command and tell what came of it."""
    match command:
        case {"start": plan}:
            careful = bool(command.get("careful"))
            run = await root.start(pf.Plan[Any].model_validate(plan), careful=careful)
            say(started=run.id)
        case {"wait": run_id}:
            run = await root.finish(await root.found(run_id))
            say(run=run.model_dump(mode="json"))
        case {"record": run_id}:
            say(run=(await root.found(run_id)).model_dump(mode="json"))
        case {"approvals": _}:
            say(approvals=[question.model_dump(mode="json") for question in await root.approvals()])
        case {"approve": digest, "run": run_id}:
            await root.approve(run_id, digest)
            say(approved=digest)
        case {"answer": verdict, "digest": digest, "run": run_id}:
            await root.answer(run_id, digest, verdict)
            say(answered=digest)
        case _:
            say(unknown=command)


async def main() -> None:
    """Serve commands until the input ends."""
    app = pf.App(look, send, drop, store=SQLiteStore(FOLDER / "store.db"), planners=[])
    async with app as root:
        say(up=os.getpid())
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                await obey(root, json.loads(line))
            except pf.PacketFlowError as error:
                say(error=error.code)


if __name__ == "__main__":
    asyncio.run(main())
