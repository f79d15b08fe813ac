"""What runs ask people, and what is answered: /api/approvals and /api/runs/{id}/answers."""

from __future__ import annotations

from fastapi import APIRouter, Response

from packetflow.http.auth import AnyCaller
from packetflow.http.bodies import AnsweredAnswer, AnswerRequest, QuestionList
from packetflow.http.problems import ProblemDetails, Reply

router = APIRouter(
    tags=["approvals"],
    responses={
        403: {"model": ProblemDetails, "description": "One could not make that call without being asked."},
        404: {"model": ProblemDetails, "description": "No such run."},
        409: {"model": ProblemDetails, "description": "It is not asked (any more), or has expired."},
    },
)


@router.get("/api/approvals", response_model=QuestionList)
async def approvals(caller: AnyCaller) -> Response:
    """List what runs wait for a person to say, and one may answer, the oldest first."""
    found = await caller.acting().approvals()
    return Reply(QuestionList(questions=found, count=len(found)))


@router.post("/api/runs/{run_id}/answers", response_model=AnsweredAnswer)
async def answer(run_id: str, body: AnswerRequest, caller: AnyCaller) -> Response:
    """Answer one question of a run: it goes on at once. An answer holds for the call its digest names, once."""
    client = caller.acting()
    match body.verdict:
        case "approve":
            await client.approve(run_id, body.digest)
        case "refuse":
            await client.refuse(run_id, body.digest, body.reason)
        case "again" | "done" | "fail":
            await client.answer(run_id, body.digest, body.verdict, output=body.output, reason=body.reason)
    status = (await client.found(run_id)).status
    return Reply(AnsweredAnswer(run_id=run_id, digest=body.digest, verdict=body.verdict, status=status))
