"""Fill a field that takes running text: a message, a question, a note."""

from __future__ import annotations

import re

from packetflow._core.search import stem
from packetflow.planners.rules.candidates import Offer
from packetflow.planners.rules.fit import Surroundings
from packetflow.planners.rules.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, REQUESTS
from packetflow.planners.rules.phrases import Token
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.tool import Input

_CUE = re.compile(
    r"\b(?:saying|asking|says?|said|reading|which reads|with the (?:text|message|content|words)"
    r"|telling (?:them|him|her)|that)\b\s*[:,]?\s+"
    r"|:\s+(?=\S)",
    re.IGNORECASE,
)
# "ask my agent | what we discussed": a question that is passed on, up to six words after the verb.
_ASKED = re.compile(
    r"\W*(?:please\s+)?(?:ask|tell|remind|inform)\s+(?:[\w'#-]+\s+){1,5}?"
    r"(?=(?:what|whether|if|how|who|when|where|why|which)\s+\w)",
    re.IGNORECASE,
)
_MESSAGE = frozenset(stem(word) for word in "text message content body note comment".split())
_ELSEWHERE = frozenset({"of", "from", "into", "onto"})
_LIST = DETERMINERS | PREPOSITIONS | {"and", "or"}
_ARTICLES = frozenset("a an the this that my our your".split())
_BACK = frozenset("it them this that these those both".split())
_TAIL = re.compile(r"[\s.,;:!]+$")


def fill_text(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    """Return running text for `item`: what is quoted, what follows "saying", else what follows the verb.

    The text loses a tail that other fields used with its preposition ("hello in the lobby" where the room is known).
    """
    for phrase in reading.phrases:
        if phrase.kind == "quote" and not _used(phrase.start, phrase.end, used):
            return None
    match = _ASKED.match(reading.text) or _cue(reading.text)
    if match is not None and match.end() < len(reading.text):
        text = _TAIL.sub("", reading.text[match.end() :])
        if text:
            return Offer(item, text, match.end(), match.end() + len(text), 4.5)
    if not item.required:
        return None
    return _after_verb(item, reading, around, used)


def told_from(text: str) -> int | None:
    """Return where the words begin that a request tells or asks somebody ("saying ...", "that ..."), or None."""
    match = _ASKED.match(text) or _cue(text)
    return match.end() if match is not None else None


def _cue(text: str) -> re.Match[str] | None:
    """Return what leads to running text; "say" as the verb of the request itself does not."""
    return next((match for match in _CUE.finditer(text) if match.start() or ":" in match.group()), None)


def _after_verb(item: Input, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> Offer | None:
    tokens = reading.tokens
    if not tokens or tokens[0].low not in REQUESTS:
        return None
    first = _begin(tokens, item, used)
    last = _end(tokens, first, reading, around, used)
    if first >= last or tokens[first].low in _ELSEWHERE:
        return None
    if tokens[first].low in _BACK and (first + 1 >= last or tokens[first + 1].low in PREPOSITIONS):
        return None
    start = tokens[first].start
    text = _TAIL.sub("", reading.text[start : tokens[last - 1].end])
    empty = PREPOSITIONS | DETERMINERS | PRONOUNS | {"both"}
    if not text or all(word in empty for word in text.lower().split()):
        return None
    if not item.own & _MESSAGE and any(start <= place < tokens[last - 1].end for place, _ in used):
        return None
    return Offer(item, text, start, start + len(text), 1.5)


def _begin(tokens: list[Token], item: Input, used: list[tuple[int, int]]) -> int:
    """Return the token after the verb, looking over "the message", "me to" and "me tomorrow to"."""
    first = 1
    names = item.own | {"text", "messag"}
    while first < len(tokens) and (tokens[first].low in _ARTICLES or tokens[first].stem in names):
        first += 1
    if first < len(tokens) and tokens[first].low in {"me", "us", "him", "her", "them"}:
        first += 1
        ahead = first
        while ahead < len(tokens) and (tokens[ahead].low in PREPOSITIONS - {"to"} or _within(tokens[ahead], used)):
            ahead += 1
        taken = any(_within(token, used) for token in tokens[first:ahead])
        first = ahead if taken else first
        while first < len(tokens) and tokens[first].low in _ARTICLES | {"to", "about"}:
            first += 1
    return first


def _end(tokens: list[Token], first: int, reading: Reading, around: Surroundings, used: list[tuple[int, int]]) -> int:
    """Return the token before which the text ends: where only values of other fields and their labels follow."""
    last = len(tokens)
    for start, _ in sorted(used, reverse=True):
        index = reading.index_at(start)
        tail = [t for t in tokens[index:last] if not _used(t.start, t.end, used) and t.sort == "word"]
        if all(t.stem in around.tool or t.low in _LIST or len(t.text) == 1 or t.text.isdigit() for t in tail):
            last = index
            while last > first and tokens[last - 1].low in _ARTICLES:
                last -= 1
            if last > first and tokens[last - 1].stem in around.tool:
                last -= 1
            while last > first and tokens[last - 1].low in _ARTICLES | PREPOSITIONS:
                last -= 1
    return last


def _within(token: Token, used: list[tuple[int, int]]) -> bool:
    return _used(token.start, token.end, used)


def _used(start: int, end: int, used: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in used)
