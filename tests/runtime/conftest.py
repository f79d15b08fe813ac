"""Apps for the runtime's tests."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.runtime.tally import GATES, Snapshot, Tally, Volatile

import packetflow as pf
from packetflow.stores.memory import MemoryStore


@pytest.fixture(autouse=True)
def _closed_gates() -> Iterator[None]:
    GATES.clear()
    yield
    GATES.clear()


@pytest.fixture
def store() -> MemoryStore:
    """Return the store of the app."""
    return MemoryStore()


@pytest.fixture
def app(store: MemoryStore) -> pf.App:
    """Return an app with tallies of each durability, not started."""
    return pf.App(Tally, Snapshot, Volatile, store=store, planners=[])


@pytest.fixture
async def root(app: pf.App) -> AsyncIterator[pf.Client]:
    """Start the app; afterwards no task of it may be left, and none may have failed unheard."""
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unheard.append(what))
    before = asyncio.all_tasks() - {asyncio.current_task()}
    async with app as root:
        yield root
    assert asyncio.all_tasks() - {asyncio.current_task()} <= before
    gc.collect()  # what failed is told when its task goes
    assert not unheard
