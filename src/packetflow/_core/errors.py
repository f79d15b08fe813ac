"""Every error PacketFlow raises, as one tree with stable codes.

    PacketFlowError
      DeclarationError          your code is wrong; raised while the app is built, never during a call
      CallError                 the caller can act on it
        UnknownCapability       no such capability, or not one the caller may see
        InvalidInput            the input breaks the declared contract; names every field
        NotAllowed              the grant does not reach that far
        ConfirmationRequired    a person has to agree first
        NotFound                the thing the call is about does not exist
        Conflict                the thing exists in a state that forbids the call
        DeadlineExceeded        the answer did not come in time
        Overloaded              a bounded queue is full; try again later
        CallCycle               an actor was asked, further down, by itself
        ActorStopped            the actor crashed more often than its restart limit allows
        CallCancelled           the call was cancelled before it ended
        CircuitOpen             what is called failed too often lately and is left alone for a while
        BudgetExceeded          the run has used up its time, calls, tokens or money
        ApprovalRefused         a person said no
        ApprovalExpired         nobody agreed in time
      CapabilityFailed          the capability raised; the cause is `__cause__`
        ContractBroken          the capability's output is not what it promised
      PlanRejected              the plan does not fit; lists every problem, not the first
      NotUnderstood             no plan was found; carries the nearest candidates
      StoreError                the durable world failed
        StoreConflict           someone else committed the same subject first
        StoreUnavailable        the store cannot be reached or is closed
      PlannerUnavailable        the language model behind a planner failed

An edge (HTTP, channel, MCP) holds one table from `code` to its protocol and invents no errors of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packetflow._core.explanation import Candidate
    from packetflow._core.json import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input or a plan."""

    code: str
    """Stable name of this kind of problem, such as `missing` or `unknown_capability`."""
    message: str
    path: tuple[str | int, ...] = ()
    """Where in the input, field by field."""
    step: str | None = None
    """Which node of the plan."""
    allowed: tuple[str, ...] = ()
    """What would be right there."""

    def as_json(self) -> JsonObject:
        """Give the form that every edge sends."""
        return {
            "code": self.code,
            "message": self.message,
            "path": list(self.path),
            "step": self.step,
            "allowed": list(self.allowed),
        }

    def __str__(self) -> str:
        """Read as one line: where, what, and what would be right."""
        where = ".".join([*([self.step] if self.step else []), *map(str, self.path)])
        allowed = f" (allowed: {', '.join(self.allowed)})" if self.allowed else ""
        return f"{where}: {self.message}{allowed}" if where else f"{self.message}{allowed}"


class PacketFlowError(Exception):
    """Everything PacketFlow raises on purpose."""

    code: ClassVar[str] = "error"
    """Stable name of this kind of failure; clients branch on it, never on the text."""

    def __init__(self, message: str, **details: Json) -> None:
        """Say what happened, to which thing, and what to do next."""
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Json] = details


class DeclarationError(PacketFlowError):
    """A capability, actor or app is declared in a way that cannot work."""

    code = "declaration_error"


class CallError(PacketFlowError):
    """A call was refused for a reason its caller can act on; nothing was changed by it."""

    code = "call_refused"


class UnknownCapability(CallError):
    """There is no such capability, or the caller may not know of it."""

    code = "unknown_capability"


class InvalidInput(CallError):
    """The input breaks the declared contract."""

    code = "invalid_input"

    def __init__(self, message: str, problems: Sequence[Problem] = (), **details: Json) -> None:
        """Carry one problem for each wrong or missing field."""
        super().__init__(message, **details)
        self.problems = tuple(problems)


class NotAllowed(CallError):
    """The grant does not reach that far."""

    code = "not_allowed"


class ConfirmationRequired(CallError):
    """The call is permitted once a person confirms exactly this call.

    `details["digest"]` names the call (capability, arguments, plan and grant); confirming it lets that call pass once.
    """

    code = "confirmation_required"


class NotFound(CallError):
    """The thing the call is about does not exist."""

    code = "not_found"


class Conflict(CallError):
    """The thing exists in a state that forbids the call."""

    code = "conflict"


class DeadlineExceeded(CallError):
    """The answer did not come in time; the work was cancelled."""

    code = "deadline_exceeded"


class Overloaded(CallError):
    """A bounded queue is full; the message was not taken."""

    code = "overloaded"


class CallCycle(CallError):
    """An actor is already waiting, further up, for the answer of this very call."""

    code = "call_cycle"


class ActorStopped(CallError):
    """The actor crashed more often than its restart limit allows and takes no messages for now."""

    code = "actor_stopped"


class CallCancelled(CallError):
    """The call was cancelled before it ended."""

    code = "cancelled"


class CircuitOpen(CallError):
    """What is called failed too often lately; it is left alone for a while and was not called."""

    code = "circuit_open"


class BudgetExceeded(CallError):
    """The run has used up what it may spend; nothing more of it is started."""

    code = "budget_exceeded"


class ApprovalRefused(CallError):
    """A person was asked and said no."""

    code = "approval_refused"


class ApprovalExpired(CallError):
    """A person was asked and did not answer in time."""

    code = "approval_expired"


class CapabilityFailed(PacketFlowError):
    """The capability raised an exception of its own; it is chained as `__cause__`."""

    code = "capability_failed"


class ContractBroken(CapabilityFailed):
    """The capability returned something other than it promised."""

    code = "contract_broken"


class PlanRejected(PacketFlowError):
    """The plan cannot run as it stands; nothing of it was run."""

    code = "plan_rejected"

    def __init__(self, message: str, problems: Sequence[Problem] = (), **details: Json) -> None:
        """Carry every problem that was found, in the order of the plan."""
        super().__init__(message, **details)
        self.problems = tuple(problems)


class NotUnderstood(PacketFlowError):
    """No plan was found for the request; `candidates` are the nearest capabilities, best first, at most three."""

    code = "not_understood"

    def __init__(self, message: str, candidates: Sequence[Candidate] = (), **details: Json) -> None:
        """Carry what could be meant, so that the asker can choose."""
        super().__init__(message, **details)
        self.candidates = tuple(candidates)


class StoreError(PacketFlowError):
    """The durable world failed."""

    code = "store_error"


class StoreConflict(StoreError):
    """Another writer committed the same subject first; nothing of this commit was stored."""

    code = "store_conflict"


class StoreUnavailable(StoreError):
    """The store cannot be reached, or is closed; whether the commit was stored is told by reading it again."""

    code = "store_unavailable"


class PlannerUnavailable(PacketFlowError):
    """The language model behind a planner could not be used."""

    code = "planner_unavailable"
