"""The one door: decided, checked, bounded, recorded, whoever comes in."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Literal

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.errors import (
    ConfirmationRequired,
    ContractBroken,
    DeadlineExceeded,
    InvalidInput,
    NotAllowed,
    UnknownCapability,
)
from packetflow._runtime.client import Client
from packetflow.stores.memory import MemoryStore


class Order(BaseModel):
    item: str
    count: int


class Purse(pf.Actor[dict[str, int]], key="owner"):
    """A purse."""

    @pf.capability
    def put(self, coins: int) -> int:
        """Put coins in."""
        self.state["coins"] = self.state.get("coins", 0) + coins
        return self.state["coins"]

    @pf.capability(effect="read")
    def look(self) -> int:
        """Count the coins."""
        return self.state.get("coins", 0)


@pf.capability(effect="write")
async def order(item: str, count: int = 1, colour: Literal["red", "blue"] = "red") -> Order:
    """Order an item."""
    del colour
    return Order(item=item, count=count)


@pf.capability(effect="read")
async def liar() -> int:
    """Promise a number."""
    return "many"  # type: ignore[return-value] # the promise it breaks


@pf.capability(effect="read", timeout=timedelta(milliseconds=20))
async def sleeper() -> None:
    """Never answer."""
    await asyncio.Event().wait()


@pf.capability(effect="read")
def thread_name() -> str:
    """Name the thread."""
    return threading.current_thread().name


@pf.capability(effect="read")
async def whoami(ctx: pf.Context) -> str:
    """Name the caller."""
    return ctx.principal


@pf.capability(effect="write")
async def outer(ctx: pf.Context, coins: int) -> int:
    """Use another capability and an actor."""
    await ctx.call(order, item="x")
    return await ctx.actor(Purse, ctx.principal).ask(Purse.put, coins)


PARTS = (Purse, order, liar, sleeper, thread_name, whoami, outer)


def app(store: MemoryStore | None = None) -> pf.App:
    return pf.App(*PARTS, store=store or MemoryStore(), planners=[])


async def test_a_call_by_declaration_or_id_gives_the_typed_output() -> None:
    async with app() as root:
        assert await root.call(order, item="tea") == Order(item="tea", count=1)
        assert await root.call("order", item="tea", count=2) == Order(item="tea", count=2)


async def test_every_missing_unknown_and_wrong_field_is_named() -> None:
    async with app() as root:
        with pytest.raises(InvalidInput) as caught:
            await root.call("order", count="two", colour="green", size=3)
        found = {(problem.code, problem.path) for problem in caught.value.problems}
        assert found == {
            ("missing", ("item",)),
            ("wrong_value", ("count",)),
            ("wrong_value", ("colour",)),
            ("unknown_field", ("size",)),
        }


async def test_an_output_that_breaks_its_promise_is_an_error_and_no_success() -> None:
    async with app() as root:
        with pytest.raises(ContractBroken, match="breaks its promise"):
            await root.call(liar)


async def test_a_call_that_takes_too_long_is_cancelled() -> None:
    async with app() as root:
        with pytest.raises(DeadlineExceeded):
            await root.call(sleeper)
        with pytest.raises(DeadlineExceeded):
            await root.within(deadline=0.01).call(sleeper)


async def test_a_plain_function_runs_in_a_worker_thread() -> None:
    async with app() as root:
        assert await root.call(thread_name) != threading.main_thread().name


async def test_an_unknown_capability_is_told_with_the_nearest_ones() -> None:
    async with app() as root:
        with pytest.raises(UnknownCapability) as caught:
            await root.call("ordre_item")
        assert caught.value.details["near"] == ["order"]


async def test_what_is_not_granted_is_as_unknown_as_what_does_not_exist() -> None:
    async with app() as root:
        ada = root.delegate("ada", only=[whoami])
        assert list(ada.capabilities) == ["whoami"]
        with pytest.raises(UnknownCapability) as denied:
            await ada.call("order", item="x")
        with pytest.raises(UnknownCapability) as absent:
            await ada.call("no_such", item="x")
        assert str(denied.value).replace("order", "no_such") == str(absent.value)


async def test_a_typed_message_that_is_not_granted_is_refused() -> None:
    async with app() as root:
        ada = root.delegate("ada", only=[Purse.look])
        assert await ada.actor(Purse, "ada").ask(Purse.look) == 0
        with pytest.raises(NotAllowed):
            await ada.actor(Purse, "ada").ask(Purse.put, 5)
        with pytest.raises(NotAllowed):
            await ada.actor(Purse, "ada").tell(Purse.put, 5)
        assert await root.actor(Purse, "ada").ask(Purse.look) == 0


async def test_limits_on_arguments_hold_for_calls_and_typed_messages() -> None:
    limit = {"purse.put": {"coins": pf.Constraint(op="max", value=5), "owner": pf.Constraint(op="eq", value="ada")}}
    async with app() as root:
        ada = root.delegate("ada", only=[Purse], limits=limit)
        assert await ada.call("purse.put", owner="ada", coins=5) == 5
        for owner, coins in (("ada", 6), ("bob", 1)):
            with pytest.raises(NotAllowed):
                await ada.call("purse.put", owner=owner, coins=coins)
            with pytest.raises(NotAllowed):
                await ada.actor(Purse, owner).ask(Purse.put, coins)
        assert await ada.actor(Purse, "ada").ask(Purse.put, 1) == 6


async def test_a_capability_calls_on_with_its_callers_authority_and_no_more() -> None:
    async with app() as root:
        rich = root.delegate("ada", only=[outer, order, Purse])
        assert await rich.call(outer, coins=3) == 3
        poor = root.delegate("bob", only=[outer, order])
        with pytest.raises(NotAllowed):
            await poor.call(outer, coins=3)


async def test_identity_comes_from_the_grant_and_acting_for_others_has_to_be_granted() -> None:
    async with app() as root:
        assert await root.acting_for("ada").call(whoami) == "ada"
        ada = root.delegate("ada")
        assert await ada.call(whoami) == "ada"
        with pytest.raises(NotAllowed):
            ada.acting_for("bob")


async def test_a_repeated_message_id_gives_the_first_reply_and_acts_once() -> None:
    async with app() as root:
        once = root.within(message_id="m-1")
        assert [await once.call("purse.put", owner="ada", coins=2) for _ in range(3)] == [2, 2, 2]
        assert await root.call("purse.look", owner="ada") == 2


async def test_each_decision_is_audited_once_and_each_call_recorded_once() -> None:
    store = MemoryStore()
    served = app(store)
    async with served as root:
        ada = Client(served.parts, root.delegate("ada", only=[order]).grant.confirming(["write"]))
        with pytest.raises(ConfirmationRequired) as caught:
            await ada.call(order, item="x")
        digest = str(caught.value.details["digest"])
        await ada.within(confirmed=[digest], trace_id="a" * 32).call(order, item="x")
        with pytest.raises(UnknownCapability):
            await ada.call(whoami)
    await store.open()
    audits = await store.audits(principal="ada")
    assert [(a.capability_id, a.verdict) for a in reversed(audits)] == [
        ("order", "confirm"),
        ("order", "allow"),
        ("whoami", "deny"),
    ]
    calls = await store.calls(trace_id="a" * 32)
    assert [(c.capability_id, c.principal, c.outcome, c.error_code) for c in calls] == [("order", "ada", "ok", None)]
    assert calls[0].seconds > 0
