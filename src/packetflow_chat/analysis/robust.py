"""Statistics that a few extreme values do not move."""

from __future__ import annotations

from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTLIER = 3.5


def outlier_scores(values: Sequence[float]) -> list[float]:
    """Return each value's modified z-score; above OUTLIER (3.5) a value is an outlier.

    Source: Iglewicz and Hoaglin, "How to detect and handle outliers" (1993): distance from the median over the median
    absolute deviation, or over the mean one where more than half of the values are equal. All 0 when all are equal.
    """
    if not values:
        return []
    middle = median(values)
    distances = [abs(value - middle) for value in values]
    scale = 1.4826 * median(distances) or 1.253314 * fmean(distances)
    return [(value - middle) / scale if scale else 0.0 for value in values]
