"""One sentence, read once: its tokens, numbers, days, phrases and lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise

from packetflow._core.search import STOP_WORDS
from packetflow.planners.rules.dates import Moment, find_moments
from packetflow.planners.rules.phrases import Phrase, Token, cut, find_formulas, tokens_of
from packetflow.planners.rules.quantities import Quantity, Series, find_ordinals, find_quantities, find_series

_BETWEEN = frozenset({",", "and", "or", "&", "the", "a", "an", ";", "'s", "also", "finally", "then"})
_GLUE = 3
_LONGEST_WORD = 80
_STATE = re.compile(r"(?:[A-Z]{2}|D\.?C\.?|U\.?S\.?A?\.?|U\.?K\.?)$")


@dataclass(frozen=True)
class Conjunction:
    """Phrases that the sentence lists: "A, B and C"."""

    items: tuple[Phrase, ...]

    @property
    def start(self) -> int:
        """Return where the first item starts."""
        return self.items[0].start

    @property
    def end(self) -> int:
        """Return where the last item ends."""
        return self.items[-1].end


@dataclass
class Reading:
    """Everything the rules look at in one sentence; all parts are in order of place."""

    text: str
    today: date | None
    tokens: list[Token]
    quantities: list[Quantity]
    ordinals: list[Quantity]
    series: list[Series]
    moments: list[Moment]
    phrases: list[Phrase]
    conjunctions: list[Conjunction]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of all words of the sentence that are no stop words."""
        return frozenset(t.stem for t in self.tokens if t.sort in {"word", "abbr"} and t.low not in STOP_WORDS)

    def index_at(self, place: int) -> int:
        """Return the number of the first token that ends after `place`."""
        for index, token in enumerate(self.tokens):
            if token.end > place:
                return index
        return len(self.tokens)


def read(text: str, today: date | None = None) -> Reading:
    """Read one sentence or request; the same text gives an equal reading."""
    moments = find_moments(text, today)
    dated = [(moment.start, moment.end) for moment in moments]
    addresses = [(token.start, token.end) for token in tokens_of(text) if token.sort in {"url", "email", "path"}]
    quantities = [q for q in find_quantities(text) if not _touches(q.start, q.end, dated + addresses)]
    measured = [(q.start, q.end) for q in quantities if q.unit or q.percent]
    formulas = [found for found in find_formulas(text) if not _touches(found[0], found[1], measured)]
    quantities = [q for q in quantities if not _touches(q.start, q.end, [found[:2] for found in formulas])]
    series = [item for item in find_series(text) if not _touches(item.start, item.end, dated)]
    taken = dated + [(item.start, item.end) for item in series if item.bracketed]
    taken += [(item.start, item.end) for item in quantities if not _belongs_to_name(item, text)]
    pieces = cut(text, taken, formulas)
    phrases = _with_places(pieces.phrases, pieces.tokens)
    conjunctions = [_with_cue(group) for group in _conjunctions(phrases, pieces.tokens)]
    led = {(item.start, item.end, item.kind): item for group in conjunctions for item in group.items}
    phrases = [led.get((phrase.start, phrase.end, phrase.kind), phrase) for phrase in phrases]
    phrases += _codes(quantities, pieces.tokens)
    phrases.sort(key=lambda phrase: (phrase.start, -phrase.end))
    quoted = [
        (phrase.start, phrase.end) for phrase in phrases if phrase.kind in {"quote", "url", "email", "path", "formula"}
    ]
    return Reading(
        text=text,
        today=today,
        tokens=pieces.tokens,
        quantities=[item for item in quantities if not _touches(item.start, item.end, quoted)],
        ordinals=find_ordinals(text),
        series=series,
        moments=moments,
        phrases=phrases,
        conjunctions=conjunctions,
    )


def _touches(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in spans)


def _belongs_to_name(quantity: Quantity, text: str) -> bool:
    if quantity.ranged:
        return True
    if quantity.unit or quantity.percent or quantity.word or quantity.ordinal or quantity.yearlike:
        return False
    end = quantity.start - 1
    if end < 1 or text[end] != " " or text[end - 1].isspace():
        return False
    word = text[max(0, end - _LONGEST_WORD) : end].rsplit(maxsplit=1)[-1]
    return word[0].isupper() and len(word) < end


def _codes(quantities: list[Quantity], tokens: list[Token]) -> list[Phrase]:
    """Plain numbers, as text: an id, a year or a telephone number may be asked for as a string."""
    found: list[Phrase] = []
    for item in quantities:
        if item.unit or item.percent or item.word or item.ordinal or item.ranged:
            continue
        index = next((i for i, token in enumerate(tokens) if token.end > item.start), 0)
        before = tokens[index - 1].low if index else ""
        found.append(
            Phrase(item.start, item.end, item.raw.strip(), "code", (item.raw,), before, first=index, last=index)
        )
    return found


def _with_places(phrases: list[Phrase], tokens: list[Token]) -> list[Phrase]:
    """Add "City, Country" where two names follow each other with a comma and no longer list goes on."""
    out = list(phrases)
    names = [phrase for phrase in phrases if phrase.capital and phrase.kind in {"name", "group"}]
    for one in names:
        for two in names:
            if two.first != one.last + 2 or tokens[one.last + 1].text != ",":
                continue
            after = tokens[two.last + 1].low if two.last + 1 < len(tokens) else ""
            before = tokens[one.first - 1].low if one.first else ""
            listed = before in {",", "and", "or"} or (after in {",", "and", "or"} and _more(tokens, two.last + 1))
            if not two.possessive and (_STATE.match(two.text) or not listed):
                text = f"{one.text}, {two.text}"
                out.append(
                    replace(one, end=two.end, text=text, kind="name", words=one.words + two.words, last=two.last)
                )
                break
    return out


def _more(tokens: list[Token], index: int) -> bool:
    """Say whether a list goes on after the mark at `index` with another name."""
    ahead = index + 1
    while ahead < len(tokens) and tokens[ahead].low in {"and", "or", "the"}:
        ahead += 1
    return ahead < len(tokens) and tokens[ahead].capital and tokens[ahead].sort == "word"


def _conjunctions(phrases: list[Phrase], tokens: list[Token]) -> list[Conjunction]:
    tops: list[Phrase] = []
    for phrase in sorted(phrases, key=lambda p: (p.start, -p.end)):
        if not tops or phrase.start >= tops[-1].end:
            tops.append(phrase)
    found: list[Conjunction] = []
    group: list[Phrase] = tops[:1]
    for before, phrase in pairwise(tops):
        joint = [token.low for token in tokens[before.last + 1 : phrase.first]]
        joint = [word for word in joint if word not in {"'", '"'}]
        if (
            joint
            and len(joint) <= _GLUE
            and all(word in _BETWEEN for word in joint)
            and set(joint) & {",", "and", "or", "&"}
        ):
            group.append(phrase)
            continue
        found += _closed(group, tokens)
        group = [phrase]
    return found + _closed(group, tokens)


def _with_cue(group: Conjunction) -> Conjunction:
    """Give every item of a list the preposition before the first: "in Oslo and Rome"."""
    lead = group.items[0].cue
    if lead in {"", "between"}:
        return group
    items = [replace(item, cue=lead) if item.cue in {"and", "or", ",", "&"} else item for item in group.items]
    return Conjunction(tuple(items))


def _closed(group: list[Phrase], tokens: list[Token]) -> list[Conjunction]:
    if len(group) < 2:  # noqa: PLR2004 - one phrase is no list
        return []
    if group[0].kind == "quote" and any(item.kind != "quote" for item in group):
        group = [item for item in group if item.kind == "quote"]
    glue = {token.low for token in tokens[group[0].last + 1 : group[-1].first]}
    if len(group) < 2 or not (glue & {"and", "or", "&"} or len(group) > 2 or group[0].kind == "quote"):  # noqa: PLR2004
        return []
    return [Conjunction(tuple(group))]
