"""Whether a value promised by one JSON Schema is welcome under another.

The question is about structure: types, required properties, closed sets, formats, the places of a tuple. Limits on a
value's size or range (`maxLength`, `maximum`, `pattern`) are checked when the value is there, since no plan can prove
them beforehand. Terms are those of JSON Schema 2020-12.

The answer errs on one side only: None is said of what is surely welcome. A schema that does not close itself with
`additionalProperties` may bring any other property; keywords that are not understood must be the same on both sides.
Recursive schemas are compared as in Gapeyev, Levin and Pierce, "Recursive subtyping revealed" (2002): what is being
asked is assumed, and an assumption that fails takes with it whatever was built on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from pydantic import AnyUrl, TypeAdapter, ValidationError

from packetflow._core.effort import NODE, Effort
from packetflow._core.json import canonical
from packetflow._core.shape import (
    ANYTHING,
    NOTHING,
    OPAQUE,
    STRUCTURE,
    Schema,
    as_schema,
    at_path,
    cases,
    closed,
    named,
    options,
    parts,
    paths,
    resolved,
    spread,
    types,
)

__all__ = ["at_path", "misfit", "paths", "types"]

_OBJECT = frozenset({"object"})
_ANY_TEXT = frozenset({"password", "binary", "path"})
"""Formats that every text keeps."""
_FORMATS: dict[str, type[Any]] = {
    "date": date,
    "date-time": datetime,
    "decimal": Decimal,
    "duration": timedelta,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "time": time,
    "uri": AnyUrl,
    "uuid": UUID,
}


def misfit(source: Schema, target: Schema, effort: Effort | None = None) -> str | None:
    """Say why a value that keeps `source` may be refused by `target`; None when it never is, for structure.

    Raises TooComplex when the answer costs more than `effort` has left.
    """
    return _Comparison(source, target, effort).differ(source, target)


class _Comparison:
    """One question, with the roots that `$ref` is resolved in and the pairs already assumed to fit.

    Schemas are told apart by identity; every one that is made on the way is kept, so that no identity comes twice.
    """

    def __init__(self, source: Schema, target: Schema, effort: Effort | None) -> None:
        self._source, self._target, self._effort = source, target, effort
        self._assumed: dict[tuple[int, int], tuple[int | None, Schema, Schema]] = {}
        self._failed: dict[tuple[int, int], tuple[str, Schema, Schema]] = {}
        self._parts: dict[tuple[int, int], tuple[list[Schema], Schema]] = {}
        self._cases: dict[int, tuple[list[Schema], Schema]] = {}
        self._open: dict[int, tuple[Schema, Schema]] = {}
        self._depth = 0

    def differ(self, source: object, target: object) -> str | None:
        """Say why, for a part of the source and a part of the target."""
        source, target = as_schema(source), as_schema(target)
        if not target.keys() & STRUCTURE:
            return None
        pair = id(source), id(target)
        if pair in self._failed:
            return self._failed[pair][0]
        if pair in self._assumed:
            return "it refers to itself without end" if self._assumed[pair][0] == self._depth else None
        if self._effort is not None:
            self._effort.spend(NODE + len(source.get("enum", ())) + len(target.get("enum", ())))
        mark = len(self._assumed)
        self._assumed[pair] = self._depth, source, target
        why = self._differ(source, target)
        if why is None:
            self._assumed[pair] = None, source, target
            return None
        while len(self._assumed) > mark:
            self._assumed.popitem()
        self._failed[pair] = why, source, target
        return why

    def _inside(self, where: str, source: object, target: object) -> str | None:
        self._depth += 1
        why = self.differ(source, target)
        self._depth -= 1
        return f"in {where} {why}" if why else None

    def _differ(self, source: Schema, target: Schema) -> str | None:
        wanted = self._parts_of(target, self._target)
        if len(wanted) != 1 or wanted[0] is not target:
            return _first(self.differ(source, part) for part in wanted)
        given = self._parts_of(source, self._source)
        if len(given) != 1 or given[0] is not source:
            reasons = [self.differ(part, target) for part in given]
            return None if None in reasons else reasons[0]
        if (forms := options(source)) is not None:
            return _first(self.differ(form, target) for form in forms)
        if (forms := options(target)) is not None:
            return self._differ_from_all(source, forms, exactly="oneOf" in target)
        return self._differ_plain(source, target)

    def _differ_from_all(self, source: Schema, forms: Sequence[Schema], *, exactly: bool) -> str | None:
        if not types(source, self._source):
            return None
        reasons = [self.differ(source, form) for form in forms]
        if None in reasons:
            others = [form for number, form in enumerate(forms) if number != reasons.index(None)]
            if not exactly or all(self._disjoint(source, other) for other in others):
                return None
            return "more than one of the forms allowed there may fit it"
        apart = self._cases_of(source)
        if len(apart) > 1:
            return _first(self._differ_from_all(case, forms, exactly=exactly) for case in apart)
        return "; ".join(dict.fromkeys(why for why in reasons if why)) or "nothing is allowed there"

    def _differ_plain(self, source: Schema, target: Schema) -> str | None:
        have, want = types(source, self._source), types(target, self._target)
        if not have <= (want | {"integer"} if "number" in want else want):
            return f"it gives {named(have - want)} where {named(want) if want else 'nothing'} is wanted"
        if not have:
            return None
        if why := _differ_in_values(source, target, have):
            return why
        apart = self._cases_of(source)
        if ("enum" in source or "const" in source) and have & {"array", "object"}:
            return _first(self.differ(case, self._opened(target)) for case in apart)
        return (
            _differ_in_riddles(source, target, have)
            or ("array" in have and self._differ_in_items(source, target))
            or ("object" in have and self._differ_in_properties(source, target))
            or None
        )

    def _differ_in_items(self, source: Schema, target: Schema) -> str | None:
        own, fixed = source.get("prefixItems", ()), target.get("prefixItems", ())
        most = _longest(source)
        if fixed:
            least, limit = target.get("minItems", 0), _longest(target)
            if source.get("minItems", 0) < least or (limit is not None and (most is None or most > limit)):
                return f"a list of {len(fixed)} given places is wanted"
        places = max(len(own), len(fixed))
        for number in range(places if most is None else min(places, most)):
            offered = own[number] if number < len(own) else source.get("items", True)
            wanted = fixed[number] if number < len(fixed) else target.get("items", True)
            if why := self._inside("its items", offered, wanted):
                return why
        if most is not None and most <= places:
            return None
        return self._inside("its items", source.get("items", True), target.get("items", True))

    def _differ_in_properties(self, source: Schema, target: Schema) -> str | None:
        own, wanted = source.get("properties", {}), target.get("properties", {})
        sure = source.get("required", ())
        if absent := [name for name in target.get("required", ()) if name not in sure]:
            return f"property {absent[0]!r} is wanted and not promised"
        more = True if "patternProperties" in source else source.get("additionalProperties", True)
        rest = target.get("additionalProperties", True)
        for name in dict.fromkeys((*own, *wanted)):
            offered, place = as_schema(own.get(name, more)), wanted.get(name, rest)
            if place is False and types(offered, self._source):
                return f"property {name!r} is not allowed"
            if why := self._inside(f"property {name!r}", offered, place):
                return why
        return self._inside("its other properties", more, rest)

    def _disjoint(self, source: Schema, target: Schema) -> bool:
        """Whether surely no value keeps both; unions are not looked into."""
        if "$ref" in target:
            target = resolved(target, self._target, NOTHING)
        have, want = types(source, self._source), types(target, self._target)
        if not have & want and not {"integer", "number"} <= have | want:
            return True
        one, other = closed(source), closed(target)
        if one is not None and other is not None and not have & {"integer", "number"}:
            return not one & other
        if have != _OBJECT or want != _OBJECT:
            return False
        both = set(source.get("required", ())) & set(target.get("required", ()))
        tags, others = source.get("properties", {}), target.get("properties", {})
        return any(self._disjoint(as_schema(tags.get(n, True)), as_schema(others.get(n, True))) for n in both)

    def _parts_of(self, schema: Schema, root: Schema) -> list[Schema]:
        name = id(schema), id(root)
        if name not in self._parts:
            self._parts[name] = parts(schema, root, NOTHING if root is self._target else ANYTHING), schema
        return self._parts[name][0]

    def _opened(self, target: Schema) -> Schema:
        """Leave out the values a target lists, which were compared, to go on with what else it says."""
        if not target.keys() & {"const", "enum"}:
            return target
        if id(target) not in self._open:
            rest = {name: value for name, value in target.items() if name not in {"const", "enum"}}
            self._open[id(target)] = rest, target
        return self._open[id(target)][0]

    def _cases_of(self, schema: Schema) -> list[Schema]:
        if id(schema) not in self._cases:
            apart = cases(schema)
            if len(apart) == 1:
                apart = [spread(apart[0])]
            self._cases[id(schema)] = apart, schema
        return self._cases[id(schema)][0]


def _differ_in_values(source: Schema, target: Schema, have: frozenset[str]) -> str | None:
    wanted, own = closed(target), closed(source)
    if wanted is not None and (own is None or not own <= wanted):
        return f"only {', '.join(sorted(value.decode() for value in wanted))} is allowed there"
    form = target.get("format")
    if form is None or form in _ANY_TEXT or "string" not in have:
        return None
    values = [source["const"]] if "const" in source else source.get("enum")
    if values is None:
        return None if source.get("format") == form else f"text in the format {form!r} is wanted"
    strange = [value for value in values if isinstance(value, str) and not _keeps_format(value, str(form))]
    return f"{strange[0]!r} is no text in the format {form!r}" if strange else None


def _differ_in_riddles(source: Schema, target: Schema, have: frozenset[str]) -> str | None:
    """Hold keywords that are not understood against each other: only the same one is known to fit."""
    asked = OPAQUE["any"].union(*(OPAQUE.get(name, ()) for name in have))
    for name in sorted(asked & target.keys()):
        if source.get(name) != target[name] or b'"$ref"' in canonical(target[name]):
            return f"it is not known to keep {name!r}"
    return None


def _longest(schema: Schema) -> int | None:
    most: int | None = schema.get("maxItems")
    if schema.get("items") is False:
        places = len(schema.get("prefixItems", ()))
        return places if most is None else min(most, places)
    return most


def _keeps_format(text: str, form: str) -> bool:
    if form not in _FORMATS:
        return False
    try:
        _reader(form).validate_strings(text, strict=True)
    except ValidationError:
        return False
    return True


@cache
def _reader(form: str) -> TypeAdapter[Any]:
    return TypeAdapter(_FORMATS[form])


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((why for why in reasons if why is not None), None)
