"""The one table from PacketFlow's error codes to HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packetflow._core.errors import (
    ActorStopped,
    ApprovalExpired,
    ApprovalRefused,
    BudgetExceeded,
    CallCancelled,
    CallCycle,
    CallError,
    CapabilityFailed,
    CircuitOpen,
    ConfirmationRequired,
    Conflict,
    ContractBroken,
    DeadlineExceeded,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotUnderstood,
    Overloaded,
    PacketFlowError,
    PlannerUnavailable,
    PlanRejected,
    StoreConflict,
    StoreError,
    StoreUnavailable,
    UnknownCapability,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS: Final[dict[str, int]] = {
    CallError.code: 409,
    UnknownCapability.code: 404,
    InvalidInput.code: 422,
    NotAllowed.code: 403,
    ConfirmationRequired.code: 409,
    NotFound.code: 404,
    Conflict.code: 409,
    DeadlineExceeded.code: 504,
    Overloaded.code: 503,
    CallCycle.code: 508,
    ActorStopped.code: 503,
    CallCancelled.code: 409,
    CircuitOpen.code: 503,
    BudgetExceeded.code: 409,
    ApprovalRefused.code: 403,
    ApprovalExpired.code: 410,
    CapabilityFailed.code: 502,
    ContractBroken.code: 502,
    PlanRejected.code: 422,
    NotUnderstood.code: 422,
    StoreError.code: 500,
    StoreConflict.code: 409,
    StoreUnavailable.code: 503,
    PlannerUnavailable.code: 503,
    # The edge's own refusals, before anything of the app is asked.
    "malformed": 400,
    "unauthorized": 401,
    "foreign_request": 403,
    "no_such_page": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "too_large": 413,
    "not_json": 415,
    "stopping": 503,
    "internal": 500,
}
"""Stable code of a problem, and the status it is sent with."""

_FALLBACK: Final = 500


def error_class(code: str) -> type[PacketFlowError] | None:
    """Find the class whose code it is, an application's own subclasses included."""
    return next((known for known in _classes(PacketFlowError) if known.code == code), None)


def status_of(code: str) -> int:
    """Give the status for a code; an application's own error has that of the PacketFlow class it derives from."""
    if code in STATUS:
        return STATUS[code]
    found = error_class(code)
    known = [kind.code for kind in (found.__mro__ if found is not None else ()) if issubclass(kind, PacketFlowError)]
    return next((STATUS[name] for name in known if name in STATUS), _FALLBACK)


def _classes(kind: type[PacketFlowError]) -> Iterator[type[PacketFlowError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)
