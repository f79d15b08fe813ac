"""What a run may spend, and what it has spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from packetflow._core.errors import BudgetExceeded


def _number(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        message = "a number is needed"
        raise ValueError(message)  # noqa: TRY004 - what pydantic tells as a problem of this field
    return value


Amount: TypeAlias = Annotated[float, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)]
Count: TypeAlias = Annotated[int, Field(ge=0, strict=True)]


class Budget(BaseModel):
    """The most a run may spend; None leaves that open. Over it nothing more of the run is started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Amount | None = None
    """Time under way: neither the time it waits for a person counts, nor the time the app was down."""
    calls: Count | None = None
    """Calls of capabilities by its steps, those of a plan's retry and of flows it called included; the attempts of a
    capability's own `retry` are one call."""
    tokens: Count | None = None
    """Of language models, in and out, as the capabilities tell by `Context.spend`."""
    cost: Amount | None = None
    """Money, in the currency the app counts in."""

    @property
    def bounded(self) -> bool:
        """Whether anything is bounded at all."""
        return self != Budget()

    def narrowed(self, other: Budget) -> Budget:
        """Give the budget that is over as soon as either of the two is."""
        both = ((name, getattr(self, name), getattr(other, name)) for name in type(self).model_fields)
        least = {name: min(one for one in (own, its) if one is not None) for name, own, its in both if own or its}
        return Budget.model_validate(least)


class Spent(BaseModel):
    """What a run has spent so far."""

    seconds: float = 0.0
    """Time under way, up to its latest event."""
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0

    def check(self, budget: Budget, seconds: float) -> None:
        """Raise BudgetExceeded when one more call would be too much, at `seconds` of time under way."""
        for name, used, limit in self._over(budget, seconds):
            message = f"the run may spend {limit:g} {_WORDS[name]} and has spent {used:g}; nothing more is started"
            raise BudgetExceeded(message, budget=name, limit=limit, spent=used)

    def _over(self, budget: Budget, seconds: float) -> Iterator[tuple[str, float, float]]:
        used = {"seconds": seconds, "calls": self.calls, "tokens": self.tokens, "cost": self.cost}
        for name, amount in used.items():
            limit: float | None = getattr(budget, name)
            if limit is not None and amount >= limit:
                yield name, round(amount, 6), limit


_WORDS = {"seconds": "seconds", "calls": "calls", "tokens": "tokens", "cost": "of money"}


@dataclass(slots=True)
class Stopwatch:
    """Adds up the time between the events of a run that is under way."""

    since: datetime | None = None
    """The latest event; None while the run stands still."""

    def lap(self, at: datetime) -> float:
        """Give the seconds since the latest event, and begin anew; 0 when the run stood still."""
        passed = self.ahead(at)
        self.since = at
        return passed

    def ahead(self, at: datetime) -> float:
        """Give the seconds since the latest event; 0 while the run stands still."""
        return max((at - self.since).total_seconds(), 0.0) if self.since is not None else 0.0
