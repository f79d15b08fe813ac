"""A plan for a person's eyes: steps, where each input comes from, why each capability was chosen, what was rejected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from packetflow._core.plan import (
    Binding,
    Block,
    BranchNode,
    Condition,
    Fields,
    Items,
    Literally,
    MapNode,
    Node,
    Plan,
    ReduceNode,
    Reference,
    RetryNode,
    StepNode,
)
from packetflow.cli.screen import clean, compact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow._core.explanation import Candidate


def plan_view(plan: Plan[Any], *, reasons: bool = True) -> Tree:
    """Draw a plan as a tree, in the order it is written; with `reasons` also what was chosen and rejected, and why."""
    title = Text() + Text("Plan ", "bold") + Text(plan.id[:12], "cyan")
    if plan.intent:
        title += clean(f"  “{plan.intent}”", "italic")
    if plan.planner:
        title += clean(f"  by {plan.planner}, confidence {plan.confidence:.2f}", "dim")
    tree = Tree(title, guide_style="dim")
    for number, node in enumerate(plan.nodes, 1):
        _draw(tree, node, reasons, f"{number}. ")
    tree.add(Text() + Text("result = ", "bold") + clean(binding_text(plan.output)))
    told = [one for step in plan.steps() if step.why is not None for one in step.why.rejected]
    _rejected(tree, [one for one in plan.rejected if reasons and one not in told])
    return tree


def binding_text(binding: Binding) -> str:
    """Say where a value comes from."""
    match binding:
        case Literally():
            return compact(json.dumps(binding.literal, ensure_ascii=False), 120)
        case Reference():
            path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in binding.path)
            return f"← {binding.step}{path}"
        case Items():
            return f"[{', '.join(map(binding_text, binding.items))}]"
        case Fields():
            return "{" + ", ".join(f"{name}: {binding_text(inner)}" for name, inner in binding.fields.items()) + "}"


def _draw(tree: Tree, node: Node, reasons: bool, number: str = "") -> None:  # noqa: FBT001 - private
    title = Text(number) + Text(node.id, "bold cyan")
    match node:
        case StepNode():
            branch = tree.add(title + clean(f"  {node.capability_id}", "green") + _after(node))
            for name, source in node.inputs.items():
                branch.add(Text(f"{name} = ") + clean(binding_text(source)))
            if reasons and node.why is not None:
                branch.add(Text() + Text("why: ", "dim") + _candidate(node.why.chosen))
                _rejected(branch, node.why.rejected)
        case BranchNode():
            branch = tree.add(title + Text("  the first that holds") + _after(node))
            for case in node.cases:
                _block(branch, f"when {_condition(case.when)}", case.then, reasons)
            _block(branch, "otherwise", node.otherwise, reasons)
        case MapNode():
            branch = tree.add(title + clean(f"  for each of {binding_text(node.over)}") + _after(node))
            _block(branch, f"at most {node.concurrency} at once", node.each, reasons)
        case ReduceNode():
            start = f"  over {binding_text(node.over)}, starting with {binding_text(node.initial)}"
            _block(tree.add(title + clean(start) + _after(node)), "one after another", node.each, reasons)
        case RetryNode():
            branch = tree.add(title + Text(f"  up to {node.attempts} attempts") + _after(node))
            _block(branch, "attempt", node.attempt, reasons)
            _block(branch, "otherwise", node.otherwise, reasons)


def _block(tree: Tree, title: str, block: Block | None, reasons: bool) -> None:  # noqa: FBT001 - private
    if block is None:
        return
    branch = tree.add(clean(title, "dim"))
    for node in block.nodes:
        _draw(branch, node, reasons)
    branch.add(Text() + Text("gives ", "dim") + clean(binding_text(block.output)))


def _condition(condition: Condition) -> str:
    other = "" if condition.to is None else f" {binding_text(condition.to)}"
    return f"{binding_text(condition.value)} {condition.op}{other}"


def _after(node: Node) -> Text:
    return Text(f"  after {', '.join(node.depends_on)}", "dim") if node.depends_on else Text()


def _rejected(tree: Tree, candidates: Sequence[Candidate]) -> None:
    if not candidates:
        return
    branch = tree.add(Text("rejected", "dim"))
    for candidate in candidates:
        branch.add(_candidate(candidate))


def _candidate(candidate: Candidate) -> Text:
    reason = candidate.reason or candidate.intent
    said = f": {compact(reason)}" if reason else ""
    return clean(f"{candidate.capability_id} ({candidate.score:.2f}){said}", "dim")
