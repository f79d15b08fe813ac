"""One tool for several items: "the weather in Paris and London" is two calls that share what is said once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from packetflow.planners.rules.listing import listed_values
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.slots import Filling, fill
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

_MOST = 12
_JOINTS = frozenset({",", "and", "to", "in", "into", "also", "the", "&", "of", "for"})
_TOLD = 3.0
_PART = re.compile(
    r"(?<=[.?!;])\s+(?=[A-Z])|,?\s(?:and\s+)?then\b|,?\s(?:and\s+)?(?:also|finally|lastly)\b"
    r"|\b(?:and\s+)?the\s+(?:other|first|second|third|fourth|fifth)\b|\band\s+another\b|\band\s+for\b",
    re.IGNORECASE,
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
    lists = {**listed_values(filling, reading), **_labelled_keys(filling, reading)}
    longest = max((len(values) for values in lists.values()), default=1)
    if not lists or longest > _MOST:
        return [filling.values]
    if any(len(values) != longest for values in lists.values()):
        return _product(filling.values, lists)
    return [{**filling.values, **{name: values[index] for name, values in lists.items()}} for index in range(longest)]


def _labelled_keys(filling: Filling, reading: Reading) -> dict[str, list[JSON]]:
    """Return the keys that a sentence lists with their noun each time: "to room A and to room B", "team 1, team 2"."""
    found: dict[str, list[JSON]] = {}
    for name in filling.spans:
        if name in filling.assumed or not name.lower().endswith("_id"):
            continue
        noun = name.lower().removesuffix("_id").split("_")[-1]
        offers = [
            (index + 1, token) for index, token in enumerate(reading.tokens[1:]) if _is_key(reading, index + 1, noun)
        ]
        joined = all(
            {reading.tokens[i].low for i in range(one + 1, other)} - _JOINTS <= {noun}
            for (one, _), (other, _) in pairwise(offers)
        )
        if len(offers) > 1 and joined:
            found[name] = [noun + token.text if token.text.isdigit() else token.text for _, token in offers]
    return found


def _is_key(reading: Reading, index: int, noun: str) -> bool:
    token = reading.tokens[index]
    letter = len(token.text) == 1 and token.text.isalnum()
    return reading.tokens[index - 1].low == noun and token.sort == "word" and (letter or not token.breaks)


def _from_parts(tool: Tool, reading: Reading) -> list[dict[str, JSON]]:
    cuts = sorted({match.start() for match in _PART.finditer(reading.text)} - {0})
    if not cuts:
        return []
    required = {item.name for item in inputs_of(tool.input_schema) if item.required}
    calls: list[dict[str, JSON]] = []
    current: list[dict[str, JSON]] = [{}]
    for start, end in zip([0, *cuts], [*cuts, len(reading.text)], strict=True):
        told = _told(tool, read(reading.text[start:end], reading.today))
        again = _AGAIN.search(reading.text[start : start + 24]) is not None or 2 * len(required & set(told[0])) >= len(
            required
        )
        if again and any(_differs(told[0], call) for call in current):
            calls += current
        current = [{**current[-1], **one} for one in told]
    calls += current
    whole = all(required <= set(call) for call in calls)
    return calls if whole and 1 < len(calls) <= _MOST else []


def _told(tool: Tool, reading: Reading) -> list[dict[str, JSON]]:
    """Return what one part states clearly, once for each item of a list in it."""
    part = fill(tool, reading)
    clear = {name for name in part.values if name not in part.assumed and part.scores[name] >= _TOLD}
    return [{name: value for name, value in call.items() if name in clear} for call in _from_lists(part, reading)]


def _differs(told: Mapping[str, JSON], call: Mapping[str, JSON]) -> bool:
    """Say whether a part states anew what a call has: a number, a name, a code; another common word may be chance."""
    return any(
        name in call
        and call[name] != value
        and (not isinstance(value, str) or value[:1].isupper() or any(char.isdigit() for char in value))
        for name, value in told.items()
    )


def _product(shared: Mapping[str, JSON], lists: Mapping[str, list[JSON]]) -> list[dict[str, JSON]]:
    calls: list[dict[str, JSON]] = [dict(shared)]
    for name, values in lists.items():
        calls = [{**call, name: value} for call in calls for value in values]
    return calls if len(calls) <= _MOST else [dict(shared)]
