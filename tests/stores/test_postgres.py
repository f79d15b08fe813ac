"""What a PostgreSQL store adds to the contract of every store: groups, hostile values, and a database of its own."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import uvloop
from sqlalchemy import BigInteger, Boolean, LargeBinary, Text
from tests.stores.postgres_server import ask, renamed

from packetflow._core.errors import DeclarationError, StoreConflict, StoreError, StoreUnavailable
from packetflow._core.ports import Commit, Committed
from packetflow.stores.chosen import store_at
from packetflow.stores.postgres.schema import script
from packetflow.stores.postgres.session import SCHEMA
from packetflow.stores.postgres.store import PostgresStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.stores.tables import metadata
from packetflow.testing.store_samples import commit, event, ids, run, seqs

NUMBER = "SELECT pg_current_xact_id()::text::bigint"


@pytest.fixture
async def store(postgres_emptied: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres_emptied)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def beside(postgres_emptied: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection that is not the store's."""
    connection = await asyncpg.connect(postgres_emptied)
    yield connection
    await connection.close()


async def test_commits_that_wait_together_share_a_transaction(store: PostgresStore, beside: asyncpg.Connection) -> None:
    await store.commit(commit("first"))
    before = await beside.fetchval(NUMBER)
    await asyncio.gather(*[store.commit(commit(f"k{number}", new=[event(f"e{number}")])) for number in range(300)])
    assert 2 <= await beside.fetchval(NUMBER) - before <= 4
    assert len(await store.saved()) == 301


async def test_a_group_has_its_limit(postgres_emptied: str, beside: asyncpg.Connection) -> None:
    store = PostgresStore(postgres_emptied, group=1)
    await store.open()
    before = await beside.fetchval(NUMBER)
    await asyncio.gather(*[store.commit(commit(f"k{number}")) for number in range(40)])
    assert await beside.fetchval(NUMBER) - before == 41
    await store.close()
    with pytest.raises(ValueError, match="at least one commit"):
        PostgresStore(postgres_emptied, group=0)


async def test_more_writes_than_the_queue_holds_all_come_through_in_order(store: PostgresStore) -> None:
    count = 10_000
    async with asyncio.timeout(60):
        await asyncio.gather(*[store.append([event(f"e{number}")]) for number in range(count)])
    assert [stored.id for stored in await store.read("Room/lobby", limit=count)] == [f"e{n}" for n in range(count)]


async def test_what_another_process_wrote_is_seen_and_not_overwritten(
    store: PostgresStore, beside: asyncpg.Connection
) -> None:
    """The statements compare what is there, so a store that remembers something else harms nobody."""
    await store.commit(commit("lobby", 0, b"first", [event("e1")]))
    await beside.execute("UPDATE actors SET revision = 7, state = 'theirs'")
    await beside.execute("UPDATE events SET seq = 5")
    with pytest.raises(StoreConflict, match="is at revision 7, not 1"):
        await store.commit(commit("lobby", 1, b"ours", [event("e2")]))
    assert await ids(store) == ["e1"]
    committed = await store.commit(commit("lobby", 7, b"ours", [event("e1"), event("e2")]))
    assert [(each.id, each.seq) for each in committed.events] == [("e2", 6)]


async def test_a_commit_of_an_earlier_epoch_is_refused_alone(store: PostgresStore, beside: asyncpg.Connection) -> None:
    for key in ("a", "b"):
        await store.commit(commit(key, 0, b"first"))
    await beside.execute("UPDATE actors SET epoch = 1 WHERE key = 'a'")
    told = await asyncio.gather(
        *[store.commit(commit(key, 1, b"second")) for key in ("a", "b")], return_exceptions=True
    )
    assert isinstance(told[0], StoreConflict)
    assert told[1] == Committed(2, ())
    assert [saved.state for saved in await store.saved()] == [b"first", b"second"]


HOSTILE = [
    "\0",
    "\1",
    "\2",
    "\0\1",
    "\1\0",
    "a\0b",
    "\1\1",
    "\1\2",
    "\1\3",
    "\0\2",
    "\0\3",
    "",
    "é",
    "\U0001f389",
    "'; DROP TABLE actors; --",
    "%s $1 {}",
]


async def test_hostile_texts_come_back_as_they_were_and_in_their_order(store: PostgresStore) -> None:
    for text in HOSTILE:
        new = [event(text, f"Room/{text}", kind=text or "none")]
        await store.commit(Commit("Room", text, 0, text.encode(), tuple(new), text, text.encode()))
        await store.remember(text, text, text.encode())
        await store.put_run(run(text))
    assert [saved.key for saved in await store.saved("Room")] == sorted(HOSTILE)
    for text in HOSTILE:
        assert await store.reply("Room", text, text) == text.encode()
        assert await ids(store, f"Room/{text}") == [text]
        assert await store.recall(text, text) == text.encode()
        assert (found := await store.run(text)) is not None
        assert found.id == text
        assert [saved.key for saved in await store.saved("Room", after=("Room", text))] == [
            other for other in sorted(HOSTILE) if other > text
        ]


@pytest.mark.parametrize(
    ("key", "refusal"), [("half \ud800", ValueError), ("x" * 9000 + "".join(map(chr, range(300, 9000))), StoreError)]
)
async def test_a_name_that_cannot_be_stored_fails_alone(
    store: PostgresStore, key: str, refusal: type[Exception]
) -> None:
    keys = [f"k{number}" for number in range(20)]
    keys[7] = key
    told = await asyncio.gather(*[store.commit(commit(each)) for each in keys], return_exceptions=True)
    assert [type(outcome) for number, outcome in enumerate(told) if number != 7] == [Committed] * 19
    assert isinstance(told[7], refusal)
    assert [saved.key for saved in await store.saved()] == sorted(keys[:7] + keys[8:])
    with pytest.raises(refusal if refusal is ValueError else AssertionError):
        assert await store.load("Room", key) is not None


async def test_a_number_too_large_fails_alone(store: PostgresStore) -> None:
    good = [store.append([event(f"e{number}")]) for number in range(10)]
    bad = store.commit(Commit("Room", "lobby", 0, b"{}", version=1 << 63))
    *kept, refused = await asyncio.gather(*good, bad, return_exceptions=True)
    assert all(isinstance(outcome, tuple) for outcome in kept)
    assert isinstance(refused, ValueError)
    assert await seqs(store) == list(range(1, 11))


@pytest.mark.parametrize(
    "address", ["mysql://u:sesame@h/db", "postgresql://u:sesame@h:port/db", "postgresql://u:p/sesame@h/db", "sesame"]
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ValueError, match="needs an address such as") as refused:
        PostgresStore(address)
    assert refused.value.__cause__ is None
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ada:s%40cret@db:5433/shop?sslmode=require", "postgresql://ada@db:5433/shop"),
        ("postgres://ada@[::1]:5432/shop", "postgresql://ada@[::1]:5432/shop"),
        ("postgresql://ada:x@db-1:5432,db-2:5433/shop", "postgresql://ada@db-1:5432,db-2:5433/shop"),
        ("postgresql:///shop?user=ada&password=x", "postgresql://ada@/shop"),
    ],
)
def test_an_address_is_shown_without_password_and_options(address: str, shown: str) -> None:
    assert str(PostgresStore(address)) == shown


async def test_a_password_is_shown_nowhere(postgres: str) -> None:
    place, _, options = postgres.partition("?")
    secret = f"{place.replace('postgres@', 'postgres:open%20sesame@')}?{options}&connect_timeout=sesame"
    store = PostgresStore(secret)
    assert "sesame" not in f"{store!r} {store} {store.address!r} {vars(store)}"
    with pytest.raises(StoreUnavailable) as refused:
        await store.open()
    assert "sesame" not in f"{refused.value} {refused.value.details}"
    nobody = PostgresStore(renamed(secret.replace("&connect_timeout=sesame", ""), "nowhere"))
    with pytest.raises(StoreUnavailable, match='database "nowhere" does not exist') as refused:
        await nobody.open()
    assert "sesame" not in str(refused.value)


async def test_two_that_open_an_empty_database_at_once_do_not_race(postgres: str) -> None:
    stores = [PostgresStore(postgres) for _ in range(4)]
    told = await asyncio.gather(*[store.open() for store in stores], return_exceptions=True)
    assert [outcome for outcome in told if outcome is not None and not isinstance(outcome, StoreUnavailable)] == []
    [owner] = [store for store, outcome in zip(stores, told, strict=True) if outcome is None]
    await owner.commit(commit("lobby"))
    await owner.close()
    await stores[0].open()
    assert len(await stores[0].saved()) == 1
    await stores[0].close()


async def test_stores_in_two_schemas_of_a_database_do_not_know_each_other(postgres: str) -> None:
    await asyncio.to_thread(ask, postgres, "CREATE SCHEMA other")
    first, second = PostgresStore(postgres), PostgresStore(f"{postgres}&options=-csearch_path%3Dother")
    await first.open()
    await second.open()
    await first.commit(commit("lobby", 0, b"first"))
    assert await second.load("Room", "lobby") is None
    await second.commit(commit("lobby", 0, b"second"))
    assert [saved.state for saved in await first.saved()] == [b"first"]
    await first.close()
    await second.close()


async def test_a_cancelled_opening_lets_the_database_go(postgres: str) -> None:
    store = PostgresStore(postgres)
    for _ in range(3):
        opening = asyncio.create_task(store.open())
        await asyncio.sleep(0.02)  # somewhere in the middle
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        if not opening.cancelled():
            await store.close()
    async with asyncio.timeout(20):
        await store.open()
        await store.close()


async def test_a_database_of_a_newer_packetflow_is_refused_and_left_alone(postgres: str) -> None:
    store = PostgresStore(postgres)
    await store.open()
    await store.put_run(run("run-1", status="running"))
    await store.close()
    await asyncio.to_thread(ask, postgres, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="schema 9999, this one knows"):
        await store.open()
    assert (await asyncio.to_thread(ask, postgres, "SELECT status FROM runs"))[0][0] == "running"


async def test_the_database_of_another_program_is_refused_and_left_alone(postgres: str) -> None:
    await asyncio.to_thread(ask, postgres, "CREATE TABLE events (guests int)")
    with pytest.raises(StoreUnavailable, match="is the database of another program"):
        await PostgresStore(postgres).open()
    assert len(await asyncio.to_thread(ask, postgres, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")) == 1


async def test_a_database_that_is_not_in_unicode_is_refused(postgres_session: str) -> None:
    name = "packetflow_test_latin"
    await asyncio.to_thread(
        ask, postgres_session, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    )
    with pytest.raises(StoreUnavailable, match="is in LATIN1; a store needs UTF8"):
        await PostgresStore(renamed(postgres_session, name)).open()
    await asyncio.to_thread(ask, postgres_session, f"DROP DATABASE {name} WITH (FORCE)")


async def test_acknowledged_means_flushed_even_where_the_database_would_not_wait(postgres: str) -> None:
    name = postgres.partition("?")[0].rpartition("/")[2]
    await asyncio.to_thread(ask, postgres, f"ALTER DATABASE {name} SET synchronous_commit = off")
    store = PostgresStore(postgres)
    await store.open()
    noting = "INSERT INTO seen VALUES (current_setting('synchronous_commit'))"
    for statement in (
        "CREATE TABLE seen (setting text)",
        f"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {noting}; RETURN NEW; END $$",
        "CREATE TRIGGER note AFTER INSERT ON actors EXECUTE FUNCTION note()",
    ):
        await asyncio.to_thread(ask, postgres, statement)
    await store.commit(commit("lobby"))
    await store.close()
    assert [row[0] for row in await asyncio.to_thread(ask, postgres, "SELECT setting FROM seen")] == ["on"]


async def test_a_store_belongs_to_the_loop_that_opened_it(store: PostgresStore) -> None:
    with pytest.raises(StoreUnavailable, match="belongs to the"):
        await asyncio.to_thread(lambda: asyncio.run(store.saved()))
    with pytest.raises(StoreUnavailable, match="belongs to the"):
        await asyncio.to_thread(lambda: asyncio.run(store.commit(commit("lobby"))))


def test_it_works_on_uvloop(postgres_emptied: str) -> None:
    async def main() -> list[int]:
        store = PostgresStore(postgres_emptied)
        await store.open()
        told = await asyncio.gather(*[store.commit(commit(f"k{number}", new=[event("e1")])) for number in range(50)])
        await store.close()
        return [committed.revision for committed in told]

    assert uvloop.run(main()) == [1] * 50


def test_an_address_names_its_store(postgres: str) -> None:
    assert isinstance(store_at(postgres), PostgresStore)
    assert isinstance(store_at("data/packetflow.db"), SQLiteStore)
    for wrong, said in (
        ("mysql://h/db", "there is no store for mysql"),
        ("postgresql://a:b/c@d/e", "needs an address"),
    ):
        with pytest.raises(DeclarationError, match=said):
            store_at(wrong)


TYPES = {Text: "text", BigInteger: "bigint", LargeBinary: "bytea", Boolean: "boolean"}


async def test_the_migrations_lead_to_the_tables_that_statements_are_built_from(
    store: PostgresStore, beside: asyncpg.Connection
) -> None:
    del store
    for table in metadata.sorted_tables:
        found = await beside.fetch(
            "SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
            table.name,
        )
        expected = {
            column.name: (
                next(name for kind, name in TYPES.items() if isinstance(column.type, kind)),
                "YES" if column.nullable else "NO",
                "C" if isinstance(column.type, Text) else None,
            )
            for column in table.c
        }
        assert {row[0]: tuple(row)[1:] for row in found} == expected
        indexes = await beside.fetch("SELECT indexname FROM pg_indexes WHERE tablename = $1", table.name)
        assert {row[0] for row in indexes} == {index.name for index in table.indexes} | {f"{table.name}_pkey"}
    version = await beside.fetchval("SELECT version_num FROM alembic_version")
    assert version == SCHEMA
    assert script(SCHEMA).strip() == ""
