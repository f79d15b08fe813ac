"""The file of a SQLite store: who may open it, what becomes of it, and how its schema grows."""
# ruff: noqa: ASYNC240 - a test may look at its own files while nothing else waits

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from packetflow._core.errors import StoreUnavailable
from packetflow._core.ports import CallRecord, RunRow, Saved
from packetflow.stores.moments import moment
from packetflow.stores.sqlite import batch, letters, reads, sweep
from packetflow.stores.sqlite.database import APPLICATION, SCHEMA
from packetflow.stores.sqlite.statements import Bulk, Change, Query
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.stores.sqlite.upgrade import configuration, upgrade
from packetflow.stores.tables import audits, calls, metadata, runs
from packetflow.testing.store_samples import commit, event


@pytest.fixture
def path(data_dir: Path) -> Path:
    return data_dir / "store.db"


async def made(path: Path) -> Path:
    """Make a store with one actor in it."""
    store = SQLiteStore(path)
    await store.open()
    await store.commit(commit())
    await store.close()
    return path


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'").fetchall()
    return {name: re.sub(r"\s+", " ", sql or "") for name, sql in rows}


async def test_the_migrations_lead_to_the_tables_that_statements_are_built_from(path: Path) -> None:
    await made(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []
    declared = path.with_name("declared.db")
    engine = create_engine(f"sqlite:///{declared}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(path) == schema(declared)


def test_the_newest_migration_is_the_schema_that_is_expected() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert scripts.get_heads() == [SCHEMA]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)


def made_by_the_first_release(path: Path) -> None:
    """Make a store as the first release left it: an actor with a journal, a run, records and a small value."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        upgrade(connection, "0001")
        for table, row in {
            "actors": ("Room", "lobby", 3, 0, bytes(range(256)), 1_700_000_000_000_000),
            "replies": ("Room", "lobby", "m1", b"1", 1_700_000_000_000_000),
            "events": ("Room/lobby", 7, "e7", "Posted", 1_700_000_000_000_000, "ada", "t", b"{}"),
            "runs": ("run-1", "succeeded", "ada", "p", "say", "t", 1_700_000_000_000_000, None, None),
            "calls": (1, "c1", 1_700_000_000_000_000, "Room.post", "ada", 5, "ok", None, "t", None, None),
            "memos": ("tokens", "ada", b"1", 1_700_000_000_000_000),
        }.items():
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        connection.execute("PRAGMA journal_mode = WAL")


async def test_a_store_of_the_first_release_is_opened_with_all_that_it_holds(path: Path) -> None:
    made_by_the_first_release(path)
    store = SQLiteStore(path)
    await store.open()
    at = moment(1_700_000_000_000_000)
    assert await store.load("Room", "lobby") == Saved("Room", "lobby", 3, bytes(range(256)), at, 1)
    assert await store.reply("Room", "lobby", "m1") == b"1"
    assert await store.run("run-1") == RunRow("run-1", "succeeded", "ada", "p", "say", "t", at)
    assert await store.calls() == [CallRecord("c1", at, "Room.post", "ada", 5e-9, "ok", None, "t")]
    assert await store.recall("tokens", "ada") == b"1"
    assert (await store.commit(commit("lobby", 3, new=[event("e8")]))).events[0].seq == 8
    await store.close()
    declared = path.with_name("declared.db")
    await made(declared)
    assert schema(path) == schema(declared)


async def test_a_store_whose_schema_is_newer_is_refused_and_left_alone(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9000'")
    content = path.read_bytes()
    store = SQLiteStore(path)
    with pytest.raises(StoreUnavailable, match=r"newer PacketFlow \(schema 9000, .* upgrade packetflow") as refused:
        await store.open()
    assert refused.value.details == {"schema": "9000"}
    assert path.read_bytes() == content
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (SCHEMA,))
    await store.open()
    assert await store.load("Room", "lobby") is not None
    await store.close()


@pytest.mark.parametrize("content", [b"hello", b"x" * 100_000, b"SQLite format 2\0" + bytes(4096)])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="not a SQLite database; give the store a path of its own"):
        await SQLiteStore(path).open()
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


async def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE actors (name TEXT)")
    content = path.read_bytes()
    with pytest.raises(StoreUnavailable, match="database of another program"):
        await SQLiteStore(path).open()
    assert path.read_bytes() == content


async def test_a_database_broken_inside_is_refused(path: Path) -> None:
    await made(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 5000 + content[5100:])
    with pytest.raises(StoreUnavailable):
        await SQLiteStore(path).open()


async def test_an_empty_file_and_a_missing_folder_become_a_store(path: Path) -> None:
    path.touch()
    await made(path)
    await made(path.parent / "a %41 'b'?#" / "c" / "store.db")


async def test_a_path_that_cannot_be_a_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable):
        await SQLiteStore(path).open()
    file = path.parent / "file"
    file.touch()
    with pytest.raises(StoreUnavailable):
        await SQLiteStore(file / "store.db").open()


@pytest.mark.parametrize("nowhere", ["", ":memory:"])
def test_a_store_that_forgets_is_another_one(nowhere: str) -> None:
    with pytest.raises(ValueError, match=r"MemoryStore\(\)"):
        SQLiteStore(nowhere)


async def test_a_second_store_on_the_file_is_refused_until_the_first_is_closed(path: Path) -> None:
    first, second = SQLiteStore(path), SQLiteStore(path)
    await first.open()
    with pytest.raises(StoreUnavailable, match=r"is open in process \d+; stop it, or talk to it over HTTP"):
        await second.open()
    await first.commit(commit())
    await first.close()
    await second.open()
    assert await second.load("Room", "lobby") is not None
    await second.close()


def statements() -> Iterator[str]:
    """Give the text of every select that a store runs."""
    found = [each for module in (batch, letters, reads, sweep) for each in vars(module).values()]
    yield from [each.sql for each in [*found, *sweep.FORGET] if isinstance(each, Query | Change)]
    yield from [each.sql(4) for each in found if isinstance(each, Bulk)]
    for newest in (False, True):
        yield from [reads.events_of(kind=kind, newest=newest).sql for kind in (False, True)]
    for table, names in ((runs, ("principal", "status")), (calls, ("capability_id", "trace_id")), (audits, ())):
        for equal in ((), *[(name,) for name in names], names):
            yield reads.latest_of(table, equal, before=table is runs).sql
    for equal, dead in product(((), ("kind", "key"), ("kind",)), (False, True, None)):
        yield reads.letters_of(equal, due=False, dead=dead).sql
    yield from [reads.letters_of(("kind", "key"), due=True, dead=dead).sql for dead in (False, True, None)]


async def test_no_statement_reads_a_whole_table_or_sorts_one(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as connection:
        for sql in statements():
            parameters = dict.fromkeys(re.findall(r":(\w+)", sql)) or [None] * sql.count("?")
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            scans = [step for step in plan if step.startswith("SCAN") and "USING INDEX" not in step]
            assert not {step.split()[1] for step in scans} & {*metadata.tables, "following"}, (sql, plan)
            assert not [step for step in plan if "TEMP B-TREE" in step], (sql, plan)


@pytest.mark.parametrize("way", ["link.db", "folder/store.db", "folder/link.db", "folder/../link.db"])
async def test_a_store_that_is_open_is_not_opened_by_another_name(path: Path, way: str) -> None:
    folder = path.parent / "kept"
    folder.mkdir()
    real = folder / "store.db"
    (path.parent / "folder").symlink_to(folder, target_is_directory=True)
    (path.parent / "link.db").symlink_to(real)
    (folder / "link.db").symlink_to("store.db")
    other = SQLiteStore(path.parent / way)
    for first, second in ((SQLiteStore(real), other), (other, SQLiteStore(real))):
        await first.open()
        with pytest.raises(StoreUnavailable, match="is open in process"):
            await second.open()
        await first.close()
    assert [each.name for each in folder.glob("*.lock")] == ["store.db.lock"]
    assert [each.name for each in path.parent.glob("*.lock")] == []
