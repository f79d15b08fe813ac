"""Turn a request into a draft of a plan: steps, wiring, confidence and reasons, or a refusal that says what lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from packetflow.planners.rules.building import Building, Step
from packetflow.planners.rules.choice import Choice, ToolBox, Weighed
from packetflow.planners.rules.clauses import Clause, split
from packetflow.planners.rules.confidence import confidence
from packetflow.planners.rules.parts import Given, parts_of
from packetflow.planners.rules.spelling import corrected
from packetflow.planners.rules.tool import JSON, Tool

_CANDIDATES = 3
_MOST_PARTS = 16
_FAR = 0.01
"""A tool that scores less has nothing to do with the request, and nobody is asked what it lacks."""


@dataclass(frozen=True)
class Draft:
    """What the rules made of a request.

    `steps` is a complete plan in order of need, or empty: a refusal. Then `candidates` are the nearest tools, best
    first, at most three; `missing` tells by tool which required inputs have no value; `unmet` are the parts of the
    request for which no tool fits; `partial` are the steps as far as they came; `reason` tells in
    words why nothing was tried. `confidence` is from 0 to 1.
    """

    steps: tuple[Step, ...] = ()
    confidence: float = 0.0
    candidates: tuple[Weighed, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    unmet: tuple[str, ...] = ()
    partial: tuple[Step, ...] = ()
    reason: str = ""

    @property
    def refused(self) -> bool:
        """Say whether no plan came out."""
        return not self.steps


def draft(
    text: str,
    tools: Iterable[Tool] | ToolBox,
    *,
    today: date | None = None,
    hints: Mapping[str, JSON] | None = None,
    one_step: bool = False,
) -> Draft:
    """Plan a request over `tools` by rules alone: no model, no network, the same answer every time.

    `today` is needed for "tomorrow" and the like; `hints` fill required inputs of their names that the request leaves
    open. `one_step` reads the whole request as one act (several calls of one tool stay possible). Give a `ToolBox`
    where the same tools serve many requests.
    """
    given = Given(tools if isinstance(tools, ToolBox) else ToolBox(tools), today, hints or {})
    text = corrected(_bare(text), given.box.verbs, given.box.words)
    clauses = [Clause(text, 0, len(text))] if one_step else split(text, given.box.verbs)
    if len(clauses) > _MOST_PARTS:
        return Draft(reason=f"the request asks for {len(clauses)} things at once, at most {_MOST_PARTS}")
    parts = parts_of(clauses, given, whole=one_step)
    building = Building(given)
    for part in parts.found:
        building.take(part)
    steps = tuple(building.steps)
    missing = {step.tool: step.missing for step in steps if step.missing}
    complete = bool(steps) and not missing and not parts.unmet
    return Draft(
        steps=steps if complete else (),
        confidence=confidence(parts.found, parts.unmet) if steps else 0.0,
        candidates=() if complete else _nearest(parts.weighed),
        missing=missing if steps else _missing_of(parts.weighed),
        unmet=tuple(parts.unmet),
        partial=() if complete else steps,
    )


def _bare(text: str) -> str:
    """Take away quotation marks around the whole request: they quote nothing."""
    text = text.strip()
    for mark in ('"', "'"):
        if len(text) > 2 and text[0] == text[-1] == mark and mark not in text[1:-1]:  # noqa: PLR2004 - both marks
            return text[1:-1].strip()
    return text[1:] if text.startswith('"') and text.count('"') == 1 else text


def _nearest(weighed: list[Choice]) -> tuple[Weighed, ...]:
    every = [one for choice in weighed for one in (choice.best, *choice.rejected)]
    best: dict[str, Weighed] = {}
    for one in sorted(every, key=lambda item: (-item.score, item.tool)):
        if one.score < _FAR:
            continue
        best.setdefault(one.tool, one)
    return tuple(list(best.values())[:_CANDIDATES])


def _missing_of(weighed: list[Choice]) -> dict[str, tuple[str, ...]]:
    if not weighed:
        return {}
    best = max(weighed, key=lambda choice: choice.best.score)
    asks = best.filling.missing and best.best.score >= _FAR
    return {best.tool.id: tuple(best.filling.missing)} if asks else {}
