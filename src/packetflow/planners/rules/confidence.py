"""Say how sure a draft is, from 0 to 1."""

from __future__ import annotations

import math

from packetflow.planners.rules.parts import Part
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import Input, inputs_of

_SURE_TOOL = 0.6
_SHOWN = 0.95
_STRONG = 6.0
_NEAR = 3.0
_LABELLED = 5.0
# Fitted once on requests with known answers and rounded: where a value was wrong it was mostly a plain word, a list, or
# one of two that fitted about as well.
_START, _WEAKEST, _PLAIN, _LISTED, _RIVAL = 1.8, 0.8, -1.0, -0.5, -1.4


def confidence(parts: list[Part], unmet: list[str]) -> float:
    """Return how likely the draft is right: its weakest part decides, a clause without a tool halves it."""
    worst = min((_of(part) for part in parts), default=0.0)
    return round(worst * (0.5 if unmet else 1.0), 4)


def _of(part: Part) -> float:
    filling = part.choice.filling
    if part.choice.shown and not filling.missing:
        return _SHOWN
    required = [item for item in inputs_of(part.choice.tool.input_schema) if item.required]
    scores = [filling.scores[item.name] for item in required if item.name in filling.spans]
    weakest = min((max(0.0, min(1.0, score / _STRONG)) for score in scores), default=1.0)
    plain = sum(_is_plain(item, filling) for item in required)
    listed = sum(item.kind in {"array", "object"} and item.name in filling.values for item in required)
    total = _START + _WEAKEST * weakest + _PLAIN * plain + _LISTED * listed + _RIVAL * _rivalry(filling)
    open_share = 0.5 if filling.missing and not part.refers else 1.0
    return min(1.0, part.choice.best.score / _SURE_TOOL) * open_share / (1 + math.exp(-total))


def _is_plain(item: Input, filling: Filling) -> bool:
    """Say whether a common word was taken for a value of a field that is open to any text."""
    value = filling.values.get(item.name)
    if not isinstance(value, str) or item.choices or item.name not in filling.spans:
        return False
    return value.islower() and value.isalpha() and filling.scores[item.name] < _LABELLED


def _rivalry(filling: Filling) -> float:
    """Return how near the best value that was not taken comes to the one that was: 1 as good, 0 far off."""
    gaps = [
        filling.offers[name].score - max(offer.score for offer in rivals)
        for name, rivals in filling.rivals.items()
        if rivals
    ]
    return max((1 - min(1.0, max(0.0, gap / _NEAR)) for gap in gaps), default=0.0)
