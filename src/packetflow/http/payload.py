"""Values that a request brings for inputs: for a plan that leaves some open, and for whoever a call is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from packetflow._core.errors import InvalidInput, PlanRejected, Problem
from packetflow._core.node import rebuilt
from packetflow._core.plan import Literally, Plan, StepNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packetflow._core.capability import Declaration
    from packetflow._core.plan import Block, Node
    from packetflow._core.registry import Registry


def read_plan(written: Mapping[str, Any]) -> Plan[Any]:
    """Read a plan from JSON; raises PlanRejected, naming everything that has the wrong shape."""
    try:
        return Plan[Any].model_validate(written)
    except ValidationError as error:
        nodes = written.get("nodes")
        problems = [
            Problem("wrong_value", detail["msg"], tuple(detail["loc"]), _node_at(nodes, detail["loc"]))
            for detail in error.errors(include_url=False)
        ]
        message = "this is no plan: " + "; ".join(map(str, problems))
        raise PlanRejected(message, problems) from error


def filled(plan: Plan[Any], payload: Mapping[str, Any], registry: Registry) -> Plan[Any]:
    """Give the plan with every open required input that the payload names; raises PlanRejected for other names."""
    if not payload:
        return plan
    open_names = {name for step in plan.steps() for name in _open(step, registry)}
    why, allowed = "the plan leaves no required input of this name open", tuple(sorted(open_names))
    unknown = [name for name in payload if name not in open_names]
    problems = [Problem("unknown_field", why, ("payload", name), None, allowed) for name in unknown]
    if problems:
        message = "the payload does not fit the plan: " + "; ".join(map(str, problems))
        raise PlanRejected(message, problems, plan_id=plan.id)
    return Plan[Any](
        intent=plan.intent,
        nodes=_nodes(plan.nodes, payload, registry),
        output=plan.output,
        planner=plan.planner,
        confidence=plan.confidence,
        rejected=plan.rejected,
    )


def acted_for(
    declared: Declaration, payload: Mapping[str, Any], user_id: str | None
) -> tuple[dict[str, Any], str | None]:
    """Give a call's inputs and the user it is made for, from `user_id` in its payload and in its context.

    A capability that has an input `user_id` keeps it, for it checks the user itself; for any other it is no input but
    says who acts. Raises InvalidInput when the two differ, or when it is no user's id.
    """
    inputs = dict(payload)
    if "user_id" not in inputs:
        return inputs, user_id
    wanted = inputs["user_id"] if "user_id" in declared.input_schema["properties"] else inputs.pop("user_id")
    if not isinstance(wanted, str) or not wanted:
        raise _wrong("must be a text that is not empty", declared)
    if user_id not in {None, wanted}:
        raise _wrong(f"is {wanted!r}, but the context says {user_id!r}", declared)
    return inputs, wanted


def _wrong(why: str, declared: Declaration) -> InvalidInput:
    found = Problem("wrong_value", why, ("payload", "user_id"))
    return InvalidInput(f"the input of {declared.id!r} is not valid: {found}", [found], capability_id=declared.id)


def _open(step: StepNode, registry: Registry) -> list[str]:
    declared = registry.get(step.capability_id)
    return [name for name in declared.requires if name not in step.inputs] if declared is not None else []


def _nodes(nodes: Iterable[Node], payload: Mapping[str, Any], registry: Registry) -> tuple[Node, ...]:
    return tuple(_node(node, payload, registry) for node in nodes)


def _node(node: Node, payload: Mapping[str, Any], registry: Registry) -> Node:
    def block(inner: Block) -> Block:
        return inner.model_copy(update={"nodes": _nodes(inner.nodes, payload, registry)})

    changed = rebuilt(node, block)
    if not isinstance(changed, StepNode):
        return changed
    given = {name: Literally(literal=payload[name]) for name in _open(changed, registry) if name in payload}
    return changed.model_copy(update={"inputs": {**changed.inputs, **given}})


def _node_at(nodes: object, path: Sequence[str | int]) -> str | None:
    """Give the id of the node that a path within a plan leads into."""
    if len(path) < 2 or path[0] != "nodes" or not isinstance(path[1], int) or not isinstance(nodes, list):  # noqa: PLR2004
        return None
    node: object = nodes[path[1]]  # pyright: ignore[reportUnknownVariableType] - as it came from outside
    name: object = node.get("id") if isinstance(node, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return name if isinstance(name, str) else None
