"""What is told of a run, while it goes on and after its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from packetflow._core.answer import answer
from packetflow._core.run import Failure, Run
from packetflow.http.bodies import ExecutionStatus, Results
from packetflow.http.problems import Reply, problem

if TYPE_CHECKING:
    from packetflow._core.plan import Plan
    from packetflow._core.run import StepRecord
    from packetflow._runtime.client import Client
    from packetflow.http.auth import Caller
    from packetflow.http.bodies import ExecuteRequest, NaturalRequest


def wants_to_wait(request: Request) -> bool:
    """Whether a request waits for its run to end: not with `?wait=false` or `Prefer: respond-async` (RFC 7240)."""
    if request.query_params.get("wait", "true").lower() in {"false", "0", "no"}:
        return False
    return "respond-async" not in {part.strip().lower() for part in request.headers.get("prefer", "").split(",")}


async def carried_out(
    request: Request, client: Client, plan: Plan[Any], body: NaturalRequest | ExecuteRequest, *, continues: str = ""
) -> Run[Any]:
    """Run a plan, until it has ended or waits if the request does; risky steps need a yes to exactly that call."""
    run = await client.start(plan, careful=True, waits=body.waits, budget=body.budget, continues=continues)
    return await client.finish(run) if wants_to_wait(request) else run


def told(run: Run[Any], caller: Caller, at: str, *, full: bool) -> Response:
    """Say what came of a run: 200 when it succeeded, 202 while it goes on or waits, else a problem with the results.

    `at` names the field with the time; with `full` the answer holds the plan.
    """
    body: dict[str, Any] = {
        "success": run.succeeded,
        "message": answer(run),
        "execution_id": run.id,
        "trace_id": run.trace_id,
        "result": results(run),
        at: datetime.now(UTC),
    }
    if full:
        body["plan"] = run.plan
    if run.status == "waiting":
        body["questions"] = [question.model_dump(mode="json") for question in run.questions]
    if run.status in {"running", "waiting"}:
        return Reply({**body, "success": True}, 202, {"Location": f"/api/ai/execution/{run.id}"})
    if run.succeeded:
        return Reply(body)
    failure = run.failure or _unfinished(run)
    members = {name: value for name, value in body.items() if name not in {"success", "message", "trace_id"}}
    failed = [step for step in run.steps if step.status in {"failed", "cancelled"}]
    members |= {
        "step": failed[0].node if failed else None,
        "failed_steps": [traced(step) for step in failed],
        "details": failure.details,
        "reason": failure.message,
        "problems": failure.details.get("problems", []),
    }
    return problem(failure.code, body["message"], caller.trace_id, **members)


def _unfinished(run: Run[Any]) -> Failure:
    """Say why a run that has neither ended nor failed is not under way."""
    if run.status == "interrupted":
        return Failure(code="stopping", message="this server is being stopped; the run goes on when it is back")
    return Failure(code="internal", message="no reason is known")


def results(run: Run[Any]) -> Results:
    """Give the output of each step that succeeded."""
    kept = {step.node: step.output for step in run.steps if step.status == "succeeded"}
    return Results(execution_id=run.id, results=kept, status=run.status, output=run.result)


def traced(step: StepRecord) -> dict[str, Any]:
    """Give all that is known of one step."""
    return {**step.model_dump(mode="json"), "seconds": step.seconds}


def status(run: Run[Any]) -> ExecutionStatus:
    """Say how far a run is."""
    return ExecutionStatus(
        id=run.id,
        plan=run.plan.model_dump(mode="json"),
        status=run.status,
        started_at=run.started_at,
        completed_at=run.ended_at,
        steps_completed=run.done,
        total_steps=len(run.steps),
        steps=[traced(step) for step in run.steps],
        context={"principal": run.principal, "intent": run.intent, "trace_id": run.trace_id},
        message=answer(run),
        output=run.result,
        failure=run.failure,
    )
