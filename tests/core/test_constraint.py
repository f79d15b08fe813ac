"""Limits on arguments refuse whatever they do not speak of."""

# ruff: noqa: ANN401 - any JSON, and any type, is what this is about

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packetflow._core.constraint import Constraint, Operator

HALF = "\ud800"


def within(op: Operator, value: Any, argument: object, **facts: object) -> bool:
    return Constraint(op=op, value=value).compiled()(argument, facts)


@pytest.mark.parametrize(
    ("op", "value", "argument"),
    [
        ("eq", 5, 5.0),
        ("eq", [1, {"a": True}], [1, {"a": True}]),
        ("eq", None, None),
        ("in", ["a", 1], 1),
        ("min", 0, 10**400),
        ("max", 0.5, -(10**400)),
        ("max", 5, 5),
        ("max_len", 2, "äö"),
        ("max_len", 2, [1, 2]),
        ("regex", "[a-z]+", "abc"),
        ("path_prefix", "/data", "/data/a/../b"),
        ("path_prefix", "/", "/anything"),
        ("host_in", ["example.org"], "https://EXAMPLE.org:8080/a?b#c"),
        ("same_as", "principal", "ada"),
    ],
)
def test_these_arguments_are_within_the_limit(op: Operator, value: Any, argument: object) -> None:
    assert within(op, value, argument, principal="ada")


@pytest.mark.parametrize(
    ("op", "value", "argument"),
    [
        ("eq", 1, True),
        ("eq", True, 1),
        ("eq", [1], [True]),
        ("eq", {"a": 0}, {"a": False}),
        ("eq", "é", "e\u0301"),
        ("in", [1], True),
        ("in", [], None),
        ("min", 0, float("nan")),
        ("min", 0, float("inf")),
        ("max", 5, float("-inf")),
        ("max", 5, True),
        ("max", 5, "3"),
        ("max", 5, None),
        ("max_len", 2, 1),
        ("max_len", 2, {"a": 1}),
        ("max_len", 2, None),
        ("regex", "[a-z]+", "abc\n"),
        ("regex", ".*", HALF),
        ("regex", ".*", 5),
        ("path_prefix", "/data", "/data/../etc"),
        ("path_prefix", "/data", "/database"),
        ("path_prefix", "/data", "/data\0/x"),
        ("path_prefix", "/data", "/data/..\\..\\x"),
        ("path_prefix", "/data", "data"),
        ("host_in", ["example.org"], "https://example.org@evil.net"),
        ("host_in", ["example.org"], "https://evil.net#@example.org"),
        ("host_in", ["example.org"], "https://example.org\\@evil.net"),
        ("host_in", ["example.org"], "https://example.org.evil.net"),
        ("host_in", ["example.org"], "ftp://example.org"),
        ("host_in", ["example.org"], "https://exa\tmple.org"),
        ("host_in", ["example.org"], "http://[::1"),
        ("host_in", [""], "http:///path"),
        ("host_in", ["example.org"], None),
        ("same_as", "principal", "bob"),
        ("same_as", "run_id", None),
        ("same_as", "unheard", "x"),
    ],
)
def test_these_arguments_are_refused(op: Operator, value: Any, argument: object) -> None:
    assert not within(op, value, argument, principal="ada", run_id=None)


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("min", "5"),
        ("max", True),
        ("max_len", None),
        ("in", "abc"),
        ("host_in", "example.org"),
        ("host_in", [5]),
        ("regex", "("),
        ("regex", 5),
        ("path_prefix", 5),
        ("same_as", 5),
    ],
)
def test_a_limit_that_makes_no_sense_is_a_value_error(op: Operator, value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Constraint(op=op, value=value).compiled()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), HALF])
def test_a_limit_is_a_json_value(value: object) -> None:
    with pytest.raises(ValidationError):
        Constraint(op="eq", value=value)


def test_a_limit_does_not_change_with_the_list_it_was_made_of() -> None:
    allowed = ["a"]
    limit = Constraint(op="in", value=allowed)
    check = limit.compiled()
    allowed.append("b")
    assert not check("b", {})
    assert not limit.compiled()("b", {})


@given(
    st.sampled_from(["eq", "in", "min", "max", "max_len", "regex", "path_prefix", "host_in", "same_as"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(HALF),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_argument_makes_a_check_raise(op: Operator, argument: object) -> None:
    values: dict[str, Any] = {"in": [1, "a", None], "host_in": ["a"], "regex": "a*", "path_prefix": "/a"}
    assert within(op, values.get(op, "a" if op in {"eq", "same_as"} else 3), argument, principal="ada") in {True, False}


def test_a_limit_survives_json() -> None:
    limit = Constraint(op="in", value=[1, "a", {"b": None}])
    assert Constraint.model_validate_json(limit.model_dump_json()) == limit
