"""What a sceptic tried: nothing of it works, and nothing of it breaks the rest."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import packetflow as pf
from packetflow._core.errors import ContractBroken, InvalidInput, NotAllowed
from packetflow.stores.memory import MemoryStore
from packetflow_chat.agents import PersistentChatAgent
from packetflow_chat.analyses import ANALYSES
from packetflow_chat.rooms import Room, list_rooms
from packetflow_chat.seed import seed


@pf.capability(effect="read")
async def half() -> str:
    """Give half a character."""
    return "\ud800"


@pf.capability(effect="read")
async def curse() -> str:
    """Fail with half a character."""
    raise ValueError("\ud800")


@pf.capability(effect="read")
async def number(value: int) -> int:
    """Give a number back."""
    return value


def app(*more: Any, store: MemoryStore | None = None) -> pf.App:  # noqa: ANN401 - parts
    return pf.App(
        Room, list_rooms, PersistentChatAgent, half, curse, number, *more, store=store or MemoryStore(), planners=[]
    )


async def first(root: pf.Client, kind: type[pf.Actor[Any]], key: str) -> pf.Event:
    async with asyncio.timeout(5):
        async for event in root.subscribe(kind, key):
            return event
    raise LookupError(key)


async def test_nobody_follows_a_private_room_or_anothers_agent_or_any_other_topic() -> None:
    async with app() as root:
        ada, grace = root.delegate("ada"), root.delegate("grace")
        await grace.call("create_room", room_id="board", visibility="private")
        await grace.call("persistent_chat_agent.receive", user_id="grace", message="My salary is a secret.")
        assert await first(grace, Room, "board")
        assert await first(grace, PersistentChatAgent, "grace")
        for kind, key in ((Room, "board"), (PersistentChatAgent, "grace")):
            with pytest.raises(NotAllowed):
                await first(ada, kind, key)
        for topic in ("room/board", "persistent_chat_agent/grace"):
            with pytest.raises(NotAllowed):
                await anext(aiter(root.delegate("nobody", only=[]).events(topic)))


async def test_nobody_reads_as_somebody_else_by_delegating_under_their_name() -> None:
    async with app() as root:
        grace = root.delegate("grace")
        await grace.call("persistent_chat_agent.receive", user_id="grace", message="My salary is a secret.")
        false_grace = root.delegate("ada").delegate("grace")
        assert false_grace.principal == "ada/grace"
        with pytest.raises(NotAllowed):
            await false_grace.call("persistent_chat_agent.memory", user_id="grace")


async def test_half_a_character_in_a_typed_message_is_invalid_input() -> None:
    async with app() as root:
        await root.call("create_room", room_id="board")
        with pytest.raises(InvalidInput):
            await root.actor(Room, "board").ask(Room.post, "\ud800")


async def test_the_owner_sees_in_a_careful_run_what_the_owner_sees_in_any_other() -> None:
    async with app() as root:
        await root.delegate("grace").call("create_room", room_id="board", visibility="private")
        plan = pf.Plan(Room.history.step("board"))
        assert (await root.run(plan)).succeeded
        assert (await root.run(plan, careful=True)).succeeded


async def test_an_output_or_an_error_that_cannot_be_written_ends_its_step_and_its_run() -> None:
    async with asyncio.timeout(10), app() as root:
        with pytest.raises(ContractBroken):
            await root.call(half)
        for step in (half.step(), curse.step()):
            run = await root.run(pf.Plan(step))
            assert run.status == "failed"
            assert (await root.found(run.id)).status == "failed"
            assert [row.status for row in await root.runs(limit=1)] == ["failed"]


async def test_a_plan_and_a_map_have_a_largest_size() -> None:
    async with app() as root:
        many = [number.step(value) for value in range(1001)]
        with pytest.raises(pf.PlanRejected) as caught:
            await root.run(pf.Plan(many[0], *many[1:]))
        assert [problem.code for problem in caught.value.problems] == ["too_large"]
        run = await root.run(pf.Plan(pf.each(list(range(10_001)), number.step)))
        assert run.failure is not None
        assert run.failure.code == "too_many_items"


async def test_the_problems_of_a_large_plan_stay_short() -> None:
    nodes = [
        {"kind": "step", "id": f"n{n}", "capability_id": "number", "inputs": {"value": {"step": "ghost"}}}
        for n in range(900)
    ]
    async with app() as root:
        with pytest.raises(pf.PlanRejected) as caught:
            root.prove(pf.Plan[Any](nodes=nodes, output={"step": "n0"}))
        assert len(caught.value.problems) == 200
        assert max(len(problem.allowed) for problem in caught.value.problems) <= 20


async def test_a_first_start_that_was_cut_off_is_finished_by_the_next_one() -> None:
    store = MemoryStore()

    async def cut(root: pf.Client) -> None:
        await root.actor(Room, "lobby").ask(Room.create, "Lobby")
        raise OSError("the power failed")

    parts = (Room, list_rooms, *ANALYSES)
    with pytest.raises(OSError, match="power"):
        async with pf.App(*parts, store=store, planners=[], seed=cut):
            pass
    for _ in range(2):
        async with pf.App(*parts, store=store, planners=[], seed=seed) as root:
            assert {room.room_id for room in await root.call(list_rooms)} == {"lobby", "room123"}
            assert (await root.call("list_messages", room_id="room123")).total == 10
            assert len(await root.runs()) == 1


async def test_an_app_whose_seed_failed_can_be_entered_again() -> None:
    tries: list[int] = []

    async def once(_: pf.Client) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")

    again = pf.App(number, store=MemoryStore(), planners=[], seed=once)
    with pytest.raises(OSError, match="not yet"):
        async with again:
            pass
    async with again as root:
        assert await root.call(number, value=3) == 3
