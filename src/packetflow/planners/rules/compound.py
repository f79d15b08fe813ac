"""Fill lists and objects from a sentence."""

from __future__ import annotations

import json
import math
import re
from typing import cast

from packetflow.planners.rules.candidates import Offer, offers
from packetflow.planners.rules.fit import Surroundings, context, fit_phrase, labelled
from packetflow.planners.rules.flags import fill_choice
from packetflow.planners.rules.quantities import Series, as_number
from packetflow.planners.rules.reading import Conjunction, Reading
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.tool import JSON, Input

_PAIR = re.compile(r"['\"]?\b([A-Za-z_]\w*)['\"]?\s*[:=]\s*(?:'([^']*)'|\"([^\"]*)\"|([^\s,;'\"]+))")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_OPTIONAL = 3.0
_LAST = -1.5


def fill_array(
    item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]], *, early: bool
) -> Offer | None:
    """Return a list for an array field, or None.

    `early` takes only what is written as a list; the second time single values left over make a list, too.
    """
    inner = item.items
    if inner is not None and inner.kind in {"integer", "number"}:
        found = _series(item, reading, used)
        return found or (None if early else _rest(item, inner, reading, used))
    if inner is not None and inner.choices:
        return _chosen(item, inner, reading)
    if inner is not None and inner.kind == "array":
        return _nested(item, inner, reading, used)
    if inner is not None and inner.kind == "object":
        return None
    bracket = _bracketed(item, reading, used)
    if bracket is not None:
        return bracket
    listed = _listed(item, reading, around, used)
    return listed or (None if early else _single(item, reading, around, used))


def fill_object(item: Input, reading: Reading) -> Offer | None:
    """Return an object without declared properties from JSON or from "key: value" pairs in the sentence."""
    start = reading.text.find("{")
    if start >= 0 and (end := reading.text.rfind("}")) > start:
        try:
            value: object = json.loads(reading.text[start : end + 1].replace("'", '"'))
        except ValueError:
            value = None
        if isinstance(value, dict):
            return Offer(item, cast("dict[str, JSON]", value), start, end + 1, 6.0)
    pairs = [match for match in _PAIR.finditer(reading.text) if "//" not in match.group()]
    if not pairs:
        return None
    values: dict[str, JSON] = {}
    for match in pairs:
        quoted = match.group(2) or match.group(3)
        values[match.group(1)] = quoted if quoted is not None else _literal(match.group(4))
    return Offer(item, values, pairs[0].start(), pairs[-1].end(), 4.0)


def _literal(text: str) -> JSON:
    text = text.rstrip(".")
    try:
        value: object = json.loads(text.lower() if text.lower() in {"true", "false"} else text)
    except ValueError:
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else cast("JSON", value)


def _free(start: int, end: int, used: list[tuple[int, int]]) -> bool:
    return not any(start < other_end and other_start < end for other_start, other_end in used)


def _series(item: Input, reading: Reading, used: list[tuple[int, int]]) -> Offer | None:
    best: tuple[float, Series] | None = None
    for series in reading.series:
        if not _free(series.start, series.end, used):
            continue
        first, last = reading.index_at(series.start), reading.index_at(series.end - 1)
        score = context(reading, first, last, item) + (2.0 if series.bracketed else 1.0)
        score += 2.5 if labelled(reading, first, item) else 0.0
        if best is None or round(score, 2) > round(best[0], 2):
            best = (score, series)
    if best is None or best[0] < (0.5 if item.required else _OPTIONAL):
        return None
    inner = item.items
    values: list[JSON] = [float(v) if inner and inner.kind == "number" else v for v in best[1].values]
    return Offer(item, values, best[1].start, best[1].end, best[0] + 2)


def _rest(item: Input, inner: Input, reading: Reading, used: list[tuple[int, int]]) -> Offer | None:
    """Numbers that no other field took make the list, when there are at least two of them."""
    left = [q for q in reading.quantities if _free(q.start, q.end, used) and not q.ordinal]
    if not item.required or not left:
        return None
    if inner.kind == "integer":
        left = [q for q in left if float(q.value).is_integer()]
    roles = roles_of(item)
    if "year" in roles and any(q.yearlike for q in left):
        left = [q for q in left if q.yearlike]
    if "rate" in roles and any(q.percent for q in left):
        left = [q for q in left if q.percent]
    values = [as_number(q, fraction=True, integer=inner.kind == "integer") for q in left]
    values = [float(v) if inner.kind == "number" and isinstance(v, int) else v for v in values]
    if not values:
        return None
    return Offer(item, list[JSON](values), left[0].start, left[-1].end, 1.0 if len(values) == 1 else 2.0)


def _nested(item: Input, inner: Input, reading: Reading, used: list[tuple[int, int]]) -> Offer | None:
    number = inner.items is not None and inner.items.kind in {"integer", "number"}
    rows = [series for series in reading.series if series.bracketed and _free(series.start, series.end, used)]
    if not number or not rows:
        return None
    return Offer(item, [list[JSON](row.values) for row in rows], rows[0].start, rows[-1].end, 4.0)


def _chosen(item: Input, inner: Input, reading: Reading) -> Offer | None:
    found: list[JSON] = [choice for choice in inner.choices if fill_choice(inner, reading, (choice,))[1] >= 2.0]  # noqa: PLR2004
    return Offer(item, found, 0, 0, 4.0) if found else None


def _bracketed(item: Input, reading: Reading, used: list[tuple[int, int]]) -> Offer | None:
    for match in _BRACKET.finditer(reading.text):
        if not _free(match.start(), match.end(), used):
            continue
        parts = [part.strip().strip("'\"") for part in match.group(1).split(",")]
        if parts and all(parts):
            return Offer(item, list[JSON](parts), match.start(), match.end(), 5.0)
    return None


def _listed(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    best: tuple[float, Conjunction] | None = None
    for group in reading.conjunctions:
        if not _free(group.start, group.end, used):
            continue
        scores = [fit_phrase(phrase, item, reading, around) for phrase in group.items]
        score = max(scores[0], sum(scores) / len(scores)) + 0.5 * len(group.items)
        if best is None or score > best[0]:
            best = (score, group)
    if best is None or best[0] < (1.0 if item.required else _OPTIONAL):
        return None
    texts: list[JSON] = [
        _trimmed(phrase.text, item, first=index == 0, last=index == len(best[1].items) - 1)
        for index, phrase in enumerate(best[1].items)
    ]
    return Offer(item, texts, best[1].start, best[1].end, best[0])


def _trimmed(text: str, item: Input, *, first: bool, last: bool) -> JSON:
    """Cut the field's own noun from the first and the last item: "options tea", "fever and cough symptoms"."""
    words = text.split()
    names = {word.lower().rstrip("s") for word in item.name.replace("_", " ").split()}
    if last and len(words) > 1 and words[-1].lower().rstrip("s") in names:
        return " ".join(words[:-1])
    if first and len(words) > 1 and words[0].lower().rstrip("s") in names:
        return " ".join(words[1:])
    return text


def _single(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    one = [offer for offer in offers(item.items or item, reading, around) if _free(offer.start, offer.end, used)]
    one.sort(key=lambda offer: (-offer.score, offer.start, offer.end))
    if not one or one[0].score < (_LAST if item.required else _OPTIONAL):
        return None
    return Offer(item, [one[0].value], one[0].start, one[0].end, one[0].score)
