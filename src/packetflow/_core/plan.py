"""An immutable DAG of steps: data that can be shown, edited, stored, approved and run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, computed_field

from packetflow._core.binding import (
    Binding,
    Condition,
    Fields,
    Items,
    Literally,
    Operator,
    Reference,
    references,
)
from packetflow._core.explanation import Candidate
from packetflow._core.json import digest
from packetflow._core.node import (
    Block,
    BranchNode,
    Case,
    Composite,
    FallbackNode,
    GroupNode,
    MapNode,
    NamedBreaker,
    Node,
    NodeId,
    ParallelNode,
    ReduceNode,
    RepeatNode,
    RetryNode,
    StepNode,
    acting,
    bindings,
    blocks,
    needs,
    walk,
)
from packetflow._core.step import Step
from packetflow._core.writer import Writer

__all__ = [
    "Binding",
    "Block",
    "BranchNode",
    "Case",
    "Composite",
    "Condition",
    "FallbackNode",
    "Fields",
    "GroupNode",
    "Items",
    "Literally",
    "MapNode",
    "NamedBreaker",
    "Node",
    "NodeId",
    "Operator",
    "ParallelNode",
    "Plan",
    "ReduceNode",
    "Reference",
    "RepeatNode",
    "RetryNode",
    "StepNode",
    "bindings",
    "blocks",
    "needs",
    "references",
    "walk",
]

R = TypeVar("R")


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
        return digest({**content, "nodes": [acting(node) for node in content["nodes"]]})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the plan with other fields; they are checked, and the copy has the id of what it does.

        Raises pydantic's ValidationError for fields that are wrong.
        """
        del deep  # nothing in it can change
        return type(self)(**({name: getattr(self, name) for name in type(self).model_fields} | dict(update or {})))

    def steps(self) -> list[StepNode]:
        """List every call of a capability, those in blocks included, in the order they are written."""
        return [node for node in walk(self.nodes) if isinstance(node, StepNode)]
