"""A saved state grows with its program: upcast step by step, never read by an older one, never overwritten unread."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.runtime.mail import make_store

import packetflow as pf
from packetflow._core.errors import DeclarationError, StoreError
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

Kept = MemoryStore | SQLiteStore


class First(BaseModel):
    name: str = ""


class Third(BaseModel):
    given: str = ""
    family: str = ""
    greeted: int = 0


class Person(pf.Actor[First]):
    """A person as the first program knew them."""

    @pf.capability
    def rename(self, name: str) -> None:
        """Give a name."""
        self.state.name = name


STEPS: list[int] = []


class Newer(pf.Actor[Third], name="person", version=3):
    """A person as the third program knows them."""

    @classmethod
    def upcast(cls, state: dict[str, Any], version: int) -> dict[str, Any]:
        """Split the name, then count greetings."""
        STEPS.append(version)
        if version == 1:
            given, _, family = state["name"].partition(" ")
            return {"given": given, "family": family}
        return {**state, "greeted": 7}

    @pf.capability
    def greet(self) -> str:
        """Greet."""
        self.state.greeted += 1
        return f"{self.state.given}|{self.state.family}|{self.state.greeted}"

    @pf.capability(effect="read")
    def family(self) -> str:
        """Tell the family's name."""
        return self.state.family


class Careless(pf.Actor[Third], name="person", version=3):
    """A person whose program forgot to say how it comes from the first."""

    @pf.capability
    def greet(self) -> str:
        """Greet."""
        return self.state.given


class Clumsy(Newer, name="person"):
    """A person whose program cannot do it."""

    @classmethod
    def upcast(cls, state: dict[str, Any], version: int) -> dict[str, Any]:
        """Go one step and fail at the next."""
        if version == 1:
            return {"given": state["name"]}
        raise KeyError("greeted")


class Wrong(Newer, name="person"):
    """A person who becomes a list."""

    @classmethod
    def upcast(cls, state: dict[str, Any], version: int) -> Any:  # noqa: ANN401 - the point
        """Give a list."""
        return [state, version]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, data_dir: Path) -> Kept:
    """Return a store of each sort."""
    STEPS.clear()
    return make_store(request.param, data_dir)


async def save_first(store: Kept) -> None:
    """Let the first program save a person."""
    async with pf.App(Person, store=store, planners=[]) as root:
        await root.actor(Person, "ada").ask(Person.rename, "Ada Lovelace")


async def test_an_older_state_is_brought_up_one_version_at_a_time(store: Kept) -> None:
    await save_first(store)
    async with pf.App(Newer, store=store, planners=[]) as root:
        assert await root.actor(Newer, "ada").ask(Newer.greet) == "Ada|Lovelace|8"
        assert STEPS == [1, 2]
        saved = await store.load("person", "ada")
        assert saved is not None
        assert (saved.version, saved.revision) == (3, 2)
    async with pf.App(Newer, store=store, planners=[]) as root:
        assert await root.actor(Newer, "ada").ask(Newer.greet) == "Ada|Lovelace|9"
        assert STEPS == [1, 2]


async def test_looking_at_an_older_state_brings_it_up_and_changes_nothing(store: Kept) -> None:
    await save_first(store)
    app = pf.App(Newer, store=store, planners=[])
    async with app as root:
        found = app.parts.engine.saved(Newer, root.context)
        assert [state.family async for _, state in found] == ["Lovelace"]
        view = await root.actor_info("person:ada")
        assert view.state == {"given": "Ada", "family": "Lovelace", "greeted": 7}
        assert await root.actor(Newer, "ada").ask(Newer.family) == "Lovelace"
        saved = await store.load("person", "ada")
        assert saved is not None
        assert (saved.version, saved.revision) == (1, 1)


async def test_an_older_program_refuses_a_newer_state_and_leaves_it(store: Kept) -> None:
    await save_first(store)
    async with pf.App(Newer, store=store, planners=[]) as root:
        await root.actor(Newer, "ada").ask(Newer.greet)
    before = None
    async with pf.App(Person, store=store, planners=[]) as root:
        before = await store.load("person", "ada")
        with pytest.raises(StoreError, match=r"version 3 and this program knows 1"):
            await root.actor(Person, "ada").ask(Person.rename, "Bob")
        assert await store.load("person", "ada") == before


@pytest.mark.parametrize(
    ("kind", "says"), [(Careless, "give the class an `upcast"), (Clumsy, "its upcast failed"), (Wrong, "but list")]
)
async def test_a_state_that_cannot_be_brought_up_is_an_error_and_stays(
    store: Kept, kind: type[Newer], says: str
) -> None:
    await save_first(store)
    async with pf.App(kind, store=store, planners=[]) as root:
        before = await store.load("person", "ada")
        for _ in range(2):
            with pytest.raises(StoreError, match=says):
                await root.actor(kind, "ada").ask(kind.greet)
        assert await store.load("person", "ada") == before


async def test_what_an_upcast_gives_beyond_the_type_is_refused_and_not_dropped(store: Kept) -> None:
    class Extra(Newer, name="person"):
        @classmethod
        def upcast(cls, state: dict[str, Any], version: int) -> dict[str, Any]:
            """Keep what the type does not know."""
            return {"given": "x", "old_name": state.get("name", version)}

    await save_first(store)
    async with pf.App(Extra, store=store, planners=[]) as root:
        with pytest.raises(StoreError, match="old_name"):
            await root.actor(Extra, "ada").ask(Extra.greet)


async def test_an_upcast_to_a_state_that_does_not_fit_is_an_error(store: Kept) -> None:
    class Misfit(Newer, name="person"):
        @classmethod
        def upcast(cls, state: dict[str, Any], version: int) -> dict[str, Any]:
            """Give a count that is none."""
            return {**state, "greeted": f"many {version}"}

    await save_first(store)
    async with pf.App(Misfit, store=store, planners=[]) as root:
        with pytest.raises(StoreError, match="does not fit"):
            await root.actor(Misfit, "ada").ask(Misfit.greet)


def test_versions_begin_at_one() -> None:
    with pytest.raises(DeclarationError, match="version"):

        class _Zero(pf.Actor[None], name="zero", version=0):  # pyright: ignore[reportUnusedClass]
            pass
