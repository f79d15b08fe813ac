"""List every value that the sentence offers to a field, each with its span and score."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from packetflow._core.search import stem
from packetflow.planners.rules.currencies import currency_code
from packetflow.planners.rules.dates import LOOSE_DAY, Moment, asks_for_day, write_day
from packetflow.planners.rules.fit import NEVER, Surroundings, context, fit_number, fit_phrase, labelled
from packetflow.planners.rules.lexicon import REQUESTS, alike, near
from packetflow.planners.rules.phrases import Phrase
from packetflow.planners.rules.quantities import DIMENSION, PERIODS, as_number, converted
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of, units_of
from packetflow.planners.rules.tool import JSON, Input


@dataclass(frozen=True)
class Offer:
    """A value for a field, where it stands, and how well it fits."""

    field: Input
    value: JSON
    start: int
    end: int
    score: float


def offers(field: Input, reading: Reading, around: Surroundings) -> list[Offer]:
    """Return the values that the sentence offers to one scalar field, in order of place."""
    if field.kind in {"integer", "number"}:
        return _numbers(field, reading, around)
    roles = roles_of(field)
    if ("date" in roles or ("time" in roles and reading.moments)) and not _takes_day_words(field):
        days = _days(field, reading)
        if days or "date" in roles:
            return days or _loose_days(field, reading) or [o for o in _texts(field, reading, around) if o.score > 3]  # noqa: PLR2004
    found = _texts(field, reading, around)
    if field.name.lower().endswith("_id"):
        found += _keys(field, reading)
    if "currency" in roles:
        found = [
            replace(offer, value=code, score=offer.score + 2)
            for offer in found
            if (code := currency_code(str(offer.value)))
        ]
        found += _money(field, reading)
    if "unit" in roles:
        found += _unit_names(field, reading)
    return found


def value_at(field: Input, reading: Reading, start: int, end: int) -> JSON:
    """Return the value of a field that stands at one place: a number, a day, a key, or the words without quotes."""
    typed = field.kind in {"integer", "number"} or roles_of(field) & {"id", "date", "time"}
    exact = [o for o in offers(field, reading, Surroundings(frozenset())) if (o.start, o.end) == (start, end)]
    if typed and exact:
        return max(exact, key=lambda offer: offer.score).value
    quote = next((p for p in reading.phrases if p.kind == "quote" and (p.start, p.end) == (start, end)), None)
    return quote.text if quote is not None else reading.text[start:end].strip()


def write_moment(field: Input, moment: Moment) -> str:
    """Write a day or a time in the form that a field asks for."""
    form = str(field.schema.get("format") or "")
    clock = moment.clock
    if moment.day is None:
        return clock
    day = write_day(moment.day, field.description, form)
    if form == "date-time" or (clock and "time" in roles_of(field)):
        return f"{day}T{clock or '00:00'}:00" if len(clock) < 8 else f"{day}T{clock}"  # noqa: PLR2004
    return day


def _takes_day_words(field: Input) -> bool:
    """Say whether the description shows days in words ("today, last week"): then they are the values."""
    return any(LOOSE_DAY.fullmatch(sample) for sample in field.samples) and not asks_for_day(field.description)


def _numbers(field: Input, reading: Reading, around: Surroundings) -> list[Offer]:
    found: list[Offer] = []
    fraction = not re.search(
        r"percent(?:age)?\b|\(in %\)", f"{field.name} {field.description}".lower().replace("_", " ")
    )
    fraction = fraction or "decimal" in field.description.lower() or "fraction" in field.description.lower()
    for quantity in reading.quantities + reading.ordinals:
        score = fit_number(quantity, field, reading, around) - (1.5 if quantity.ordinal and quantity.word else 0.0)
        if score > NEVER / 2:
            other = converted(quantity, units_of(field)[0])
            if other is not None and (field.kind == "number" or isinstance(other, int)):
                quantity = replace(quantity, value=other)  # noqa: PLW2901 - the same quantity in the field's unit
            value = as_number(quantity, fraction=fraction and field.kind != "integer", integer=field.kind == "integer")
            found.append(Offer(field, value, quantity.start, quantity.end, score))
    if "period" in roles_of(field) or "frequenc" in field.names:
        for token in reading.tokens:
            if token.low in PERIODS and "compound" in reading.stems:
                first = reading.index_at(token.start)
                near = context(reading, first, first, field)
                found.append(Offer(field, PERIODS[token.low], token.start, token.end, 2.5 + near))
    return found


def _days(field: Input, reading: Reading) -> list[Offer]:
    found: list[Offer] = []
    wants_time = "time" in roles_of(field) and "date" not in roles_of(field)
    for moment in reading.moments:
        if (moment.day is None) != wants_time and not (moment.day and wants_time):
            continue
        first = reading.index_at(moment.start)
        last = reading.index_at(moment.end - 1)
        score = 4.0 + context(reading, first, last, field)
        roles = roles_of(field)
        before = reading.tokens[first - 1].low if first else ""
        if roles & {"origin", "destination"} and before in {"from", "to", "until", "till", "since"}:
            score += 2.0 if (before in {"from", "since"}) == ("origin" in roles) else -2.0
        found.append(Offer(field, write_moment(field, moment), moment.start, moment.end, score))
    return found


def _loose_days(field: Input, reading: Reading) -> list[Offer]:
    """Offer a month, a year or "next week" as it is said, where the field asks for no form of a day."""
    if field.schema.get("format") or asks_for_day(field.description):
        return []
    return [Offer(field, match.group(), match.start(), match.end(), 2.0) for match in LOOSE_DAY.finditer(reading.text)]


def _texts(field: Input, reading: Reading, around: Surroundings) -> list[Offer]:
    found: list[Offer] = []
    for phrase in reading.phrases:
        for part in _parts(phrase, field, reading, around):
            score = fit_phrase(part, field, reading, around)
            if part.end - part.start < phrase.end - phrase.start and part.words and phrase.words:
                score += _trim_bonus(phrase, part, field)
            text = _as_sample(part, field) or _as_id(part, field, reading)
            found.append(Offer(field, text, part.start, part.end, score))
    for sample in field.samples:
        spot = re.search(r"(?<!\w)" + re.escape(sample) + r"(?!\w)", reading.text, re.IGNORECASE)
        if spot and not any(offer.start == spot.start() and offer.end == spot.end() for offer in found):
            first, last = reading.index_at(spot.start()), reading.index_at(spot.end() - 1)
            score = 3.7 + 0.5 * context(reading, first, last, field)
            if all(word in around.tool for word in (token.stem for token in reading.tokens[first : last + 1])):
                score -= 1.5
            found.append(Offer(field, spot.group(), spot.start(), spot.end(), score))
    return found


def _unit_names(field: Input, reading: Reading) -> list[Offer]:
    """Offer a unit without a number ("in feet") as the unit asked for."""
    found: list[Offer] = []
    for index, token in enumerate(reading.tokens):
        if index == 0 or token.low not in DIMENSION or reading.tokens[index - 1].low not in {"in", "to", "as", "using"}:
            continue
        same = next((sample for sample in field.samples if stem(sample) == stem(token.low)), token.text)
        found.append(Offer(field, same, token.start, token.end, 4.5))
    return found


def _trim_bonus(phrase: Phrase, part: Phrase, field: Input) -> float:
    """Words cut away that name the field ("Rosewood finish" for finish) speak for what is left."""
    away = [word for word in phrase.words if word not in part.words]
    if any(word in field.own or any(alike(word, other) for other in field.own) for word in away):
        return 2.5 if part.capital or not roles_of(field) & {"place", "person", "organisation"} else 0.5
    if any(word in field.hints for word in away):
        return 1.0
    return -0.5 if phrase.words[-1] not in part.words and part.kind != "name" else 0.2


def _parts(phrase: Phrase, field: Input, reading: Reading, around: Surroundings) -> list[Phrase]:
    """Return the phrase and what is left of it without the words that name the field or the tool's subject."""
    if phrase.kind not in {"group", "name"} or phrase.last == phrase.first:
        return [phrase]
    parts = [phrase]
    if phrase.kind == "name" and phrase.first:
        return parts
    for strip in (frozenset(field.names), frozenset(field.names) | field.hints | around.tool):
        first, last = phrase.first, phrase.last
        while first < last and near(reading.tokens[last].stem, strip) and not reading.tokens[last].text.isupper():
            last -= 1
        while first < last and (near(reading.tokens[first].stem, strip) or reading.tokens[first].low in REQUESTS):
            first += 1
        if (first, last) != (phrase.first, phrase.last) and not any((p.first, p.last) == (first, last) for p in parts):
            parts.append(cut_phrase(phrase, first, last, reading))
    return parts


def cut_phrase(phrase: Phrase, first: int, last: int, reading: Reading) -> Phrase:
    """Return the part of a phrase from token `first` to token `last`."""
    tokens = reading.tokens[first : last + 1]
    text = reading.text[tokens[0].start : tokens[-1].end]
    cue = phrase.cue if first == phrase.first else ""
    named = all(token.capital for token in tokens) and first > 0
    kind = "name" if named else phrase.kind
    words = tuple(token.stem for token in tokens)
    return replace(
        phrase,
        start=tokens[0].start,
        end=tokens[-1].end,
        text=text,
        first=first,
        last=last,
        words=words,
        cue=cue,
        kind=kind,
    )


def _as_sample(phrase: Phrase, field: Input) -> str:
    """Return the spelling of the description where the phrase is another form of one of its examples."""
    if len(phrase.words) != 1 or phrase.text.lower() in field.samples or "place" in roles_of(field):
        return ""
    return next((sample for sample in field.samples if " " not in sample and stem(sample) == phrase.words[0]), "")


def _as_id(phrase: Phrase, field: Input, reading: Reading) -> str:
    """Join the noun that names an id field with its number ("room 12" is room12); other phrases stay as they are."""
    joined = field.name.lower().endswith("_id") and phrase.kind == "code" and phrase.text.isdigit() and phrase.first
    if joined and labelled(reading, phrase.first, field):
        token = reading.tokens[phrase.first - 1]
        noun = field.name.lower().removesuffix("_id").split("_")[-1]
        pattern = field.schema.get("pattern")
        whole = token.low + phrase.text
        fits = pattern is None or re.search(str(pattern), whole)
        if token.low == noun and fits and token.start < phrase.start:
            return whole
    return phrase.text


def _keys(field: Input, reading: Reading) -> list[Offer]:
    """Offer what stands right behind the noun of an id field: a single letter ("room A") or a marked word ("#talk")."""
    found: list[Offer] = []
    noun = field.name.lower().removesuffix("_id").split("_")[-1]
    for index, token in enumerate(reading.tokens):
        before = reading.tokens[index - 1] if index else None
        if before is None or token.sort != "word":
            continue
        tagged = before.text == "#" and before.end == token.start
        after = reading.tokens[index + 1] if index + 1 < len(reading.tokens) else None
        closed = after is None or after.breaks
        if (before.low == noun and len(token.text) == 1 and token.text.isalpha() and closed) or tagged:
            label = tagged and index > 1 and reading.tokens[index - 2].low == noun
            value = noun + token.text if label and token.text.isdigit() else token.text
            found.append(Offer(field, value, token.start, token.end, 6.5))
    return found


def _money(field: Input, reading: Reading) -> list[Offer]:
    found: list[Offer] = []
    for quantity in reading.quantities:
        if quantity.dimension == "money" and (code := currency_code(quantity.unit)):
            role = roles_of(field)
            side = 1.5 if "destination" not in role else -1.5
            found.append(Offer(field, code, quantity.end, quantity.end, 3.0 + side))
    return found
