"""An immutable DAG of steps: data that can be shown, edited, stored, approved and run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Self, TypeAlias, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, computed_field

from packetflow._core.explanation import Candidate, Explanation
from packetflow._core.json import JsonObject, digest, plain
from packetflow._core.step import Step
from packetflow._core.writer import Writer

R = TypeVar("R")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(_Value):
    """A value that stands in the plan itself."""

    literal: Annotated[Any, BeforeValidator(plain)]


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


def _kind_of_binding(value: object) -> str | None:
    """Tell bindings apart by the one field that each must have."""
    if isinstance(value, _Value):
        return type(value).__name__
    if not isinstance(value, Mapping):
        return None
    return next((kind for name, kind in _KINDS.items() if name in cast("Mapping[str, object]", value)), None)


_KINDS = {"literal": "Literally", "step": "Reference", "items": "Items", "fields": "Fields"}

Binding: TypeAlias = Annotated[
    Annotated[Literally, Tag("Literally")]
    | Annotated[Reference, Tag("Reference")]
    | Annotated[Items, Tag("Items")]
    | Annotated[Fields, Tag("Fields")],
    Discriminator(
        _kind_of_binding,
        custom_error_type="no_binding",
        custom_error_message="an input is one of literal, step (with path), items and fields",
    ),
]
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
    """Runs a block until it succeeds, at most `attempts` times, waiting `backoff` seconds, doubled each time.

    `otherwise` runs when all of them failed.
    """

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

    def __init__(
        self,
        step: Step[R] | None = None,
        /,
        *also: Step[Any],
        **fields: Any,  # noqa: ANN401 - checked by pydantic
    ) -> None:
        """Collect a step, every step it uses, and the steps in `also`; the first step's output is the plan's.

        Raises ValueError when the steps form a cycle or share a step in a way that cannot be, and pydantic's
        ValidationError for fields that are wrong. An `id` that comes in says nothing: it is computed.
        """
        given = {name: value for name, value in fields.items() if name != "id"}
        super().__init__(**(Writer((step, *also)).plan() if step is not None else {}), **given)

    if not TYPE_CHECKING:

        def __class_getitem__(cls, output: object) -> type[Plan[Any]]:
            """Give the same class: the type of the output is known to the type checker only."""
            return cls

    @computed_field
    @cached_property
    def id(self) -> str:
        """Names the plan by what it does: version, nodes and output; not by its intent or explanations."""
        content = self.model_dump(mode="json", include={"version", "nodes", "output"}, by_alias=True)
        return digest({**content, "nodes": [_acting(node) for node in content["nodes"]]})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the plan with other fields; they are checked, and the copy has the id of what it does.

        Raises pydantic's ValidationError for fields that are wrong.
        """
        del deep  # nothing in it can change
        return type(self)(**({name: getattr(self, name) for name in type(self).model_fields} | dict(update or {})))

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


def _acting(node: JsonObject) -> JsonObject:
    """Keep of a node what acts, and drop what explains."""
    acting = {name: value for name, value in node.items() if name not in {"why", "description"}}
    for name in ("each", "attempt", "otherwise"):
        if acting.get(name) is not None:
            acting[name] = _acting_block(acting[name])
    if "cases" in acting:
        acting["cases"] = [{**case, "then": _acting_block(case["then"])} for case in acting["cases"]]
    return acting


def _acting_block(block: JsonObject) -> JsonObject:
    return {**block, "nodes": [_acting(node) for node in block["nodes"]]}
