"""Whether a value promised by one JSON Schema is welcome under another.

The question is about structure: types, required properties, closed sets, formats. Limits on a value's size or range
(`maxLength`, `maximum`, `pattern`) are checked when the value is there, since no plan can prove them beforehand.
Unknown keywords are ignored. Terms are those of JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from packetflow._core.json import canonical

Schema: TypeAlias = Mapping[str, Any]

_ANNOTATIONS = frozenset({"$defs", "title", "description", "default", "examples"})
_ALL = ("null", "boolean", "integer", "number", "string", "array", "object")


def misfit(source: Schema, target: Schema) -> str | None:
    """Say why a value that keeps `source` may be refused by `target`; None when it never is, for structure."""
    return _Comparison(source, target).differ(source, target)


def at_path(schema: Schema, path: Sequence[str | int]) -> Schema | None:
    """Give the schema of what stands at `path` in every value of `schema`; None when it may be absent.

    The result carries the root's `$defs`, so that it stands alone.
    """
    here: Schema | None = schema
    for key in path:
        here = _child(_resolve(here, schema), key, schema)
        if here is None:
            return None
    definitions = schema.get("$defs")
    return {**here, "$defs": definitions} if here is not None and definitions and "$defs" not in here else here


def paths(schema: Schema, depth: int = 3) -> list[tuple[tuple[str, ...], Schema]]:
    """List every property that a value of `schema` surely has, outermost first, the value itself included."""
    found: list[tuple[tuple[str, ...], Schema]] = []
    todo: list[tuple[str, ...]] = [()]
    while todo:
        path = todo.pop(0)
        here = at_path(schema, path)
        if here is None:
            continue
        found.append((path, here))
        if len(path) < depth:
            todo += [(*path, name) for name in _resolve(here, schema).get("properties", {})]
    return found


def types(schema: Schema, root: Schema | None = None) -> frozenset[str]:
    """Give the JSON types that a value of this schema can have."""
    root = schema if root is None else root
    here = _resolve(schema, root)
    if options := _options(here):
        return frozenset().union(*(types(option, root) for option in options))
    if "const" in here:
        return frozenset({_type_of(here["const"])})
    if "enum" in here:
        return frozenset(_type_of(value) for value in here["enum"])
    declared = here.get("type", _ALL)
    return frozenset((declared,) if isinstance(declared, str) else declared)


class _Comparison:
    """One question, with the roots that `$ref` is resolved in and the pairs already assumed to fit."""

    def __init__(self, source: Schema, target: Schema) -> None:
        self._source, self._target = source, target
        self._assumed: set[tuple[int, int]] = set()

    def differ(self, source: Schema, target: Schema) -> str | None:
        source, target = _resolve(source, self._source), _resolve(target, self._target)
        pair = id(source), id(target)
        if pair in self._assumed or target.keys() <= _ANNOTATIONS:
            return None  # a recursive schema comes round to the same question; everything fits an empty schema
        self._assumed.add(pair)
        if options := _options(source):
            return next((why for option in options if (why := self.differ(option, target))), None)
        if options := _options(target):
            reasons = [self.differ(source, option) for option in options]
            return None if None in reasons else "; ".join(dict.fromkeys(why for why in reasons if why))
        return self._differ_plain(source, target)

    def _differ_plain(self, source: Schema, target: Schema) -> str | None:
        have, want = types(source, self._source), types(target, self._target)
        if "number" in want:
            want |= {"integer"}
        if not have <= want:
            return f"it gives {_names(have - want)} where {_names(types(target, self._target))} is wanted"
        if why := _differ_in_values(source, target):
            return why
        if "array" in have and (why := self._differ_in_items(source, target)):
            return why
        return self._differ_in_properties(source, target) if "object" in have else None

    def _differ_in_items(self, source: Schema, target: Schema) -> str | None:
        wanted = target.get("items")
        fixed = cast("Sequence[Schema]", target.get("prefixItems", ()))
        if fixed and len(cast("Sequence[Schema]", source.get("prefixItems", ()))) < len(fixed):
            return f"a list of {len(fixed)} given places is wanted"
        for own, place in zip(source.get("prefixItems", ()), fixed, strict=False):
            if why := self.differ(own, place):
                return f"in its items {why}"
        if not isinstance(wanted, Mapping):
            return None
        own = source.get("items", {})
        for option in source.get("prefixItems", ()) or (own if isinstance(own, Mapping) else {},):
            if why := self.differ(option, cast("Schema", wanted)):
                return f"in its items {why}"
        return None

    def _differ_in_properties(self, source: Schema, target: Schema) -> str | None:
        own, wanted = source.get("properties", {}), target.get("properties", {})
        sure = set(source.get("required", ()))
        for name in target.get("required", ()):
            if name not in sure:
                return f"property {name!r} is wanted and not promised"
        for name in own.keys() & wanted.keys():
            if why := self.differ(own[name], wanted[name]):
                return f"in property {name!r} {why}"
        rest = target.get("additionalProperties", True)
        extra = sorted(own.keys() - wanted.keys())
        if rest is False and extra:
            return f"property {extra[0]!r} is not allowed"
        if isinstance(rest, Mapping):
            offered = [own[name] for name in extra]
            if isinstance(source.get("additionalProperties"), Mapping):
                offered.append(source["additionalProperties"])
            return next((f"in its values {why}" for one in offered if (why := self.differ(one, cast("Schema", rest)))), None)
        return None


def _differ_in_values(source: Schema, target: Schema) -> str | None:
    closed = _closed(target)
    if closed is not None:
        own = _closed(source)
        if own is None or not own <= closed:
            return f"only {', '.join(sorted(value.decode() for value in closed))} is allowed there"
    wanted = target.get("format")
    if wanted is not None and _closed(source) is None and source.get("format") != wanted and target.get("type") == "string":
        return f"text in the format {wanted!r} is wanted"
    return None


def _closed(schema: Schema) -> set[bytes] | None:
    if "const" in schema:
        return {canonical(schema["const"])}
    return {canonical(value) for value in schema["enum"]} if "enum" in schema else None


def _options(schema: Schema) -> Sequence[Schema]:
    return cast("Sequence[Schema]", schema.get("anyOf") or schema.get("oneOf") or ())


def _resolve(schema: Schema, root: Schema) -> Schema:
    seen = 0
    while (reference := schema.get("$ref")) is not None and seen < 32:  # noqa: PLR2004 - a chain this long is a loop
        found: Any = root
        for part in str(reference).removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        schema, seen = cast("Schema", found), seen + 1
    return schema


def _child(schema: Schema, key: str | int, root: Schema) -> Schema | None:
    if options := _options(schema):
        found = [_child(_resolve(option, root), key, root) for option in options]
        return None if None in found else {"anyOf": found}
    if isinstance(key, int):
        fixed = schema.get("prefixItems", ())
        if 0 <= key < len(fixed):
            return fixed[key]
        return schema.get("items", {}) if 0 <= key < schema.get("minItems", 0) else None
    if key not in schema.get("required", ()):
        return None
    return schema.get("properties", {}).get(key)


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _names(found: frozenset[str]) -> str:
    return " or ".join(sorted(found)) if len(found) < len(_ALL) else "anything"
