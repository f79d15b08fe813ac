"""Find the inputs that a sentence states several times in one breath."""

from __future__ import annotations

from packetflow.planners.rules.candidates import Offer
from packetflow.planners.rules.lexicon import DETERMINERS
from packetflow.planners.rules.quantities import Quantity
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import JSON

_TIGHT = 3.5
_LABELLED = 7.0
_NEAR = 2.2
_LOOSE = 1.0
_QUOTED = 6.0
_QUOTES = frozenset("'\"“‘`")
_FLOOR = 2.0
_MARKS = frozenset({",", "and", "or", ";", "&", "'", '"'})
_SMALL = _MARKS | frozenset("also then the a an for in of both finally ( )".split())


def listed_values(filling: Filling, reading: Reading) -> dict[str, list[JSON]]:
    """Return, for each scalar input that the sentence gives more than one value, all of them in the order of the text.

    A value that two inputs could list counts for the one it fits better.
    """
    groups: dict[str, list[Offer]] = {}
    found: dict[str, list[JSON]] = {}
    for name, rivals in filling.rivals.items():
        best = filling.offers[name]
        if filling.scores[name] < _FLOOR:
            continue
        if series := _series(best, filling, reading):
            found[name] = series
            continue
        groups[name] = [best, *(o for o in rivals if o.score >= best.score - _leeway(best, o, reading))]
    for name, group in groups.items():
        own = [offer for offer in group if not _better_elsewhere(offer, name, groups)]
        chain = _apart(sorted(own, key=lambda offer: (offer.start, -offer.score, offer.end)))
        values: list[JSON] = []
        values += [
            offer.value for index, offer in enumerate(chain) if offer.value not in [o.value for o in chain[:index]]
        ]
        found[name] = values
    return {name: values for name, values in found.items() if len(values) > 1}


def _better_elsewhere(offer: Offer, name: str, groups: dict[str, list[Offer]]) -> bool:
    return any(
        other.start < offer.end and offer.start < other.end and other.score > offer.score
        for elsewhere, group in groups.items()
        if elsewhere != name
        for other in group
    )


def _series(best: Offer, filling: Filling, reading: Reading) -> list[JSON]:
    """Return all of a bare list ("for 1, 5 and 10 years") that a number was taken from, if no other input took one."""
    for series in reading.series:
        if series.bracketed or not series.start <= best.start < series.end or best.value not in series.values:
            continue
        spans = [span for name, span in filling.spans.items() if name != best.field.name]
        if not any(start < series.end and series.start < end for start, end in spans):
            return list[JSON](series.values)
    return []


def _apart(chain: list[Offer]) -> list[Offer]:
    kept: list[Offer] = []
    for offer in chain:
        if not kept or offer.start >= kept[-1].end:
            kept.append(offer)
        elif offer.score > kept[-1].score:
            kept[-1] = offer
    return kept


def _leeway(one: Offer, other: Offer, reading: Reading) -> float:
    """Return how much worse than the first another value may fit; below zero when nothing joins them.

    Most in a plain list; farther apart, two values belong together when the same word leads to both ("a radius of 5,
    the other a radius of 10").
    """
    left, right = (one, other) if one.start < other.start else (other, one)
    between = [token for token in reading.tokens if left.end <= token.start < right.start]
    if not _alike(one, other, reading) or not {token.low for token in between} & {"and", ",", ";", ".", "or"}:
        return -1.0
    lead = _lead(left, reading)
    if all(token.low in _MARKS for token in between):
        listed = any(group.start <= left.start and right.end <= group.end for group in reading.conjunctions)
        if not listed and not {token.low for token in between} & {"and", "or", ";", "&"}:
            return -1.0
        return _LABELLED if lead.endswith("s") else _TIGHT
    if all(token.low in _SMALL or token.low == lead for token in between):
        return _NEAR
    if (
        lead
        and lead == _lead(right, reading)
        and reading.text[left.start] in _QUOTES
        and reading.text[right.start] in _QUOTES
    ):
        return _QUOTED
    return _LOOSE if lead and lead == _lead(right, reading) else -1.0


def _alike(one: Offer, other: Offer, reading: Reading) -> bool:
    """Say whether two values have one form: both names, both codes, or numbers of one dimension."""
    if isinstance(one.value, str) and isinstance(other.value, str):
        first, second = one.value[:1], other.value[:1]
        same = first.isupper() == second.isupper() and first.isdigit() == second.isdigit()
        return same and one.value.lower() != other.value.lower()
    if isinstance(one.value, str) or isinstance(other.value, str):
        return False
    first_number, second_number = _quantity(one, reading), _quantity(other, reading)
    if first_number is None or second_number is None:
        return True
    return (first_number.dimension, first_number.word) == (second_number.dimension, second_number.word)


def _quantity(offer: Offer, reading: Reading) -> Quantity | None:
    return next((item for item in reading.quantities if item.start == offer.start), None)


def _lead(offer: Offer, reading: Reading) -> str:
    before = [token.low for token in reading.tokens if token.end <= offer.start]
    while before and (before[-1] in DETERMINERS or before[-1] in {"'", '"', "("}):
        before.pop()
    return before[-1] if before else ""
