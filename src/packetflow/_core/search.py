"""Find the documents nearest to a few words: BM25 over capability texts, in memory, without I/O."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from snowballstemmer import Stemmer

_WORD = re.compile(r"[A-Za-z]+|\d+", re.ASCII)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNICODE_WORD = re.compile(r"[^\W_]+")
_BRITISH = re.compile(r"(?<=\w\w\w)([iy])s(e|es|ed|ing|er|ers|ation|ations)$")
_COLOUR = re.compile(r"(?<=\w\w)our(s|ed|ing|ite|ites|al|able|less|ful)?$")

STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be been before being between both but by can could did do does doing
    don for from get give given had has have he her here him his how i if in into is it its just let like may me might
    more most must my need no nor not now of off on once only or our out over own per please s same shall she should so
    some such t tell than that the their them then there these they this those through to too under until up us use
    using very want was we were what when where which while who whom whose why will with would you your e g etc eg ie
    """.split(),
)

# One weight a field: a word in the name says more than one in the description of an argument.
_WEIGHTS = {"id": 3.0, "intent": 2.0, "examples": 1.5, "fields": 1.0}
_K1 = 1.2
_B = 0.6
_RELATIVE_FLOOR = 0.12


class Searchable(Protocol):
    """What can be indexed: anything with an id, an intent, an input schema and example requests."""

    @property
    def id(self) -> str: ...
    @property
    def intent(self) -> str: ...
    @property
    def input_schema(self) -> Mapping[str, object]: ...
    @property
    def examples(self) -> tuple[str, ...]: ...


def split_words(text: str) -> list[str]:
    """Return the lower-case words of `text` in order; `snake_case`, `camelCase` and dotted names are split."""
    spaced = _CAMEL.sub(" ", text)
    if spaced.isascii():
        return [word.lower() for word in _WORD.findall(spaced)]
    return [word.casefold() for word in _UNICODE_WORD.findall(spaced)]


def _english() -> Stemmer:
    """Make a stemmer; it keeps the word it works on in itself, so that threads must not share one."""
    import snowballstemmer  # noqa: PLC0415 - loads the stemmers of thirty languages, and only a search needs one

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """Return the Snowball (Porter2) stem of one lower-case English word; British and American spellings agree."""
    return _english().stemWord(_COLOUR.sub(r"or\1", _BRITISH.sub(r"\1z\2", word)))


def stems(text: str) -> list[str]:
    """Return the stems of the words of `text` that carry meaning: no stop words, in order, repeats kept."""
    return [stem(word) for word in split_words(text) if word not in STOP_WORDS]


def schema_text(schema: Mapping[str, object], depth: int = 3) -> str:
    """Return the names, descriptions and enum values of a JSON Schema object, nested up to `depth` levels."""
    parts: list[str] = []
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return ""
    for name, value in cast("Mapping[str, object]", properties).items():
        parts.append(name)
        if not isinstance(value, Mapping):
            continue
        prop = cast("Mapping[str, object]", value)
        parts.append(str(prop.get("description", "")))
        choices = prop.get("enum")
        if isinstance(choices, list):
            parts.extend(str(choice) for choice in cast("list[object]", choices))
        if depth > 0:
            parts.append(schema_text(prop, depth - 1))
    return " ".join(parts)


class SearchIndex:
    """An immutable BM25F index (Robertson & Zaragoza 2009) over searchable documents.

    Building is linear in the text; a query touches only the postings of its own words.
    """

    def __init__(self, documents: Iterable[Searchable]) -> None:
        """Index `documents`; a later document with an id already seen replaces the earlier one."""
        by_id = {document.id: document for document in documents}
        self._ids = sorted(by_id)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        lengths: list[float] = []
        bags: list[dict[str, float]] = []
        for id_ in self._ids:
            bag = _bag(by_id[id_])
            bags.append(bag)
            lengths.append(sum(bag.values()))
        mean = (sum(lengths) / len(lengths)) if lengths else 1.0
        for number, bag in enumerate(bags):
            norm = _K1 * (1 - _B + _B * lengths[number] / (mean or 1.0))
            for term, frequency in bag.items():
                postings[term].append((number, frequency * (_K1 + 1) / (frequency + norm)))
        self._postings = dict(postings)
        self._kept: frozenset[int] | None = None

    def narrowed(self, ids: Collection[str]) -> SearchIndex:
        """Return an index over only the documents in `ids`, which shares the text read here.

        Words keep the weight that they have among all documents, so a score can differ from that of an own index.
        """
        narrow = copy(self)
        numbers = {id_: number for number, id_ in enumerate(self._ids)}
        kept = frozenset(numbers[id_] for id_ in ids if id_ in numbers)
        narrow._kept = kept if self._kept is None else kept & self._kept  # noqa: SLF001 - a copy of itself
        return narrow

    def __len__(self) -> int:
        """Return how many documents can be found."""
        return len(self._ids) if self._kept is None else len(self._kept)

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of a stem: high for rare words, 0 for an unknown one."""
        found = len(self._postings.get(term, ()))
        return math.log(1 + (len(self._ids) - found + 0.5) / (found + 0.5)) if found else 0.0

    def search(self, text: str, limit: int = 10) -> list[tuple[str, float]]:
        """Return up to `limit` pairs of document id and score, best first, ties in order of id.

        Documents that share no meaningful word with `text`, or score far below the best one, are left out.
        """
        scores: dict[int, float] = defaultdict(float)
        for term, times in Counter(stems(text)).items():
            weight = self.weight(term) * (1 + math.log(times))
            for number, value in self._postings.get(term, ()):
                if self._kept is None or number in self._kept:
                    scores[number] += weight * value
        if not scores or limit <= 0:
            return []
        floor = max(scores.values()) * _RELATIVE_FLOOR
        ranked = sorted(((-score, number) for number, score in scores.items() if score >= floor))
        return [(self._ids[number], -score) for score, number in ranked[:limit]]


def _bag(document: Searchable) -> dict[str, float]:
    texts = {
        "id": document.id,
        "intent": document.intent,
        "examples": " ".join(document.examples),
        "fields": schema_text(document.input_schema),
    }
    bag: dict[str, float] = defaultdict(float)
    for field, text in texts.items():
        for term in stems(text):
            bag[term] += _WEIGHTS[field]
    return bag
