"""What a SQLite store adds to the contract of every store: groups, failures of the disk, and a file of its own."""
# ruff: noqa: ASYNC240 - a test may look at its own files while nothing else waits

import asyncio
import resource
import sqlite3
import struct
from collections.abc import AsyncIterator, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvloop

from packetflow._core.errors import StoreUnavailable
from packetflow._core.ports import Commit, Committed
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.store_samples import commit, event, ids, seqs

MEGABYTE = 1 << 20


@pytest.fixture
def path(data_dir: Path) -> Path:
    return data_dir / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    await store.open()
    yield store
    await store.close()


def transactions(path: Path) -> int:
    """Count the transactions in the write-ahead log (https://www.sqlite.org/fileformat.html, section 4.1)."""
    log = Path(f"{path}-wal").read_bytes()
    size, salts = struct.unpack(">I", log[8:12])[0], log[16:24]
    frames = [log[start : start + 24] for start in range(32, len(log), 24 + size)]
    return sum(1 for frame in frames if frame[8:16] == salts and frame[4:8] != bytes(4))


@contextmanager
def files_limited_to(size: int) -> Generator[None]:
    """Let no file of this process grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def written_by_somebody_else(path: Path) -> Generator[None]:
    """Hold SQLite's write lock on a database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def test_commits_that_wait_together_share_a_transaction(store: SQLiteStore, path: Path) -> None:
    await store.commit(commit("first"))
    before = transactions(path)
    await asyncio.gather(*[store.commit(commit(f"k{number}", new=[event(f"e{number}")])) for number in range(300)])
    assert 1 <= transactions(path) - before <= 3
    assert len(await store.saved()) == 301


async def test_a_group_has_its_limit(path: Path) -> None:
    store = SQLiteStore(path, group=1)
    await store.open()
    await store.commit(commit("first"))
    before = transactions(path)
    await asyncio.gather(*[store.commit(commit(f"k{number}")) for number in range(40)])
    assert transactions(path) - before == 40
    await store.close()


async def test_more_writes_than_the_queue_holds_all_come_through_in_order(store: SQLiteStore) -> None:
    count = 10_000
    async with asyncio.timeout(60):
        await asyncio.gather(*[store.append([event(f"e{number}")]) for number in range(count)])
    assert [stored.id for stored in await store.read("Room/lobby", limit=count)] == [f"e{n}" for n in range(count)]


async def test_reading_does_not_wait_for_writing(store: SQLiteStore, path: Path) -> None:
    await store.commit(commit("lobby", 0, b"first"))
    async with asyncio.timeout(30):
        with written_by_somebody_else(path):
            writing = asyncio.create_task(store.commit(commit("lobby", 1, b"second")))
            for _ in range(20):
                saved = await store.load("Room", "lobby")
                assert saved is not None
                assert saved.state == b"first"
            assert not writing.done()
        assert (await writing).revision == 2
    saved = await store.load("Room", "lobby")
    assert saved is not None
    assert saved.state == b"second"


async def test_a_page_of_several_kinds_is_of_one_moment(store: SQLiteStore) -> None:
    async def write(number: int) -> None:
        await store.append([event(f"{kind}{number}", kind=kind) for kind in ("A", "B", "C")])

    async with asyncio.timeout(60):
        for start in range(0, 400, 8):
            writing = asyncio.gather(*map(write, range(start, start + 8)))
            while not writing.done():
                page = await store.read("Room/lobby", kinds=["A", "B", "C"], limit=2000)
                assert [stored.seq for stored in page] == list(range(1, len(page) + 1))
                assert len(page) % 3 == 0
            await writing


async def test_on_a_full_disk_only_the_callers_whose_commits_do_not_fit_are_told(store: SQLiteStore) -> None:
    commits = [Commit("Room", f"k{number}", 0, b"x" * (8 * MEGABYTE if number == 7 else 10)) for number in range(20)]
    with files_limited_to(4 * MEGABYTE):
        told = await asyncio.gather(*map(store.commit, commits), return_exceptions=True)
    assert [outcome for number, outcome in enumerate(told) if number != 7] == [Committed(1, ())] * 19
    assert isinstance(told[7], StoreUnavailable)
    assert isinstance(told[7].__cause__, sqlite3.Error)
    assert {saved.key for saved in await store.saved()} == {f"k{number}" for number in range(20) if number != 7}
    assert (await store.commit(commits[7])).revision == 1


async def test_on_a_full_disk_everybody_is_told_and_writing_goes_on_when_there_is_room(store: SQLiteStore) -> None:
    with files_limited_to(4096):
        told = await asyncio.gather(*[store.commit(commit(f"k{n}")) for n in range(9)], return_exceptions=True)
        assert all(isinstance(outcome, StoreUnavailable) for outcome in told)
        assert await store.saved() == []
    told = await asyncio.gather(*[store.commit(commit(f"k{number}")) for number in range(9)])
    assert told == [Committed(1, ())] * 9


async def test_text_that_is_not_unicode_fails_alone(store: SQLiteStore) -> None:
    keys = [f"k{number}" if number % 8 else f"\ud800{number}" for number in range(64)]
    told = await asyncio.gather(*[store.commit(commit(key)) for key in keys], return_exceptions=True)
    for key, outcome in zip(keys, told, strict=True):
        assert isinstance(outcome, Committed if key.startswith("k") else UnicodeEncodeError)
    assert [saved.key for saved in await store.saved()] == sorted(key for key in keys if key.startswith("k"))


async def test_a_number_too_large_fails_alone(store: SQLiteStore) -> None:
    told = await asyncio.gather(
        store.append([event("e1")]), store.read("Room/lobby", after=1 << 70), return_exceptions=True
    )
    assert isinstance(told[1], OverflowError)
    assert await seqs(store) == [1]


async def test_a_cancelled_opening_lets_the_file_go(path: Path) -> None:
    store = SQLiteStore(path)
    opening = asyncio.create_task(store.open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(30):
        while True:
            try:
                await store.open()
            except StoreUnavailable:
                await asyncio.to_thread(lambda: None)
                continue
            break
    await store.commit(commit())
    await store.close()


async def test_a_cancelled_closing_still_finishes_what_was_accepted(store: SQLiteStore) -> None:
    tasks = [asyncio.create_task(store.commit(commit(f"k{number}"))) for number in range(50)]
    await asyncio.sleep(0)
    closing_task = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    closing_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing_task
    with pytest.raises(StoreUnavailable):
        await store.commit(commit("late"))
    assert await asyncio.gather(*tasks) == [Committed(1, ())] * 50
    await store.open()
    assert len(await store.saved()) == 50


async def test_a_cancelled_reader_leaves_the_others_in_peace(store: SQLiteStore) -> None:
    await store.append([event("e1")])
    readers = [asyncio.create_task(store.read("Room/lobby")) for _ in range(50)]
    await asyncio.sleep(0)
    for reader in readers[::2]:
        reader.cancel()
    told = await asyncio.gather(*readers, return_exceptions=True)
    assert all(isinstance(outcome, list) for outcome in told[1::2])
    assert await ids(store) == ["e1"]


async def test_a_closed_store_is_one_file_and_its_lock(store: SQLiteStore, path: Path) -> None:
    await asyncio.gather(*[store.commit(commit(f"k{number}")) for number in range(20)])
    assert await store.saved()
    await store.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["store.db", "store.db.lock"]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_store_belongs_to_the_loop_that_opened_it(store: SQLiteStore) -> None:
    def elsewhere() -> None:
        with pytest.raises(StoreUnavailable, match="the event loop that opened it"):
            asyncio.run(store.remember("space", "key", b"value"))
        with pytest.raises(StoreUnavailable, match="the event loop that opened it"):
            asyncio.run(store.saved())

    await asyncio.to_thread(elsewhere)


def test_it_works_on_uvloop(path: Path) -> None:
    """Uvloop, because servers run on it and its calls from other threads are its own."""

    async def main() -> list[str]:
        store = SQLiteStore(path)
        await store.open()
        await asyncio.gather(*[store.append([event(f"e{number}")]) for number in range(100)])
        found = await ids(store)
        await store.close()
        return found

    assert uvloop.run(main()) == [f"e{number}" for number in range(100)]


async def test_at_most_8192_writes_wait_and_whoever_comes_later_is_held_up(store: SQLiteStore) -> None:
    writes = [asyncio.ensure_future(store.remember("n", str(number), b"")) for number in range(8192 + 10)]
    await asyncio.sleep(0)  # all have begun, and no answer can have come yet
    await store.close()
    told = await asyncio.gather(*writes, return_exceptions=True)
    assert told[:8192] == [None] * 8192
    assert [type(late) for late in told[8192:]] == [StoreUnavailable] * 10
