"""Planning the rest of a run anew, around a capability that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from packetflow._core.errors import NotUnderstood
from packetflow._core.plan import Plan
from packetflow._core.proof import prove, proven
from packetflow._core.registry import Registry

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context
    from packetflow._core.json import JsonObject
    from packetflow._core.run import Run
    from packetflow._runtime.planning import Planning

_SETTLED: Final = frozenset(
    {"cancelled", "budget_exceeded", "approval_refused", "approval_expired", "confirmation_required", "uncertain"}
)
"""Failures that another capability would not have been spared."""

_NEAR: Final = 5


class Replanning:
    """Looks for what can stand in for capabilities that failed; the planners are asked first, the text index next."""

    def __init__(self, planning: Planning, registry: Registry, context: Context) -> None:
        """Choose among the capabilities of `registry`, for the holder of `context`."""
        self._planning, self._registry, self._context = planning, registry, context

    async def replaced(self, plan: Plan[Any], run: Run[Any], intent: str | None) -> Plan[Any]:
        """Give `plan` with each capability that failed in `run` replaced, where another is proven to fit.

        What stands in does not more to the world than what it stands in for: it has the same effect, or reads. Where
        nothing fits the capability stays. Raises PlanRejected when the result cannot run.
        """
        for name in dict.fromkeys(_failed(run)):
            failed = self._registry.get(name)
            if failed is not None:
                plan = await self._around(plan, failed, intent or run.intent or failed.intent)
        proven(plan, self._registry, self._context.grant)
        return plan

    async def _around(self, plan: Plan[Any], failed: Declaration, intent: str) -> Plan[Any]:
        others = [one for one in self._registry.values() if one.id != failed.id]
        owners = {one.owner for one in others}
        view = Registry(others, [kind for kind in self._registry.actors.values() if kind in owners])
        for name in dict.fromkeys([*await self._proposed(intent, view), *_near(failed, view)]):
            other = view.get(name)
            if other is None or other.effect not in {failed.effect, "read"}:
                continue
            changed = _changed(plan, failed, other)
            if not prove(changed, self._registry, self._context.grant):
                return changed
        return plan

    async def _proposed(self, intent: str, view: Registry) -> list[str]:
        try:
            found = await self._planning.plan(intent, view, self._context, {})
        except NotUnderstood as error:
            return [candidate.capability_id for candidate in error.candidates]
        return [step.capability_id for step in found.steps()]


def _failed(run: Run[Any]) -> Iterator[str]:
    for step in run.steps:
        failure = step.failure
        if step.status == "failed" and step.capability_id and failure is not None and failure.code not in _SETTLED:
            yield step.capability_id


def _near(failed: Declaration, view: Registry) -> list[str]:
    return [declared.id for declared, _ in view.find(failed.intent, limit=_NEAR)]


def _changed(plan: Plan[Any], failed: Declaration, other: Declaration) -> Plan[Any]:
    shown = plan.model_dump(mode="json", exclude={"id"}, by_alias=True)
    return Plan[Any].model_validate({**shown, "nodes": _swapped(shown["nodes"], failed.id, other)})


def _swapped(part: Any, failed: str, other: Declaration) -> Any:  # noqa: ANN401 - any part of a plan as JSON
    if isinstance(part, list):
        return [_swapped(one, failed, other) for one in cast("list[Any]", part)]
    if not isinstance(part, dict):
        return part
    fields = cast("JsonObject", part)
    if fields.keys() == {"literal"}:
        return fields
    swapped = {name: value if name == "why" else _swapped(value, failed, other) for name, value in fields.items()}
    if swapped.get("kind") == "step" and swapped.get("capability_id") == failed:
        return {**swapped, "capability_id": other.id, "inputs": _paired(swapped["inputs"], other), "why": None}
    return swapped


def _paired(given: Mapping[str, Any], other: Declaration) -> dict[str, Any]:
    """Give the inputs the other capability takes: by name, and what it still requires in the order of what is left."""
    fields: Mapping[str, Any] = other.input_schema["properties"]
    paired = {name: binding for name, binding in given.items() if name in fields}
    left = [binding for name, binding in given.items() if name not in fields]
    missing = [name for name in other.requires if name not in paired]
    return {**paired, **dict(zip(missing, left, strict=False))}
