"""Authority only narrows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from packetflow._core.constraint import Constraint
from packetflow._core.effect import EFFECTS, Effect
from packetflow._core.errors import NotAllowed
from packetflow._core.grant import Grant

IDS = ["room.post", "room.history", "rooms.list", "mail.send", "read", "summarize"]
PATTERNS = [*IDS, "room.*", "*", "r*", "nothing"]
PEOPLE = ["ada", "bob", "cleo", "agent", "root"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMITS = [
    Constraint(op="max", value=5),
    Constraint(op="min", value=0),
    Constraint(op="in", value=[1, 2, "x"]),
    Constraint(op="max_len", value=2),
    Constraint(op="same_as", value="principal"),
]
VALUES: list[object] = [0, 1, 7, -1, "x", "long", "ada", None, True, 2.0]


def chosen(rng: Random, some: list[Any]) -> list[Any] | None:
    return rng.sample(some, rng.randint(0, len(some))) if rng.random() < 0.6 else None


def narrowed(grant: Grant, rng: Random) -> Grant:
    """Pass a grant on in a random way."""
    match rng.randint(0, 5):
        case 0:
            return grant.meet(narrowed(Grant.root("root"), rng), grant.holder)
        case 1 if (name := rng.choice(PEOPLE)) and grant.may_act_for(name):
            return grant.acting_for(name)
        case _:
            return grant.delegate(
                rng.choice(PEOPLE),
                only=chosen(rng, PATTERNS),
                effects=chosen(rng, [*EFFECTS]),
                limits={name: {"value": rng.choice(LIMITS)} for name in chosen(rng, PATTERNS) or []},
                expires=NOON + timedelta(hours=rng.randint(-2, 2)) if rng.random() < 0.3 else None,
                act_for=chosen(rng, PEOPLE) or (),
                confirm=chosen(rng, [*EFFECTS]) or (),
            )


def permits(grant: Grant, name: str, effect: Effect, value: object, principal: str) -> bool:
    named, checks, _ = grant.reach(name, effect)
    return named and all(check(value, {"principal": principal}) for _, check in checks)


def test_ten_thousand_delegation_chains_never_widen() -> None:
    rng = Random(20261122)  # noqa: S311 - chooses examples, keeps no secret
    refused = 0
    for _ in range(10_000):
        chain = [Grant.root("root")]
        for _ in range(rng.randint(1, 4)):
            chain.append(narrowed(chain[-1], rng))
        name, effect, value = rng.choice(IDS), rng.choice(EFFECTS), rng.choice(VALUES)
        for parent, child in pairwise(chain):
            person = rng.choice(PEOPLE)
            assert not permits(child, name, effect, value, person) or permits(parent, name, effect, value, person)
            assert child.reach(name, effect)[2] or not parent.reach(name, effect)[2]
            assert parent.expires is None or (child.expires is not None and child.expires <= parent.expires)
            assert person == child.holder or not child.may_act_for(person) or parent.may_act_for(person)
        refused += not permits(chain[-1], name, effect, value, "ada")
    assert 2_000 < refused < 9_900


def test_the_root_may_do_everything_in_anyones_name() -> None:
    root = Grant.root()
    assert all(root.may_name(name, effect) for name in IDS for effect in EFFECTS)
    assert root.acting_for("ada").holder == "ada"
    assert not root.may_name("anything", "unheard of")  # pyright: ignore[reportArgumentType] - what came over a wire


def test_a_grant_of_nothing_permits_nothing_not_even_when_passed_on() -> None:
    nothing = Grant.none()
    for grant in (nothing, nothing.delegate("ada", only=["*"]), Grant.root().meet(nothing)):
        assert not any(grant.may_name(name, effect) for name in IDS for effect in EFFECTS)
    assert not nothing.may_act_for("ada")


def test_a_star_stands_for_every_id_with_that_beginning() -> None:
    room = Grant.root().delegate("ada", only=["room.*"])
    assert [name for name in IDS if room.may_name(name, "read")] == ["room.post", "room.history"]
    assert all(Grant.root().delegate("ada", only=["*"]).may_name(name, "read") for name in IDS)


def test_a_delegate_acts_for_itself_and_for_those_named_and_allowed() -> None:
    ada = Grant.root().delegate("ada")
    agent = ada.delegate("agent", act_for=["ada", "bob"])
    assert agent.holder == "ada/agent"  # a name of its own under ada's, for ada is not everybody
    assert agent.may_act_for("ada/agent")
    assert not agent.may_act_for("agent")
    assert agent.may_act_for("ada")
    assert not agent.may_act_for("bob")  # ada could not either
    with pytest.raises(NotAllowed, match="'ada/agent' may not act for 'bob'"):
        agent.acting_for("bob")
    as_ada = agent.acting_for("ada")
    assert as_ada.holder == "ada"
    assert as_ada.caveats == agent.caveats
    assert agent.acting_for("ada/agent") is agent


def test_nobody_becomes_somebody_else_by_delegating() -> None:
    ada = Grant.root().delegate("ada")
    assert ada.delegate("grace").holder == "ada/grace"
    assert ada.delegate("ada").holder == "ada"
    assert ada.meet(Grant.root().delegate("agent"), "grace").holder == "ada/grace"
    assert Grant.root().delegate("grace").holder == "grace"


def test_asking_for_a_yes_takes_nothing_else_away() -> None:
    careful = Grant.root().confirming(["delete"])
    assert careful.whole
    assert careful.may_act_for("grace")
    assert careful.reach("drop", "delete")[2]
    assert not Grant.root().delegate("ada").whole


def test_whose_yes_is_needed_is_kept_when_a_grant_is_written_down() -> None:
    own = Grant.root().confirming(["delete"])
    for grant, whose in (
        (own, "holder"),
        (own.delegate("ada"), "other"),
        (own.delegate("a", confirm=["write"]), "other"),
    ):
        assert Grant.from_json(grant.to_json()).reach("drop", "delete")[2] == grant.reach("drop", "delete")[2] == whose
    old = own.to_json().replace(b',"answerable":true', b"")
    assert b"answerable" not in old
    assert Grant.from_json(old).reach("drop", "delete")[2] == "other"
    assert own.fingerprint != Grant.from_json(old).fingerprint


def test_what_two_grants_share_is_what_both_permit() -> None:
    person = Grant.root().delegate("ada", only=["room.*"], expires=NOON)
    agent = Grant.root().delegate(
        "agent", effects=["read"], limits={"room.*": {"value": Constraint(op="max", value=5)}}
    )
    both = person.meet(agent)
    assert both.holder == "ada"
    assert both.may_name("room.history", "read")
    assert not both.may_name("room.post", "write")
    assert not both.may_name("summarize", "read")
    assert len(both.reach("room.history", "read")[1]) == 1
    assert both.expires == NOON
    assert set(both.parents) >= {person.id, agent.id}


def test_limits_that_only_look_alike_are_both_kept_when_grants_meet() -> None:
    one = Grant.root().delegate("a", limits={"read": {"value": Constraint(op="eq", value=1)}})
    true = Grant.root().delegate("a", limits={"read": {"value": Constraint(op="eq", value=True)}})
    assert not any(permits(one.meet(true), "read", "read", value, "a") for value in (1, True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"only": "room.post"},
        {"effects": "read"},
        {"effects": ["burn"]},
        {"act_for": "ada"},
        {"confirm": ["burn"]},
        {"only": [len]},
        {"expires": datetime(2026, 1, 1)},  # noqa: DTZ001 - the point
        {"limits": {"read": {"value": Constraint(op="regex", value="(")}}},
    ],
)
def test_a_delegation_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Grant.root().delegate("ada", **wrong)


def test_a_grant_is_compared_by_identity() -> None:
    root = Grant.root()
    assert root != Grant(root.holder, root.caveats, root.id)
    assert root.delegate("ada") != root.delegate("ada")
