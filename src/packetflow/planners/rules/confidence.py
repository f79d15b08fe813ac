"""Say how sure a draft is, from 0 to 1."""

from __future__ import annotations

import math

from packetflow.planners.rules.caution import worth_at_most
from packetflow.planners.rules.parts import Part
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import Input, inputs_of

_SURE_TOOL = 0.6
_LINKED_TOOL = 0.4
_SHOWN = 0.95
_DOUBTED = 0.4
_WHERE = frozenset({"in", "into", "at", "on", "to"})
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
    most = worth_at_most(part.choice.tool, filling, part.reading)
    if part.choice.shown and not filling.missing:
        return min(most, _SHOWN)
    required = [item for item in inputs_of(part.choice.tool.input_schema) if item.required]
    scores = [filling.scores[item.name] for item in required if item.name in filling.spans]
    weakest = min((max(0.0, min(1.0, score / _STRONG)) for score in scores), default=1.0)
    plain = sum(_is_plain(item, filling) for item in required)
    plain += 3 * sum(_is_elsewhere(item, part) for item in required)
    listed = sum(item.kind in {"array", "object"} and item.name in filling.values for item in required)
    total = _START + _WEAKEST * weakest + _PLAIN * plain + _LISTED * listed + _RIVAL * _rivalry(filling)
    sure = _LINKED_TOOL if part.refers and not part.choice.strange else _SURE_TOOL
    most = min(most, _DOUBTED if part.choice.strange and part.choice.tool.effect != "read" else 1.0)
    open_share = 0.5 if filling.missing and not part.refers else 1.0
    return min(most, 1.0, part.choice.best.score / sure) * open_share / (1 + math.exp(-total))


def _is_plain(item: Input, filling: Filling) -> bool:
    """Say whether a common word was taken for a value of a field that is open to any text."""
    value = filling.values.get(item.name)
    if not isinstance(value, str) or item.choices or item.name not in filling.spans:
        return False
    return value.islower() and value.isalpha() and filling.scores[item.name] < _LABELLED


def _is_elsewhere(item: Input, part: Part) -> bool:
    """Say whether running text was taken from where a place or an address is said: "in the hall"."""
    span = part.choice.filling.spans.get(item.name)
    if span is None or "text" not in roles_of(item):
        return False
    return any((p.start, p.end) == span and p.kind == "group" and p.cue in _WHERE for p in part.reading.phrases)


def _rivalry(filling: Filling) -> float:
    """Return how near the best value that was not taken comes to the one that was: 1 as good, 0 far off."""
    gaps = [
        filling.offers[name].score - max(offer.score for offer in rivals)
        for name, rivals in filling.rivals.items()
        if rivals
    ]
    return max((1 - min(1.0, max(0.0, gap / _NEAR)) for gap in gaps), default=0.0)
