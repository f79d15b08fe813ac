"""What every Store keeps to, as tests: subclass `StoreContract` and give it a fixture named `store`.

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self) -> AsyncIterator[Store]:
            store = MyStore(...)
            await store.open()
            yield store
            await store.close()

The tests are coroutines, for pytest with pytest-asyncio or anyio. They close and open the store as they need it, so it
must keep what it holds when the same object is closed and opened again.
"""
# ruff: noqa: D101, D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

from packetflow.testing.stores.actors import ActorsContract
from packetflow.testing.stores.journal import JournalContract
from packetflow.testing.stores.lifecycle import LifecycleContract
from packetflow.testing.stores.records import RecordsContract


class StoreContract(ActorsContract, JournalContract, RecordsContract, LifecycleContract):
    """Every sentence of the Store port, put to a store on its own event loop."""
