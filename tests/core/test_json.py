"""One form of a JSON value, whatever it was made of."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetflow._core.errors import InvalidInput, NotUnderstood, PacketFlowError, PlanRejected, Problem
from packetflow._core.json import canonical, digest, plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text('aä\n"\\'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


class Color(Enum):
    RED = "red"


@given(VALUES)
def test_canonical_bytes_are_read_back_as_the_same_value(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert plain(value) == value


def test_the_order_of_fields_does_not_matter_to_a_digest_and_their_values_do() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert len({digest(value) for value in (1, 1.0, True, "1", [1], {"1": 1}, None)}) == 7
    assert len(digest({}, 8)) == 8


def test_values_are_copied_into_what_they_are_on_the_wire() -> None:
    inner = [Color.RED, (1, 2)]
    copied = plain({"a": inner})
    inner.clear()
    assert copied == {"a": ["red", [1, 2]]}


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], "\ud800", object()])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain(value)


def test_a_problem_reads_as_one_line_and_as_json() -> None:
    problem = Problem("missing", "is missing", ("a", 0), "step", ("x", "y"))
    assert str(problem) == "step.a.0: is missing (allowed: x, y)"
    assert str(Problem("odd", "is odd")) == "is odd"
    assert problem.as_json() == {
        "code": "missing",
        "message": "is missing",
        "path": ["a", 0],
        "step": "step",
        "allowed": ["x", "y"],
    }


def _tree(kind: type[PacketFlowError]) -> list[type[PacketFlowError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in _tree(child))]


def test_every_error_has_a_code_of_its_own() -> None:
    own = [kind for kind in _tree(PacketFlowError) if kind.__module__ == PacketFlowError.__module__]
    codes = [kind.code for kind in own]
    assert len(set(codes)) == len(codes) >= 20


def test_an_error_carries_what_is_wrong() -> None:
    problem = Problem("missing", "is missing")
    assert InvalidInput("no", [problem], capability_id="x").problems == (problem,)
    assert PlanRejected("no", [problem], plan_id="x").details == {"plan_id": "x"}
    assert NotUnderstood("no").candidates == ()
