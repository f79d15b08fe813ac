"""See what a request says that a step does not do: not this, only if, again and again, on a day, from the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packetflow._core.search import stems
from packetflow.planners.rules.dates import LOOSE_DAY
from packetflow.planners.rules.fanout import fan_out
from packetflow.planners.rules.freetext import told_from
from packetflow.planners.rules.links import mentions
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

UNSURE = 0.4
"""What a step is worth at most when something that is said finds no input: less than anything that is done unasked."""

_DENIED = re.compile(
    r"\b(?:not|never|without|except|excepting|excluding|nobody|none|neither|nor|cannot|dont|doesnt|wont|avoid"
    r"|instead of|rather than|other than|apart from|anything but|\w{2,8}n['’]t)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|whenever|in case|as (?:soon|long) as|provided|providing|only when|until)\b"
    r"|^\W*(?:when|once|while|after|before)\b(?!\s+(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)\b)"
    r"|\bwhen\b[^.?!]{1,200}\bthen\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:twice|thrice|repeatedly|again and again|over and over|hourly|nightly|forever|\w{1,12} times(?! (?:as|by)\b)"
    r"|(?:every|each|per|once an?) (?:other |single |\w{1,8} )?"
    r"(?:second|minute|hour|day|night|morning|afternoon|evening|week|weekend|month|year|time|[a-z]{3,6}day)s?)\b",
    re.IGNORECASE,
)
# What leaves open which of several things shall change, or makes it conditional by time: harmless where one only reads.
_LOOSE = re.compile(
    r"\b(?:when|while|or|either|every|each|maybe|perhaps|daily|weekly|monthly|later|tomorrow|tonight)\b", re.IGNORECASE
)
_STATED_DAY = re.compile(r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b")
_WEEKDAY = re.compile(
    r"\b(?:since|before|after|by|until|on|from) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE
)
_MODAL = frozenset({"may", "march"})
_ADDING = frozenset({"and", "then", "plus", ",", "as", "for", "with"})
_OLDEST = re.compile(r"\b(?:first|oldest|earliest)\b", re.IGNORECASE)
_LATEST = re.compile(r"\b(?:latest|newest|last|most recent)\b", re.IGNORECASE)
_IN_ORDER = re.compile(r"\b(?:oldest|earliest|newest|latest|first|last) first\b", re.IGNORECASE)


def worth_at_most(tool: Tool, filling: Filling, reading: Reading) -> float:
    """Return 1.0, or UNSURE when the sentence says something outside quotes and told text that `tool` will not heed.

    That is: a negation, a condition or a repetition; a day, a time or a number that no value has; "first" for a tool
    that gives the latest; and for a tool that changes something, also "or", "every" or a later time.
    """
    if any(span == (0, len(reading.text)) for span in filling.spans.values()):
        return 1.0
    said = _outside(tool, filling, reading)
    denied = _DENIED.search(said) and not _answered(tool, filling)
    if denied or _CONDITION.search(said) or _AGAIN.search(said) or _wrong_end(tool, said):
        return UNSURE
    if tool.effect != "read" and (_LOOSE.search(_without_values(said, filling)) or _leaves_out(tool, filling, reading)):
        return UNSURE
    return UNSURE if any(_unheeded(tool, filling, reading, said)) else 1.0


def _leaves_out(tool: Tool, filling: Filling, reading: Reading) -> bool:
    """Say whether something named stays over: a quote, a code, or what "and" or "for" adds that no value holds."""
    calls = fan_out(tool, filling, reading)
    spoken = " ".join(value for call in calls for value in _flat(call)).lower()
    spans = [span for name, span in filling.spans.items() if name not in filling.assumed]
    known = frozenset(
        (*stems(tool.id), *stems(tool.intent), *(w for item in inputs_of(tool.input_schema) for w in item.own))
    )
    back = [(one.start, one.end) for one in mentions(reading)]
    tokens = reading.tokens

    def over(start: int, end: int) -> bool:
        taken = any(a < end and start < b for a, b in (*spans, *back))
        return not taken and reading.text[start:end].strip("'\"‘’“”`").lower() not in spoken

    if any(phrase.kind in {"quote", "code"} and over(phrase.start, phrase.end) for phrase in reading.phrases):
        return True
    for index, token in enumerate(tokens[:-1]):
        follow = tokens[index + 1]
        adds = token.low in _ADDING and follow.sort == "word" and not follow.breaks
        if adds and follow.low != "please" and follow.stem not in known and over(follow.start, follow.end):
            return True
    return False


def _outside(tool: Tool, filling: Filling, reading: Reading) -> str:
    """Return the sentence with blanks for what is quoted and what is told after "that" or a colon."""
    spans = [(phrase.start, phrase.end) for phrase in reading.phrases if phrase.kind == "quote"]
    told = told_from(reading.text)
    texts = {item.name for item in inputs_of(tool.input_schema) if "text" in roles_of(item)}
    if told is not None:
        spans += [span for name, span in filling.spans.items() if name in texts and span[0] >= told]
    return _blanked(reading.text, spans)


def _without_values(said: str, filling: Filling) -> str:
    return _blanked(said, [span for name, span in filling.spans.items() if name not in filling.assumed])


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (min(end, len(text)) - start) + text[end:]
    return text


def _answered(tool: Tool, filling: Filling) -> bool:
    """Say whether a negation was read as the answer of a yes-or-no input ("without stops")."""
    return any(
        item.kind == "boolean" and item.name in filling.values and item.name not in filling.assumed
        for item in inputs_of(tool.input_schema)
    )


def _wrong_end(tool: Tool, said: str) -> bool:
    """Say whether the first of a list are asked for and the tool gives the latest."""
    return bool(_OLDEST.search(said)) and bool(_LATEST.search(_IN_ORDER.sub(" ", tool.intent)))


def _unheeded(tool: Tool, filling: Filling, reading: Reading, said: str) -> Iterator[bool]:
    """Say of every day, time and number whether no input took it."""
    spans = [span for name, span in filling.spans.items() if name not in filling.assumed]
    values = frozenset(_flat(filling.values))
    places = [(m.start(), m.end()) for pattern in (_STATED_DAY, _WEEKDAY) for m in pattern.finditer(said)]
    places += [(m.start(), m.end()) for m in LOOSE_DAY.finditer(said) if m.group().lower() not in _MODAL]
    places += [(moment.start, moment.end) for moment in reading.moments]
    listed = any(
        item.kind in {"array", "object"} and item.name in filling.values for item in inputs_of(tool.input_schema)
    )
    for item in reading.quantities:
        if not (item.word or item.ordinal or listed) and str(item.value) not in values:
            places.append((item.start, item.end))
    for start, end in places:
        yield said[start:end].strip() != "" and not any(a < end and start < b for a, b in spans)


def _flat(values: Mapping[str, JSON]) -> Iterator[str]:
    for value in values.values():
        yield from (str(one) for one in value) if isinstance(value, list) else (str(value),)
