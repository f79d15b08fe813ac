"""Read declared examples as patterns: words that must come again, and places where another value may stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from packetflow._core.search import STOP_WORDS
from packetflow.planners.rules.dates import LOOSE_DAY
from packetflow.planners.rules.lexicon import (
    AUXILIARIES,
    BREAKS,
    CONJUNCTIONS,
    DETERMINERS,
    PREPOSITIONS,
    QUESTIONS,
    alike,
)
from packetflow.planners.rules.phrases import Token
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.slots import Filling, fill
from packetflow.planners.rules.spelling import misspelt
from packetflow.planners.rules.tool import Input, Tool, inputs_of

_LONGEST_KEY = 3
_LONGEST = 60
_CLEAR = 3.0
_ENOUGH = 3
_POLITE = re.compile(
    r"\W*(?:(?:please|kindly|hey|hi|hello|now|then|also|and|(?:can|could|would|will) you|i (?:want|need|would like) to"
    r"|i'd like to|let's|let us)\b[\s,]*)*",
    re.IGNORECASE,
)
_LATELY = re.compile(r"\b(?:last|past|next)\s+(?:\d+|few|couple of)\s+(?:hour|day|week|month|year)s?\b", re.IGNORECASE)
_ARTICLES = frozenset({"a", "an", "the"})
_NAMING = frozenset({"called", "named", "titled"})
_SOME_DAY = date(2000, 1, 3)
_BACK = DETERMINERS | frozenset({"it", "them"})


@dataclass(frozen=True)
class Slot:
    """A place of an example where a value of `field` stands; without a field any day, or any words when `free`."""

    field: Input | None = None
    free: bool = False


@dataclass(frozen=True)
class Aligned:
    """A request laid on an example: for each input the place of its value, empty where a hint has to fill it.

    `words` counts the words in common. `whole` names the input that takes the request as a whole.
    """

    places: Mapping[str, tuple[int, int]]
    words: int
    whole: str = ""


@dataclass(frozen=True)
class Request:
    """What is laid on examples: a request, the inputs that have a hint, the places that name earlier results."""

    reading: Reading
    hinted: frozenset[str] = frozenset()
    back: Sequence[tuple[int, int]] = ()


@dataclass
class Pattern:
    """One example of one tool, read once."""

    tool: Tool
    example: str
    whole: str = field(default="", init=False)

    @cached_property
    def items(self) -> tuple[Token | Slot, ...]:
        """Return the words and slots of the example in order; articles and marks are left out."""
        reading = read(self.example, _SOME_DAY)
        filling = fill(self.tool, reading)
        self.whole = _whole(self.tool, reading, filling)
        items: list[Token | Slot] = []
        for token in reading.tokens:
            found = _day_or_topic(token, reading) if self.whole else self._slot(token, reading, filling)
            if found is not None:
                items += [] if items[-1:] == [found] else [found]
            elif token.sort != "mark" and token.low not in _ARTICLES:
                items.append(token)
        return tuple(items)

    def _slot(self, token: Token, reading: Reading, filling: Filling) -> Slot | None:
        fields = {item.name: item for item in inputs_of(self.tool.input_schema)}
        for name, (start, end) in filling.spans.items():
            if name in filling.assumed or fields[name].kind in {"array", "object", "boolean"}:
                continue
            if token.start < end and start < token.end:
                return Slot(fields[name])
            touches = _touching(token, start, end, reading)
            if touches and is_key(fields[name]) and (token.stem in fields[name].own or token.text == "#"):
                return Slot(fields[name])
        return None

    @property
    def telling(self) -> bool:
        """Say whether the words of the example tell enough to be known again."""
        words = [item for item in self.items if isinstance(item, Token)]
        return len(words) >= _ENOUGH or any(word.low not in STOP_WORDS for word in words)

    def align(self, request: Request) -> Aligned | None:
        """Lay a request on the example; None unless all words of both are the same but for the values."""
        reading = request.reading
        if not self.telling or len(reading.tokens) > _LONGEST:
            return None
        polite = _POLITE.match(reading.text)
        skipped = polite.end() if polite else 0
        tokens = [token for token in reading.tokens if token.start >= skipped]
        while tokens and (tokens[-1].text in {".", "?", "!", ","} or tokens[-1].low == "please"):
            tokens.pop()
        for places in _match(self.items, tokens, request):
            if not self._closed(places, reading):
                continue
            words = sum(isinstance(item, Token) for item in self.items)
            return Aligned(places, words, self.whole)
        return None

    def _closed(self, places: Mapping[str, tuple[int, int]], reading: Reading) -> bool:
        """Say whether a request that leaves a key of the example out does not hide it in its running text."""
        fields = {item.field.name: item.field for item in self.items if isinstance(item, Slot) and item.field}
        if fields.keys() == places.keys():
            return True
        texts = [places[name] for name, item in fields.items() if name in places and "text" in roles_of(item)]
        words = [token.low for a, b in texts for token in reading.tokens if a <= token.start < b]
        return not (PREPOSITIONS | CONJUNCTIONS) & set(words)


def is_key(item: Input) -> bool:
    """Say whether a field takes the key of a thing: a text whose name ends in "id"."""
    return item.kind in {"string", "any"} and "id" in roles_of(item) and "text" not in roles_of(item)


def _whole(tool: Tool, reading: Reading, filling: Filling) -> str:
    """Return the field that takes the example as a whole: a question to a tool that wants text and nothing else."""
    required = [item for item in inputs_of(tool.input_schema) if item.required]
    texts = [item for item in required if "text" in roles_of(item) and item.kind in {"string", "any"}]
    if len(texts) != 1 or not reading.tokens or any(phrase.kind == "quote" for phrase in reading.phrases):
        return ""
    first = reading.tokens[0].low
    asking = first in QUESTIONS | AUXILIARIES | {"remind"} or reading.text.rstrip().endswith("?")
    stated = any(filling.scores.get(item.name, 0.0) >= _CLEAR for item in required if item is not texts[0])
    return texts[0].name if asking and not stated else ""


def _day_or_topic(token: Token, reading: Reading) -> Slot | None:
    if any(start <= token.start and token.end <= end for start, end in _days(reading)):
        return Slot()
    before = [other.low for other in reading.tokens if other.end <= token.start]
    return Slot(free=True) if "about" in before and token.sort != "mark" else None


def _days(reading: Reading) -> list[tuple[int, int]]:
    days = [(moment.start, moment.end) for moment in reading.moments]
    return days + [(m.start(), m.end()) for said in (LOOSE_DAY, _LATELY) for m in said.finditer(reading.text)]


def _touching(token: Token, start: int, end: int, reading: Reading) -> bool:
    between = reading.text[token.end : start] if token.end <= start else reading.text[end : token.start]
    return not re.search(r"\w", between)


def _match(
    items: tuple[Token | Slot, ...], tokens: list[Token], request: Request
) -> Iterator[dict[str, tuple[int, int]]]:
    """Yield every way to lay tokens on items, the longest values first."""
    if not items:
        if all(token.sort == "mark" for token in tokens):
            yield {}
        return
    head, rest = items[0], items[1:]
    if isinstance(head, Slot):
        yield from _match_slot(head, rest, tokens, request)
        return
    skip = 0
    while skip < len(tokens) and (tokens[skip].low in _ARTICLES or tokens[skip].text == ","):
        skip += 1
    if skip < len(tokens) and _same(head, tokens[skip]):
        yield from _match(rest, tokens[skip + 1 :], request)
    elif not tokens and head.low in PREPOSITIONS and _open(items, request.hinted):
        yield {}


def _match_slot(
    slot: Slot, rest: tuple[Token | Slot, ...], tokens: list[Token], request: Request
) -> Iterator[dict[str, tuple[int, int]]]:
    for size in range(len(tokens), 0, -1):
        place = _value(slot, tokens[:size], request)
        if place is None:
            continue
        for found in _match(rest, tokens[size:], request):
            yield {slot.field.name: place, **found} if slot.field else found
    if slot.field is None and not slot.free:
        yield from _match(rest, tokens, request)


def _open(items: tuple[Token | Slot, ...], hinted: frozenset[str]) -> bool:
    """Say whether all that is left of the example is a key, behind its preposition, that a hint or an answer gives."""
    return all(
        item.low in PREPOSITIONS
        if isinstance(item, Token)
        else item.field is not None and (item.field.name in hinted or (is_key(item.field) and item.field.required))
        for item in items
    )


def _same(one: Token, other: Token) -> bool:
    if one.low == other.low or one.stem == other.stem:
        return True
    if {one.low, other.low} <= _NAMING:
        return True
    if one.low in BREAKS or other.low in BREAKS:
        return False
    return misspelt(other.low, one.low) or (alike(one.stem, other.stem) and one.low[:3] == other.low[:3])


def _value(slot: Slot, tokens: list[Token], request: Request) -> tuple[int, int] | None:
    """Return the place of the value in `tokens`, an empty one for "this room"; None when they are no such value."""
    reading = request.reading
    start, end = tokens[0].start, tokens[-1].end
    if slot.free:
        return start, end
    days = [(a, b) for a, b in _days(reading) if (a, b) == (start, end)]
    if slot.field is None:
        return (start, end) if days else None
    if slot.field.kind in {"integer", "number"}:
        exact = any(item.start == start and item.end == end for item in reading.quantities)
        return (start, end) if exact else None
    if is_key(slot.field):
        return key_place(slot.field, tokens, reading)
    if "text" in roles_of(slot.field):
        return (start, end) if (start, end) in request.back else _running_text(tokens, reading)
    sample = reading.text[start:end].lower() in slot.field.samples
    return (start, end) if days or sample else None


def _running_text(tokens: list[Token], reading: Reading) -> tuple[int, int] | None:
    """Accept a quote or plain words; "the news" may point to something that is not said here."""
    start, end = tokens[0].start, tokens[-1].end
    quotes = [(p.start, p.end) for p in reading.phrases if p.kind == "quote" and p.start < end and start < p.end]
    if quotes:
        return quotes[0] if len(quotes) == 1 and (start, end) == quotes[0] else None
    points = tokens[0].low in _BACK and not any(token.low in AUXILIARIES for token in tokens)
    return None if points or all(token.sort == "mark" for token in tokens) else (start, end)


def key_place(item: Input, tokens: list[Token], reading: Reading) -> tuple[int, int] | None:
    """Return the place of a key in a short noun group ("the big hall room"): without article, label and "#"."""
    words = list(tokens)
    labels = 0
    while words and (words[0].low in DETERMINERS or words[0].text == "#" or words[0].stem in item.own):
        if words[0].low in DETERMINERS and len(words[0].text) == 1 and labels:
            break
        labels += words[0].stem in item.own
        words.pop(0)
    while len(words) > 1 and words[-1].stem in item.own:
        labels += 1
        words.pop()
    if not words:
        return (tokens[-1].end, tokens[-1].end) if labels else None
    start, end = words[0].start, words[-1].end
    if any(a < end and start < b for a, b in _days(reading)):
        return None
    quote = next((p for p in reading.phrases if p.kind == "quote" and (p.start, p.end) == (start, end)), None)
    if quote is not None:
        return start, end
    letter = len(words) == 1 and len(words[0].text) == 1 and bool(labels)
    plain = all(word.sort == "word" and word.low not in BREAKS for word in words)
    return (start, end) if letter or (plain and len(words) <= _LONGEST_KEY) else None
