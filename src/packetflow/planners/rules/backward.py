"""Find the step that a plan needs but the request does not name: walk back from an input without a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packetflow.planners.rules.choice import ToolBox
from packetflow.planners.rules.outputs import kinship, outputs_of, suits
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.slots import fill
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

_KIN = 1.6


@dataclass(frozen=True)
class Helper:
    """A reading tool that gives an input: its arguments, the path into its output, and how sure that is."""

    tool: Tool
    arguments: Mapping[str, JSON]
    path: tuple[str, ...]
    score: float


def find_helper(tool: Tool, name: str, reading: Reading, box: ToolBox, hints: Mapping[str, JSON]) -> Helper | None:
    """Return the best tool whose output can fill input `name` of `tool` and whose own inputs the clause fills.

    Only tools that read are put into a plan unasked.
    """
    wanted = next((item for item in inputs_of(tool.input_schema) if item.name == name), None)
    if wanted is None:
        return None
    best: Helper | None = None
    for other in box.tools.values():
        if other.id == tool.id or other.effect != "read":
            continue
        kin = [(kinship(output, wanted) - 0.1 * len(output.path), output) for output in outputs_of(other) if suits(output, wanted)]
        kin = [(score, output) for score, output in kin if score >= _KIN]
        if not kin:
            continue
        filling = fill(other, reading, hints)
        if filling.missing:
            continue
        score, output = max(kin, key=lambda pair: pair[0])
        sure = round(min(1.0, score / 4), 4)
        if best is None or sure > best.score:
            best = Helper(other, filling.values, output.path, sure)
    return best
