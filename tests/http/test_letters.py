import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.http.club import Room
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow.http.client import Remote
from packetflow.stores.memory import MemoryStore


class Bin(pf.Actor[None], name="bin", tries=1):
    """Takes nothing until it is mended."""

    mended = False

    @pf.capability
    async def put(self, thing: str) -> str:
        """Put a thing in."""
        if not Bin.mended:
            raise ValueError(f"no room for {thing}")
        return thing


@pytest.fixture
def app() -> pf.App:
    Bin.mended = False
    return pf.App(Bin, store=MemoryStore(), planners=[])


async def listed(server: Remote, wanted: Callable[[list[dict[str, Any]]], bool], **which: bool) -> list[dict[str, Any]]:
    """Ask until the list of letters is as wanted; every question is a round trip of its own."""
    async with asyncio.timeout(20):
        while True:
            found = await server.letters(dead=which.get("dead"))
            if wanted(found):
                return found


async def test_a_letter_that_failed_for_good_is_seen_replayed_and_taken(app: pf.App) -> None:
    async with serving(app) as served, Remote(served.url) as server:
        root: pf.Client = served.server.api.state.site.root
        await root.actor(Bin, "b").tell(Bin.put, "a shoe")
        [letter] = await listed(server, bool, dead=True)
        assert (letter["type"], letter["key"], letter["inputs"]) == ("bin", "b", {"thing": "a shoe"})
        assert "no room for a shoe" in letter["error"]
        Bin.mended = True
        await server.replay_letter(letter["id"])
        assert await listed(server, lambda found: not found) == []


async def test_a_reminder_is_listed_and_dropped(served: Served) -> None:
    root: pf.Client = served.server.api.state.site.root
    await root.actor(Room, "lobby").remind(after=timedelta(days=1), name="greet").tell(Room.post, "good morning")
    async with Remote(served.url) as server:
        [letter] = await server.letters(kind="room", key="lobby", dead=False)
        assert letter["name"] == "greet"
        assert await server.letters(kind="diary") == []
        await server.drop_letter(letter["id"])
        assert await server.letters() == []


async def test_a_letter_that_is_none_is_a_404(served: Served) -> None:
    for answer in (await served.http.post("/api/letters/x/replay"), await served.http.delete("/api/letters/x")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
