"""Sentences, plans and single calls: /api/ai."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from packetflow._core.effect import Effect
from packetflow._core.errors import NotUnderstood
from packetflow._core.registry import Registry
from packetflow.http.accounts import carried_out, status, told
from packetflow.http.auth import AnyCaller
from packetflow.http.bodies import (
    AnalysisAnswer,
    CallAnswer,
    CallRequest,
    DryRunAnswer,
    ExecuteAnswer,
    ExecuteRequest,
    ExecutionAnswer,
    Found,
    IntentRequest,
    NaturalAnswer,
    NaturalRequest,
    PlanAnswer,
)
from packetflow.http.payload import acted_for, filled, read_plan
from packetflow.http.problems import ProblemDetails, Reply
from packetflow.http.reading import analysis_of, analysis_without

_FAILED: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": ProblemDetails, "description": said}
    for code, said in {
        403: "Not allowed.",
        404: "Unknown capability or run.",
        409: "A confirmation is needed, or the state forbids it.",
        422: "Not understood, or not valid: nothing ran.",
        502: "A capability failed.",
    }.items()
}

router = APIRouter(prefix="/api/ai", tags=["ai"], responses=_FAILED)

_HELP: Final = re.compile(r"\W*(?:help|hilfe|\?|what can (?:you|i) (?:do|ask))\W*", re.IGNORECASE)


@router.post("/natural", response_model=NaturalAnswer, responses={202: {"model": NaturalAnswer}})
async def natural(body: NaturalRequest, request: Request, caller: AnyCaller) -> Response:
    """Plan a sentence, run the plan, and tell what came of it; `help` tells what can be asked."""
    client = caller.acting(body.context.user_id, body.confirmed)
    if _HELP.fullmatch(body.message):
        return Reply(_help(client.capabilities, caller.trace_id))
    plan = await client.plan(body.message, **body.context.facts)
    return told(await carried_out(request, client, plan, body), caller, "processed_at", full=True)


@router.post("/plan", response_model=PlanAnswer)
async def plan(body: IntentRequest, caller: AnyCaller) -> Response:
    """Plan a sentence; nothing runs."""
    client = caller.acting(body.context.user_id)
    made = await client.plan(body.intent, **body.context.facts)
    shown = made.model_dump(mode="json")
    return Reply(PlanAnswer(plan=shown, trace_id=caller.trace_id, generated_at=datetime.now(UTC)))


@router.post("/execute", response_model=ExecuteAnswer, responses={202: {"model": ExecuteAnswer}})
async def execute(body: ExecuteRequest, request: Request, caller: AnyCaller) -> Response:
    """Prove a plan and run it. `?wait=false` or `Prefer: respond-async` answers at once and says where to look."""
    client = caller.acting(body.context.user_id, body.confirmed)
    proposed = filled(read_plan(body.plan), body.payload, client.capabilities)
    ended = await carried_out(request, client, proposed, body, continues=body.continues)
    return told(ended, caller, "executed_at", full=False)


@router.post("/dry-run", response_model=DryRunAnswer)
async def dry_run(body: ExecuteRequest, caller: AnyCaller) -> Response:
    """Prove a plan and tell what a run of it would do: order, effects, decisions, durations. Nothing runs."""
    client = caller.acting(body.context.user_id, body.confirmed)
    proposed = filled(read_plan(body.plan), body.payload, client.capabilities)
    return Reply(DryRunAnswer(report=await client.dry_run(proposed, careful=True), trace_id=caller.trace_id))


@router.post("/capability/{capability_id}", response_model=CallAnswer)
async def capability(capability_id: str, body: CallRequest, caller: AnyCaller) -> Response:
    """Call one capability. An Idempotency-Key lets a message to an actor take effect once, however often it is sent."""
    declared = caller.client.capabilities.need(capability_id)
    inputs, user_id = acted_for(declared, body.payload, body.context.user_id)
    result = await caller.acting(user_id, body.confirmed).perform(declared, inputs)
    return Reply(
        CallAnswer(
            capability_id=declared.id,
            result=result.json,
            cache_hit=result.cache_hit,
            trace_id=caller.trace_id,
            executed_at=datetime.now(UTC),
        )
    )


@router.get("/capabilities", response_model=Found)
async def capabilities(
    caller: AnyCaller,
    q: Annotated[str, Query(max_length=1000, description="What it shall do.")] = "",
    effect: Annotated[Effect | None, Query(description="Only those with this effect.")] = None,
    have: Annotated[str, Query(description="Fields at hand, separated by commas.")] = "",
    need: Annotated[str, Query(description="Fields wanted; with `have`, the result is a shortest chain.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Find capabilities that one may call, best first."""
    found = caller.client.capabilities.find(q, effect=effect, have=_names(have), need=_names(need), limit=limit)
    shown = [{**declared.described(), "score": score} for declared, score in found]
    return Reply(Found(capabilities=shown, count=len(shown)))


@router.post("/analyze-intent", response_model=AnalysisAnswer)
async def analyze_intent(body: IntentRequest, caller: AnyCaller) -> Response:
    """Say how a sentence is understood; nothing runs."""
    client = caller.acting(body.context.user_id)
    try:
        made = await client.plan(body.intent, **body.context.facts)
        analysis = analysis_of(made, client.capabilities)
    except NotUnderstood as error:
        analysis = analysis_without(error, client.capabilities)
    return Reply(AnalysisAnswer(analysis=analysis, trace_id=caller.trace_id, analyzed_at=datetime.now(UTC)))


@router.get("/execution/{execution_id}", response_model=ExecutionAnswer)
async def execution(execution_id: str, caller: AnyCaller) -> Response:
    """Say how far a run is, step by step."""
    run = await caller.acting().found(execution_id)
    return Reply(ExecutionAnswer(execution_id=run.id, status=status(run)))


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _help(registry: Registry, trace_id: str) -> NaturalAnswer:
    examples = list(dict.fromkeys(example for declared in registry.values() for example in declared.examples))
    known = [
        {"id": one.id, "intent": one.intent, "effect": one.effect, "examples": list(one.examples)}
        for one in registry.values()
    ]
    if examples:
        said = "You can ask, for example:\n" + "\n".join(f"- {example}" for example in examples[:10])
    elif known:
        said = "You can ask for any of these:\n" + "\n".join(f"- {one['intent']}" for one in known[:10])
    else:
        said = "There is nothing here that you may use."
    return NaturalAnswer(
        message=said, capabilities=known, examples=examples, trace_id=trace_id, processed_at=datetime.now(UTC)
    )
