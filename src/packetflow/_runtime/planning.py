"""From a sentence to a proven plan: planned before, sure by rules, made by a model, or a question back."""

from __future__ import annotations

import asyncio
import logging
import re
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from packetflow._core.errors import InvalidInput, NotUnderstood, PlannerUnavailable, Problem
from packetflow._core.json import canonical, digest
from packetflow._core.plan import Plan
from packetflow._core.ports import Proposal, Request
from packetflow._core.proof import prove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packetflow._core.context import Context
    from packetflow._core.explanation import Candidate
    from packetflow._core.json import Json
    from packetflow._core.ports import Clock, Planner, Store
    from packetflow._core.registry import Registry
    from packetflow._runtime.telemetry import Telemetry

log = logging.getLogger("packetflow.planning")

SURE: Final = 0.6
"""A proposal at least this confident is taken without asking the next planner."""

LIKELY: Final = 0.45
"""A proposal at least this confident is taken when no other planner is left that works, if all it does is read."""

_CANDIDATES: Final = 3


class Planning:
    """Asks the planners in order; the first sure and proven plan wins.

    A repeated request over the same capabilities on the same day gives the same plan, from the store. When no plan is
    found, NotUnderstood carries up to three candidates to ask back with.
    """

    def __init__(self, planners: Sequence[Planner], store: Store, clock: Clock, telemetry: Telemetry) -> None:
        """Ask `planners` in this order."""
        self._planners = tuple(planners)
        self._store, self._clock, self._telemetry = store, clock, telemetry

    @property
    def names(self) -> tuple[str, ...]:
        """The planners, in the order they are asked."""
        return tuple(planner.name for planner in self._planners)

    async def plan(self, intent: str, registry: Registry, context: Context, hints: Mapping[str, Json]) -> Plan[Any]:
        """Give a plan proven against `registry` and the context's grant; raises NotUnderstood."""
        request = Request(" ".join(intent.split()), self._clock.now(), {"user_id": context.principal, **hints})
        with self._telemetry.span("plan", context.trace_id, {"packetflow.principal": context.principal}):
            try:
                name = self._name(request, registry, context)
            except UnicodeEncodeError as error:
                message = "the request holds half a character, which is no text"
                raise InvalidInput(message, [Problem("not_json", "holds half a character", ("intent",))]) from error
            plan = await self._repeated(name, registry, context)
            if plan is not None:
                self._telemetry.plans["cache"] += 1
                return plan
            started = perf_counter()
            plan = await self._asked(request, registry, context)
            log.info(
                "planned by %s in %.0f ms, confidence %.2f",
                plan.planner,
                (perf_counter() - started) * 1e3,
                plan.confidence,
            )
            self._telemetry.plans[plan.planner] += 1
            await self._store.remember("plan", name, plan.model_dump_json().encode())
            return plan

    def _name(self, request: Request, registry: Registry, context: Context) -> str:
        said = re.sub(r"[\s.!?]+$", "", request.intent).casefold()
        day = request.now.astimezone().date().isoformat()
        return digest(
            [said, canonical(request.hints).decode(), day, registry.fingerprint, self.names, context.principal]
        )

    async def _repeated(self, name: str, registry: Registry, context: Context) -> Plan[Any] | None:
        kept = await self._store.recall("plan", name)
        if kept is None:
            return None
        try:
            plan = Plan[Any].model_validate_json(kept)
        except ValidationError:
            return None
        return plan if not prove(plan, registry, context.grant) else None

    async def _asked(self, request: Request, registry: Registry, context: Context) -> Plan[Any]:
        likely: Proposal | None = None
        proposals: list[Proposal] = []
        reasons: list[str] = []
        for planner in self._planners:
            try:
                proposal = await planner.propose(request, registry)
            except PlannerUnavailable as error:
                log.warning("planner %s is not available: %s", planner.name, error)
                reasons.append(f"{planner.name}: {error.message}")
                continue
            proposals.append(proposal)
            if proposal.plan is None:
                if proposal.reason:
                    reasons.append(f"{planner.name}: {proposal.reason}")
                continue
            if problems := prove(proposal.plan, registry, context.grant):
                reasons.append(f"{planner.name}: {'; '.join(map(str, problems))}")
                continue
            if proposal.confidence >= SURE:
                return proposal.plan
            if likely is None or proposal.confidence > likely.confidence:
                likely = proposal
            await asyncio.sleep(0)
        if likely is not None and likely.plan is not None and likely.confidence >= LIKELY and _reads(likely, registry):
            return likely.plan
        raise _question(request, proposals, reasons)


def _reads(proposal: Proposal, registry: Registry) -> bool:
    steps = proposal.plan.steps() if proposal.plan is not None else []
    return all(registry[step.capability_id].effect == "read" for step in steps)


def _question(request: Request, proposals: Sequence[Proposal], reasons: Sequence[str]) -> NotUnderstood:
    candidates: dict[str, Candidate] = {}
    missing: list[str] = []
    for proposal in proposals:
        steps = proposal.plan.steps() if proposal.plan is not None else []
        for candidate in (*proposal.candidates, *(step.why.chosen for step in steps if step.why is not None)):
            candidates.setdefault(candidate.capability_id, candidate)
        missing += [name for name in proposal.missing if name not in missing]
    nearest = sorted(candidates.values(), key=lambda c: -c.score)[:_CANDIDATES]
    if missing and nearest:
        message = f"for {nearest[0].capability_id!r} the request does not say: {', '.join(missing)}"
    elif nearest:
        message = f"no capability surely does that; did you mean {' or '.join(repr(c.capability_id) for c in nearest)}?"
    else:
        message = "no capability here does that; say 'help' to see what can be asked"
    return NotUnderstood(message, nearest, intent=request.intent, missing=[*missing], reasons=[*reasons])
