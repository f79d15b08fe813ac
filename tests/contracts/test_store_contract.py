"""The one contract of every Store, put to each of ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from packetflow._core.ports import Store
from packetflow.stores.memory import MemoryStore
from packetflow.stores.postgres.store import PostgresStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = MemoryStore()
        await store.open()
        yield store
        await store.close()


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    async def store(self, data_dir: Path) -> AsyncIterator[Store]:
        store = SQLiteStore(data_dir / "store.db")
        await store.open()
        yield store
        await store.close()


class TestSQLiteStoreOfSmallGroups(StoreContract):
    """Groups of three, so that the tests' writes fall into many transactions and cross their borders."""

    @pytest.fixture
    async def store(self, data_dir: Path) -> AsyncIterator[Store]:
        store = SQLiteStore(data_dir / "store.db", group=3)
        await store.open()
        yield store
        await store.close()


class TestPostgresStore(StoreContract):
    @pytest.fixture
    async def store(self, postgres_emptied: str) -> AsyncIterator[Store]:
        store = PostgresStore(postgres_emptied)
        await store.open()
        yield store
        await store.close()


class TestPostgresStoreOfSmallGroups(StoreContract):
    """Groups of three, so that the tests' writes fall into many transactions and cross their borders."""

    @pytest.fixture
    async def store(self, postgres_emptied: str) -> AsyncIterator[Store]:
        store = PostgresStore(postgres_emptied, group=3)
        await store.open()
        yield store
        await store.close()
