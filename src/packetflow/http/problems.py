"""Problem details: how every refusal and failure looks on the wire (RFC 9457)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from packetflow._core.errors import InvalidInput, NotUnderstood, PacketFlowError, PlanRejected, Problem
from packetflow.http.codes import STATUS, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("packetflow.http")

MEDIA_TYPE: Final = "application/problem+json"


class ProblemDetails(BaseModel):
    """Why a request was not fulfilled: the members of RFC 9457, and PacketFlow's own."""

    success: bool = False
    type: str = Field(description="Names the kind of problem, as a URN.")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable name of the kind of problem; branch on this, never on the text.")
    error: str = Field(description="The same as `code`.")
    message: str = Field(description="The same as `detail`.")
    trace_id: str
    problems: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], description="All that is wrong: code, message, path, step, allowed."
    )
    candidates: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], description="For `not_understood`: what could be meant, best first."
    )
    details: dict[str, Any] = Field(default_factory=dict[str, Any])


class Reply(Response):
    """A JSON answer; numbers that JSON does not know become null."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the answer."""
        return to_json(content, inf_nan_mode="null")


def problem(code: str, message: str, trace_id: str, **members: object) -> Reply:
    """Make the response that tells of a problem; `members` join its body, `status` replaces the code's own."""
    status = members.pop("status", None)
    chosen = status if isinstance(status, int) else status_of(code)
    body: dict[str, object] = {
        "success": False,
        "type": f"urn:packetflow:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": chosen,
        "detail": message,
        "code": code,
        "error": code,
        "message": message,
        "trace_id": trace_id,
        **members,
    }
    return Reply(body, chosen, _headers(chosen, members.get("details")), MEDIA_TYPE)


def problem_of(error: PacketFlowError, trace_id: str, **members: object) -> Reply:
    """Make the response for an error of PacketFlow."""
    found: dict[str, object] = {"details": dict(error.details), **members}
    if isinstance(error, InvalidInput | PlanRejected):
        found["problems"] = [one.as_json() for one in error.problems]
    if isinstance(error, NotUnderstood):
        found["candidates"] = [candidate.model_dump(mode="json") for candidate in error.candidates]
    return problem(error.code, error.message, trace_id, **found)


def install(api: FastAPI) -> None:
    """Let every error that a route raises be told as a problem.

    Each is told by an `async def`: a plain function would wait for a worker thread, and there may be none.
    """
    api.add_exception_handler(PacketFlowError, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _routed)


def _headers(status: int, details: object) -> dict[str, str]:
    if status == STATUS["unauthorized"]:
        return {"WWW-Authenticate": 'Bearer realm="packetflow"'}
    if status == STATUS["overloaded"]:
        seconds = cast("dict[str, Any]", details).get("retry_after") if isinstance(details, dict) else None
        return {"Retry-After": str(max(1, round(seconds)) if isinstance(seconds, int | float) else 1)}
    return {}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, PacketFlowError)  # noqa: S101 - registered for that class only
    answer = problem_of(error, request.state.trace_id)
    if answer.status_code >= 500:  # noqa: PLR2004 - server errors
        log.warning("%s %s: %s: %s", request.method, request.url.path, error.code, error.message)
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for that class only
    problems = [_wrong(detail) for detail in error.errors()]
    message = "the request is not valid: " + "; ".join(map(str, problems))
    return problem_of(InvalidInput(message, problems), request.state.trace_id)


def _wrong(detail: Mapping[str, Any]) -> Problem:
    missing = detail["type"] == "missing"
    path = tuple(part for part in detail["loc"] if part != "body")
    return Problem("missing" if missing else "wrong_value", "is missing" if missing else str(detail["msg"]), path)


async def _routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class only
    code = next((known for known in _ROUTED if STATUS[known] == error.status_code), "internal")
    said = _ROUTED.get(code, str(error.detail))
    message = said.replace("{method}", request.method).replace("{path}", request.url.path)
    answer = problem(code, message, request.state.trace_id, status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


_ROUTED: Final = {
    "no_such_page": "there is nothing at {path}; /docs lists what there is",
    "method_not_allowed": "{method} is not possible at {path}",
    "malformed": "the body could not be read",
}
