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
    FallbackNode,
    Fields,
    GroupNode,
    Items,
    Literally,
    MapNode,
    Node,
    ParallelNode,
    Plan,
    ReduceNode,
    Reference,
    RepeatNode,
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
    said = clean(f"  {_said(node)}", "green" if isinstance(node, StepNode) else "")
    branch = tree.add(title + said + _after(node))
    if isinstance(node, StepNode):
        for name, source in node.inputs.items():
            branch.add(Text(f"{name} = ") + clean(binding_text(source)))
    for name, block in _titled(node):
        _block(branch, name, block, reasons)
    if isinstance(node, StepNode) and reasons and node.why is not None:
        branch.add(Text() + Text("why: ", "dim") + _candidate(node.why.chosen))
        _rejected(branch, node.why.rejected)


def _titled(node: Node) -> list[tuple[str, Block | None]]:
    """List what a node runs, and when."""
    found: list[tuple[str, Block | None]] = []
    match node:
        case StepNode():
            found.append(("taken back by", node.undo))
        case BranchNode():
            found += [(f"when {_condition(case.when)}", case.then) for case in node.cases]
            found.append(("otherwise", node.otherwise))
        case ParallelNode():
            found += node.branches.items()
        case MapNode():
            found.append((f"at most {node.concurrency} at once", node.each))
        case ReduceNode() | RepeatNode():
            found.append(("one after another", node.each))
        case RetryNode():
            found += [("attempt", node.attempt), ("otherwise", node.otherwise)]
        case FallbackNode():
            found += [("otherwise" if place else "first", block) for place, block in enumerate(node.choices)]
        case GroupNode():
            pass
    return found


def _said(node: Node) -> str:
    """Say in a few words what a node does."""
    match node:
        case StepNode():
            said = node.capability_id if node.timeout is None else f"{node.capability_id} within {node.timeout:g} s"
        case BranchNode():
            said = "the first that holds"
        case ParallelNode():
            late = "" if node.timeout is None else f" within {node.timeout:g} s"
            said = f"all at once{late}" + ("; some may fail" if node.partial == "continue" else "")
        case MapNode():
            many = "each" if node.chunk is None else f"each {node.chunk}"
            said = f"for {many} of {binding_text(node.over)}"
        case ReduceNode():
            until = "" if node.until is None else f", until {_condition(node.until)}"
            said = f"over {binding_text(node.over)}, starting with {binding_text(node.initial)}{until}"
        case RepeatNode():
            said = f"while {_condition(node.condition)}, starting with {binding_text(node.initial)}"
        case GroupNode():
            said = f"{binding_text(node.over)} by {'.'.join(map(str, node.by)) or 'itself'}"
        case RetryNode():
            said = f"up to {node.attempts} attempts"
        case FallbackNode():
            said = "the first that succeeds"
    return said


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
