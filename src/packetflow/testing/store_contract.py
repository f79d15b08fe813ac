"""What every Store keeps to, as tests: subclass `StoreContract` and give it a fixture named `store`.

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self) -> AsyncIterator[Store]:
            store = MyStore(...)
            await store.open()
            yield store
            await store.close()

The tests are coroutines, run by pytest with an asyncio plugin. They close and open the store as they need it, so a
store must keep what it holds when the same object is closed and opened again.
"""

from __future__ import annotations

from packetflow.testing.store_actors import ActorsContract
from packetflow.testing.store_journal import JournalContract
from packetflow.testing.store_letters import LettersContract
from packetflow.testing.store_lifecycle import LifecycleContract
from packetflow.testing.store_outbox import OutboxContract
from packetflow.testing.store_prune import PruneContract
from packetflow.testing.store_records import RecordsContract


class StoreContract(
    ActorsContract,
    JournalContract,
    LettersContract,
    OutboxContract,
    RecordsContract,
    PruneContract,
    LifecycleContract,
):
    """Every sentence of the Store port, put to an open and empty store."""
