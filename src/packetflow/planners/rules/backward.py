"""Find the step that a plan needs but the request does not name: walk back from an input without a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packetflow._core.search import stems
from packetflow.planners.rules.choice import ToolBox
from packetflow.planners.rules.fit import side_of
from packetflow.planners.rules.lexicon import near
from packetflow.planners.rules.outputs import Output, kinship, outputs_of, suits
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.slots import Filling, fill, subject_of
from packetflow.planners.rules.tool import JSON, Input, Tool, inputs_of

_KIN = 1.6
_WEAK = 2.2


@dataclass(frozen=True)
class Lookup:
    """A reading tool that gives an input: its arguments, the path into its output, and how sure that is."""

    tool: Tool
    arguments: Mapping[str, JSON]
    path: tuple[str, ...]
    score: float


def lookups_wanted(tool: Tool, filling: Filling) -> list[str]:
    """Return the inputs worth looking up: those without a value, and identities that only a weak guess fills."""
    weak = [
        item.name
        for item in inputs_of(tool.input_schema)
        if item.required
        and item.kind in {"string", "integer"}
        and "id" in roles_of(item)
        and item.name in filling.spans
        and item.name not in filling.assumed
        and (filling.scores[item.name] < _WEAK or _is_name(filling.values[item.name]))
    ]
    return [*filling.missing, *weak]


def _is_name(value: JSON) -> bool:
    """Say whether a value reads as the name of a thing ("Ann", "New York") rather than its identity."""
    return isinstance(value, str) and value[:1].isupper() and not any(char.isdigit() for char in value)


def find_lookup(tool: Tool, name: str, reading: Reading, box: ToolBox, hints: Mapping[str, JSON]) -> Lookup | None:
    """Return the best tool whose output can fill input `name` of `tool` and whose own inputs the clause fills.

    Only tools that read are put into a plan unasked, and only those that do not need the wanted input themselves.
    """
    wanted = next((item for item in inputs_of(tool.input_schema) if item.name == name), None)
    if wanted is None:
        return None
    best: Lookup | None = None
    for other in box.tools.values():
        if other.id == tool.id or other.effect != "read":
            continue
        output, score = _nearest(other, wanted)
        if output is None or not _wanted_here(other, tool, wanted, reading):
            continue
        arguments = _arguments(other, wanted, reading, hints)
        sure = round(min(1.0, score / 4), 4)
        if arguments is not None and (best is None or sure > best.score):
            best = Lookup(other, arguments, output.path, sure)
    return best


def _nearest(other: Tool, wanted: Input) -> tuple[Output | None, float]:
    kin = [
        (kinship(output, wanted) - 0.1 * len(output.path), output)
        for output in outputs_of(other)
        if suits(output, wanted)
    ]
    score, output = max(kin, key=lambda pair: pair[0], default=(0.0, None))
    return (output, score) if score >= _KIN else (None, 0.0)


def _wanted_here(other: Tool, tool: Tool, wanted: Input, reading: Reading) -> bool:
    """Let an identity or a collection be looked up; a plain value only where the other tool's subject is asked for."""
    own = subject_of(other) - subject_of(tool)
    fields = inputs_of(other.input_schema)
    if not own or any(item.required and item.name == wanted.name for item in fields):
        return False
    if "id" in roles_of(wanted) or wanted.kind in {"array", "object"}:
        return True
    return any(near(word, reading.stems) or near(word, wanted.hints) for word in stems(other.id) if word in own)


def _arguments(other: Tool, wanted: Input, reading: Reading, hints: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """Fill the other tool from the clause; for a start or an end, with the place that the clause leads to it."""
    filling = fill(other, reading, hints)
    required = [item for item in inputs_of(other.input_schema) if item.required]
    sides = roles_of(wanted) & {"origin", "destination"}
    if len(sides) == 1 and len(required) == 1 and required[0].kind == "string":
        places = [phrase for phrase in reading.phrases if phrase.capital and side_of(phrase, reading) in sides]
        if places:
            return {required[0].name: places[0].text}
    return None if filling.missing else filling.values
