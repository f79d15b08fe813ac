"""How many durable messages a second the SQLite store commits, and how long each waits.

A message is 1 KB of state with its revision checked, and its message id recorded with a reply; `+event` adds an event
of 200 bytes to the actor's journal. It is acknowledged when it is on disk, and each actor sends its next message then.
Peers in the same run, in turns: the same store with one message a transaction, and a bare loop over `sqlite3` that
keeps the same two rows in groups, without typed answers, journal, retry or cancellation.

Usage: python benchmarks/store.py [FOLDER]    about a minute; the folder decides which disk is measured
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from report import figure, header, percentile

from packetflow._core.ports import Commit, NewEvent, Store
from packetflow.stores.sqlite.store import SQLiteStore

try:
    import uvloop
except ImportError:
    uvloop = None

STATE = b"x" * 1024
PAYLOAD = b"y" * 200
NOW = datetime.now(UTC)
WARM, MEASURED, ROUNDS, FLOOR = 0.2, 0.8, 3, 0.3
SINGLE = "one transaction a message"

Send = Callable[[str, int], Awaitable[object]]
"""Commits one message of an actor whose revision is known, and returns when it is durable."""


@dataclass
class Result:
    """The round in the middle, of three."""

    rate: float
    p50: float
    p99: float


async def measured(senders: Sequence[Send], actors: int) -> list[Result]:
    """Let that many actors send one message after the other, each way in turn; times are in milliseconds."""
    revisions = [dict.fromkeys([f"k{number}" for number in range(actors)], 0) for _ in senders]
    results: list[list[Result]] = [[] for _ in senders]
    for _ in range(ROUNDS):
        for number, send in enumerate(senders):
            results[number].append(await one_round(send, revisions[number]))
    return [sorted(rounds, key=lambda result: result.rate)[ROUNDS // 2] for rounds in results]


async def one_round(send: Send, revisions: dict[str, int]) -> Result:
    """Send for a while; the revisions go on with each message."""
    begin = time.perf_counter() + WARM
    end = begin + MEASURED
    waits: list[float] = []

    async def actor(key: str) -> None:
        while (sent := time.perf_counter()) < end:
            await send(key, revisions[key])
            revisions[key] += 1
            if sent >= begin:
                waits.append((time.perf_counter() - sent) * 1000)

    await asyncio.gather(*map(actor, revisions))
    took = time.perf_counter() - begin
    if not waits:  # nothing begun in this round ended in it: each waited for all of it
        waits = [took * 1000]
    return Result(len(waits) / took, percentile(waits, 0.5), percentile(waits, 0.99))


def floor(folder: Path, seconds: float) -> tuple[float, float]:
    """Measure the disk: appending 1 KB and flushing it, times in milliseconds at 50 and 99 %."""
    path = folder / "floor"
    waits: list[float] = []
    with path.open("wb", buffering=0) as file:
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            file.write(STATE)
            os.fdatasync(file.fileno())
            waits.append((time.perf_counter() - begin) * 1000)
    path.unlink()
    return percentile(waits, 0.5), percentile(waits, 0.99)


def messages(store: Store, *, event: bool = False) -> Send:
    """Send through the store."""

    async def send(key: str, revision: int) -> object:
        message = f"m{revision}"
        new = (NewEvent(f"Room/{key}", message, "Posted", NOW, "ada", "trace", PAYLOAD),) if event else ()
        return await store.commit(Commit("Room", key, revision, STATE, new, message, b"null"))

    return send


class Bare:
    """A group-committing loop with nothing around it."""

    def __init__(self, path: Path) -> None:
        """Start the loop's thread."""
        self._path = path
        self._queue: queue.SimpleQueue[tuple[str, int, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    async def send(self, key: str, revision: int) -> None:
        """Commit one message."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((key, revision, done))
        await done

    def close(self) -> None:
        """End the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            for pragma in ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 4000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("CREATE TABLE actor (k TEXT PRIMARY KEY, rev INTEGER, state BLOB) WITHOUT ROWID")
            connection.execute("CREATE TABLE inbox (k TEXT, mid TEXT, reply BLOB, PRIMARY KEY (k, mid)) WITHOUT ROWID")
            while first := self._queue.get():
                group = [first]
                while len(group) < 512 and not self._queue.empty():
                    entry = self._queue.get()
                    if entry is None:
                        return
                    group.append(entry)
                self._commit(connection, group)

    def _commit(self, connection: sqlite3.Connection, group: list[tuple[str, int, asyncio.Future[None]]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for key, revision, _ in group:
            if revision:
                connection.execute("UPDATE actor SET rev=rev+1, state=? WHERE k=? AND rev=?", (STATE, key, revision))
            else:
                connection.execute("INSERT INTO actor VALUES (?, 1, ?)", (key, STATE))
            connection.execute("INSERT INTO inbox VALUES (?, ?, ?)", (key, f"m{revision}", b"null"))
        connection.execute("COMMIT")
        futures = [done for _, _, done in group]
        futures[0].get_loop().call_soon_threadsafe(lambda: [done.set_result(None) for done in futures])


@asynccontextmanager
async def opened(folder: Path, *, group: int = 512) -> AsyncGenerator[SQLiteStore]:
    """Give a new store."""
    store = SQLiteStore(folder / f"{time.monotonic_ns()}.db", group=group)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def throughput(folder: Path, actors: int, *, event: bool = False) -> None:
    """Group commit beside one commit for each message, and beside the bare loop (which knows no events)."""
    rate, wait = {(64, False): (20_000, 30), (512, False): (25_000, 60)}.get((actors, event), (None, None))
    before = floor(folder, FLOOR)
    async with opened(folder) as store, opened(folder, group=1) as one_by_one:
        senders = [messages(store, event=event), messages(one_by_one, event=event)]
        bare = Bare(folder / f"bare-{time.monotonic_ns()}.db")
        try:
            ours, single, loop = await measured([*senders, bare.send], actors)
        finally:
            bare.close()
    after = floor(folder, FLOOR)
    name = f"durable messages, {actors} actor{'s' if actors > 1 else ''}{', +event' if event else ''}"
    goal = None if rate is None else f">= {rate}/s and >= 5x"
    met = None if rate is None else ours.rate >= rate and ours.rate >= 5 * single.rate
    figure(name, ours.rate, "1/s", peer=SINGLE, theirs=single.rate, goal=goal, met=met)
    if not event:
        figure(name, ours.rate, "1/s", peer="bare sqlite3 loop in groups", theirs=loop.rate)
    figure(f"{name}, p50", ours.p50, "ms", peer=SINGLE, theirs=single.p50)
    goal, met = (None, None) if wait is None else (f"<= {wait} ms", ours.p99 <= wait)
    figure(f"{name}, p99", ours.p99, "ms", peer=SINGLE, theirs=single.p99, goal=goal, met=met)
    for part, found in zip(("p50", "p99"), zip(before, after, strict=True), strict=True):
        figure(f"{name}, disk floor before, {part}", found[0], "ms", peer="after", theirs=found[1])


async def busy(folder: Path) -> None:
    """Commit beside a loop that always has short callbacks to run, with Python's own switch interval and with ours."""

    async def burn() -> None:
        while True:
            end = time.perf_counter() + 0.0003
            while time.perf_counter() < end:
                sum(range(100))
            await asyncio.sleep(0)

    found: list[Result] = []
    async with opened(folder) as store:
        lowered = sys.getswitchinterval()
        task = asyncio.create_task(burn())
        revisions = dict.fromkeys([f"k{number}" for number in range(64)], 0)
        for interval in (lowered, 0.005):
            sys.setswitchinterval(interval)
            found.append(await one_round(messages(store), revisions))
        sys.setswitchinterval(lowered)
        task.cancel()
    ours, theirs = found
    peer = "Python's switch interval, 5 ms"
    figure("durable messages, 64 actors, busy loop", ours.rate, "1/s", peer=peer, theirs=theirs.rate)
    figure("durable messages, 64 actors, busy loop, p99", ours.p99, "ms", peer=peer, theirs=theirs.p99)


async def reading(folder: Path) -> None:
    """Read from a topic of 100,000 events; no peer, each is the median of 50."""
    async with opened(folder) as store:
        for start in range(0, 100_000, 1000):
            kinds = ["Left" if number % 1000 == 0 else "Posted" for number in range(start, start + 1000)]
            await store.append(
                [NewEvent("big", f"e{start + n}", kind, NOW, "ada", "trace", PAYLOAD) for n, kind in enumerate(kinds)]
            )
        pages: dict[str, Callable[[], Awaitable[object]]] = {
            "newest 50": lambda: store.read("big", newest=True, limit=50),
            "1000 from the middle": lambda: store.read("big", after=50_000),
            "newest 50 of a rare kind": lambda: store.read("big", newest=True, limit=50, kinds=["Left"]),
            "newest 50 of two kinds": lambda: store.read("big", newest=True, limit=50, kinds=["Left", "Posted"]),
            "100 by id": lambda: store.read("big", ids=[f"e{number * 997}" for number in range(100)]),
        }
        for name, page in pages.items():
            waits: list[float] = []
            for _ in range(50):
                begin = time.perf_counter()
                await page()
                waits.append((time.perf_counter() - begin) * 1000)
            figure(f"read of 100,000 events: {name}", percentile(waits, 0.5), "ms")


async def main(folder: Path) -> None:
    """Run everything; each round of messages between two looks at the disk."""
    for actors in (1, 64, 512):
        await throughput(folder, actors)
    await throughput(folder, 64, event=True)
    await busy(folder)
    await reading(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        loop_name = "asyncio" if uvloop is None else "uvloop"
        header("sqlalchemy", "uvloop", sqlite=sqlite3.sqlite_version, loop=loop_name, journal="wal", synchronous="full")
        run = asyncio.run if uvloop is None else uvloop.run
        run(main(Path(place)))
