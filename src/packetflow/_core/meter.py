"""What a call has spent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MICROS: Final = 1_000_000


@dataclass(slots=True)
class Meter:
    """Tokens of language models and money that one call has spent so far; those of calls within are on their own."""

    tokens: int = 0
    """In and out."""
    cost_micros: int = 0
    """In millionths of the currency the app counts in."""

    def add(self, tokens: int, cost_micros: int) -> None:
        """Count more."""
        self.tokens += tokens
        self.cost_micros += cost_micros


def micros(cost: Decimal | float) -> int:
    """Give money in millionths, rounded to the nearest; raises ValueError for less than nothing, NaN and infinity."""
    exact = Decimal(str(cost))
    if not exact.is_finite() or exact < 0:
        message = f"{cost} is no amount of money that can be spent"
        raise ValueError(message)
    return int((exact * MICROS).to_integral_value())
