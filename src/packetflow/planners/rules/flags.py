"""Fill the closed fields: yes or no, and one of a few choices."""

from __future__ import annotations

import re

from packetflow._core.search import split_words, stem
from packetflow.planners.rules.lexicon import alike, concept
from packetflow.planners.rules.phrases import Token
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.tool import JSON, Input, default_word

_NOT = frozenset(
    {
        "no",
        "not",
        "without",
        "don't",
        "dont",
        "exclude",
        "excluding",
        "except",
        "never",
        "disable",
        "ignore",
        "skip",
        "avoid",
    }
)
_SWITCH = frozenset(
    stem(word)
    for word in """include including includes use using show return is has have enable enabled allow allowed with get
    apply consider only should whether want need flag option optional data information info result results""".split()
)


def fill_boolean(field: Input, reading: Reading, tool: frozenset[str]) -> bool | None:
    """Return what the sentence says about a yes-or-no field; None when it says nothing."""
    names = [word for word in field.names if word not in _SWITCH and len(word) > 1]
    wanted = [word for word in names if concept(word) not in tool] or names
    if not wanted:
        return None
    hits = [_find(word, reading.tokens) for word in wanted]
    if all(hit is not None for hit in hits) or (
        len(wanted) > 2  # noqa: PLR2004 - of a long name most words are enough
        and sum(hit is not None for hit in hits) * 2 > len(wanted)
    ):
        first = min(hit for hit in hits if hit is not None)
        return not _negated(reading.tokens, first, field)
    return None


def fill_choice(field: Input, reading: Reading, choices: tuple[JSON, ...] | None = None) -> tuple[JSON, float]:
    """Return the choice that the sentence names and a score; (None, 0) when it names none.

    A choice counts when all its words occur; near the field's own name it counts more; the longest match wins.
    """
    best: tuple[float, int, JSON] = (0.0, 0, None)
    texts = [token.stem for token in reading.tokens]
    lows = [token.low for token in reading.tokens]
    for order, choice in enumerate(choices or field.choices):
        words = split_words(str(choice))
        if not words:
            continue
        score = _choice_score(words, texts, lows, field)
        if score > best[0]:
            best = (score, -order, choice)
    return best[2], best[0]


def default_of(field: Input) -> JSON:
    """Return the default of a field, from its schema or its description; None when there is none."""
    if "default" in field.schema:
        return _typed(field, field.schema["default"])
    word = default_word(field.description)
    if not word:
        return None
    for choice in field.choices:
        if str(choice).lower() == word.lower():
            return choice
    return _typed(field, word) if field.kind in {"integer", "number", "boolean"} else word


def _typed(field: Input, value: JSON) -> JSON:
    if not isinstance(value, str):
        return value
    low = value.strip().lower().rstrip(".,")
    if field.kind == "boolean":
        return low in {"true", "yes"} if low in {"true", "yes", "false", "no"} else None
    if field.kind in {"integer", "number"}:
        if not re.fullmatch(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", low):
            return {"zero": 0, "one": 1}.get(low)
        number = float(low)
        return int(number) if number.is_integer() and field.kind == "integer" else number
    return value


def _find(word: str, tokens: list[Token]) -> int | None:
    for index, token in enumerate(tokens):
        if token.sort == "word" and (
            token.stem == word or any(alike(stem(part), word) for part in re.split(r"[-/]", token.low))
        ):
            return index
    return None


def _negated(tokens: list[Token], first: int, field: Input) -> bool:
    for token in reversed(tokens[max(0, first - 4) : first]):
        if token.low in _NOT and token.stem not in field.names:
            return True
        if token.text in {".", ";", ","}:
            return False
    return False


def _choice_score(words: list[str], texts: list[str], lows: list[str], field: Input) -> float:
    wanted = [stem(word) for word in words]
    places: list[int] = []
    for word, raw in zip(wanted, words, strict=True):
        place = next(
            (i for i, (text, low) in enumerate(zip(texts, lows, strict=True)) if text == word or low == raw), None
        )
        if place is None and len(raw) > 3:  # noqa: PLR2004 - short words must match exactly
            place = next((i for i, text in enumerate(texts) if alike(text, word)), None)
            score = 0.7
        else:
            score = 1.0
        if place is None or (len(raw) == 1 and lows[place] != raw):
            return 0.0
        places.append(place)
        del score
    near = any(
        texts[i] in field.own for i in range(max(0, places[0] - 3), min(len(texts), places[-1] + 3)) if i not in places
    )
    exact = all(texts[place] == word for place, word in zip(places, wanted, strict=True))
    spread = places[-1] - places[0] - len(places) + 1
    return 2.0 * len(words) + (1.5 if near else 0.0) + (1.0 if exact else 0.0) - 0.3 * max(0, spread)
