"""Fill a field that takes running text: a message, a question, a note."""

from __future__ import annotations

import re

from packetflow._core.search import stem
from packetflow.planners.rules.candidates import Offer
from packetflow.planners.rules.fit import Surroundings
from packetflow.planners.rules.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, REQUESTS
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.tool import Input

_CUE = re.compile(
    r"\b(?:saying|asking|says?|said|reading|which reads|with the (?:text|message|content|words)"
    r"|telling (?:them|him|her)|that)\b\s*[:,]?\s+"
    r"|:\s+(?=\S)",
    re.IGNORECASE,
)
_MESSAGE = frozenset(stem(word) for word in "text message content body note comment".split())
_TAIL = re.compile(r"[\s.,;:!]+$")


def fill_text(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    """Return running text for `item`: what is quoted, what follows "saying", else what follows the verb.

    The text loses a tail that other fields used with its preposition ("hello in the lobby" where the room is known).
    """
    for phrase in reading.phrases:
        if phrase.kind == "quote" and not _used(phrase.start, phrase.end, used):
            return None
    match = _CUE.search(reading.text)
    if match is not None and match.end() < len(reading.text):
        text = _TAIL.sub("", reading.text[match.end() :])
        if text:
            return Offer(item, text, match.end(), match.end() + len(text), 4.5)
    if not item.required:
        return None
    return _after_verb(item, reading, around, used)


def _after_verb(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    tokens = reading.tokens
    if not tokens or tokens[0].low not in REQUESTS:
        return None
    first = 1
    names = item.own | {"text", "messag"}
    while first < len(tokens) and (tokens[first].low in DETERMINERS or tokens[first].stem in names):
        first += 1
    if first + 1 < len(tokens) and tokens[first].low in {"me", "us", "him", "her", "them"}:
        first += 2 if tokens[first + 1].low in {"to", "that", "about"} else 1
    last = len(tokens)
    for start, _ in sorted(used, reverse=True):
        index = reading.index_at(start)
        tail = [
            token for token in tokens[index:last] if not _used(token.start, token.end, used) and token.sort == "word"
        ]
        if not tail or all(token.stem in around.tool or token.low in DETERMINERS | PREPOSITIONS for token in tail):
            last = index
            while last > first and (
                tokens[last - 1].low in DETERMINERS | PREPOSITIONS or tokens[last - 1].stem in around.tool
            ):
                last -= 1
    if first >= last:
        return None
    text = _TAIL.sub("", reading.text[tokens[first].start : tokens[last - 1].end])
    if text.lower() in PRONOUNS | {"this", "that", "these", "those", "both"}:
        return None
    if not item.own & _MESSAGE and any(tokens[first].start <= start < tokens[last - 1].end for start, _ in used):
        return None
    return Offer(item, text, tokens[first].start, tokens[first].start + len(text), 1.5) if text else None


def _used(start: int, end: int, used: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in used)
