"""From a model's draft to a plan: names made safe, values read, references wired. Nothing is guessed or run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from packetflow._core.errors import Problem
from packetflow._core.explanation import Candidate, Explanation
from packetflow._core.json import Json, canonical
from packetflow._core.plan import Binding, Block, Items, Literally, MapNode, Node, Plan, Reference, StepNode
from packetflow._core.ports import Request
from packetflow._core.registry import Registry
from packetflow._core.shape import types
from packetflow.planners.llm.draft import DraftInput, DraftStep, FromJson, FromStep, FromSteps, Given, PlanDraft

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,55}")
_LONGEST_REASON = 200
_SHOWN_REJECTED = 3


def converted(
    draft: PlanDraft, request: Request, shortlist: Sequence[Candidate], registry: Registry, planner: str
) -> tuple[Plan[Any] | None, list[Problem]]:
    """Make the plan that a draft means; None with the problems when it cannot be written as one.

    The plan is not proven by this: capabilities, inputs and types are the prover's to check. `shortlist` is what the
    model was shown, best first; what of it the draft does not use is named in the plan as rejected.
    """
    conversion = _Conversion(draft, shortlist, registry)
    nodes = [conversion.node(step) for step in draft.steps]
    wanted = draft.output_step or draft.steps[-1].id
    if conversion.problems:
        return None, conversion.problems
    plan = Plan[Any](
        intent=request.intent,
        nodes=tuple(nodes),
        output=Reference(step=conversion.names.get(wanted, wanted)),
        planner=planner,
        confidence=min(1.0, max(0.0, draft.confidence)),
        rejected=conversion.rejected,
    )
    return plan, []


class _Conversion:
    def __init__(self, draft: PlanDraft, shortlist: Sequence[Candidate], registry: Registry) -> None:
        used = {step.capability_id for step in draft.steps}
        self.problems: list[Problem] = []
        self.names = _safe_names(draft.steps)
        self.rejected = tuple(_not_chosen(candidate) for candidate in shortlist if candidate.capability_id not in used)
        self._weighed = {candidate.capability_id: candidate for candidate in shortlist}
        self._registry = registry

    def node(self, step: DraftStep) -> Node:
        """Make the node of a step; a step over a list becomes a map with one step in it."""
        name = self.names[step.id]
        after = tuple(self.names[other] for other in step.after if self._is_step(step, other))
        if step.for_each is None:
            return self._step(step, name, after)
        inner, source = f"{name}_each", step.for_each.from_step
        return MapNode(
            kind="map",
            id=name,
            depends_on=after,
            over=Reference(step=self.names.get(source, source), path=step.for_each.path),
            each=Block(nodes=(self._step(step, inner, ()),), output=Reference(step=inner)),
        )

    def _step(self, step: DraftStep, name: str, after: tuple[str, ...]) -> StepNode:
        return StepNode(
            id=name,
            capability_id=step.capability_id,
            depends_on=after,
            inputs=self._inputs(step),
            why=self._why(step),
        )

    def _is_step(self, step: DraftStep, other: str) -> bool:
        if other not in self.names:
            message = f"there is no step {other!r} to come after"
            self.problems.append(Problem("unknown_step", message, ("after",), step.id, tuple(self.names)))
        return other in self.names

    def _inputs(self, step: DraftStep) -> dict[str, Binding]:
        found: dict[str, Binding] = {}
        for given in step.inputs:
            if given.name in found:
                message = f"input {given.name!r} is given twice"
                self.problems.append(Problem("duplicate_input", message, ("inputs", given.name), step.id))
            found[given.name] = self._binding(step, given)
        return found

    def _why(self, step: DraftStep) -> Explanation:
        shown = self._weighed.get(step.capability_id)
        reason = " ".join(step.why.split())[:_LONGEST_REASON]
        chosen = Candidate(
            capability_id=step.capability_id,
            intent=shown.intent if shown else "",
            score=shown.score if shown else 0.0,
            reason=reason or (shown.reason if shown else ""),
        )
        return Explanation(chosen=chosen, rejected=self.rejected[:_SHOWN_REJECTED])

    def _binding(self, step: DraftStep, given: DraftInput) -> Binding:
        match given:
            case FromStep():
                return self._reference(step, given.from_step, given.path)
            case FromSteps():
                return Items(items=tuple(self._reference(step, part.from_step, part.path) for part in given.items))
            case FromJson():
                return Literally(literal=self._parsed(step, given))
            case Given():
                return Literally(literal=self._value(step, given))

    def _reference(self, step: DraftStep, source: str, path: tuple[str | int, ...]) -> Reference:
        if source == "item" and step.for_each is not None:
            return Reference(step=f"{self.names[step.id]}.item", path=path)
        return Reference(step=self.names.get(source, source), path=path)

    def _parsed(self, step: DraftStep, given: FromJson) -> Json:
        try:
            return cast("Json", json.loads(given.json_text, parse_constant=_refuse))
        except (ValueError, RecursionError) as error:
            message = f"json_text of input {given.name!r} is not JSON: {error}"
            self.problems.append(Problem("not_json", message, ("inputs", given.name), step.id))
            return None

    def _value(self, step: DraftStep, given: Given) -> Json:
        """Read JSON text where a list or an object is wanted and a text is not: models put either."""
        wanted = self._wanted(step.capability_id, given.name)
        if isinstance(given.value, str) and wanted and not wanted & {"string"} and wanted & {"array", "object"}:
            return self._parsed(step, FromJson(name=given.name, json_text=given.value))
        try:
            canonical(given.value)
        except ValueError as error:
            self.problems.append(Problem("not_json", str(error), ("inputs", given.name), step.id))
            return None
        return given.value

    def _wanted(self, capability_id: str, name: str) -> frozenset[str]:
        declared = self._registry.get(capability_id)
        schema: Mapping[str, Any] = declared.input_schema if declared else {}
        field = schema.get("properties", {}).get(name)
        return types(field, schema) if field is not None else frozenset()


def _safe_names(steps: Sequence[DraftStep]) -> dict[str, str]:
    """Give every step an id that a plan accepts, the model's own where it can be."""
    names: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        names[step.id] = step.id if _ID.fullmatch(step.id) else f"step_{number}"
    return names


def _not_chosen(candidate: Candidate) -> Candidate:
    return candidate.model_copy(update={"reason": f"offered to the model ({candidate.reason}) and not chosen"})


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")
