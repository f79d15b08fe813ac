"""How a capability that may be repeated is repeated, and when it is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from packetflow._core.errors import DeclarationError, PacketFlowError

PASSING: Final = frozenset({"capability_failed", "deadline_exceeded", "overloaded", "store_unavailable"})
"""Codes of failures that may pass by themselves: what is repeated unless `when` says otherwise."""
LASTING: Final = frozenset(
    {
        "unknown_capability",
        "invalid_input",
        "not_allowed",
        "confirmation_required",
        "approval_refused",
        "approval_expired",
        "budget_exceeded",
        "too_large",
        "too_many_items",
        "circuit_open",
        "cancelled",
        "call_cycle",
        "declaration_error",
    }
)
"""Codes of failures that the same call meets again: never repeated."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """When to leave alone what fails too often: it then fails at once, with CircuitOpen, and gets time to recover.

    `threshold` failures in a row open it. After `recovery` seconds `half_open` calls are let through to try; when all
    of them succeed it closes, when one fails it opens again. Source: Nygard, Release It!, 2nd edition, 2018.
    """

    threshold: int = 5
    recovery: float = 30.0
    half_open: int = 3

    def __post_init__(self) -> None:
        """Raise DeclarationError for numbers that cannot be."""
        if min(self.threshold, self.half_open) < 1 or not 0 < self.recovery < math.inf:
            message = "Breaker: threshold and half_open are at least 1, recovery is a number of seconds above 0"
            raise DeclarationError(message)


@dataclass(frozen=True, slots=True)
class Retry:
    """Declares that a capability may be repeated, and how often: doing it twice is as good as doing it once.

    It is called at most `attempts` times. Between two it waits `backoff` seconds, doubled each time, at most `longest`;
    with `jitter` a random part of that, so that many callers do not come back together ("full jitter", AWS Architecture
    Blog, 2015). `when` lists error codes and exception classes (of the error, or of the exception it was raised from);
    without it, failures that may pass are repeated: CapabilityFailed, DeadlineExceeded, Overloaded, StoreUnavailable.
    What the same call meets again (InvalidInput, NotAllowed, ConfirmationRequired and their like) never is. `breaker`
    stops calling for a while what keeps failing.
    """

    attempts: int = 3
    backoff: float = 0.1
    longest: float = 30.0
    jitter: bool = True
    when: tuple[str | type[BaseException], ...] = ()
    breaker: Breaker | bool = False

    def __post_init__(self) -> None:
        """Raise DeclarationError for what cannot be."""
        if self.attempts < 1 or not 0 <= self.backoff <= self.longest < math.inf:
            message = "Retry: attempts is at least 1, backoff and longest are seconds, backoff the shorter"
            raise DeclarationError(message)
        if isinstance(self.when, str) or not all(_names_failure(one) for one in self.when):
            message = f"Retry: when is a tuple of error codes and exception classes, not {self.when!r}"
            raise DeclarationError(message)
        if never := sorted(LASTING.intersection(one for one in self.when if isinstance(one, str))):
            message = f"Retry: {never[0]!r} is never repeated, the same call meets it again"
            raise DeclarationError(message)

    def may_pass(self, error: BaseException) -> bool:
        """Whether the call that failed so is worth another attempt."""
        code = error.code if isinstance(error, PacketFlowError) else ""
        if code in LASTING:
            return False
        if not self.when:
            return code in PASSING
        classes = tuple(one for one in self.when if isinstance(one, type))
        return code in self.when or isinstance(error, classes) or isinstance(error.__cause__, classes)

    def pause(self, attempt: int, random: Callable[[], float]) -> float:
        """Give the seconds to wait after the attempt with this number, counted from 1; `random` gives 0 to below 1."""
        longest = min(self.longest, math.ldexp(self.backoff, min(attempt - 1, 64)))
        return longest * random() if self.jitter else longest

    @property
    def guard(self) -> Breaker | None:
        """The breaker to use, if any."""
        if isinstance(self.breaker, Breaker):
            return self.breaker
        return Breaker() if self.breaker else None


def _names_failure(one: object) -> bool:
    return isinstance(one, str) or (isinstance(one, type) and issubclass(one, BaseException))
