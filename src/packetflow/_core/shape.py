"""What a JSON Schema says of its values: types, places, closed sets; terms are those of JSON Schema 2020-12.

Everything here reads a schema as a promise: what it does not say, or says in a way that is not understood, may be
anything. Limits on size and range are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from packetflow._core.json import canonical, digest

Schema: TypeAlias = Mapping[str, Any]

ANYTHING: Final[Schema] = {}
NOTHING: Final[Schema] = {"enum": []}
OPAQUE: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset({"patternProperties", "propertyNames", "unevaluatedProperties"})
    | frozenset({"dependentRequired", "dependentSchemas", "dependencies"}),
    "array": frozenset({"contains", "unevaluatedItems", "additionalItems"}),
    "any": frozenset({"not", "if", "then", "else", "$dynamicRef", "$recursiveRef"}),
}
"""Keywords that are not understood, by the type of the values they speak of."""

_ALL = ("null", "boolean", "integer", "number", "string", "array", "object")
_PYTHON_TYPES: tuple[tuple[type[object], str], ...] = (
    (type(None), "null"),
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (tuple, "array"),
)
_NULL, _BOOLEAN = frozenset({"null"}), frozenset({"boolean"})
_ARRAY, _OBJECT = frozenset({"array"}), frozenset({"object"})
_DEFINITIONS = ("$defs", "definitions")
_DATA = ("const", "enum", "default", "examples")
_COMBINED = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
STRUCTURE: Final = frozenset(
    {"type", "enum", "const", "format", "required", "properties", "additionalProperties", "items", "prefixItems"}
).union(_COMBINED, *OPAQUE.values())
"""Keywords that say something of a value's structure; without any of them every value is welcome."""


def at_path(schema: Schema, path: Sequence[str | int]) -> Schema | None:
    """Give the schema of what stands at `path` in every value of `schema`; None when it may be absent.

    The result carries the root's definitions, so that it stands alone.
    """
    here: Schema | None = schema
    for key in path:
        here = _child(here, key, schema)
        if here is None:
            return None
    return _alone(here, schema)


def paths(schema: Schema, depth: int = 3) -> list[tuple[tuple[str, ...], Schema]]:
    """List every property that a value of `schema` surely has, outermost first, the value itself included."""
    found: list[tuple[tuple[str, ...], Schema]] = []
    todo: list[tuple[str, ...]] = [()]
    for path in todo:  # grows while it is gone over
        here = at_path(schema, path)
        if here is None:
            continue
        found.append((path, here))
        if len(path) < depth:
            todo += [(*path, name) for name in properties(here)]
    return found


def properties(schema: Schema) -> tuple[str, ...]:
    """Name the properties that values of a schema are said to have, in its order; none for what is no object."""
    found = [name for one in _leaves(schema, schema) for name in spread(one).get("properties", {})]
    return tuple(dict.fromkeys(found))


def items(schema: Schema) -> Schema:
    """Give the schema of every item that a list of this schema can have; an empty one when it does not say."""
    found: list[Schema] = []
    for leaf in _leaves(schema, schema):
        for one in cases(leaf) if "enum" in leaf else (leaf,):
            here = spread(one)
            if "array" in types(here, schema):
                places: Sequence[object] = here.get("prefixItems", ())
                most: int = here.get("maxItems", len(places) + 1)
                found += [as_schema(place) for place in places]
                found += [] if most <= len(places) else [as_schema(here.get("items", True))]
    return either([_alone(one, schema) for one in found]) if found else ANYTHING


def types(schema: Schema, root: Schema | None = None) -> frozenset[str]:
    """Give the JSON types that a value of this schema can have."""
    return _types(schema, schema if root is None else root, ())


def listed(item: Schema) -> Schema:
    """Give the schema of a list of such items."""
    carried = {name: item[name] for name in _DEFINITIONS if name in item}
    return {"type": "array", "items": {k: v for k, v in item.items() if k not in carried}, **carried}


def either(schemas: Iterable[Schema]) -> Schema:
    """Give the schema of a value that keeps one of these, each of which stands alone."""
    distinct = list({canonical(schema): schema for schema in schemas}.values())
    if len(distinct) == 1:
        return distinct[0]
    if any(not schema.keys() & STRUCTURE for schema in distinct):
        return ANYTHING
    found, carried = together(distinct)
    return {"anyOf": found, **carried}


def together(schemas: Iterable[Schema]) -> tuple[list[Schema], Schema]:
    """Take the definitions out of schemas that stand alone, so that they can stand in one schema that holds them.

    Where two give one name to different definitions, the later ones get another name.
    """
    joined: dict[str, dict[str, Any]] = {}
    found: list[Schema] = []
    for schema in schemas:
        clash = any(
            joined.get(kind, {}).get(key, one) != one
            for kind in _DEFINITIONS
            for key, one in schema.get(kind, {}).items()
        )
        apart = cast("Schema", _renamed(schema, f".{digest(schema, 8)}")) if clash else schema
        for kind in _DEFINITIONS:
            if kind in apart:
                joined.setdefault(kind, {}).update(apart[kind])
        found.append({key: value for key, value in apart.items() if key not in _DEFINITIONS})
    return found, joined


def as_schema(schema: object) -> Schema:
    """Read the two schemas that are written as `true` and `false`, too."""
    return cast("Schema", schema) if isinstance(schema, Mapping) else NOTHING if schema is False else ANYTHING


def options(schema: Schema) -> list[Schema] | None:
    """List the forms of a choice; None for a schema that is none."""
    found = schema.get("anyOf", schema.get("oneOf"))
    return None if found is None else [as_schema(option) for option in found]


def parts(schema: Schema, root: Schema, missing: Schema = ANYTHING) -> list[Schema]:
    """List schemas that a value of this one keeps, all of them: what `$ref` and `allOf` say, and the rest.

    A schema of one part, itself, is either a choice (`anyOf`, `oneOf`) or says all in its own words. `missing` stands
    for a reference that leads nowhere.
    """
    combined = schema.keys() & _COMBINED
    own = schema.keys() & (STRUCTURE - _COMBINED)
    if not combined or (not own and len(combined) == 1 and not combined & {"$ref", "allOf"}):
        return [schema]
    found = [resolved(schema, root, missing)] if "$ref" in combined else []
    found += [as_schema(part) for part in schema.get("allOf", ())]
    found += [{name: schema[name]} for name in ("anyOf", "oneOf") if name in combined]
    return [*found, {name: value for name, value in schema.items() if name not in _COMBINED}] if own else found


def resolved(schema: Schema, root: Schema, missing: Schema = ANYTHING) -> Schema:
    """Follow one `$ref`."""
    found: Any = root
    for part in str(schema["$ref"]).removeprefix("#").removeprefix("/").split("/"):
        if part:
            name = part.replace("~1", "/").replace("~0", "~")
            found = cast("Schema", found).get(name) if isinstance(found, Mapping) else None
    return missing if found is None else as_schema(found)


def closed(schema: Schema) -> set[bytes] | None:
    """Give the canonical bytes of all values a plain schema allows; None when they are not listed."""
    declared = _declared(schema)
    if "const" in schema or "enum" in schema:
        listing: list[object] = [schema["const"]] if "const" in schema else schema["enum"]
        return {canonical(value) for value in listing if _is_one_of(value, declared)}
    if declared == _NULL:
        return {b"null"}
    return {b"true", b"false"} if declared == _BOOLEAN else None


def cases(schema: Schema) -> list[Schema]:
    """Take a plain schema apart: a listed value each, else a type each; only itself when there is but one."""
    if "enum" in schema and "const" not in schema:
        declared = _declared(schema)
        return [{"const": value} for value in schema["enum"] if _is_one_of(value, declared)]
    if "const" in schema:
        return [schema]
    declared = _declared(schema) - ({"integer"} if "number" in _declared(schema) else frozenset())
    return [{**schema, "type": name} for name in sorted(declared)] if len(declared) > 1 else [schema]


def spread(schema: Schema) -> Schema:
    """Write a list or object that stands in a schema as a value (`const`) as places or properties."""
    value = schema.get("const")
    if isinstance(value, list):
        places = [{"const": item} for item in cast("list[object]", value)]
        return {"type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
    if isinstance(value, Mapping):
        fields = {name: {"const": item} for name, item in cast("Mapping[str, object]", value).items()}
        return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    return schema


def _types(schema: Schema, root: Schema, seen: tuple[int, ...]) -> frozenset[str]:
    if id(schema) in seen:
        return frozenset()  # it refers to itself without end, so no value keeps it
    seen = (*seen, id(schema))
    found = parts(schema, root)
    if len(found) != 1 or found[0] is not schema:
        return frozenset(_ALL).intersection(*(_with_integers(_types(part, root, seen)) for part in found))
    if (choices := options(schema)) is not None:
        return frozenset[str]().union(*(_types(option, root, seen) for option in choices))
    declared = _declared(schema)
    if "const" in schema or "enum" in schema:
        listing: list[object] = [schema["const"]] if "const" in schema else schema["enum"]
        one_each = {type(value): value for value in listing}.values()
        return frozenset(type_of(value) for value in one_each if _is_one_of(value, declared))
    return declared


def _with_integers(found: frozenset[str]) -> frozenset[str]:
    return found | {"integer"} if "number" in found else found


def _declared(schema: Schema) -> frozenset[str]:
    declared = schema.get("type", _ALL)
    return frozenset((declared,) if isinstance(declared, str) else declared)


def _is_one_of(value: object, declared: frozenset[str]) -> bool:
    return type_of(value) in _with_integers(declared)


def _leaves(schema: Schema, root: Schema, seen: tuple[int, ...] = ()) -> list[Schema]:
    """List the plain schemas that a schema comes down to, by way of references and choices."""
    if id(schema) in seen:
        return []
    found = parts(schema, root)
    if len(found) == 1 and found[0] is schema:
        found = options(schema)
    return [schema] if found is None else [leaf for one in found for leaf in _leaves(one, root, (*seen, id(schema)))]


def _child(schema: Schema, key: str | int, root: Schema, seen: tuple[int, ...] = ()) -> Schema | None:
    if id(schema) in seen:
        return None
    seen = (*seen, id(schema))
    found = parts(schema, root)
    if len(found) != 1 or found[0] is not schema:
        return next((one for part in found if (one := _child(part, key, root, seen)) is not None), None)
    if (choices := options(schema)) is not None:
        below = [_child(option, key, root, seen) for option in choices]
        return None if None in below else either([_alone(one, root) for one in below if one is not None])
    if "enum" in schema and "const" not in schema:
        return _child({"anyOf": cases(schema)}, key, root, seen)
    return _item(spread(schema), key) if isinstance(key, int) else _property(spread(schema), key)


def _property(schema: Schema, key: str) -> Schema | None:
    if key not in schema.get("required", ()) or _declared(schema) != _OBJECT:
        return None
    return as_schema(schema.get("properties", {}).get(key, schema.get("additionalProperties", True)))


def _item(schema: Schema, key: int) -> Schema | None:
    if not 0 <= key < schema.get("minItems", 0) or _declared(schema) != _ARRAY:
        return None
    places = schema.get("prefixItems", ())
    return as_schema(places[key] if key < len(places) else schema.get("items", True))


def _alone(schema: Schema, root: Schema) -> Schema:
    carried = {name: root[name] for name in _DEFINITIONS if name in root and name not in schema}
    return {**schema, **carried} if carried and schema.keys() & STRUCTURE else schema


def _renamed(part: object, suffix: str) -> object:
    """Give every definition of a schema, and what refers to it, another name."""
    if isinstance(part, list):
        return [_renamed(inner, suffix) for inner in cast("list[object]", part)]
    if not isinstance(part, Mapping):
        return part
    renamed: dict[str, object] = {}
    for key, value in cast("Mapping[str, object]", part).items():
        if key in _DATA:
            renamed[key] = value
        elif key == "$ref" and isinstance(value, str):
            renamed[key] = value + suffix
        else:
            inner = cast("Mapping[str, object]", _renamed(value, suffix))
            renamed[key] = {name + suffix: one for name, one in inner.items()} if key in _DEFINITIONS else inner
    return renamed


def type_of(value: object) -> str:
    """Name the JSON type of a JSON value."""
    return next((name for kind, name in _PYTHON_TYPES if isinstance(value, kind)), "object")


def named(found: frozenset[str]) -> str:
    """Say types in words."""
    return " or ".join(sorted(found)) if len(found) < len(_ALL) else "anything"
