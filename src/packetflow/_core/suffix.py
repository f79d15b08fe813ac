"""What is left of a plan whose run did not succeed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from packetflow._core.errors import Conflict, InvalidInput, Problem
from packetflow._core.node import acting, needs
from packetflow._core.plan import Plan

if TYPE_CHECKING:
    from packetflow._core.json import JsonObject
    from packetflow._core.run import Run


@dataclass(frozen=True, slots=True)
class Suffix:
    """The unfinished part of a run's plan."""

    plan: Plan[Any]
    """Only the nodes that did not succeed; outputs of those that did stand in it as literals."""
    done: Mapping[str, Any]
    """Outputs of what was finished inside its loops and other patterns, by path."""

    def inherited(self, plan: Plan[Any]) -> dict[str, Any]:
        """Give of `done` what holds in another plan, too: inside the nodes that both plans have."""
        mine = {node["id"]: acting(node) for node in _nodes(self.plan)}
        same = {node["id"] for node in _nodes(plan) if mine.get(node["id"]) == acting(node)}
        return {path: output for path, output in self.done.items() if _outermost(path) in same}


def unfinished(run: Run[Any], from_step: str | None = None) -> Suffix:
    """Cut off of a run's plan what succeeded; with `from_step` that node and all that needs it is done again.

    Raises Conflict for a run that is under way or has nothing left to do, InvalidInput for a step the plan has not.
    """
    if run.status in {"running", "waiting"}:
        message = f"run {run.id} is under way; cancel it before its rest is planned anew"
        raise Conflict(message, run_id=run.id, status=run.status)
    again = _again(run.plan, from_step)
    outputs = {
        node.id: run.step(node.id).output
        for node in run.plan.nodes
        if node.id not in again and run.step(node.id).status == "succeeded"
    }
    nodes = [_with_literals(node, outputs) for node in _nodes(run.plan) if node["id"] not in outputs]
    if not nodes:
        message = f"run {run.id} has nothing left to do; say from which step it shall be done again"
        raise Conflict(message, run_id=run.id, status=run.status)
    for node in nodes:
        node["depends_on"] = [name for name in node["depends_on"] if name not in outputs]
    shown = run.plan.model_dump(mode="json", exclude={"id"}, by_alias=True)
    output = _with_literals(shown["output"], outputs)
    plan = Plan[Any].model_validate({**shown, "nodes": nodes, "output": output})
    begun = {node.id for node in run.plan.nodes if needs(node) <= outputs.keys()} - again
    return Suffix(plan, {name: out for name, out in _inside(run) if _outermost(name) in begun})


def _again(plan: Plan[Any], from_step: str | None) -> set[str]:
    if from_step is None:
        return set()
    names = [node.id for node in plan.nodes]
    if from_step not in names:
        message = f"the plan has no step {from_step!r} of its own; it has {', '.join(names)}"
        raise InvalidInput(
            message, [Problem("wrong_value", "is no step of the plan", ("from_step",), None, tuple(names))]
        )
    again = {from_step}
    while more := {node.id for node in plan.nodes if node.id not in again and needs(node) & again}:
        again |= more
    return again


def _inside(run: Run[Any]) -> list[tuple[str, Any]]:
    outer = {node.id for node in run.plan.nodes}
    return [
        (step.node, step.output)
        for step in run.steps
        if step.status == "succeeded" and step.node not in outer and "/undo/" not in step.node
    ]


def _outermost(path: str) -> str:
    return path.split("/", 1)[0].split("[", 1)[0]


def _nodes(plan: Plan[Any]) -> list[JsonObject]:
    return plan.model_dump(mode="json", include={"nodes"}, by_alias=True)["nodes"]


def _with_literals(part: Any, outputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a plan as JSON
    """Put outputs in the place of references to them, wherever these stand; what explains is left as it is."""
    if isinstance(part, list):
        return [_with_literals(one, outputs) for one in cast("list[Any]", part)]
    if not isinstance(part, dict):
        return part
    fields = cast("dict[str, Any]", part)
    if fields.keys() == {"literal"}:
        return fields
    if fields.keys() <= _REFERENCE and isinstance(fields.get("step"), str):
        return {"literal": _dug(outputs[fields["step"]], fields["path"])} if fields["step"] in outputs else fields
    return {name: value if name == "why" else _with_literals(value, outputs) for name, value in fields.items()}


_REFERENCE: Final = frozenset({"step", "path"})


def _dug(value: Any, path: list[str | int]) -> Any:  # noqa: ANN401 - any JSON
    for key in path:
        value = value[key]
    return value
