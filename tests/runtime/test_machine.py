"""A state machine is driven by events, keeps where each instance is, and sets off what its moves say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel
from tests.runtime.workshop import CALLS, book, ended, fetch, nodes, working

import packetflow as pf
from packetflow._core.errors import DeclarationError, NotAllowed, PlanRejected, UnknownCapability


class Paid(pf.Event):
    order_id: str
    amount: int


class Shipped(pf.Event):
    order_id: str


class Returned(pf.Event):
    order_id: str


class Till(BaseModel):
    taken: int = 0


class Shop(pf.Actor[Till]):
    """A shop, which tells what happens to orders."""

    @pf.capability
    async def pay(self, order_id: str, amount: int) -> int:
        """Pay an order."""
        self.state.taken += amount
        self.emit(Paid(order_id=order_id, amount=amount))
        return self.state.taken

    @pf.capability
    async def ship(self, order_id: str) -> str:
        """Ship an order."""
        self.emit(Shipped(order_id=order_id))
        return order_id


def of_order(event: Any, shop: str) -> str:  # noqa: ANN401 - an event of an order
    del shop
    return event.order_id


ORDERS = pf.machine(
    "order",
    ["new", "owing", "paid", "done"],
    [
        pf.move(
            Paid,
            ["new", "owing"],
            "paid",
            key=of_order,
            when=lambda event, _: pf.when(event.amount, "ge", 10),
            do=lambda event, _: book.step(event.order_id),
        ),
        pf.move(Paid, "new", "owing", key=of_order),
        pf.move(Shipped, "paid", "done", key=of_order),
    ],
    key="order_id",
    finalize=lambda moved, _: fetch.step(moved.key),
)


async def moves(root: pf.Client, order: str, count: int) -> list[pf.Event]:
    found: list[pf.Event] = []
    async with asyncio.timeout(10):
        async for event in root.subscribe(ORDERS.actor, order):
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_events_move_an_instance_and_what_they_set_off_runs_once_in_the_name_of_the_machine() -> None:
    async with working(Shop, ORDERS) as root:
        shop = root.actor(Shop, "corner")
        await shop.ask(Shop.pay, "o1", 20)
        await shop.ask(Shop.ship, "o1")
        told = await moves(root, "o1", 2)
        assert [(one.origin, one.state, one.event) for one in told if isinstance(one, pf.Moved)] == [
            ("new", "paid", "Paid"),
            ("paid", "done", "Shipped"),
        ]
        await CALLS.reach(2)
        assert sorted(CALLS) == ["book o1", "fetch o1"]
        assert (await root.call(ORDERS.where, order_id="o1")).model_dump(include={"state", "moves", "final"}) == {
            "state": "done",
            "moves": 2,
            "final": True,
        }
        assert {run.principal: nodes(run) for run in await ended(root, 2)} == {
            "on/order.move0": ["book"],
            "on/order.finalize": ["fetch"],
        }


async def test_an_event_that_leads_nowhere_is_told_and_changes_nothing() -> None:
    async with working(Shop, ORDERS) as root:
        await root.actor(Shop, "corner").ask(Shop.ship, "o2")
        (told,) = await moves(root, "o2", 1)
        assert isinstance(told, pf.Unmoved)
        assert (told.event, told.state) == ("Shipped", "new")
        assert (await root.call(ORDERS.where, order_id="o2")).state == "new"


async def test_a_condition_decides_between_two_moves_and_instances_do_not_mix() -> None:
    async with working(Shop, ORDERS) as root:
        shop = root.actor(Shop, "corner")
        await shop.ask(Shop.pay, "o3", 5)
        await shop.ask(Shop.pay, "o4", 50)
        await moves(root, "o3", 1)
        await moves(root, "o4", 1)
        states = [(await root.actor(ORDERS.actor, order).ask(ORDERS.where)).state for order in ("o3", "o4", "o5")]
        assert states == ["owing", "paid", "new"]
        await shop.ask(Shop.pay, "o3", 10)
        await moves(root, "o3", 2)
        assert (await root.call("order.where", order_id="o3")).state == "paid"


async def test_a_machine_is_found_like_any_capability() -> None:
    async with working(Shop, ORDERS) as root:
        found = [declared.id for declared, _ in root.capabilities.find("in which state is the instance")]
        assert found[0] == "order.where"


@pytest.mark.parametrize(
    "narrowed",
    [{"only": ["order.*"]}, {"effects": ["read", "write"]}, {"confirm": ["money"]}, {"only": ["order.take"]}, {}],
)
async def test_nobody_but_its_triggers_and_the_holder_of_all_authority_can_move_a_machine(
    narrowed: dict[str, Any],
) -> None:
    given = {"event": {"order_id": "o7", "amount": 99}, "key": "corner"}
    forged: dict[str, Any] = {"order_id": "o7", "event": "Paid", "given": given}
    async with working(Shop, ORDERS) as root:
        for name in ("eve", "on/order.Paid/eve"):
            eve = root.delegate(name, **narrowed)
            again = eve.delegate("on/order.Paid", only=["order.take"])
            for other in (eve, again):
                with pytest.raises(UnknownCapability):
                    await other.call("order.take", **forged)
                with pytest.raises(NotAllowed):
                    await other.actor(ORDERS.actor, "o7").tell(ORDERS.actor.take, "Paid", given)
                with pytest.raises(PlanRejected, match=r"no capability 'order\.take'"):
                    await other.start(pf.Plan(ORDERS.actor.take.step("o7", "Paid", given)))
                assert "order.take" not in other.capabilities
                assert "order.take" not in [one.id for one, _ in other.capabilities.find("take an event")]
        assert (await root.call(ORDERS.where, order_id="o7")).moves == 0
        assert (await root.call("order.take", **forged)).state == "paid"


@pytest.mark.parametrize(
    ("states", "made", "why"),
    [
        (["new", "paid"], [pf.move(Paid, "new", "sold")], "the state 'sold', and there is none"),
        (["new", "paid"], [pf.move(Paid, "old", "paid")], "the state 'old', and there is none"),
        (["new", "paid", "lost"], [pf.move(Paid, "new", "paid")], "'lost' cannot be reached"),
        (["new", "new"], [], "different texts"),
        ([], [], "different texts"),
        (["new", "a"], [pf.move(Paid, "new", "a"), pf.move(Paid, "new", "new")], "leads out of 'new' before"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(states: list[str], made: list[Any], why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        pf.machine("order", states, made)


def test_a_move_that_is_wired_to_what_its_event_does_not_have_is_refused() -> None:
    wrong = pf.machine(
        "order",
        ["new", "back"],
        [pf.move(Returned, "new", "back", key=of_order, do=lambda event, _: book.step(event.amount))],
    )
    with pytest.raises(DeclarationError, match=r"event\.amount is not promised"):
        pf.App(book, wrong)
