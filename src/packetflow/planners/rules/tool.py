"""What the planner sees of a capability, and its inputs in one normal form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, cast

from packetflow._core.search import STOP_WORDS, split_words, stem

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Schema: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "object", "any"]

_KINDS: dict[str, Kind] = {
    "string": "string",
    "str": "string",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "tuple": "array",
    "object": "object",
    "dict": "object",
}
_QUOTED = re.compile(r"['\"‘“]([^'\"‘’“”]{1,40})['\"’”]")
_EXAMPLES = re.compile(
    r"(?:e\.g\.?|i\.e\.?|such as|for example|examples?:?|like|include[sd]?:?)[,:]?\s+([^.;)]+)", re.IGNORECASE
)
_DEFAULT = re.compile(
    r"\bdefaults?\b(?:\s+(?:value|is|to|set|are|as))*\s*(?:is|=|:)?\s*['\"]?([\w./%-]+)", re.IGNORECASE
)
_NOISE = re.compile(r"\([^)]*\bdefault[^)]*\)|\bdefaults?\b[^.;)]*|\boptional\b", re.IGNORECASE)
_GENERIC = frozenset(
    """name value type number data string list array input the of id field parameter object integer float text format
    given specific option which want whether if true false""".split(),
)


class Tool(Protocol):
    """A capability as the planner reads it; `packetflow` capabilities and batch tools both satisfy it."""

    @property
    def id(self) -> str:
        """Return the name that plans and callers use."""
        ...

    @property
    def intent(self) -> str:
        """Return what it does, in words: the docstring."""
        ...

    @property
    def input_schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of its inputs, an object."""
        ...

    @property
    def output_schema(self) -> Mapping[str, Any] | None:
        """Return the JSON Schema of its output, or None when it declares none."""
        ...

    @property
    def examples(self) -> tuple[str, ...]:
        """Return requests that mean this tool."""
        ...

    @property
    def effect(self) -> str:
        """Return what it does to the world: "read", "write", "delete", "money", "external" or "code"."""
        ...


@dataclass(frozen=True)
class PlainTool:
    """A tool given as plain data."""

    id: str
    intent: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    examples: tuple[str, ...] = ()
    effect: str = "write"


@dataclass(frozen=True)
class Input:
    """One input of a tool in normal form.

    `names` are the stems of its name, `about` those of its description without the notes on defaults; `samples` are
    the values that the description quotes or lists as examples, lower case.
    """

    name: str
    kind: Kind
    required: bool
    schema: Schema
    order: int
    names: tuple[str, ...]
    about: tuple[str, ...]
    description: str
    samples: tuple[str, ...] = ()
    choices: tuple[JSON, ...] = ()
    items: Input | None = None
    inner: tuple[Input, ...] = field(default=())

    @property
    def hints(self) -> frozenset[str]:
        """Return the stems of name and description that say something particular."""
        return frozenset(word for word in (*self.names, *self.about) if word not in _GENERIC)

    @property
    def own(self) -> frozenset[str]:
        """Return the stems of the name that say something particular."""
        return frozenset(word for word in self.names if word not in _GENERIC)


def inputs_of(schema: Schema) -> tuple[Input, ...]:
    """Read the properties of an object schema, in order; `$ref` into `$defs` and unions with null are resolved."""
    return _inputs(schema, cast("Schema", schema.get("$defs") or {}), 3)


def properties_of(schema: Schema) -> dict[str, Schema]:
    """Return the declared properties that are schemas; whatever else stands there is left out."""
    declared = schema.get("properties")
    if not isinstance(declared, Mapping):
        return {}
    pairs = cast("Mapping[str, object]", declared).items()
    return {name: cast("Schema", value) for name, value in pairs if isinstance(value, Mapping)}


def required_of(schema: Schema) -> frozenset[str]:
    """Return the names that a schema requires."""
    names = schema.get("required")
    return frozenset(str(name) for name in cast("list[object]", names)) if isinstance(names, list) else frozenset()


def _inputs(schema: Schema, definitions: Schema, depth: int) -> tuple[Input, ...]:
    required = required_of(schema)
    return tuple(
        _input(name, prop, required=name in required, order=order, definitions=definitions, depth=depth)
        for order, (name, prop) in enumerate(properties_of(schema).items())
    )


def resolve(schema: Schema, definitions: Schema) -> Schema:
    """Follow a local `$ref` and take the first branch of a union that is not null."""
    for _ in range(8):
        if isinstance(schema.get("$ref"), str):
            name = str(schema["$ref"]).rsplit("/", 1)[-1]
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**cast("Schema", definitions.get(name) or {}), **rest}
            continue
        options = cast("list[Schema]", schema.get("anyOf") or schema.get("oneOf") or [])
        chosen = next((option for option in options if option.get("type") != "null"), None)
        if chosen is None:
            return schema
        rest = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
        schema = {**chosen, **rest}
    return schema


def kind_of(schema: Schema) -> Kind:
    """Return the kind of value a schema asks for; dialects (`dict`, `float`, `tuple`) count as their standard names."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((name for name in cast("list[object]", declared) if name != "null"), None)
    if isinstance(declared, str):
        return _KINDS.get(declared.lower(), "any")
    if schema.get("properties"):
        return "object"
    choices = cast("list[object]", schema.get("enum") or [])
    return "string" if choices and isinstance(choices[0], str) else "any"


def _input(name: str, schema: Schema, *, required: bool, order: int, definitions: Schema, depth: int) -> Input:
    schema = resolve(schema, definitions)
    kind = kind_of(schema)
    description = str(schema.get("description") or schema.get("title") or "")
    items = schema.get("items")
    raw_choices = schema.get("enum") or schema.get("allowed_values") or ([schema["const"]] if "const" in schema else [])
    item = None
    if kind == "array" and isinstance(items, Mapping) and depth:
        item = _input(name, cast("Schema", items), required=True, order=0, definitions=definitions, depth=depth - 1)
    inner = _inputs(schema, definitions, depth - 1) if kind == "object" and depth else ()
    return Input(
        name=name,
        kind=kind,
        required=required,
        schema=schema,
        order=order,
        names=tuple(stem(word) for word in split_words(re.sub(r"(?<=[a-z])\d+$", "", name))),
        about=tuple(stem(word) for word in split_words(_NOISE.sub(" ", description))),
        description=description,
        samples=_samples(description) if kind in {"string", "any", "array"} else (),
        choices=tuple(cast("list[JSON]", raw_choices)),
        items=item,
        inner=inner,
    )


def _samples(description: str) -> tuple[str, ...]:
    found = [match.group(1) for match in _QUOTED.finditer(description)]
    for match in _EXAMPLES.finditer(description):
        found += re.split(r",\s*(?:and |or )?|\s+or\s+|\s+and\s+|/", match.group(1))
    if default := default_word(description):
        found.append(default)
    clean = (value.strip(" .'\"").lower() for value in found)
    return tuple(dict.fromkeys(value for value in clean if 1 < len(value) < 40 and value not in STOP_WORDS))  # noqa: PLR2004


def default_word(description: str) -> str:
    """Return the default that a description names in words, or an empty string."""
    match = _DEFAULT.search(description)
    return match.group(1).strip(".") if match else ""
