"""Score how well a number, a day or a phrase of the sentence fits a field of a tool."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packetflow._core.search import stem
from packetflow.planners.rules.lexicon import AUXILIARIES, BREAKS, alike
from packetflow.planners.rules.phrases import Phrase
from packetflow.planners.rules.quantities import DIMENSION, Quantity
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of, units_of
from packetflow.planners.rules.tool import Input

NEVER = -99.0
_LEFT = 7
_RIGHT = 4
_YEAR_DIGITS = 4
GENERAL_NOUNS = frozenset(stem(word) for word in "number name type id code value key amount date address title".split())
_SKIP = frozenset(
    {"is", "of", "=", ":", "as", "the", "a", "an", "at", "to", "be", "being", "are", "was", "equal", "equals"}
)


@dataclass(frozen=True)
class Surroundings:
    """What all fields of one tool share.

    `tool` are the stems of its id and intent, `names` those of every field's name, `choices` those that closed fields
    offer; `measures` says that a required input is a number.
    """

    tool: frozenset[str]
    names: tuple[tuple[str, frozenset[str]], ...] = ()
    choices: frozenset[str] = frozenset()
    measures: bool = False


def context(reading: Reading, first: int, last: int, field: Input) -> float:
    """Score the words around tokens `first` to `last`: a word of the field's name near by says most."""
    names, about = field.own, field.hints
    score = 0.0
    seen: set[str] = set()
    for step, index in enumerate(range(first - 1, max(-1, first - 1 - _LEFT), -1)):
        token = reading.tokens[index]
        if token.text in {".", ";", "?"}:
            break
        score += _word(token.stem, names, about, seen) / (1 + 0.35 * step)
        if step > 1 and (token.text == "," or token.text[0].isdigit()):
            break
    for step, index in enumerate(range(last + 1, min(len(reading.tokens), last + 1 + _RIGHT))):
        token = reading.tokens[index]
        if token.text in {".", ";", "?", ","} or token.low in {"and", "with", "is"}:
            break
        score += 0.9 * _word(token.stem, names, about, seen) / (1 + 0.35 * step)
        if token.text[0].isdigit():
            break
    return score


def labelled(reading: Reading, first: int, field: Input) -> bool:
    """Say whether the field's own name stands right before token `first`: "x = 4", "room 7", "radius of 3"."""
    index = first - 1
    while index >= 0 and (
        reading.tokens[index].low in _SKIP
        or reading.tokens[index].text in {"'", '"', "(", "["}
        or _plain(reading, index, field)
    ):
        if reading.tokens[index].text == field.name:
            return True
        index -= 1
    if index < 0:
        return False
    token = reading.tokens[index]
    return token.text == field.name or (token.stem in field.own and len(token.text) > 1)


def _plain(reading: Reading, index: int, field: Input) -> bool:
    """Say whether to look over a general noun between label and value: "phone number 12", "product type 'Book'"."""
    token = reading.tokens[index]
    return token.stem in GENERAL_NOUNS and token.stem not in field.own


def fit_number(quantity: Quantity, field: Input, reading: Reading, around: Surroundings) -> float:
    """Score a number for a numeric field; NEVER when the type forbids it."""
    roles = roles_of(field)
    whole = float(quantity.value).is_integer()
    if field.kind == "integer" and not whole:
        return NEVER
    if field.kind == "integer" and quantity.percent and "rate" not in roles and not _percentish(field):
        return NEVER
    first, last = reading.index_at(quantity.start), reading.index_at(quantity.end - 1)
    told = context(reading, first, last, field)
    score = 1.0 + told + _unit_score(quantity, field)
    if labelled(reading, first, field):
        score += 2.5
    score += _shape_score(quantity, field, roles) + _pair_score(quantity, roles, reading)
    score += _count_score(quantity, field, roles, reading, last)
    if field.kind == "integer" and "count" in roles and not around.measures:
        score += max(0.0, _listed_score(quantity, reading, last, around) - told)
    before = reading.tokens[first - 1] if first else None
    if (
        before
        and before.capital
        and first > 1
        and before.stem not in field.own
        and not quantity.unit
        and not quantity.yearlike
    ):
        score -= 1.0
    return score


def fit_phrase(phrase: Phrase, field: Input, reading: Reading, around: Surroundings) -> float:
    """Score a phrase for a text field."""
    roles = roles_of(field)
    score = 0.5 * context(reading, phrase.first, phrase.last, field)
    words = [word for word in phrase.words if word]
    own = sum(1 for word in words if word in around.tool or any(alike(word, other) for other in around.tool))
    told = labelled(reading, phrase.first, field)
    if told and (phrase.kind not in {"group", "name"} or phrase.capital or own < len(words)):
        score += 3.0
    if not told and _of_another(phrase, field, reading, around):
        score -= 2.5 if len(phrase.text) > 1 else 6.0
    score += _kind_score(phrase, roles) - (0.8 if phrase.kind == "quote" and "person" in roles and not told else 0.0)
    score += _cue_score(phrase, roles, field, reading)
    score += _sample_score(phrase, field)
    if not told and "id" in roles and phrase.text.isdigit() and _counts(phrase, reading):
        score -= 5.0
    if phrase.first and reading.tokens[phrase.first - 1].text == "(":
        score -= 1.5
    if phrase.kind in {"group", "name"} and words:
        if all(word in DIMENSION for word in phrase.text.lower().split()):
            score -= 2.0
        if all(word in GENERAL_NOUNS for word in words) and not phrase.capital:
            score -= 3.0
        score += _form_score(phrase, field, reading, around)
        score -= (2.5 if own == len(words) else 0.8 * own / len(words)) * (0.5 if phrase.kind == "name" else 1.0)
        if phrase.kind == "name" and all(word in around.tool for word in words):
            score -= 1.5
        if all(word in field.hints for word in words) and not _sample_score(phrase, field):
            score -= 1.5
    return score


def _word(word: str, names: frozenset[str], about: frozenset[str], seen: set[str]) -> float:
    if word in seen or len(word) < 2:  # noqa: PLR2004 - single letters coincide
        return 0.0
    for group, weight in ((names, 3.0), (about, 1.0)):
        if word in group or (word not in BREAKS and any(alike(word, other) for other in group)):
            seen.add(word)
            return weight if word in group else 0.8 * weight
    return 0.0


def _percentish(field: Input) -> bool:
    return "%" in field.description or "percent" in field.description.lower() or "percent" in field.name.lower()


def _unit_score(quantity: Quantity, field: Input) -> float:
    exact, dimensions = units_of(field)
    if quantity.percent:
        rate = "rate" in roles_of(field) or _percentish(field)
        return 3.0 if rate else -2.0
    if not quantity.unit:
        return 0.0
    dimension = DIMENSION[quantity.unit]
    if quantity.unit in exact or any(alike(quantity.unit, unit) for unit in exact):
        return 3.0
    if dimension in dimensions or (dimension in {"days", "months", "years"} and "time" in dimensions):
        return 2.0 if not exact else 1.0
    word = quantity.unit
    if any(alike(word, other) for other in field.own):
        return 3.0
    return -2.5 if dimensions else -0.7


def _shape_score(quantity: Quantity, field: Input, roles: frozenset[str]) -> float:
    score = 0.0
    if "year" in roles and not any(word in field.names for word in ("number", "num", "of")):
        counted = field.name.lower() == "years" or "number of" in field.description.lower()
        if not counted:
            score += 4.0 if quantity.yearlike else -3.0
        elif quantity.yearlike:
            score -= 3.0
    elif quantity.yearlike and not roles & {"id"}:
        score -= 1.5
    if quantity.ordinal:
        score += 2.0 if "century" in roles else -1.5
    if "rate" in roles and not quantity.percent and quantity.value > 1:
        score -= 0.7
    return score


def _pair_score(quantity: Quantity, roles: frozenset[str], reading: Reading) -> float:
    """Score a number of "2 to 5" or "between 2 and 5": the first is a beginning, the second an end."""
    low, high = roles & {"origin", "minimum"}, roles & {"destination", "maximum"}
    if bool(low) == bool(high):
        return 0.0
    after = reading.text[quantity.end : quantity.end + 8].lower().lstrip()
    before = reading.text[max(0, quantity.start - 20) : quantity.start].lower().rstrip()
    opens = after.startswith(("to ", "-", "–", "and ", "until ")) and (
        before.endswith(("from", "between", "within", "=")) or not after.startswith("and ")
    )
    closes = before.endswith((" to", "-", "–", "until")) or (
        before.endswith(" and") and "between" in reading.text[: quantity.start].lower()
    )
    if not opens and not closes:
        return 0.0
    return 2.5 if (opens and bool(low)) or (closes and not opens and bool(high)) else -2.5


def _count_score(quantity: Quantity, field: Input, roles: frozenset[str], reading: Reading, last: int) -> float:
    """Score a number that counts the noun after it: good for "number of items" and "guests", else (as a word) bad."""
    if quantity.unit or quantity.percent or quantity.yearlike:
        return 0.0
    follow = [token for token in reading.tokens[last + 1 : last + 4] if token.sort == "word"]
    hints = field.hints
    for token in follow:
        if token.low in BREAKS:
            break
        if token.stem in hints or any(alike(token.stem, other) for other in hints):
            if field.name.lower().endswith("s") or ("count" in roles and not field.name[-1].isdigit()):
                return 2.0
            return -2.0 if quantity.word else (1.5 if token.stem in field.own else 0.5)
    return -1.2 if quantity.word and follow and follow[0].low not in BREAKS and quantity.value <= 3 else 0.0  # noqa: PLR2004


def _only_chooses(phrase: Phrase, field: Input, around: Surroundings) -> bool:
    """Say whether a phrase is a choice of another field and at most this field's label: "private room"."""
    words = set(phrase.words)
    return bool(words & around.choices) and words <= around.choices | field.own


def _made_for(phrase: Phrase, roles: frozenset[str], around: Surroundings) -> bool:
    """Say whether a phrase tells for whom a thing is made, which is not what it is called."""
    creates = bool({"creat", "make"} & around.tool)
    return creates and "id" in roles and phrase.cue == "for" and phrase.kind == "group" and not phrase.capital


def _counts(phrase: Phrase, reading: Reading) -> bool:
    """Say whether a number stands right before the plural of a common noun: "5 messages"."""
    after = reading.tokens[phrase.last + 1] if phrase.last + 1 < len(reading.tokens) else None
    return after is not None and after.text.islower() and after.low.endswith("s") and after.low not in BREAKS


def _listed_score(quantity: Quantity, reading: Reading, last: int, around: Surroundings) -> float:
    """Score a number before the plural of what the tool is about: "the last 20 messages" limits a list of messages."""
    if quantity.unit or quantity.percent or quantity.word or last + 1 >= len(reading.tokens):
        return 0.0
    counted = reading.tokens[last + 1]
    return 2.6 if counted.low.endswith("s") and counted.stem in around.tool else 0.0


def _of_another(phrase: Phrase, field: Input, reading: Reading, around: Surroundings) -> bool:
    """Say whether another field's name stands right before the phrase: "with subject 'News'"."""
    index = phrase.first - 1 if reading.tokens[phrase.first - 1].text not in {"'", '"', ":"} else phrase.first - 2
    if phrase.first == 0 or index < 0:
        return False
    before = reading.tokens[index].stem
    return before not in field.own and any(name != field.name and before in own for name, own in around.names)


def _form_score(phrase: Phrase, field: Input, reading: Reading, around: Surroundings) -> float:
    """Score the form of a name or noun group: variables, verb forms, other fields' names, cut names are poor values."""
    tokens = reading.tokens
    head = tokens[phrase.last]
    score = 0.0
    if phrase.first == phrase.last and len(phrase.text) == 1 and phrase.text.islower():
        score -= 3.0
    if (
        not phrase.capital
        and (phrase.cue in AUXILIARIES or phrase.first == phrase.last)
        and head.low.endswith(("ed", "ing"))
    ):
        score -= 1.5
    if _only_chooses(phrase, field, around) or _made_for(phrase, roles_of(field), around):
        score -= 6.0
    if phrase.cue in {"called", "named"} and roles_of(field) & {"id", "named"}:
        score += 3.0
    others = [own for name, own in around.names if name != field.name and own]
    if not phrase.capital and any(set(phrase.words) <= own for own in others):
        score -= 3.5
    if phrase.capital and phrase.kind == "name":
        if any(word in field.own for word in phrase.words) and not all(word in field.own for word in phrase.words):
            score += 3.0
        elif any(set(phrase.words) & own for own in others):
            score -= 1.5
        after = tokens[phrase.last + 1] if phrase.last + 1 < len(tokens) else None
        if (
            after
            and after.sort == "word"
            and not after.breaks
            and not after.capital
            and after.stem not in around.tool | field.hints
        ):
            score -= 1.2
    return score


def _kind_score(phrase: Phrase, roles: frozenset[str]) -> float:
    if phrase.kind in {"email", "url", "path", "formula"}:
        return 6.0 if phrase.kind in roles else -4.0
    if roles & {"email", "url"} and not roles & {"person", "text", "topic"}:
        return -4.0
    if "formula" in roles:
        return 1.0 if phrase.kind == "quote" else -2.0
    if phrase.kind == "quote":
        return 4.5 if "text" in roles else (0.5 if "id" in roles else 2.5)
    return _code_score(phrase, roles) if phrase.kind == "code" else _name_score(phrase, roles)


def _code_score(phrase: Phrase, roles: frozenset[str]) -> float:
    digits = phrase.text.isdigit()
    if digits and len(phrase.text) == _YEAR_DIGITS and roles & {"year", "season"}:
        return 5.0
    if roles & {"id", "phone", "year", "season"}:
        return 3.0
    return -3.0 if digits else 0.0


def _name_score(phrase: Phrase, roles: frozenset[str]) -> float:
    named = roles & {"place", "person", "organisation"}
    if phrase.kind == "name":
        return 2.0 if named else 1.0
    if phrase.capital and phrase.first > 0:
        return 1.0
    return -0.7 if named else 0.2


_PLACE_CUES = frozenset({"in", "at", "near", "around", "within", "across", "through", "throughout"})


def _cue_score(phrase: Phrase, roles: frozenset[str], field: Input, reading: Reading) -> float:
    cue = phrase.cue
    score = _side_score(phrase, roles, reading) + _role_cue(phrase, roles)
    if "place" not in roles and cue in _PLACE_CUES and phrase.kind == "name" and not _named_cue(field, cue):
        score -= 0.7
    if roles & {"topic", "text"}:
        before = reading.tokens[max(0, phrase.first - 3) : phrase.first]
        related = cue == "to" and any(token.stem == "relat" for token in before)
        score += 1.5 if cue in {"about", "on", "regarding", "for", "that"} or related else 0.0
    if ", " in phrase.text and phrase.kind == "name":
        score += _address_score(field, roles)
    if cue in {"for", "of"} and phrase.kind == "group":
        score += 0.5
    return score + (1.5 if cue and _named_cue(field, cue) else 0.0)


def _side_score(phrase: Phrase, roles: frozenset[str], reading: Reading) -> float:
    side = side_of(phrase, reading)
    if not side or not roles & {"origin", "destination"}:
        return 0.0
    wanted = "origin" if "origin" in roles and "destination" not in roles else "destination"
    return 3.0 if side == wanted else -2.5


def _role_cue(phrase: Phrase, roles: frozenset[str]) -> float:
    """Score the preposition before a phrase for what the field is: a place, an identity, a person, an organisation."""
    cue = phrase.cue
    score = 0.0
    if "place" in roles:
        score += 2.0 if cue in _PLACE_CUES else (0.7 if cue in {"for", "of", "to", "from", "between"} else 0.0)
    if "id" in roles and cue in _PLACE_CUES | {"to", "from", "of", "into"}:
        score += 1.0
    if "person" in roles:
        score += 2.0 if cue == "by" else (0.5 if cue in {"of", "to"} or phrase.possessive else 0.0)
    if "organisation" in roles:
        score += 0.4 if cue in {"of", "for"} or phrase.possessive else 0.0
    return score


def _address_score(field: Input, roles: frozenset[str]) -> float:
    """Score "City, Country" as one value: right for a location, wrong for a name or a field that is only the city."""
    if "place" not in roles or field.name.lower().split("_")[-1] in {"city", "country", "state"}:
        return -3.0
    about = field.description.lower()
    wanted = (
        any("," in sample for sample in field.samples)
        or "state" in about
        or "country" in about
        or re.search(r"[A-Z]\w+, [A-Z]", field.description)
    )
    return 2.0 if wanted else 0.2


def _named_cue(field: Input, cue: str) -> bool:
    return cue in field.name.lower().split("_")


def side_of(phrase: Phrase, reading: Reading) -> str:
    """Return "origin" or "destination" when a preposition or a pair ("between A and B") tells."""
    if phrase.cue in {"from", "between", "leaving"}:
        return "origin"
    if phrase.cue in {"to", "into", "towards", "toward", "until", "till"}:
        return "destination"
    if phrase.cue in {"and", "versus", "vs"}:
        lows = [token.low for token in reading.tokens[max(0, phrase.first - 9) : phrase.first]]
        return "destination" if "between" in lows else ""
    return ""


def _sample_score(phrase: Phrase, field: Input) -> float:
    low = phrase.text.lower()
    weight = 0.4 if "place" in roles_of(field) else 1.0
    if len(phrase.words) == 1 and any(
        " " not in sample and stem(sample) == phrase.words[0] for sample in field.samples
    ):
        return 3.5 * weight
    if low in field.samples:
        return 4.0 * weight
    if any(low.rstrip("s") == sample.rstrip("s") for sample in field.samples):
        return 3.5 * weight
    return 0.0
