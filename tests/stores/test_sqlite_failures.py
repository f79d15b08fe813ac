"""When the world fails a SQLite store: who is told what, what stays stored, and that it goes on by itself."""
# ruff: noqa: ASYNC240 - a test may look at its own files while nothing else waits

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from packetflow._core.errors import StoreConflict, StoreUnavailable
from packetflow._core.ports import Committed
from packetflow.stores.sqlite import database, remembered, transactions
from packetflow.stores.sqlite.batch import apply
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.stores.writes import Outcome
from packetflow.testing.store_samples import commit, event, ids, letter, raised, waiting

MEGABYTE = 1 << 20


@pytest.fixture
def path(data_dir: Path) -> Path:
    return data_dir / "store" / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def small_disk(data_dir: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB, which takes the rights of root; elsewhere files limited in size stand for it."""
    folder = data_dir / "disk"
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if mount is None or unmount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a disk takes the rights of root; test_sqlite.py fills one by limiting its files")
    yield folder
    subprocess.run([unmount, "-l", str(folder)], check=True)  # also when a test that failed has left a file open


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold SQLite's write lock on a database, as another program may."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def moved(folder: Path) -> Generator[Path]:
    """Take a store away, with the files beside it, and bring it back."""
    away = folder.with_name("away")
    folder.rename(away)
    yield away
    away.rename(folder)


def reasons(outcomes: Sequence[object]) -> set[str]:
    """Give why each of some writes failed."""
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes), outcomes
    return {str(outcome.details["reason"]) for outcome in outcomes if isinstance(outcome, StoreUnavailable)}


async def test_a_full_disk_loses_nothing_acknowledged_and_writing_goes_on_when_there_is_room(small_disk: Path) -> None:
    store = SQLiteStore(small_disk / "store.db")
    await store.open()
    filler, acknowledged = small_disk / "filler", 0
    for _ in range(3):
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        with suppress(StoreUnavailable):
            while True:
                await store.commit(commit("lobby", acknowledged, bytes(1000), [event(f"e{acknowledged}")]))
                acknowledged += 1
        told = await asyncio.gather(*[store.commit(commit(f"k{n}")) for n in range(9)], return_exceptions=True)
        assert reasons(told) == {"full"}
        assert "free some space" in str(told[0])
        assert await ids(store) == [f"e{number}" for number in range(acknowledged)]
        filler.unlink()
        await store.commit(commit("lobby", acknowledged, b"{}", [event(f"e{acknowledged}")], "m1"))
        acknowledged += 1
        with pytest.raises(StoreConflict):
            await store.commit(commit("lobby", 0))
        await store.forget("Room", "lobby")
        acknowledged = 0
    assert await asyncio.gather(*[store.commit(commit(f"k{n}")) for n in range(9)]) == [Committed(1, ())] * 9
    await store.close()
    await store.open()
    assert len(await store.saved()) == 9
    await store.close()


async def test_while_another_program_has_locked_it_everybody_is_told_at_once_and_then_it_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    store = SQLiteStore(path)
    await store.open()
    await store.commit(commit("lobby", 0, b"first"))
    async with asyncio.timeout(30):  # each of 600 alone would wait for a tenth of a second
        with locked(path):
            told = await asyncio.gather(
                *[store.commit(commit(f"k{number}")) for number in range(600)], return_exceptions=True
            )
            assert reasons(told) == {"locked"}
            assert len({id(error) for error in told}) == len(told)
            assert "another program" in str(told[0])
            assert isinstance(told[0], StoreUnavailable)
            assert isinstance(told[0].__cause__, sqlite3.OperationalError)
            assert [saved.key for saved in await store.saved()] == ["lobby"]
        await asyncio.gather(*[store.commit(commit(f"k{number}")) for number in range(600)])
        assert (await store.commit(commit("lobby", 1))).revision == 2
    await store.close()


async def test_a_store_that_was_moved_acknowledges_nothing_until_it_is_back(store: SQLiteStore, path: Path) -> None:
    await store.commit(commit("lobby", 0, b"first", [event("e1")]))
    for number in range(2):
        with moved(path.parent):
            told = await asyncio.gather(
                store.commit(commit("lobby", number + 1, b"lost")),
                store.append([event("lost")]),
                store.post([letter("lost")]),
                store.remember("space", "key", b"lost"),
                return_exceptions=True,
            )
            assert reasons(told) == {"gone"}
            assert "put it back" in str(told[0])
        assert (await store.commit(commit("lobby", number + 1, b"second", [event(f"e{number + 2}")]))).revision > 1
    await store.close()
    await store.open()
    assert await ids(store) == ["e1", "e2", "e3"]
    assert await waiting(store) == []
    assert await store.recall("space", "key") is None


async def test_a_file_that_is_not_the_stores_is_never_written(store: SQLiteStore, path: Path) -> None:
    await store.commit(commit("lobby", 0, b"first"))
    away = path.with_name("away.db")
    path.rename(away)
    path.write_bytes(b"somebody's letters")
    assert reasons([await raised(StoreUnavailable, store.commit(commit("lobby", 1)))]) == {"gone"}
    assert path.read_bytes() == b"somebody's letters"
    away.rename(path)
    assert (await store.commit(commit("lobby", 1))).revision == 2


async def test_a_commit_is_not_acknowledged_when_the_file_vanishes_in_the_middle_of_it(
    store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(commit("lobby", 0, b"first"))
    away = path.with_name("away.db")

    def vanishing(*arguments: object, **options: object) -> list[Outcome]:
        outcomes = apply(*arguments, **options)  # type: ignore[arg-type]
        path.rename(away)
        return outcomes

    monkeypatch.setattr(transactions, "apply", vanishing)
    assert reasons([await raised(StoreUnavailable, store.commit(commit("lobby", 1, b"maybe")))]) == {"gone"}
    monkeypatch.undo()
    away.rename(path)
    saved = await store.load("Room", "lobby")  # whether it was stored is told by reading it again
    assert saved is not None
    assert (await store.commit(commit("lobby", saved.revision, b"third"))).revision == saved.revision + 1


async def test_a_store_that_cannot_be_written_for_a_while_is_read_and_then_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []

    def connect(make: Callable[..., sqlite3.Connection], *arguments: object, **options: object) -> sqlite3.Connection:
        opened.append(make(*arguments, **options, check_same_thread=False))
        return opened[-1]

    monkeypatch.setattr(database.sqlite3, "connect", partial(connect, sqlite3.connect))
    store = SQLiteStore(path)
    await store.open()
    await store.commit(commit("lobby", 0, b"first"))
    opened[0].execute("PRAGMA query_only = ON")  # root may write whatever is marked read-only: SQLite itself refuses
    told = await asyncio.gather(*[store.commit(commit(f"k{n}")) for n in range(9)], return_exceptions=True)
    assert reasons(told) == {"read_only"}
    assert "writable again" in str(told[0])
    assert [saved.key for saved in await store.saved()] == ["lobby"]
    opened[0].execute("PRAGMA query_only = OFF")
    assert (await store.commit(commit("lobby", 1))).revision == 2
    await store.close()


async def test_while_the_disk_is_slow_nothing_is_acknowledged_and_whoever_gave_up_does_no_harm(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(commit("lobby", 0, b"first"))
    flushed = threading.Event()

    def slow(*arguments: object, **options: object) -> list[Outcome]:
        outcomes = apply(*arguments, **options)  # type: ignore[arg-type]
        assert flushed.wait(30)
        return outcomes

    monkeypatch.setattr(transactions, "apply", slow)
    writes = [asyncio.create_task(store.commit(commit(f"k{number}"))) for number in range(40)]
    for _ in range(20):
        saved = await store.load("Room", "lobby")  # reading goes on
        assert saved is not None
    assert not any(write.done() for write in writes)
    for write in writes[::2]:
        write.cancel()
    flushed.set()
    told = await asyncio.gather(*writes, return_exceptions=True)
    assert told[1::2] == [Committed(1, ())] * 20
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in told[::2])
    assert {f"k{number}" for number in range(1, 40, 2)} <= {saved.key for saved in await store.saved()}


async def test_a_repeated_message_or_event_among_many_new_ones_does_them_no_harm(store: SQLiteStore) -> None:
    await store.commit(commit("lobby", 0, b"first", [event("e0", "all")], "m1", b"1"))
    commits = [commit(f"k{n}", 0, b"{}", [event(f"e{n}", "all")], f"m{n}", b"{}") for n in range(300)]
    commits[150] = commit("lobby", 1, b"again", [event("wrong", "all")], "m1", b"2")
    told = await asyncio.gather(*map(store.commit, commits), return_exceptions=True)
    assert isinstance(told.pop(150), StoreConflict)
    assert all(isinstance(outcome, Committed) for outcome in told)
    stored = [each for outcome in told if isinstance(outcome, Committed) for each in outcome.events]
    assert [each.seq for each in stored] == list(range(2, 300))
    assert len(await ids(store, "all")) == 299
    assert await store.reply("Room", "lobby", "m1") == b"1"


async def test_what_the_writer_remembers_may_be_forgotten_at_any_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "ROOM", 3)
    store = SQLiteStore(path, group=5)
    await store.open()
    for revision in range(6):
        commits = [commit(f"k{n}", revision, b"{}", [event(f"e{n}-{revision}", f"Room/k{n % 3}")]) for n in range(20)]
        told = await asyncio.gather(*map(store.commit, commits))
        assert {committed.revision for committed in told} == {revision + 1}
    assert [each.seq for each in await store.read("Room/k0")] == list(range(1, 43))
    await store.close()


async def test_the_switch_interval_is_lowered_while_a_store_is_open_and_given_back(data_dir: Path) -> None:
    before = sys.getswitchinterval()
    one, two = SQLiteStore(data_dir / "one.db"), SQLiteStore(data_dir / "two.db")
    await one.open()
    await two.open()
    assert sys.getswitchinterval() == pytest.approx(0.0002)
    await one.close()
    await one.close()
    assert sys.getswitchinterval() == pytest.approx(0.0002)
    await two.close()
    assert sys.getswitchinterval() == before
    await one.open()
    sys.setswitchinterval(0.001)  # somebody else's wish is left alone
    await one.close()
    assert sys.getswitchinterval() == pytest.approx(0.001)
    sys.setswitchinterval(before)
