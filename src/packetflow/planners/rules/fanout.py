"""One tool for several items: "the weather in Paris and London" is two calls that share what is said once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packetflow.planners.rules.candidates import Offer
from packetflow.planners.rules.lexicon import DETERMINERS
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.slots import Filling, fill
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

_MOST = 12
_TOLD = 3.0
_PART = re.compile(
    r"(?<=[.?!;])\s+(?=[A-Z])|,?\s(?:and\s+)?then\b|,?\s(?:and\s+)?(?:also|finally|lastly)\b"
    r"|\b(?:and\s+)?the\s+(?:other|first|second|third|fourth|fifth)\b|\band\s+another\b|\band\s+for\b",
    re.IGNORECASE,
)
_NEAR = 2.2
_LOOSE = 1.0
_FLOOR = 2.0
_SMALL = frozenset(
    {
        ",",
        "and",
        "or",
        ";",
        "&",
        "'",
        '"',
        "also",
        "then",
        "the",
        "a",
        "an",
        "for",
        "in",
        "of",
        "both",
        "finally",
        "(",
        ")",
    }
)


_AGAIN = re.compile(r"\b(?:then|also|other|another|second|third|fourth|fifth|finally|lastly|and for)\b", re.IGNORECASE)


def fan_out(tool: Tool, filling: Filling, reading: Reading) -> list[dict[str, JSON]]:
    """Return the arguments of each call of `tool`: one call, unless the sentence states an input several times.

    Values in a list ("Paris and London") are dealt out in the order of the text, as many calls as the longest list has;
    what is said once is shared. Sentences or parts that state the same input differently ("the first ... the second")
    make a call each and inherit what they leave open from the part before.
    """
    listed = _from_lists(filling, reading)
    told = _from_parts(tool, reading)
    if len(told) > 1 and len(told) >= len(listed):
        return told
    return listed


def _from_lists(filling: Filling, reading: Reading) -> list[dict[str, JSON]]:
    lists = {name: values for name, values in _lists(filling, reading).items() if len(values) > 1}
    longest = max((len(values) for values in lists.values()), default=1)
    if not lists or longest > _MOST:
        return [filling.values]
    if any(len(values) != longest for values in lists.values()):
        return _product(filling.values, lists)
    return [{**filling.values, **{name: values[index] for name, values in lists.items()}} for index in range(longest)]


def _from_parts(tool: Tool, reading: Reading) -> list[dict[str, JSON]]:
    cuts = sorted({match.start() for match in _PART.finditer(reading.text)} - {0})
    if not cuts:
        return []
    required = {item.name for item in inputs_of(tool.input_schema) if item.required}
    calls: list[dict[str, JSON]] = []
    current: dict[str, JSON] = {}
    for start, end in zip([0, *cuts], [*cuts, len(reading.text)], strict=True):
        part = fill(tool, read(reading.text[start:end], reading.today))
        stated = {
            name: value
            for name, value in part.values.items()
            if name not in part.assumed and part.scores[name] >= _TOLD
        }
        again = _AGAIN.search(reading.text[start : start + 24]) is not None or 2 * len(required & set(stated)) >= len(
            required
        )
        if again and any(name in current and current[name] != value and _firm(value) for name, value in stated.items()):
            calls.append(current)
        current = {**current, **stated}
    calls.append(current)
    whole = [call for call in calls if required <= set(call)]
    return whole if len(whole) > 1 and len(whole) == len(calls) and len(whole) <= _MOST else []


def _firm(value: JSON) -> bool:
    """Say whether a value can be stated anew: a number, a name, a code; another common word may be chance."""
    return not isinstance(value, str) or value[:1].isupper() or any(char.isdigit() for char in value)


def _product(shared: Mapping[str, JSON], lists: Mapping[str, list[JSON]]) -> list[dict[str, JSON]]:
    calls: list[dict[str, JSON]] = [dict(shared)]
    for name, values in lists.items():
        calls = [{**call, name: value} for call in calls for value in values]
    return calls if len(calls) <= _MOST else [dict(shared)]


def _lists(filling: Filling, reading: Reading) -> dict[str, list[JSON]]:
    found: dict[str, list[JSON]] = {}
    for name, rivals in filling.rivals.items():
        best = filling.offers.get(name)
        if best is None or filling.scores[name] < _FLOOR:
            continue
        group = [
            offer
            for offer in rivals
            if offer.score >= best.score - _joined(best, offer, reading) and _joined(best, offer, reading) > 0
        ]
        chain = _apart(sorted([best, *group], key=lambda offer: (offer.start, -offer.score, offer.end)))
        values: list[JSON] = _series(best, reading)
        for offer in chain if not values else []:
            if offer.value not in values:
                values.append(offer.value)
        found[name] = values
    return found


def _series(best: Offer, reading: Reading) -> list[JSON]:
    """Return all of a bare list ("for 1, 5 and 10 years") that a number was taken from."""
    for series in reading.series:
        if (
            series.start <= best.start
            and best.start < series.end
            and not series.bracketed
            and isinstance(best.value, int | float)
        ):
            return list[JSON](series.values) if best.value in series.values else []
    return []


def _apart(chain: list[Offer]) -> list[Offer]:
    kept: list[Offer] = []
    for offer in chain:
        if not kept or offer.start >= kept[-1].end:
            kept.append(offer)
        elif offer.score > kept[-1].score:
            kept[-1] = offer
    return kept


def _joined(one: Offer, other: Offer, reading: Reading) -> float:
    """Return how much worse than the first another value may fit: most for a plain list, none when nothing joins them.

    A plain list has only marks, "and" and small words between its items; farther apart, two values belong together
    when the same word leads to both ("a radius of 5, the other a radius of 10").
    """
    left, right = (one, other) if one.start < other.start else (other, one)
    if isinstance(one.value, str) != isinstance(other.value, str):
        return -1.0
    if isinstance(one.value, str) and isinstance(other.value, str):
        same = (
            one.value[:1].isupper() == other.value[:1].isupper()
            and one.value[:1].isdigit() == other.value[:1].isdigit()
        )
        if not same or one.value.lower() == other.value.lower():
            return -1.0
    between = [token for token in reading.tokens if left.end <= token.start < right.start]
    lows = {token.low for token in between}
    if not lows & {"and", ",", ";", ".", "or"}:
        return -1.0
    if all(token.low in _SMALL or token.low == _lead(left, reading) for token in between):
        return _NEAR
    return _LOOSE if _lead(left, reading) and _lead(left, reading) == _lead(right, reading) else -1.0


def _lead(offer: Offer, reading: Reading) -> str:
    before = [token.low for token in reading.tokens if token.end <= offer.start]
    while before and (before[-1] in DETERMINERS or before[-1] in {"'", '"', "("}):
        before.pop()
    return before[-1] if before else ""
