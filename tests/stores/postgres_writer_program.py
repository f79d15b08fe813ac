"""A process to be killed: commits for several actors at once and prints each acknowledgement.

Usage: postgres_writer_program.py ADDRESS ACTORS
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from packetflow._core.ports import Commit, NewEvent
from packetflow.stores.postgres.store import PostgresStore


async def write(store: PostgresStore, key: str) -> None:
    """Commit one message after the other, for ever."""
    saved = await store.load("Room", key)
    revision = saved.revision if saved else 0
    while True:
        message = f"{key}-{revision}"
        event = NewEvent(f"Room/{key}", message, "Posted", datetime.now(UTC), "ada", "trace", message.encode())
        await store.commit(Commit("Room", key, revision, message.encode(), (event,), message, message.encode()))
        revision += 1
        os.write(1, f"{message}\n".encode())


async def main(dsn: str, actors: int) -> None:
    """Open the store and write until killed."""
    store = PostgresStore(dsn)
    await store.open()
    async with asyncio.TaskGroup() as group:
        for number in range(actors):
            group.create_task(write(store, f"k{number}"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
