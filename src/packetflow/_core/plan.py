"""An immutable DAG of steps: data that can be shown, edited, stored, approved and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, computed_field
from pydantic_core import to_jsonable_python

from packetflow._core.explanation import Candidate, Explanation
from packetflow._core.json import JsonObject, digest
from packetflow._core.step import Pointer, Step, origin

R = TypeVar("R")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(_Value):
    """A value that stands in the plan itself."""

    literal: Any


class Reference(_Value):
    """The output of an earlier node, or a part of it; within a map or reduce also a loop variable.

    The loop variables of node `m` are called `m.item` and, in a reduce, `m.accumulator`.
    """

    step: str
    path: tuple[str | int, ...] = ()


class Items(_Value):
    """A list made of bindings."""

    items: tuple[Binding, ...]


class Fields(_Value):
    """An object made of bindings."""

    fields: dict[str, Binding]


Binding: TypeAlias = Annotated[Literally | Reference | Items | Fields, Field(union_mode="left_to_right")]
"""Where an input comes from. Nothing else is ever substituted: there are no templates in texts."""

NodeId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "truthy", "empty"]


class Condition(_Value):
    """A comparison; `truthy` and `empty` look at `value` alone."""

    value: Binding
    op: Operator = "truthy"
    to: Binding | None = None


class Block(_Value):
    """Nodes that run as one, with one output. Sees the nodes around it; is not seen from outside."""

    nodes: tuple[Node, ...]
    output: Binding


class _Node(_Value):
    id: NodeId
    description: str = ""
    depends_on: tuple[NodeId, ...] = ()
    """Nodes that must have succeeded before, besides those whose output is used."""


class StepNode(_Node):
    """One call of a capability."""

    kind: Literal["step"] = "step"
    capability_id: str
    inputs: dict[str, Binding] = Field(default_factory=dict[str, Binding])
    why: Explanation | None = None


class Case(_Value):
    """What runs when a condition holds."""

    when: Condition
    then: Block


class BranchNode(_Node):
    """Runs the first case whose condition holds, else `otherwise`; without either its output is null."""

    kind: Literal["branch"]
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: Block | None = None


class MapNode(_Node):
    """Runs a block for every item of a list, at most `concurrency` at once; outputs keep the order of the items."""

    kind: Literal["map"]
    over: Binding
    each: Block
    concurrency: int = Field(default=4, ge=1, le=1000)


class ReduceNode(_Node):
    """Runs a block for every item of a list, one after another, carrying the output on."""

    kind: Literal["reduce"]
    over: Binding
    initial: Binding
    each: Block


class RetryNode(_Node):
    """Runs a block until it succeeds, `attempts` times, waiting `backoff` seconds doubled each time; then `otherwise`."""

    kind: Literal["retry"]
    attempt: Block
    attempts: int = Field(default=3, ge=1, le=100)
    backoff: float = Field(default=0.1, ge=0, le=3600)
    otherwise: Block | None = None


Node: TypeAlias = Annotated[StepNode | BranchNode | MapNode | ReduceNode | RetryNode, Field(discriminator="kind")]


class Plan(BaseModel, Generic[R]):
    """A plan, written by hand (`Plan(step)`), by a planner, or read from JSON. Two equal plans have one id.

    It is not yet proven: `prove` says what is wrong with it for a given registry and grant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    intent: str = ""
    """The sentence it answers, if there was one."""
    nodes: tuple[Node, ...] = Field(min_length=1)
    output: Binding
    planner: str = ""
    """Which planner made it; empty when written by hand."""
    confidence: float = Field(default=1.0, ge=0, le=1)
    rejected: tuple[Candidate, ...] = ()
    """Capabilities that were weighed for the whole request and not used, best first."""

    def __init__(self, step: Step[R] | None = None, /, *also: Step[Any], **fields: Any) -> None:
        """Collect a step, every step it uses, and the steps in `also`; the first step's output is the plan's.

        Raises ValueError when the steps form a cycle, and pydantic's ValidationError for fields that are wrong.
        """
        super().__init__(**(_Writer().plan((step, *also)) if step is not None else {}), **_without_id(fields))

    @computed_field
    @cached_property
    def id(self) -> str:
        """Names the plan by what it does: version, nodes and output; not by its intent or explanations."""
        content = self.model_dump(mode="json", include={"version", "nodes", "output"}, exclude_defaults=False)
        return digest(_bare(content))

    def steps(self) -> list[StepNode]:
        """List every call of a capability, those in blocks included, in the order they are written."""
        return [node for node in walk(self.nodes) if isinstance(node, StepNode)]


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Go over nodes and the nodes of their blocks, outermost first."""
    for node in nodes:
        yield node
        for block in blocks(node):
            yield from walk(block.nodes)


def blocks(node: Node) -> tuple[Block, ...]:
    """List the blocks of a node, in the order they may run."""
    match node:
        case BranchNode():
            found = (*(case.then for case in node.cases), node.otherwise)
        case MapNode() | ReduceNode():
            found = (node.each,)
        case RetryNode():
            found = (node.attempt, node.otherwise)
        case StepNode():
            found = ()
    return tuple(block for block in found if block is not None)


def bindings(node: Node) -> list[Binding]:
    """List the bindings a node itself reads, those of its blocks not included."""
    match node:
        case StepNode():
            return list(node.inputs.values())
        case BranchNode():
            return [b for case in node.cases for b in (case.when.value, case.when.to) if b is not None]
        case MapNode():
            return [node.over]
        case ReduceNode():
            return [node.over, node.initial]
        case RetryNode():
            return []


def references(binding: Binding) -> Iterator[Reference]:
    """Go over the references inside a binding."""
    match binding:
        case Reference():
            yield binding
        case Items():
            for item in binding.items:
                yield from references(item)
        case Fields():
            for item in binding.fields.values():
                yield from references(item)
        case Literally():
            return


def needs(node: Node) -> frozenset[str]:
    """Give the ids that must have succeeded before this node can run, loop variables of its own left out."""
    found = {reference.step for binding in bindings(node) for reference in references(binding)} | set(node.depends_on)
    for block in blocks(node):
        own = {inner.id for inner in block.nodes} | {f"{node.id}.item", f"{node.id}.accumulator"}
        inside = [needs(inner) for inner in block.nodes]
        inside.append(frozenset(reference.step for reference in references(block.output)))
        found |= frozenset().union(*inside) - own
    return frozenset(found)


def _without_id(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "id"}  # it is computed; what came in says nothing


def _bare(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Drop what explains and keep what acts."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if "literal" in fields:
            return dict(fields)
        return {name: _bare(inner) for name, inner in fields.items() if name not in {"why", "description"}}
    return [_bare(inner) for inner in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else value


class _Writer:
    """Turns steps under construction into nodes, giving each an id of its own."""

    def __init__(self, outer: _Writer | None = None, own: Callable[[Step[Any]], bool] = lambda _: True) -> None:
        self._outer, self._own = outer, own
        self._ids: dict[int, str] = {}
        self._taken: set[str] = outer._taken if outer else set()
        self._nodes: list[JsonObject] = []
        self._open: set[int] = set()

    def plan(self, steps: Sequence[Step[Any]]) -> JsonObject:
        """Give the fields of a plan."""
        outputs = [self.binding(Pointer(step)) for step in steps]
        return {"nodes": self._nodes, "output": outputs[0]}

    def block(self, output: object) -> JsonObject:
        """Give the fields of a block whose output is that value."""
        return {"output": self.binding(output), "nodes": self._nodes}

    def binding(self, value: object) -> JsonObject:
        """Give a value as a binding, adding the nodes it points at."""
        if isinstance(value, Step):
            return self.binding(Pointer(cast("Step[Any]", value)))
        if isinstance(value, Pointer):
            step, path = origin(value)
            return {"step": step if isinstance(step, str) else self._add(step), "path": path}
        if not _points(value):
            return {"literal": to_jsonable_python(value)}
        if isinstance(value, Mapping):
            fields = cast("Mapping[str, object]", value)
            return {"fields": {name: self.binding(inner) for name, inner in fields.items()}}
        return {"items": [self.binding(inner) for inner in cast("Sequence[object]", value)]}

    def _known(self, step: Step[Any]) -> str | None:
        return self._ids.get(id(step)) or (self._outer._known(step) if self._outer else None)  # noqa: SLF001 - own class

    def _add(self, step: Step[Any]) -> str:
        if (known := self._known(step)) is not None:
            return known
        if self._outer is not None and not self._own(step):
            return self._outer._add(step)
        if id(step) in self._open:
            message = "the steps form a cycle"
            raise ValueError(message)
        self._open.add(id(step))
        name = self._name(step)
        fields = {key: self._field(name, key, value) for key, value in step.fields.items()}
        after = [self._add(earlier) for earlier in step.after]
        self._nodes.append({"kind": step.kind, "id": name, "depends_on": after, **fields})
        self._ids[id(step)] = name
        return name

    def _field(self, name: str, key: str, value: Any) -> Any:  # noqa: ANN401 - a node's field
        if key == "inputs":
            return {field: self.binding(inner) for field, inner in value.items()}
        if key in {"over", "initial"}:
            return self.binding(value)
        if key in {"each", "attempt", "otherwise"} and value is not None:
            return self._block(name, key, value)
        if key == "cases":
            return [{"when": self._condition(when), "then": self._block(name, key, then)} for when, then in value]
        return value

    def _block(self, name: str, key: str, made: Any) -> JsonObject:  # noqa: ANN401 - a step, or a function giving one
        """Write a block. What it uses but does not repeat stands outside, so that it runs once."""
        if key == "each":
            variables = {f"{name}.item", f"{name}.accumulator"}
            root = made(*(Pointer(variable) for variable in sorted(variables, reverse=True)))
            return _Writer(self, lambda step: step is root or _uses(step, variables)).block(root)
        if key == "attempt":
            return _Writer(self, lambda step: step is made).block(made)
        return _Writer(self).block(made)

    def _condition(self, when: Mapping[str, Any]) -> JsonObject:
        return {name: value if name == "op" else self.binding(value) for name, value in when.items()}

    def _name(self, step: Step[Any]) -> str:
        wanted = step.id or str(step.fields.get("capability_id", step.kind)).replace(".", "_")[:48]
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def _uses(value: object, variables: set[str]) -> bool:
    """Whether a value rests on one of these loop variables, however far up."""
    if isinstance(value, Pointer):
        step, _ = origin(value)
        return step in variables if isinstance(step, str) else _uses(step, variables)
    if isinstance(value, Step):
        step = cast("Step[Any]", value)
        return any(_uses(inner, variables) for inner in (*step.fields.values(), *step.after))
    if isinstance(value, Mapping):
        return any(_uses(inner, variables) for inner in cast("Mapping[str, object]", value).values())
    return isinstance(value, list | tuple) and any(_uses(inner, variables) for inner in cast("Sequence[object]", value))


def _points(value: object) -> bool:
    if isinstance(value, Pointer | Step):
        return True
    if isinstance(value, Mapping):
        return any(_points(inner) for inner in cast("Mapping[str, object]", value).values())
    return isinstance(value, list | tuple) and any(_points(inner) for inner in cast("Sequence[object]", value))
