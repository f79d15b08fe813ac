"""The planner that needs no key: rules over the declared schemas, the same plan for the same words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import anyio.to_thread

from packetflow._core.explanation import Candidate, Explanation
from packetflow._core.plan import Binding, Fields, Items, Literally, Plan, Reference, StepNode
from packetflow._core.ports import Proposal
from packetflow.planners.rules.building import Step, Value
from packetflow.planners.rules.choice import ToolBox, Weighed
from packetflow.planners.rules.draft import Draft, draft
from packetflow.planners.rules.links import Link
from packetflow.planners.rules.phrases import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packetflow._core.ports import Request
    from packetflow._core.registry import Registry
    from packetflow.planners.rules.tool import Tool

_CANDIDATES = 3
_LONGEST: Final = 2_000
_MOST_WORDS: Final = 320
_SHORT: Final = 300
"""Up to so many characters a request is planned in the event loop: a few milliseconds."""


class RulesPlanner:
    """Implements `Planner` by rules: no model, no network, no randomness."""

    name = "rules"

    def __init__(self) -> None:
        """Begin with no registry read; the last one is kept read."""
        self._read: tuple[Registry, ToolBox] | None = None

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        """Propose a plan, or say what is missing and which capabilities come nearest."""
        if reason := _too_long(request.intent):
            return Proposal(None, 0.0, reason=reason, planner=self.name)
        made = await self._draft(request, self._box(registry))
        candidates = tuple(_candidate(weighed, registry) for weighed in made.candidates[:_CANDIDATES])
        if made.refused:
            missing = tuple(name for names in made.missing.values() for name in names)
            return Proposal(None, made.confidence, candidates, missing, _reason(made), self.name)
        last = made.steps[-1]
        plan = Plan[Any](
            intent=request.intent,
            nodes=tuple(_node(step, registry) for step in made.steps),
            output=_output(made),
            planner=self.name,
            confidence=made.confidence,
            rejected=tuple(_candidate(weighed, registry) for weighed in last.rejected),
        )
        return Proposal(plan, made.confidence, candidates, planner=self.name)

    async def close(self) -> None:
        """Hold nothing that has to be let go."""

    async def _draft(self, request: Request, box: ToolBox) -> Draft:
        plan = partial(draft, request.intent, box, today=request.now.astimezone().date(), hints=request.hints)
        if len(request.intent) <= _SHORT:
            return plan()
        return await anyio.to_thread.run_sync(plan, abandon_on_cancel=True)

    def _box(self, registry: Registry) -> ToolBox:
        if self._read is None or self._read[0] is not registry:
            tools = cast("Iterable[Tool]", registry.values())  # to a Protocol, cached properties are none
            self._read = (registry, ToolBox(tools, registry.index))
        return self._read[1]


def _too_long(text: str) -> str:
    if len(text) > _LONGEST:
        return f"the request is too long to plan: {len(text):,} characters, at most {_LONGEST:,}"
    words = len(tokens_of(text))
    if words > _MOST_WORDS:
        return f"the request is too long to plan: {words:,} words and marks, at most {_MOST_WORDS:,}"
    return ""


def _node(step: Step, registry: Registry) -> StepNode:
    why = Explanation(
        chosen=_candidate(step.why, registry),
        rejected=tuple(_candidate(weighed, registry) for weighed in step.rejected[:_CANDIDATES]),
    )
    inputs = {name: _binding(value) for name, value in step.arguments.items()}
    return StepNode(
        id=step.label, capability_id=step.tool, description=registry[step.tool].intent, inputs=inputs, why=why
    )


def _binding(value: Value) -> Binding:
    if isinstance(value, Link):
        return Reference(step=value.label, path=tuple(value.path))
    if isinstance(value, list) and value and all(isinstance(item, Link) for item in value):
        return Items(items=tuple(_binding(item) for item in value if isinstance(item, Link)))
    return Literally(literal=value)


def _output(made: Draft) -> Binding:
    """Give what no other step uses: one output as it is, several by the names of their steps."""
    used = {link.label for step in made.steps for value in step.arguments.values() for link in _links(value)}
    ends = [step.label for step in made.steps if step.label not in used]
    if len(ends) == 1:
        return Reference(step=ends[0])
    return Fields(fields={label: Reference(step=label) for label in ends})


def _links(value: Value) -> list[Link]:
    if isinstance(value, Link):
        return [value]
    return [item for item in value if isinstance(item, Link)] if isinstance(value, list) else []


def _candidate(weighed: Weighed, registry: Registry) -> Candidate:
    declared = registry.get(weighed.tool)
    return Candidate(
        capability_id=weighed.tool,
        intent=declared.intent if declared is not None else "",
        score=round(weighed.score, 3),
        reason="; ".join(weighed.reasons),
    )


def _reason(made: Draft) -> str:
    if made.reason:
        return made.reason
    if made.missing:
        return "; ".join(f"{tool} needs {', '.join(names)}" for tool, names in made.missing.items())
    if made.unmet:
        return "no capability fits: " + "; ".join(repr(text) for text in made.unmet)
    return "no capability fits the request"
