"""How many durable messages a second the PostgreSQL store commits, and how long each waits.

A message is 1 KB of state with its revision checked, and its message id recorded with a reply; `+event` adds an event
of 200 bytes to the actor's journal. It is acknowledged when the server has flushed it (fsync and synchronous_commit are
on), and each actor sends its next message then. Peers in the same run, in turns: the same store with one message a
transaction, and two bare programs over asyncpg that write the same two rows: one transaction a message over 32
connections, and a loop in groups of one statement. The bare ones are without typed answers, journal, letters, retry or
cancellation, and do not know what became of a commit whose answer is lost.

Usage: python benchmarks/postgres.py [ADDRESS]    about a minute; without an address it starts a server of its own
(from the `test` dependency group) in the folder for temporary files, and the disk there is measured
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from report import figure, header
from store import FLOOR, SINGLE, STATE, Send, floor, measured, messages

from packetflow.stores.postgres.store import PostgresStore

sys.path.append(str(Path(__file__).parents[1]))
from tests.stores.postgres_server import ask, own_server, renamed

try:
    import uvloop
except ImportError:
    uvloop = None

GOAL = 25_000
TABLES = """
CREATE TABLE actor (k text COLLATE "C" PRIMARY KEY, rev bigint NOT NULL, state bytea NOT NULL) WITH (fillfactor = 70);
CREATE TABLE inbox (k text COLLATE "C", mid text COLLATE "C", reply bytea, PRIMARY KEY (k, mid))
"""
WRITE = """
WITH given AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[]) AS t(k, rev, state, mid)),
  put AS (INSERT INTO actor AS a SELECT k, rev + 1, state FROM given
    ON CONFLICT (k) DO UPDATE SET rev = excluded.rev, state = excluded.state
    WHERE a.rev = excluded.rev - 1 RETURNING k),
  answered AS (INSERT INTO inbox SELECT k, mid, 'null' FROM given JOIN put USING (k))
SELECT count(*) FROM put
"""


class Bare:
    """A group-committing loop with nothing around it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Begin the loop."""
        self._connection = connection
        self._waiting: asyncio.Queue[tuple[str, int, asyncio.Future[None]]] = asyncio.Queue()
        self._task = asyncio.create_task(self._run())

    async def send(self, key: str, revision: int) -> None:
        """Commit one message."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((key, revision, done))
        await done

    async def close(self) -> None:
        """End the loop."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._connection.close()

    async def _run(self) -> None:
        while True:
            group = [await self._waiting.get()]
            while len(group) < 512 and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            keys, revisions, answers = zip(*sorted(group, key=lambda each: each[0]), strict=True)
            known = [f"m{revision}" for revision in revisions]
            assert await self._connection.fetchval(WRITE, keys, revisions, [STATE] * len(group), known) == len(group)
            for done in answers:
                done.set_result(None)


class Pooled:
    """One transaction a message, over as many connections as are usual."""

    def __init__(self, connections: Sequence[asyncpg.Connection]) -> None:
        """Begin with all of them free."""
        self._connections = connections
        self._free: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
        for connection in connections:
            self._free.put_nowait(connection)

    async def send(self, key: str, revision: int) -> None:
        """Commit one message."""
        connection = await self._free.get()
        try:
            assert await connection.fetchval(WRITE, [key], [revision], [STATE], [f"m{revision}"]) == 1
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Close them."""
        for connection in self._connections:
            await connection.close()


@asynccontextmanager
async def opened(dsn: str, *, group: int = 512) -> AsyncGenerator[PostgresStore]:
    """Give a store."""
    store = PostgresStore(dsn, group=group)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def throughput(dsns: Sequence[str], actors: int, *, event: bool = False) -> None:
    """Group commit beside one commit for each message, and beside the bare loop (which knows no events)."""
    async with opened(dsns[0]) as store, opened(dsns[1], group=1) as one_by_one:
        connection = await asyncpg.connect(dsns[2])
        await connection.execute(TABLES)
        bare = Bare(connection)
        connection = await asyncpg.connect(dsns[3])
        await connection.execute(TABLES)
        pooled = Pooled([connection, *[await asyncpg.connect(dsns[3]) for _ in range(31)]])
        own: list[Send] = [messages(store, event=event), messages(one_by_one, event=event)]
        try:
            ours, single, loop, pool = await measured([*own, bare.send, pooled.send], actors)
        finally:
            await bare.close()
            await pooled.close()
    goal = f">= {GOAL}/s and >= 4x" if actors == 64 and not event else None
    met = None if goal is None else ours.rate >= GOAL and ours.rate >= 4 * single.rate
    name = f"PostgreSQL, durable messages, {actors} actor{'s' * (actors > 1)}{', +event' * event}"
    figure(name, ours.rate, "1/s", peer=SINGLE, theirs=single.rate, goal=goal, met=met)
    if not event:
        figure(name, ours.rate, "1/s", peer="bare asyncpg, one transaction a message, 32 at once", theirs=pool.rate)
        figure(name, ours.rate, "1/s", peer="bare asyncpg loop in groups", theirs=loop.rate)
    figure(f"{name}, p50", ours.p50, "ms", peer=SINGLE, theirs=single.p50)
    figure(f"{name}, p99", ours.p99, "ms", peer=SINGLE, theirs=single.p99)


def measure(dsn: str) -> None:
    """Measure on databases of this run's own."""
    run = asyncio.run if uvloop is None else uvloop.run
    facts = {name: ask(dsn, f"SHOW {name}")[0][0] for name in ("server_version", "fsync", "synchronous_commit")}
    header("asyncpg", "uvloop", loop="asyncio" if uvloop is None else "uvloop", **facts)
    for actors, event in ((1, False), (64, False), (512, False), (64, True)):
        names = [f"packetflow_bench_{number}" for number in range(4)]
        for name in names:
            ask(dsn, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            run(throughput([renamed(dsn, name) for name in names], actors, event=event))
        finally:
            for name in names:
                ask(dsn, f"DROP DATABASE {name} WITH (FORCE)")


def main() -> None:
    """Run everything, between two looks at the disk."""
    folder = Path(tempfile.gettempdir())
    before = floor(folder, FLOOR)
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        for server in own_server():
            measure(server.dsn())
    after = floor(folder, FLOOR)
    figure("disk floor before, p50", before[0], "ms", peer="after", theirs=after[0])
    figure("disk floor before, p99", before[1], "ms", peer="after", theirs=after[1])


if __name__ == "__main__":
    main()
