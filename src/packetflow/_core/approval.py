"""What a run asks a person: whether a risky call may be made, or what became of a call nobody saw the end of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from packetflow._core.effect import Effect
from packetflow._core.json import digest

if TYPE_CHECKING:
    from packetflow._core.context import Context
    from packetflow._core.json import JsonObject

Asks: TypeAlias = Literal["approval", "outcome"]
"""`approval`: may this call be made? `outcome`: the call had begun when the process ended; what became of it?"""

Verdict: TypeAlias = Literal["approve", "refuse", "again", "done", "fail"]
"""`approve` and `refuse` answer an approval; `again`, `done` and `fail` answer an outcome."""

ANSWERS: dict[Asks, frozenset[Verdict]] = {
    "approval": frozenset({"approve", "refuse"}),
    "outcome": frozenset({"again", "done", "fail"}),
}


class Question(BaseModel):
    """One thing a step of a run waits for a person to say."""

    model_config = ConfigDict(frozen=True)

    asks: Asks
    digest: str
    """Names the question: capability, arguments, plan, grant, run and step. It can be answered once."""
    run_id: str
    node: str
    principal: str
    """In whose name the run acts."""
    capability_id: str
    effect: Effect
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The checked inputs in JSON form, an actor's key included."""
    why: str = ""
    asked_at: datetime
    expires_at: datetime | None = None
    """From then on the step has failed with `approval_expired`; None: it waits for ever."""


class Answer(BaseModel):
    """What a person said to a question."""

    model_config = ConfigDict(frozen=True)

    digest: str
    verdict: Verdict
    by: str
    """The principal who answered."""
    reason: str = ""
    output: Any = None
    """With `done`: what the step gave, as JSON that keeps the capability's promise."""


def question_digest(asks: Asks, capability_id: str, arguments: JsonObject, plan_id: str, context: Context) -> str:
    """Name a question, so that an answer to it holds for nothing else.

    Bound to the capability, every byte of the arguments, the plan, what the grant permits, the principal, and the one
    step of the one run. Raises ValueError for arguments that JSON cannot write.
    """
    return digest(
        {
            "asks": asks,
            "capability": capability_id,
            "arguments": arguments,
            "plan": plan_id,
            "grant": context.grant.fingerprint,
            "principal": context.principal,
            "run": context.run_id,
            "step": context.step,
        }
    )
