"""How a sentence is understood, told from its plan: nothing runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.errors import NotUnderstood
from packetflow._core.plan import Literally, StepNode, walk
from packetflow.http.bodies import Action, Analysis, Entity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow._core.capability import Declaration
    from packetflow._core.explanation import Candidate
    from packetflow._core.plan import Plan
    from packetflow._core.registry import Registry

_KINDS: Final = (
    ("creation", re.compile(r"\b(?:create|make|new|add|open|start|found|register|draft|compose)\b")),
    ("analysis", re.compile(r"\b(?:analy[sz]|summar|detect|compar|classif|measur|insight|moderat|scor)\w*")),
    ("transformation", re.compile(r"\b(?:translat|convert|format|transform|rewrit|encod|sort|normali[sz])\w*")),
)
_MODERATE: Final = 3


def analysis_of(plan: Plan[Any], registry: Registry) -> Analysis:
    """Say how a sentence was understood that has this plan."""
    nodes = list(walk(plan.nodes))
    steps = [node for node in nodes if isinstance(node, StepNode)]
    used = [registry[step.capability_id] for step in steps]
    weighed = {candidate.capability_id: candidate for candidate in (*plan.rejected, *_weighed(steps))}
    literals = [(name, binding, step) for step in steps for name, binding in step.inputs.items()]
    return Analysis(
        understood=True,
        intent_type=kind_of(used),
        entities=[
            Entity(name=name, value=binding.literal, capability_id=step.capability_id)
            for name, binding, step in literals
            if isinstance(binding, Literally)
        ],
        actions=[Action(capability_id=one.id, intent=one.intent, effect=one.effect) for one in dict.fromkeys(used)],
        capabilities=_shown(list(weighed.values())),
        complexity="simple" if len(nodes) == 1 else "moderate" if len(steps) == len(nodes) <= _MODERATE else "complex",
        confidence=plan.confidence,
        missing=[],
    )


def analysis_without(error: NotUnderstood, registry: Registry) -> Analysis:
    """Say how far a sentence was understood that has no plan."""
    nearest = [registry[one.capability_id] for one in error.candidates if one.capability_id in registry]
    missing = error.details.get("missing", [])
    return Analysis(
        understood=False,
        intent_type=kind_of(nearest[:1]),
        entities=[],
        actions=[],
        capabilities=_shown(error.candidates),
        complexity="simple",
        confidence=0.0,
        missing=[str(name) for name in missing] if isinstance(missing, list) else [],
        reason=error.message,
    )


def kind_of(used: Sequence[Declaration]) -> str:
    """Name the kind of request by what its capabilities do; what changes the world comes before what only reads."""
    if not used:
        return "unknown"
    changing = [one for one in used if one.effect != "read"]
    said = " ".join(re.sub(r"[._-]+", " ", one.id) for one in changing or used).lower()
    if changing:
        return "creation" if _KINDS[0][1].search(said) else "action"
    said += " " + " ".join(one.intent.split(" ")[0].lower() for one in used)
    return next((kind for kind, words in _KINDS[1:] if words.search(said)), "query")


def _weighed(steps: Sequence[StepNode]) -> list[Candidate]:
    return [candidate for step in steps if step.why is not None for candidate in (*step.why.rejected, step.why.chosen)]


def _shown(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in sorted(candidates, key=lambda one: -one.score)]
