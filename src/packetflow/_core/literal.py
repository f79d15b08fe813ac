"""What is known of the values that stand in a plan: their number, and a schema that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from packetflow._core.binding import Binding, Fields, Items, Literally
from packetflow._core.node import Node, bindings, blocks
from packetflow._core.shape import Schema, type_of

MOST: Final = 100_000
"""JSON values that the literals of a plan hold, together."""

_EXACT: Final = 64
"""Values up to which a literal is its own schema; also places of a list that are each told apart."""

_NAMES: Final = 256
_LISTED: Final = 2000


def literals(nodes: Iterable[Node], output: Binding) -> list[object]:
    """List the literals of a plan: of its nodes, of those in blocks, and of every output."""
    found: list[object] = []
    nodes_left, left = list(nodes), [output]
    while nodes_left:
        node = nodes_left.pop()
        left += bindings(node)
        for block in blocks(node):
            nodes_left += block.nodes
            left.append(block.output)
    while left:
        match left.pop():
            case Literally(literal=value):
                found.append(value)
            case Items(items=items):
                left += items
            case Fields(fields=fields):
                left += fields.values()
            case _:
                pass
    return found


def at_most(values: Sequence[object], most: int) -> bool:
    """Whether JSON values hold no more than so many, themselves and all within them counted."""
    left, count = list(values), len(values)
    while left and count <= most:
        value = left.pop()
        if isinstance(value, Mapping | list):
            held = cast("Mapping[str, object] | list[object]", value)
            inner = held.values() if isinstance(held, Mapping) else held
            count += len(held)
            left += [one for one in inner if isinstance(one, Mapping | list)]
    return count <= most


def schema_of(value: object) -> Schema:
    """Give a schema that a literal keeps: itself when it is small, else what its parts have in common."""
    return {"const": value} if at_most([value], _EXACT) else common([value])


def common(values: Sequence[Any]) -> Schema:
    """Give a schema that all of these JSON values keep, in time that grows with their number and no faster.

    Texts, numbers and the like are listed, up to a limit; of lists and objects it tells what stands in which place.
    """
    scalars: dict[tuple[type, object], object] = {}
    lists: list[list[Any]] = []
    objects: list[Mapping[str, Any]] = []
    for value in values:
        if isinstance(value, list):
            lists.append(cast("list[Any]", value))
        elif isinstance(value, Mapping):
            objects.append(cast("Mapping[str, Any]", value))
        else:
            scalars[type(value), value] = value
    forms = [_of_scalars([*scalars.values()])] if scalars else []
    forms += [_of_lists(lists)] if lists else []
    forms += [_of_objects(objects)] if objects else []
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _of_scalars(distinct: Sequence[object]) -> Schema:
    if len(distinct) <= _LISTED:
        return {"const": distinct[0]} if len(distinct) == 1 else {"enum": [*distinct]}
    return {"type": sorted({type_of(value) for value in distinct})}


def _of_lists(lists: Sequence[list[Any]]) -> Schema:
    least, most = min(map(len, lists)), max(map(len, lists))
    bounds = {"type": "array", "minItems": least, "maxItems": most}
    if least == most <= _EXACT:
        return {**bounds, "prefixItems": [common([one[place] for one in lists]) for place in range(most)]}
    return {**bounds, "items": common([item for one in lists for item in one])}


def _of_objects(objects: Sequence[Mapping[str, Any]]) -> Schema:
    held: dict[str, list[Any]] = {}
    for one in objects:
        for name, value in one.items():
            held.setdefault(name, []).append(value)
    if len(held) > _NAMES:
        return {"type": "object", "additionalProperties": common([value for found in held.values() for value in found])}
    return {
        "type": "object",
        "properties": {name: common(found) for name, found in held.items()},
        "required": [name for name, found in held.items() if len(found) == len(objects)],
        "additionalProperties": False,
    }
