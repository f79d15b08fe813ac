"""The steps of a flow: a block that refers to what the flow is given as `input`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from packetflow._core.binding import Literally, Reference, Value
from packetflow._core.node import Block
from packetflow._core.plan import Plan
from packetflow._core.writer import Writer

if TYPE_CHECKING:
    from packetflow._core.json import JsonObject
    from packetflow._core.step import Step

V = TypeVar("V")

INPUT: Final = "input"
"""What the steps of a flow call what the flow is given; no node of a flow has this id."""


def written(step: Step[Any]) -> Block:
    """Write a step, and every step it uses, as a block; raises ValueError as `Plan(step)` does."""
    return Block.model_validate(Writer((step,), reserved=(INPUT,)).plan())


def bound(block: Block, given: Mapping[str, Any], intent: str) -> Plan[Any]:
    """Give the plan that runs a block on what it is given, as JSON; the plan needs nothing else to run."""
    whole = _filled(block, given)
    return Plan[Any](nodes=whole.nodes, output=whole.output, intent=intent)


def value_of(binding: object, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Give the value of a binding that refers to `input` alone; raises ValueError for any other."""
    filled: Any = _filled(binding, given)
    if isinstance(filled, Literally):
        return filled.literal
    if isinstance(filled, Reference):
        message = f"{filled.step!r} is known only when the plan runs"
        raise ValueError(message)  # noqa: TRY004 - it is the value that is not there yet
    parts: JsonObject | tuple[object, ...] = filled.fields if hasattr(filled, "fields") else filled.items
    if isinstance(parts, tuple):
        return [value_of(one, given) for one in parts]
    return {name: value_of(one, given) for name, one in parts.items()}


def _filled(part: V, given: Mapping[str, Any]) -> V:
    """Put values in the place of references to `input`, wherever they stand in a part of a plan."""
    if isinstance(part, Reference) and part.step == INPUT:
        found: Any = given
        for key in part.path:
            found = found[key]
        return cast("V", Literally(literal=found))
    if isinstance(part, Value) and not isinstance(part, Literally):
        changed = {name: _filled(getattr(part, name), given) for name in type(part).model_fields}
        return cast("V", part.model_copy(update=changed))
    if isinstance(part, tuple):
        return cast("V", tuple(_filled(one, given) for one in cast("tuple[object, ...]", part)))
    if isinstance(part, dict):
        named = cast("dict[str, object]", part)
        return cast("V", {name: _filled(one, given) for name, one in named.items()})
    return part
