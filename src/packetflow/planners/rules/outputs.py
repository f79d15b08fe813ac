"""What a tool gives: the parts of its output that a later input can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from packetflow._core.search import split_words, stem, stems
from packetflow.planners.rules.lexicon import alike
from packetflow.planners.rules.tool import Input, Kind, Schema, Tool, kind_of, properties_of, required_of, resolve

_DEPTH = 2
_SIDES = frozenset(stem(word) for word in "origin destination source target from to start end".split())


@dataclass(frozen=True)
class Output:
    """One part of a tool's output.

    `names` are the stems of the property's name (for the whole output: of the schema's title), `words` those of the
    tool itself; `sure` is False for a property that may be absent.
    """

    path: tuple[str, ...]
    kind: Kind
    names: frozenset[str]
    words: frozenset[str]
    element: Kind | None = None
    sure: bool = True


def outputs_of(tool: Tool) -> list[Output]:
    """Return the parts of a tool's output, outermost first; none when it declares no output."""
    if tool.output_schema is None:
        return []
    schema = tool.output_schema
    words = frozenset((*stems(tool.id), *stems(tool.intent)[:6]))
    definitions = cast("Schema", schema.get("$defs") or {})
    found: list[Output] = []
    _collect(schema, (), definitions, words, found, sure=True)
    return found


def _collect(
    schema: Schema,
    path: tuple[str, ...],
    definitions: Schema,
    words: frozenset[str],
    found: list[Output],
    *,
    sure: bool,
) -> None:
    here = resolve(schema, definitions)
    kind = kind_of(here)
    named = path[-1] if path else str(here.get("title") or "")
    names = {stem(word) for word in split_words(named)}
    items = here.get("items")
    element = None
    if kind == "array" and isinstance(items, Mapping):
        inner = resolve(cast("Schema", items), definitions)
        element = kind_of(inner)
        names |= {stem(word) for word in split_words(str(inner.get("title") or ""))}
    about = {stem(word) for word in split_words(str(here.get("description") or ""))[:8]} if path else set[str]()
    found.append(Output(path, kind, frozenset(names), words | about, element, sure))
    if kind == "object" and len(path) < _DEPTH:
        required = required_of(here)
        for name, prop in properties_of(here).items():
            stays = sure and ("required" not in here or name in required)
            _collect(prop, (*path, name), definitions, words, found, sure=stays)


def suits(output: Output, field: Input) -> bool:
    """Say whether the output's type is welcome in the field; a single value suits a list of such values."""
    if field.name.lower().endswith("id") and not _identifies(output, field):
        return False
    if field.kind == "any" or output.kind == "any":
        return True
    if field.kind == "number":
        return output.kind in {"number", "integer"}
    if field.kind == "array":
        item = field.items.kind if field.items else "any"
        if output.kind == "array":
            return (
                "any" in {item, output.element}
                or output.element is None
                or item == output.element
                or (item, output.element) == ("number", "integer")
            )
        return output.kind == item or (item == "any" and output.kind != "object")
    return output.kind == field.kind


def _identifies(output: Output, field: Input) -> bool:
    """Say whether an output is the identity that a field wants: of the same name, or "id" of the same thing."""
    names = frozenset(field.names) - _SIDES
    return names <= output.names or (output.names == frozenset({"id"}) and bool(field.own & output.words))


def kinship(output: Output, field: Input) -> float:
    """Return how alike an output and a field are by name, from 0 to 4."""
    own = field.own or frozenset(field.names)
    name = frozenset(field.names)
    if name and name == output.names:
        return 4.0
    score = 0.0
    if own:
        score += 2.0 * sum(1 for word in own if _has(word, output.names)) / len(own)
        score += 1.0 * sum(1 for word in own if _has(word, output.words)) / len(own)
    hints = field.hints - own
    if hints and output.names:
        score += 0.7 * sum(1 for word in output.names if _has(word, hints)) / len(output.names)
    return score


def _has(word: str, others: frozenset[str]) -> bool:
    return word in others or any(alike(word, other) for other in others)
