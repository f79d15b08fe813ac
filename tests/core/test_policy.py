"""One decision for each call: allowed only by every caveat, and bound to exactly that call."""

# ruff: noqa: ANN401 - any JSON, and any type, is what this is about

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import packetflow as pf
from packetflow._core.constraint import Constraint
from packetflow._core.grant import Grant
from packetflow._core.policy import Decision, decide, unconditional

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pf.capability(effect="money")
async def pay(to: str, amount: int) -> None:
    """Pay somebody."""


@pf.capability(effect="read", confirm=True)
async def reveal(secret: str) -> None:
    """Show a secret."""


def decision(grant: Grant, now: datetime = NOON, **arguments: Any) -> Decision:
    return decide(pay, arguments, pf.Context("ada", grant), now)


def test_what_is_not_named_is_denied() -> None:
    assert decision(Grant.none(), to="bob", amount=1).verdict == "deny"
    assert decision(Grant.root(), to="bob", amount=1).verdict == "allow"


def test_a_grant_ends_at_its_end() -> None:
    grant = Grant.root().delegate("ada", expires=NOON)
    assert decision(grant, NOON - timedelta(microseconds=1), to="bob", amount=1).verdict == "allow"
    assert decision(grant, NOON, to="bob", amount=1).verdict == "deny"


def test_a_limited_argument_that_is_absent_is_denied() -> None:
    grant = Grant.root().delegate("ada", limits={"pay": {"amount": Constraint(op="max", value=5)}})
    assert decision(grant, to="bob", amount=5).verdict == "allow"
    assert decision(grant, to="bob", amount=6).verdict == "deny"
    assert decision(grant, to="bob").verdict == "deny"


def test_a_confirmation_lets_exactly_one_call_pass() -> None:
    context = pf.Context("ada", Grant.root().delegate("ada").confirming(["money"]))
    asked = decide(pay, {"to": "bob", "amount": 5}, context, NOON)
    assert asked.verdict == "confirm"
    agreed = replace(context, confirmed=frozenset({asked.digest}))
    assert decide(pay, {"to": "bob", "amount": 5}, agreed, NOON).verdict == "allow"
    assert decide(pay, {"to": "bob", "amount": 6}, agreed, NOON).verdict == "confirm"
    assert decide(pay, {"to": "bob", "amount": 5}, replace(agreed, principal="eve"), NOON).verdict == "confirm"


def test_a_holder_cannot_confirm_what_somebody_else_must_agree_to() -> None:
    call: dict[str, Any] = {"to": "bob", "amount": 5}
    bound = Grant.root().delegate("ada", confirm=["money"])
    passed_on = Grant.root().delegate("ada").confirming(["money"]).delegate("ada")
    for grant in (bound, bound.confirming(["money"]), passed_on, Grant.from_json(bound.to_json())):
        context = pf.Context("ada", grant)
        asked = decide(pay, call, context, NOON)
        own = replace(context, confirmed=frozenset({asked.digest}))
        assert decide(pay, call, own, NOON).verdict == "confirm"
        assert "somebody else than 'ada'" in asked.reason
        others = replace(context, approved=frozenset({asked.digest}))
        assert decide(pay, call, others, NOON).verdict == "allow"


def test_a_capability_may_want_a_persons_yes_whatever_the_grant() -> None:
    assert decide(reveal, {"secret": "x"}, pf.Context("ada", Grant.root()), NOON).verdict == "confirm"
    assert not unconditional(reveal, pf.Context("ada", Grant.root()))


def test_a_decision_is_unconditional_only_when_nothing_can_change_it() -> None:
    root = Grant.root()
    assert unconditional(pay, pf.Context("ada", root))
    for narrower in (
        root.delegate("ada", expires=NOON),
        root.delegate("ada", confirm=["money"]),
        root.delegate("ada", limits={"*": {"amount": Constraint(op="max", value=5)}}),
        root.delegate("ada", only=["other"]),
    ):
        assert not unconditional(pay, pf.Context("ada", narrower))
