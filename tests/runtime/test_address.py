"""The short way to an actor says the same as the long one: arguments, refusals, crashes, authority."""

import asyncio
from typing import Any, TypeAlias

import pytest
from tests.runtime.tally import table

import packetflow as pf
from packetflow._core.errors import CapabilityFailed, InvalidInput, NotAllowed
from packetflow.stores.memory import MemoryStore


class Echo(pf.Actor[None], durability="volatile"):
    """Says what it was told."""

    __slots__ = ("heard",)

    def started(self) -> None:
        self.heard = 0

    @pf.capability
    def told(self, message: str = "none", first: int = 0, *, key_: bool = False) -> list[Any]:
        """Say it at once."""
        self.heard += 1
        return [message, first, key_, self.heard]

    @pf.capability
    async def asked(self, message: str = "none", first: int = 0, *, key_: bool = False) -> list[Any]:
        """Say it, when awaited."""
        self.heard += 1
        return [message, first, key_, self.heard]

    @pf.capability
    async def paused(self, message: str = "none", first: int = 0, *, key_: bool = False) -> list[Any]:
        """Say it a little later."""
        await asyncio.sleep(0)
        self.heard += 1
        return [message, first, key_, self.heard]

    @pf.capability
    def confused(self) -> None:
        """Raise what a wrong call raises, too."""
        raise TypeError("its own fault")


Said: TypeAlias = pf.ActorCapability[Echo, ..., list[Any]]
MESSAGES = pytest.mark.parametrize("message", [Echo.told, Echo.asked, Echo.paused], ids=lambda m: m.id)


@pytest.fixture
def app() -> pf.App:
    return pf.App(Echo, store=MemoryStore(), planners=[])


@MESSAGES
async def test_arguments_arrive_however_they_are_given(root: pf.Client, message: Said) -> None:
    echo = root.actor(Echo, "one")
    for heard in (0, 6):  # the first time each is decided, the second time it is known
        assert await echo.ask(message) == ["none", 0, False, heard + 1]
        assert await echo.ask(message, "a") == ["a", 0, False, heard + 2]
        assert await echo.ask(message, "a", 1) == ["a", 1, False, heard + 3]
        assert await echo.ask(message, "a", first=1, key_=True) == ["a", 1, True, heard + 4]
        assert await echo.ask(message, message="a", first=1) == ["a", 1, False, heard + 5]
        assert await echo.ask(message, key_=True) == ["none", 0, True, heard + 6]


@MESSAGES
async def test_wrong_arguments_are_the_callers_fault_on_the_short_way_too(
    app: pf.App, root: pf.Client, message: Said
) -> None:
    echo = root.actor(Echo, "one")
    await echo.ask(message, "a")
    for _ in range(5):
        with pytest.raises(InvalidInput):
            await echo.ask(message, "a", 1, True)
        with pytest.raises(InvalidInput):
            await echo.ask(message, colour="red")
    assert (await echo.ask(message))[-1] == 2
    assert table(app, Echo).supervision.restarts == 0


async def test_a_type_error_of_the_handlers_own_is_a_crash(app: pf.App, root: pf.Client) -> None:
    echo = root.actor(Echo, "one")
    for _ in range(3):
        with pytest.raises(CapabilityFailed, match="its own fault"):
            await echo.ask(Echo.confused)
    assert table(app, Echo).supervision.restarts == 3


async def test_a_known_way_leads_to_whichever_actor_is_awake_under_the_key(root: pf.Client) -> None:
    echo = root.actor(Echo, "one")
    assert [(await echo.ask(Echo.told))[-1] for _ in range(3)] == [1, 2, 3]
    assert await root.stop_actor("echo:one")
    assert [(await echo.ask(Echo.told))[-1] for _ in range(3)] == [1, 2, 3]
    assert (await root.actor(Echo, "two").ask(Echo.told))[-1] == 1


async def test_what_was_allowed_to_one_holder_is_decided_anew_for_another(root: pf.Client) -> None:
    await root.actor(Echo, "one").ask(Echo.told)
    narrow = root.delegate("guest", only=[Echo.asked])
    assert await narrow.actor(Echo, "one").ask(Echo.asked)
    for _ in range(2):
        with pytest.raises(NotAllowed):
            await narrow.actor(Echo, "one").ask(Echo.told)
        with pytest.raises(NotAllowed):
            await narrow.actor(Echo, "one").tell(Echo.told)


async def test_a_right_that_depends_on_the_arguments_is_decided_each_time(root: pf.Client) -> None:
    bounded = root.delegate(
        "guest", only=[Echo.told], limits={"echo.told": {"first": pf.Constraint(op="max", value=5)}}
    )
    echo = bounded.actor(Echo, "one")
    for _ in range(3):
        assert (await echo.ask(Echo.told, "a", 5))[1] == 5
        with pytest.raises(NotAllowed):
            await echo.ask(Echo.told, "a", 6)
