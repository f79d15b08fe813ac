"""A text that no store and no wire can write is refused at the edge, or simply not found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.tally import Tally, Volatile

import packetflow as pf
from packetflow._core.errors import InvalidInput
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HALF = "a\ud800"


@pytest.fixture(params=["memory", "sqlite"])
async def root(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[pf.Client]:
    store = MemoryStore() if request.param == "memory" else SQLiteStore(data_dir / "store.db")
    async with pf.App(Tally, Volatile, store=store, planners=[]) as client:
        yield client


@pytest.mark.parametrize("kind", [Tally, Volatile])
async def test_no_actor_has_half_a_character_in_its_key(root: pf.Client, kind: Any) -> None:  # noqa: ANN401 - a class
    with pytest.raises(InvalidInput):
        await root.actor(kind, HALF).ask(kind.add, 1)
    with pytest.raises(InvalidInput):
        await root.actor(kind, HALF).tell(kind.add, 1)
    with pytest.raises(InvalidInput, match="the key"):
        await root.call(kind.add, key=HALF, amount=1)


async def test_no_run_and_no_letter_has_half_a_character_in_its_name(root: pf.Client) -> None:
    for look in (root.found, root.retry, root.cancel):
        with pytest.raises(pf.NotFound):
            await look(HALF)
    with pytest.raises(pf.NotFound):
        await root.approve(HALF, "x")
    with pytest.raises(pf.NotFound):
        await root.stop_actor(f"tally:{HALF}")
    assert await root.letters(key=HALF) == []
    assert await root.runs(limit=10**30) == []


async def test_a_request_with_half_a_character_is_refused(root: pf.Client) -> None:
    with pytest.raises(InvalidInput, match="half a character"):
        await root.plan(f"add 5 to {HALF}")
    with pytest.raises(InvalidInput, match="half a character"):
        await root.plan("add 5", key=HALF)
