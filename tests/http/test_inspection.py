from collections.abc import AsyncGenerator

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.ports import Commit
from packetflow.stores.memory import MemoryStore


class Count(BaseModel):
    value: int = 0


class Kept(pf.Actor[Count]):
    @pf.capability
    async def up(self) -> int:
        """Count one up."""
        self.state.value += 1
        return self.state.value


class Lazy(pf.Actor[Count], durability="snapshot"):
    @pf.capability
    async def up(self) -> int:
        """Count one up."""
        self.state.value += 1
        return self.state.value


class Fleeting(pf.Actor[Count], durability="volatile"):
    @pf.capability
    def up(self) -> int:
        """Count one up."""
        self.state.value += 1
        return self.state.value


class Bare(pf.Actor[None], durability="volatile"):
    @pf.capability(effect="read")
    def hello(self) -> str:
        """Say hello."""
        return "hello"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def root(store: MemoryStore) -> AsyncGenerator[pf.Client]:
    async with pf.App(Kept, Lazy, Fleeting, Bare, store=store, planners=[]) as client:
        yield client


async def test_the_state_shown_is_the_committed_one_or_the_one_in_memory(root: pf.Client) -> None:
    for _ in range(2):
        await root.actor(Kept, "a").ask(Kept.up)
        await root.actor(Lazy, "a").ask(Lazy.up)
        await root.actor(Fleeting, "a").ask(Fleeting.up)
    await root.actor(Bare, "a").ask(Bare.hello)
    states = {name: (await root.actor_info(f"{name}:a")).state for name in ("kept", "lazy", "fleeting", "bare")}
    assert states == {"kept": {"value": 2}, "lazy": {"value": 2}, "fleeting": {"value": 2}, "bare": None}


async def test_a_stopped_actor_leaves_what_its_durability_promises(root: pf.Client) -> None:
    await root.actor(Lazy, "a").ask(Lazy.up)
    await root.actor(Fleeting, "a").ask(Fleeting.up)
    assert await root.stop_actor("lazy:a") is True
    assert await root.stop_actor("fleeting:a") is True
    assert (await root.actor_info("lazy:a")).state == {"value": 1}
    with pytest.raises(pf.NotFound):
        await root.actor_info("fleeting:a")
    with pytest.raises(pf.NotFound):
        await root.stop_actor("fleeting:a")
    with pytest.raises(pf.NotFound):
        await root.forget_actor("fleeting:a")


async def test_an_actor_that_was_only_ever_saved_can_be_forgotten(root: pf.Client) -> None:
    await root.actor(Kept, "a").ask(Kept.up)
    await root.stop_actor("kept:a")
    assert await root.forget_actor("kept:a") is True
    assert await root.actor(Kept, "a").ask(Kept.up) == 1


async def test_thousands_of_actors_are_listed_once_each_and_in_order(root: pf.Client, store: MemoryStore) -> None:
    saved = [f"s{number:04}" for number in range(1200)]
    for key in saved:
        await store.commit(Commit("kept", key, 0, b'{"value":1}'))
    for key in ("a", "s0500x", "z"):
        await root.actor(Kept, key).ask(Kept.up)
    await root.actor(Fleeting, "f").ask(Fleeting.up)
    seen: list[str] = []
    after = ""
    while page := await root.actors(after=after, limit=333):
        seen += [info.id for info in page]
        after = page[-1].id
    assert seen == ["fleeting:f", *(f"kept:{key}" for key in sorted([*saved, "a", "s0500x", "z"]))]
    assert [info.id for info in await root.actors("kept", limit=2)] == ["kept:a", "kept:s0000"]


async def test_whoever_holds_less_than_all_authority_finds_no_actor(root: pf.Client) -> None:
    await root.actor(Kept, "a").ask(Kept.up)
    await root.actor(Bare, "a").ask(Bare.hello)
    for less in (root.delegate("reader", only=[Bare.hello]), root.delegate("all", only=[Kept, Bare, Lazy, Fleeting])):
        assert await less.actors() == []
        for ask in (less.actor_info, less.stop_actor, less.forget_actor):
            for actor_id in ("kept:a", "bare:a"):
                with pytest.raises(pf.NotFound):
                    await ask(actor_id)
    assert [info.id for info in await root.actors()] == ["bare:a", "kept:a"]
