"""Signatures become contracts: strict about JSON, clear about every field, and truthful about what is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from packetflow._core.capability import capability
from packetflow._core.errors import ContractBroken, DeclarationError, InvalidInput
from packetflow._core.schema import InputContract, OutputContract

T = TypeVar("T")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    city: str
    zip_code: int = 0


class Tree(BaseModel):
    value: int
    children: list[Tree] = []


class Box(BaseModel, Generic[T]):
    content: T


class Mail(BaseModel):
    sender: str = Field(alias="from")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known: int


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict):
    deep: bool
    limit: NotRequired[int]


def contract(function: Callable[..., Any]) -> InputContract:
    hints = inspect.get_annotations(function, eval_str=True)
    return InputContract("act", tuple(inspect.signature(function).parameters.values()), hints)


def keeps(value: Any, schema: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON
    return bool(cast("Any", Draft202012Validator)(schema).is_valid(value))


KINDS: dict[str, Any] = {
    "when": datetime,
    "day": date,
    "wait": timedelta,
    "color": Color,
    "name": UUID,
    "price": Decimal,
    "mode": Literal["on", "off"],
    "pair": tuple[int, str],
    "address": Address,
    "point": Point,
    "options": Options,
    "either": int | str,
    "maybe": float | None,
    "box": Box[int],
    "tree": Tree,
    "keys": dict[int, str],
    "tags": set[str],
}


def everything() -> InputContract:
    """Make the contract of a capability with an input of each kind."""
    named = inspect.Parameter.KEYWORD_ONLY
    return InputContract("act", [inspect.Parameter(n, named, annotation=kind) for n, kind in KINDS.items()], KINDS)


EVERYTHING: dict[str, Any] = {
    "when": "2026-01-31T12:00:00Z",
    "day": "2026-01-31",
    "wait": "PT5M",
    "color": "red",
    "name": "12345678-1234-5678-1234-567812345678",
    "price": "1.50",
    "mode": "on",
    "pair": [1, "a"],
    "address": {"city": "Bonn"},
    "point": {"x": 1},
    "options": {"deep": True},
    "either": "x",
    "maybe": None,
    "box": {"content": 3},
    "tree": {"value": 1, "children": [{"value": 2}]},
    "keys": {"7": "a"},
    "tags": ["a"],
}


def test_every_kind_of_type_comes_in_its_json_form() -> None:
    made = everything()
    arguments = made.check(EVERYTHING)
    assert arguments["color"] is Color.RED
    assert arguments["wait"] == timedelta(minutes=5)
    assert arguments["pair"] == (1, "a")
    assert arguments["point"] == Point(1)
    assert arguments["tree"].children[0].value == 2
    assert arguments["keys"] == {7: "a"}
    assert arguments["box"] == Box[int](content=3)
    Draft202012Validator.check_schema(made.schema)
    assert keeps(EVERYTHING, made.schema)


@pytest.mark.parametrize("field", sorted(EVERYTHING))
def test_a_field_of_the_wrong_type_is_named(field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        everything().check({**EVERYTHING, field: {"no": [object.__name__]}})
    assert {problem.path[0] for problem in raised.value.problems} == {field}


def test_every_missing_unknown_and_wrong_field_is_named_at_once() -> None:
    def act(a: int, b: str, c: Address, d: int = 1) -> None: ...

    with pytest.raises(InvalidInput) as raised:
        contract(act).check({"a": "5", "c": {"zip_code": "x"}, "e": 1})
    assert [(p.code, p.path) for p in raised.value.problems] == [
        ("wrong_value", ("a",)),
        ("missing", ("b",)),
        ("missing", ("c", "city")),
        ("wrong_value", ("c", "zip_code")),
        ("unknown_field", ("e",)),
    ]
    assert raised.value.problems[-1].allowed == ("a", "b", "c", "d")
    assert raised.value.details["capability_id"] == "act"


def test_the_forms_of_a_union_are_no_part_of_a_path() -> None:
    def act(who: Address | Point | None) -> None: ...

    with pytest.raises(InvalidInput) as raised:
        contract(act).check({"who": {"city": 1}})
    assert {problem.path for problem in raised.value.problems} <= {("who", "city"), ("who", "x")}


def test_numbers_and_texts_are_not_taken_for_each_other_at_any_depth() -> None:
    def act(n: int, f: float, b: bool, address: Address) -> None: ...  # noqa: FBT001 - an input

    good: dict[str, object] = {"n": 1, "f": 2, "b": True, "address": {"city": "x", "zip_code": 3}}
    made = contract(act)
    assert made.check(good)["f"] == 2.0
    for field, value in (("n", "1"), ("n", 1.0), ("n", True), ("f", "2"), ("b", 1), ("address", {"city": 1})):
        with pytest.raises(InvalidInput):
            made.check({**good, field: value})
    with pytest.raises(InvalidInput):
        made.check({**good, "address": {"city": "x", "zip_code": "3"}})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], "\ud800", object(), {1, object()}])
def test_what_json_cannot_say_is_no_input(value: object) -> None:
    def act(any_value: Any) -> None: ...  # noqa: ANN401 - the point

    with pytest.raises(InvalidInput) as raised:
        contract(act).check({"any_value": value})
    assert raised.value.problems[0].code == "not_json"
    assert contract(act).check({"any_value": "NaN is a word, and so is Infinity"})


def test_a_value_that_contains_itself_is_no_input() -> None:
    def act(any_value: Any) -> None: ...  # noqa: ANN401 - the point

    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidInput):
        contract(act).check({"any_value": endless})


def test_fields_may_have_names_that_models_use_for_themselves() -> None:
    def act(model_config: int, schema: str, copy: int, json: str = "j", _own: int = 3, validate: int = 4) -> None: ...

    made = contract(act)
    given_ = made.check({"model_config": 1, "schema": "s", "copy": 2})
    assert given_ == {"model_config": 1, "schema": "s", "copy": 2, "json": "j", "_own": 3, "validate": 4}
    assert list(made.schema["properties"]) == ["model_config", "schema", "copy", "json", "_own", "validate"]
    with pytest.raises(InvalidInput) as raised:
        made.check({"model_config": "x", "schema": "s", "copy": 2, "field_0_": 1})
    assert [problem.path for problem in raised.value.problems] == [("model_config",), ("field_0_",)]


def test_defaults_are_filled_in_anew_for_each_call() -> None:
    def act(tags: list[str] = [], limit: int = 5) -> None: ...  # noqa: B006 - what people write

    made = contract(act)
    made.check({})["tags"].append("x")
    assert made.check({}) == {"tags": [], "limit": 5}
    assert "required" not in made.schema


def test_descriptions_and_limits_of_fields_reach_the_schema_and_are_held() -> None:
    def act(limit: Annotated[int, Field(description="How many.", ge=1, le=9)] = 3) -> None: ...

    made = contract(act)
    assert made.schema["properties"]["limit"] == {
        "default": 3,
        "description": "How many.",
        "maximum": 9,
        "minimum": 1,
        "type": "integer",
    }
    with pytest.raises(InvalidInput):
        made.check({"limit": 10})
    assert made.check_field("limit", 10) is not None
    assert made.check_field("limit", 9) is None


def test_one_field_can_be_checked_alone() -> None:
    made = everything()
    assert all(made.check_field(field, value) is None for field, value in EVERYTHING.items())
    problem = made.check_field("tree", {"value": 1, "children": [{"value": "x"}]})
    assert problem is not None
    assert problem.path == ("tree", "children", 0, "value")
    assert made.check_field("maybe", float("nan")) is not None


def test_a_parameter_that_cannot_be_an_input_is_a_declaration_error() -> None:
    def positional(a: int, /) -> None: ...
    def many(*a: int) -> None: ...
    def named(**a: int) -> None: ...
    def odd(a: Callable[[], int]) -> None: ...
    def field(a: int = Field(default=3, ge=1)) -> None: ...
    def strange(a: InputContract) -> None: ...

    for function in (positional, many, named, odd, field, strange):
        with pytest.raises(DeclarationError):
            contract(function)


OUTPUTS: list[tuple[object, object, object]] = [
    (None, None, None),
    (list[Address], [Address(city="Bonn")], [{"city": "Bonn", "zip_code": 0}]),
    (Mail, Mail(**{"from": "ada"}), {"from": "ada"}),
    (dict[str, Point], {"a": Point(1)}, {"a": {"x": 1, "y": 0}}),
    (tuple[int, Color], (1, Color.RED), [1, "red"]),
    (Tree, Tree(value=1, children=[Tree(value=2)]), {"value": 1, "children": [{"value": 2, "children": []}]}),
    (Open, Open(known=1, more=2), {"known": 1, "more": 2}),  # pyright: ignore[reportCallIssue] - extra is allowed
    (Decimal, Decimal("1.5"), "1.5"),
]


@pytest.mark.parametrize(("annotation", "value", "plain"), OUTPUTS)
def test_an_output_is_given_as_its_schema_says(annotation: object, value: object, plain: object) -> None:
    made = OutputContract("act", annotation)
    assert made.as_json(made.check(value)) == plain
    Draft202012Validator.check_schema(made.schema)
    assert keeps(plain, made.schema)


def test_an_output_promises_its_defaults_and_nothing_it_does_not_give() -> None:
    schema = OutputContract("act", Address).schema
    assert schema["required"] == ["city", "zip_code"]
    assert schema["additionalProperties"] is False
    assert OutputContract("act", Open).schema["additionalProperties"] is True
    assert OutputContract("act", Options).schema["required"] == ["deep"]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(int, "1"), (list[int], [1, "a"]), (Address, {"town": "Bonn"}), (Color, "red"), (None, 1), (list[int], (1, 2))],
)
def test_a_wrong_output_breaks_the_contract(annotation: object, value: object) -> None:
    with pytest.raises(ContractBroken) as raised:
        OutputContract("act", annotation).check(value)
    assert raised.value.details["problems"]


def test_an_output_that_was_spoiled_after_it_was_made_is_not_given() -> None:
    made = OutputContract("act", Address)
    address = Address(city="Bonn")
    address.city = 5  # pyright: ignore[reportAttributeAccessIssue] - the point
    with pytest.raises(ContractBroken):
        made.as_json(made.check(address))
    for annotation, value in ((float, float("nan")), (list[float], [float("inf")]), (Any, object())):
        strange = OutputContract("act", annotation)
        with pytest.raises(ContractBroken):
            strange.as_json(strange.check(value))


def test_types_declared_in_a_function_are_found_though_annotations_are_text() -> None:
    class Inner(BaseModel):
        value: int

    def declare() -> Any:  # noqa: ANN401 - a capability
        class Deeper(BaseModel):
            value: int

        @capability(effect="read")
        async def act(one: Inner, many: list[Deeper]) -> dict[str, Inner]:
            """Act."""
            return {"one": one} if many else {}

        return act

    declared = declare()
    declared.verify()
    assert declared.input.check({"one": {"value": 1}, "many": []})["one"] == Inner(value=1)
    assert set(declared.locals) == {"Inner", "Deeper"}


def _grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"value": st.integers(), "children": st.lists(inner, max_size=3)})


TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(st.fixed_dictionaries({"value": st.integers()}), _grown)
INPUTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "n": st.integers(),
        "f": st.floats(allow_nan=False, allow_infinity=False),
        "t": st.text(alphabet=st.characters(codec="utf-8")),
        "tree": TREES,
        "maybe": st.none() | st.booleans(),
    }
)


@settings(max_examples=60)
@given(INPUTS)
def test_what_a_contract_takes_it_gives_back_unchanged(inputs: dict[str, Any]) -> None:
    def act(n: int, f: float, t: str, tree: Tree, maybe: bool | None) -> None: ...  # noqa: FBT001 - an input

    made = contract(act)
    arguments = made.check(inputs)
    for name, annotation in (("n", int), ("f", float), ("t", str), ("tree", Tree), ("maybe", bool | None)):
        given_ = OutputContract("back", annotation)
        plain = given_.as_json(given_.check(arguments[name]))
        assert made.check({**inputs, name: plain}) == arguments
        assert made.check_field(name, plain) is None
        assert keeps(plain, given_.schema)
