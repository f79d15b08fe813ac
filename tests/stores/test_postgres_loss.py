"""A PostgreSQL store whose server, connection or process is lost: typed errors, no loss, and on it goes by itself."""
# ruff: noqa: ASYNC220 - a test may wait for its own process and files while nothing else does

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from tests.stores.postgres_proxy import Proxy
from tests.stores.postgres_server import PostgresServer, ask, own_server

from packetflow._core.errors import StoreConflict, StoreUnavailable
from packetflow._core.ports import Store
from packetflow.stores.postgres.store import PostgresStore
from packetflow.testing.store_samples import commit, event, ids

# How often a server, and a process, is killed; more of it at night: KILLS=50 pytest tests/stores/test_postgres_loss.py
ROUNDS = int(os.environ.get("KILLS", "3"))
PROGRAM = Path(__file__).with_name("postgres_writer_program.py")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """Return a server that the test may kill; it waits for the disk, as one should."""
    yield from own_server()


@pytest.fixture
async def store(postgres: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres)
    await store.open()
    yield store
    await store.close()


async def back(attempt: Callable[[], Awaitable[object]]) -> None:
    """Wait until the store takes writes again."""
    async with asyncio.timeout(30):
        while True:
            with suppress(StoreUnavailable):
                await attempt()
                return
            await asyncio.sleep(0.02)  # nothing tells when; whoever uses a store would try again as well


class Writer:
    """An actor whose messages are repeated until they are acknowledged, as whoever sends them would."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.told = asyncio.Event()

    async def write(self, enough: asyncio.Event) -> None:
        """Commit one message after the other."""
        number = 0
        while not enough.is_set():
            message = f"{self.key}-{number}"
            try:
                await self._send(message)
            except StoreUnavailable:
                self.refused.append(message)
                self.told.set()
                await asyncio.sleep(0.01)
                continue
            self.acknowledged.append(message)
            self.told.set()
            number += 1

    async def _send(self, message: str) -> None:
        if await self.store.reply("Room", self.key, message) is not None:
            return
        saved = await self.store.load("Room", self.key)
        new = [event(message, f"Room/{self.key}")]
        revision = saved.revision if saved else 0
        await self.store.commit(commit(self.key, revision, message.encode(), new, message, b"ok"))


async def told_more(writers: list[Writer], what: str, count: int) -> None:
    """Wait until that many more messages were acknowledged, or refused."""
    so_far: list[list[str]] = [getattr(writer, what) for writer in writers]
    enough = sum(map(len, so_far)) + count
    while sum(map(len, so_far)) < enough:
        writers[0].told.clear()
        await writers[0].told.wait()


async def check(store: Store, writers: list[Writer]) -> None:
    """See that everything acknowledged is stored, everything stored once, and state and journal go together."""
    for writer in writers:
        saved = await store.load("Room", writer.key)
        assert saved is not None
        stored = await ids(store, f"Room/{writer.key}")
        assert saved.revision == len(stored) == len(set(stored))
        assert saved.state == stored[-1].encode()
        assert set(writer.acknowledged) <= set(stored)
        assert len(stored) - len(writer.acknowledged) <= 1  # one may have been on its way


async def test_a_server_that_is_killed_under_load_and_comes_back_has_all_that_was_acknowledged(
    server: PostgresServer,
) -> None:
    store = PostgresStore(server.dsn())
    await store.open()
    writers, enough = [Writer(store, f"k{number}") for number in range(20)], asyncio.Event()
    async with asyncio.timeout(60 + 10 * ROUNDS), asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.write(enough))
        for _ in range(ROUNDS):
            await told_more(writers, "acknowledged", 100)
            await asyncio.to_thread(server.kill)
            await told_more(writers, "refused", 20)
            await asyncio.to_thread(server.start)
        await told_more(writers, "acknowledged", 100)
        enough.set()
    await check(store, writers)
    await store.close()
    await store.open()
    await check(store, writers)
    await store.close()


async def test_a_server_that_is_gone_is_told_at_once_and_without_harm(server: PostgresServer) -> None:
    store = PostgresStore(server.dsn())
    await store.open()
    await store.commit(commit("lobby", 0, b"first"))
    await asyncio.to_thread(server.kill)
    async with asyncio.timeout(10):
        for action in (store.commit(commit("lobby", 1)), store.append([event("e1")]), store.load("Room", "lobby")):
            with pytest.raises(StoreUnavailable) as told:
                await action
            assert told.value.details["reason"] == "gone"
        await asyncio.to_thread(server.start)
        await back(lambda: store.commit(commit("lobby", 1, b"second")))
        saved = await store.load("Room", "lobby")
    assert saved is not None
    assert (saved.revision, saved.state) == (2, b"second")
    assert await ids(store) == []
    await store.close()


async def test_a_store_can_be_closed_while_the_server_is_gone(server: PostgresServer) -> None:
    store = PostgresStore(server.dsn())
    await store.open()
    await asyncio.to_thread(server.kill)
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await store.commit(commit("lobby"))
        await store.close()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.open()


async def test_a_connection_that_is_ended_by_the_server_is_replaced(store: PostgresStore, postgres: str) -> None:
    await store.commit(commit("lobby", 0, b"first", [event("e1")]))
    await store.load("Room", "lobby")
    for number in range(3):
        await asyncio.to_thread(
            ask,
            postgres,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
            "datname = current_database()",
        )
        assert await store.load("Room", "lobby") is not None  # a reader asks again
        await back(lambda number=number: store.commit(commit("lobby", number + 1, b"on", [event(f"f{number}")])))
    assert await ids(store) == ["e1", "f0", "f1", "f2"]


async def test_a_store_that_lost_the_lock_to_another_refuses_until_it_owns_again(
    store: PostgresStore, postgres: str
) -> None:
    await store.commit(commit("lobby", 0, b"first"))
    taker = await asyncpg.connect(postgres)
    ending = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    [[classid, objid]] = await taker.fetch(
        "SELECT classid::int, objid::bigint FROM pg_locks WHERE locktype = 'advisory'"
    )
    await taker.execute(f"{ending}; SELECT pg_advisory_lock({classid}, {objid - (objid >> 31 << 32)})")
    with pytest.raises(StoreUnavailable):
        await store.commit(commit("lobby", 1, b"from a zombie"))
    async with asyncio.timeout(10):
        while True:
            with pytest.raises(StoreUnavailable) as refused:
                await store.commit(commit("lobby", 1, b"from a zombie"))
            if "another process" in str(refused.value):
                break
            await asyncio.sleep(0.01)
    saved = await store.load("Room", "lobby")
    assert saved is not None
    assert saved.state == b"first"
    await taker.close()
    await back(lambda: store.commit(commit("lobby", 1, b"owned again")))


@pytest.fixture
async def proxied(server: PostgresServer) -> AsyncIterator[tuple[Proxy, PostgresStore]]:
    with TemporaryDirectory(prefix="pf-px-") as folder:
        async with Proxy(Path(folder), Path(server.dsn().partition("host=")[2])) as proxy:
            store = PostgresStore(f"postgresql://postgres@/postgres?host={folder}")
            await store.open()
            yield proxy, store
            await store.close()


async def test_a_commit_whose_answer_is_lost_is_told_to_be_stored(proxied: tuple[Proxy, PostgresStore]) -> None:
    proxy, store = proxied
    await store.commit(commit("lobby", 0, b"first"))
    proxy.cut = "behind"
    async with asyncio.timeout(20):
        told = await asyncio.gather(
            *[
                store.commit(commit(key, 0 if key != "lobby" else 1, b"new", [event("e1", key)]))
                for key in ("lobby", "b")
            ]
        )
    assert [(each.revision, len(each.events)) for each in told] == [(2, 1), (1, 1)]
    await back(lambda: store.commit(commit("lobby", 2, b"third")))
    assert await ids(store, "b") == ["e1"]


async def test_a_commit_that_never_reached_the_server_is_told_not_to_be_stored(
    proxied: tuple[Proxy, PostgresStore],
) -> None:
    proxy, store = proxied
    await store.commit(commit("lobby", 0, b"first"))
    proxy.cut = "before"
    async with asyncio.timeout(20):
        with pytest.raises(StoreUnavailable, match="nothing of this was stored"):
            await store.commit(commit("lobby", 1, b"second", [event("e1")]))
        await back(lambda: store.commit(commit("lobby", 1, b"third")))
    assert await ids(store) == []


async def test_a_commit_that_nobody_can_tell_of_says_so(
    server: PostgresServer, proxied: tuple[Proxy, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packetflow.stores.postgres.committer.VERDICT_SECONDS", 0.3)
    proxy, store = proxied
    await store.commit(commit("lobby", 0, b"first"))
    proxy.cut, proxy.meanwhile = "behind", lambda: asyncio.to_thread(server.kill)
    with pytest.raises(StoreUnavailable, match="told by reading it again") as told:
        await store.commit(commit("lobby", 1, b"second"))
    assert told.value.details["outcome"] == "unknown"
    await asyncio.to_thread(server.start)
    await back(lambda: store.load("Room", "lobby"))


async def test_a_process_that_is_killed_loses_nothing_it_acknowledged_and_another_one_goes_on(postgres: str) -> None:
    acknowledged: set[str] = set()
    for round_ in range(ROUNDS):
        command = [sys.executable, str(PROGRAM), postgres, "20"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            acknowledged |= {process.stdout.readline().strip() for _ in range(100 + 211 * round_ % 700)}
            process.kill()
            acknowledged |= {
                line.strip() for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
            }
        store = PostgresStore(postgres)
        await store.open()
        stored: list[str] = []
        for saved in await store.saved():
            messages = [each.id for each in await store.read(f"Room/{saved.key}", limit=100_000)]
            assert messages == [f"{saved.key}-{number}" for number in range(saved.revision)]
            stored += messages
        await store.close()
        assert acknowledged <= set(stored)


async def test_while_another_process_owns_the_database_it_cannot_be_opened(postgres: str) -> None:
    with subprocess.Popen([sys.executable, str(PROGRAM), postgres, "1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        store = PostgresStore(postgres)
        with pytest.raises(StoreUnavailable, match=f"is open in process {process.pid} on .*; stop it, or talk") as told:
            await store.open()
        assert "process" in told.value.details
        process.kill()
        process.stdout.read()
    await store.open()
    assert await store.load("Room", "k0") is not None
    await store.close()


async def test_two_that_both_believe_they_own_the_database_harm_nobody(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a lock of its own, as after a mistake of whoever runs them: the statements themselves keep order."""
    first, second = PostgresStore(postgres), PostgresStore(postgres)
    await first.open()
    monkeypatch.setattr("packetflow.stores.postgres.session.LOCK", 7)
    await second.open()

    async def write(store: Store, name: str) -> int:
        won = 0
        for number in range(60):
            new = [event(f"{name}-{number}", "shared"), event(f"both-{number}", "shared")]
            await store.append(new)
            with suppress(StoreConflict):
                saved = await store.load("Room", "lobby")
                revision = saved.revision if saved else 0
                await store.commit(commit("lobby", revision, name.encode(), [event(f"{name}-{number}")]))
                won += 1
        return won

    async with asyncio.timeout(60):
        won = await asyncio.gather(
            *[write(store, f"{name}{n}") for name, store in zip("ab", (first, second), strict=True) for n in range(3)]
        )
    saved = await first.load("Room", "lobby")
    journal = await first.read("Room/lobby", limit=10_000)
    shared = await second.read("shared", limit=10_000)
    await first.close()
    await second.close()
    assert saved is not None
    assert saved.revision == sum(won) == len(journal)
    assert [each.seq for each in journal] == list(range(1, len(journal) + 1))
    assert [each.seq for each in shared] == list(range(1, 60 * 7 + 1))
    assert len({each.id for each in shared}) == 60 * 7
