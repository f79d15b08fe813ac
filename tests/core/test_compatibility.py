"""Structural subtyping of JSON Schema: sound by an independent validator, and not so strict that nothing fits."""

# ruff: noqa: ANN401 - any JSON, and any type, is what this is about

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from packetflow._core.compatibility import at_path, misfit, paths, types
from packetflow._core.shape import either, items, listed, properties

Schema = dict[str, Any]
Json = Any

NAMES = st.sampled_from(["a", "b", "c"])
Schemas = st.SearchStrategy[dict[str, Any]]
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, -1.5]), st.sampled_from(["", "x", "yz"])
)


def _nested(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3))


VALUES: st.SearchStrategy[Json] = st.recursive(SCALARS, _nested, max_leaves=6)


def _word(word: str, values: st.SearchStrategy[Json]) -> Schemas:
    return values.map(lambda value: {word: value})


def _rest(word: str, inner: Schemas) -> Schemas:
    silent: Schemas = st.just({})
    return st.one_of(_word(word, st.just(value=False)), silent, _word(word, inner))


def _objects(inner: Schemas) -> Schemas:
    rest = _rest("additionalProperties", inner)
    return st.tuples(st.dictionaries(NAMES, inner, max_size=3), st.sets(NAMES), rest).map(
        lambda made: {"type": "object", "properties": made[0], "required": sorted(made[1] & made[0].keys()), **made[2]}
    )


def _tuples(inner: Schemas) -> Schemas:
    rest = _rest("items", inner)
    return st.tuples(st.lists(inner, min_size=1, max_size=3), rest).map(
        lambda made: {"type": "array", "prefixItems": made[0], "minItems": len(made[0]), **made[1]}
    )


def _lists(inner: Schemas) -> Schemas:
    return inner.map(lambda one: {"type": "array", "items": one})


def _combined(inner: Schemas) -> Schemas:
    return st.one_of(
        _objects(inner),
        _tuples(inner),
        _lists(inner),
        _word("anyOf", st.lists(inner, min_size=1, max_size=3)),
        _word("oneOf", st.lists(inner, min_size=2, max_size=2)),
        _word("allOf", st.lists(inner, min_size=2, max_size=2)),
    )


SIMPLE: Schemas = st.one_of(
    _word("type", st.sampled_from(["null", "boolean", "integer", "number", "string"])),
    _word(
        "type", st.lists(st.sampled_from(["null", "integer", "string", "object"]), min_size=1, max_size=2, unique=True)
    ),
    _word("const", VALUES),
    _word("enum", st.lists(SCALARS, min_size=1, max_size=3)),
    st.just({}),
    _word("$ref", st.sampled_from(["#/$defs/A", "#/$defs/B"])),
)
SCHEMAS: Schemas = st.recursive(SIMPLE, _combined, max_leaves=6)
GUARDED: Schemas = st.one_of(_objects(SCHEMAS), _tuples(SCHEMAS), _lists(SCHEMAS))
ROOTS: Schemas = st.tuples(SCHEMAS, GUARDED, GUARDED).map(
    lambda made: {**made[0], "$defs": {"A": made[1], "B": made[2]}}
)


def keeps(value: Json, schema: Mapping[str, Any]) -> bool:
    return bool(cast("Any", Draft202012Validator)(schema).is_valid(value))


def _made(  # noqa: PLR0911 - a form each
    draw: st.DrawFn, schema: Any, root: Schema, depth: int = 0
) -> Json:
    """Draw a value that mostly keeps a schema; whether it does is asked of the validator."""
    if not isinstance(schema, dict) or depth > 6:
        return draw(SCALARS)
    one = cast("Schema", schema)
    if "$ref" in one:
        return _made(draw, root["$defs"][one["$ref"][-1]], root, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in one:
            return _made(draw, draw(st.sampled_from(one[word])), root, depth + 1)
    if "const" in one:
        return one["const"]
    if "enum" in one:
        return draw(st.sampled_from(one["enum"]))
    if one.get("type") == "array":
        fixed = [_made(draw, place, root, depth + 1) for place in one.get("prefixItems", ())]
        more = 0 if one.get("items") is False or depth > 3 else draw(st.integers(0, 2))
        return [*fixed, *(_made(draw, one.get("items", {}), root, depth + 1) for _ in range(more))]
    if one.get("type") == "object":
        names = [n for n in one["properties"] if n in one["required"] or (depth < 3 and draw(st.booleans()))]
        found = {name: _made(draw, one["properties"][name], root, depth + 1) for name in names}
        if one.get("additionalProperties") is not False and depth < 3 and draw(st.booleans()):
            found.setdefault(draw(NAMES), _made(draw, one.get("additionalProperties", {}), root, depth + 1))
        return found
    wanted = types(one)
    simple: dict[str, Json] = {
        "null": None,
        "boolean": True,
        "integer": 2,
        "number": 0.5,
        "string": "x",
        "object": {},
        "array": [],
    }
    return simple[draw(st.sampled_from(sorted(wanted)))]


@st.composite
def _questions(draw: st.DrawFn) -> tuple[Schema, Schema, list[Json]]:
    source = draw(ROOTS)
    near = draw(st.sampled_from(["other", "same", "wider"]))
    target = draw(ROOTS) if near == "other" else source
    if near == "wider":
        extra = draw(SCHEMAS.filter(lambda one: '"$ref"' not in str(one).replace("'", '"')))
        target = {"anyOf": [{k: v for k, v in source.items() if k != "$defs"}, extra], "$defs": source["$defs"]}
    return source, target, [_made(draw, source, source) for _ in range(4)]


@settings(max_examples=150)
@given(_questions())
def test_what_is_said_to_fit_is_valid_for_an_independent_validator(question: tuple[Schema, Schema, list[Json]]) -> None:
    source, target, values = question
    assume(misfit(source, target) is None)
    for value in values:
        assert not keeps(value, source) or keeps(value, target)


@settings(max_examples=100)
@given(_questions())
def test_a_part_that_is_promised_is_there_and_keeps_its_schema(question: tuple[Schema, Schema, list[Json]]) -> None:
    source, _, values = question
    for path in [("a",), (0,), ("a", "b"), (0, "a")]:
        part = at_path(source, path)
        for value in values:
            if part is not None and keeps(value, source):
                inner = value
                for key in path:
                    inner = inner[key]
                assert keeps(inner, part)


@settings(max_examples=80)
@given(ROOTS, ROOTS, VALUES)
def test_either_of_two_schemas_takes_what_one_of_them_takes(one: Schema, other: Schema, value: Json) -> None:
    joined = dict(either([one, other]))
    assert keeps(value, joined) == (keeps(value, one) or keeps(value, other))
    assert keeps([value], dict(listed(joined))) == keeps(value, joined)


@settings(max_examples=80)
@given(ROOTS, st.lists(VALUES, max_size=3))
def test_every_item_of_a_list_keeps_the_schema_of_its_items(schema: Schema, value: list[Json]) -> None:
    assume(keeps(value, schema))
    assert all(keeps(item, dict(items(schema))) for item in value)


@settings(max_examples=150)
@given(SCHEMAS.filter(lambda one: "oneOf" not in str(one) and "allOf" not in str(one) and "$ref" not in str(one)))
def test_every_schema_fits_itself(schema: Schema) -> None:
    assert misfit(schema, {**schema}) is None


LIST: Schema = {
    "$defs": {
        "L": {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/L"}, {"type": "null"}]}},
            "required": ["value", "next"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/L",
}
ENDLESS: Schema = {"$defs": {"E": {"anyOf": [{"$ref": "#/$defs/E"}]}}, "$ref": "#/$defs/E"}


def obj(*required: str, closed: bool = True, **fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        **({"additionalProperties": False} if closed else {}),
    }


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (WHOLE, {"type": "number"}),
        (TEXT, {"anyOf": [TEXT, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
        ({"enum": ["a", "b"]}, {"anyOf": [{"const": "a"}, {"const": "b"}]}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        (obj("a", a=WHOLE, b=TEXT), obj("a", a={"type": "number"}, closed=False)),
        (obj("a", a=WHOLE), {"type": "object", "additionalProperties": {"type": "number"}}),
        (LIST, LIST),
        (LIST, {}),
        ({"const": {"a": [1, "x"]}}, obj("a", a={"type": "array", "items": {"type": ["integer", "string"]}})),
        ({"const": "2026-01-31"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "date"}, TEXT),
        (TEXT, {"type": "string", "format": "password"}),
        (obj("k", k={"const": "a"}), {"oneOf": [obj("k", k={"const": "a"}), obj("k", k={"const": "b"})]}),
        ({"enum": []}, TEXT),
        (
            {"type": "object", "propertyNames": {"format": "integer"}},
            {"type": "object", "propertyNames": {"format": "integer"}},
        ),
    ],
)
def test_these_fit(source: Schema, target: Schema) -> None:
    assert misfit(source, target) is None


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ({"type": "number"}, WHOLE, "gives number where integer is wanted"),
        ({}, TEXT, "where string is wanted"),
        ({"type": "boolean"}, WHOLE, "boolean"),
        (obj(a=WHOLE), obj("a", a=WHOLE), "'a' is wanted and not promised"),
        (obj("a", a=TEXT), obj("a", a=WHOLE), "in property 'a'"),
        (obj("a", "b", a=WHOLE, b=WHOLE), obj("a", a=WHOLE), "'b' is not allowed"),
        (obj("a", a=WHOLE, closed=False), obj("a", a=WHOLE), "other properties"),
        (obj(closed=False), obj(a=WHOLE, closed=False), "in property 'a'"),
        ({"type": "array", "items": WHOLE}, {"type": "array", "items": TEXT}, "in its items"),
        ({"type": "array", "items": WHOLE}, {"type": "array", "prefixItems": [WHOLE], "minItems": 1}, "given places"),
        (TEXT, {"enum": ["a"]}, 'only "a" is allowed'),
        (TEXT, {"type": "string", "format": "uuid"}, "format 'uuid'"),
        ({"const": "soon"}, {"type": "string", "format": "date"}, "'soon' is no text in the format 'date'"),
        (TEXT, {"oneOf": [TEXT, {"type": ["string", "null"]}]}, "more than one"),
        (WHOLE, {"not": TEXT}, "not known to keep 'not'"),
        (TEXT, ENDLESS, "without end"),
        (TEXT, {"$ref": "#/$defs/Gone"}, "nothing is wanted"),
        (LIST, {**LIST, "$defs": {"L": {**LIST["$defs"]["L"], "required": ["value", "next", "more"]}}}, "'more'"),
    ],
)
def test_these_do_not_fit_and_say_why(source: Schema, target: Schema, reason: str) -> None:
    assert reason in (misfit(source, target) or "")


def test_a_failed_assumption_takes_with_it_what_was_built_on_it() -> None:
    def chain(end: Schema) -> Schema:
        pair = {"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}]}
        return {"$defs": {"P": obj("left", "right", left=pair, right=end)}, "$ref": "#/$defs/P"}

    assert misfit(chain(WHOLE), chain({"type": "number"})) is None
    narrow = chain(WHOLE)
    either_way = {"anyOf": [{"$ref": "#/$defs/P"}, obj("left", left=narrow["$defs"]["P"]["properties"]["left"])]}
    assert misfit(chain({"type": "number"}), {**either_way, "$defs": narrow["$defs"]}) is not None


def test_paths_name_what_is_sure_and_no_more() -> None:
    schema = obj("a", a=obj("b", b=TEXT), c=TEXT)
    assert [path for path, _ in paths(schema)] == [(), ("a",), ("a", "b")]
    assert properties(schema) == ("a", "c")
    assert at_path({"type": "array", "items": TEXT}, (0,)) is None
    assert at_path({"type": "array", "prefixItems": [TEXT], "minItems": 1}, (0,)) == TEXT


def test_definitions_of_one_name_stay_apart_when_schemas_are_joined() -> None:
    one = {"$defs": {"N": TEXT}, "type": "array", "items": {"$ref": "#/$defs/N"}}
    other = {"$defs": {"N": WHOLE}, "type": "array", "items": {"$ref": "#/$defs/N"}}
    joined = dict(either([one, other]))
    assert keeps(["a"], joined)
    assert keeps([1], joined)
    assert not keeps([None], joined)
    assert misfit(other, joined) is None
