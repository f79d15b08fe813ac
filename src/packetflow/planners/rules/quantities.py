"""Read the numbers of a sentence: digits, words, money, percentages, units, fractions, signs, lists."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packetflow.planners.rules.tool import JSON

_ONES: dict[str, int] = dict(
    zip(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split(),
        range(20),
        strict=True,
    ),
)
_TENS: dict[str, int] = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"k": 1000, "m": 10**6, "bn": 10**9, "b": 10**9}
ORDINALS: dict[str, int] = dict(
    zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), range(1, 11), strict=True),
)
PERIODS = {"annually": 1, "yearly": 1, "semiannually": 2, "quarterly": 4, "monthly": 12, "weekly": 52, "daily": 365}

# dimension -> unit spellings; a unit names its dimension, a field's words may too.
UNITS: dict[str, str] = {
    "length": "m meter meters metre metres km kilometer kilometers kilometre kilometres cm centimeter centimeters mm "
    "millimeter millimeters mile miles ft foot feet inch inches yard yards nm",
    "mass": "kg kgs kilogram kilograms kilo kilos g gram grams mg lb lbs pound pounds ounce ounces oz ton tons tonne",
    "time": "s sec secs second seconds min mins minute minutes h hr hrs hour hours ms",
    "days": "day days night nights week weeks",
    "months": "month months",
    "years": "year years yr yrs",
    "temperature": "°c °f °k k celsius fahrenheit kelvin degrees degree",
    "speed": "m/s km/h kph mph kmh",
    "acceleration": "m/s^2 m/s2 m/s²",
    "money": "$ € £ ¥ usd eur gbp jpy dollar dollars euro euros yen rupees bucks cents",
    "volume": "cubic_meters cubic_feet cubic_centimeters "
    "l liter liters litre litres ml gallon gallons cup cups tablespoon tablespoons teaspoon teaspoons m^3 m³",
    "area": "m^2 m² sq.ft sqft sq_ft square_meters square_meter square_feet square_foot square_kilometers "
    "square_miles acres acre hectares hectare",
    "charge": "c coulomb coulombs",
    "current": "amp amps ampere amperes",
    "voltage": "v volt volts",
    "power": "w watt watts kw",
    "energy": "j joule joules kwh calories",
    "frequency": "hz khz mhz hertz",
    "pressure": "pa pascal pascals atm atmosphere atmospheres bar psi",
    "force": "n newton newtons",
    "field": "t tesla teslas",
    "angle": "radian radians",
}
_PERCENT = ("%", "percent", "per cent", "percentage")
DIMENSION = {unit.replace("_", " "): dimension for dimension, names in UNITS.items() for unit in names.split()}

_NUMBER = (
    r"(?P<sign>(?<![\w.)\]])[-−+](?=[\d.$]))?(?P<money>[$€£¥]\s?)?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\.\d+|\d+)(?P<exp>[eE][-+]?\d+|\s?[x×*]\s?10\s?\^\s?\(?[-−]?\d+\)?)?"
    r"(?P<frac>/\d+(?![\d/]))?"
)
_SCALE = (
    r"(?:\s?(?P<scale>(?i:hundred|thousand|million|billion|trillion|dozen))\b"
    r"|(?P<short>(?(money)[kKmMbB]n?|k))\b(?!\^))?"
)
_ORDINAL = r"(?P<ordinal>st|nd|rd|th)?"
_UNIT_WORDS = sorted(DIMENSION, key=lambda unit: (-len(unit), unit))
_UNIT = (
    r"(?i:(?:\s?(?P<percent>%|percent\b|per cent\b))?(?:[\s-]?(?P<unit>"
    + "|".join(re.escape(unit) for unit in _UNIT_WORDS)
    + r")(?![\w°/^]))?)"
)
_DIGITS = re.compile(
    r"(?<![\w./:])(?<!\w-)" + _NUMBER + r"(?![-/]?[a-zA-Z]*\d)(?=[^\w]|[a-zA-Z°]|$)" + _ORDINAL + _SCALE + _UNIT
)
_WORD_NUMBER = re.compile(
    r"\b(?:" + "|".join([*_ONES, *_TENS, *_SCALES, r"half(?:\s+an?)?", "a dozen", "a couple"]) + r")\b"
    r"(?:[\s-]+(?:and\s+)?(?:" + "|".join([*_ONES, *_TENS, *_SCALES]) + r")\b)*" + _UNIT,
    re.IGNORECASE,
)
_ONE_SPAN = re.compile(
    r"\b(?:for|in|over|during|within|past|last|next|coming)\s+(?:(?:the|next|past|last|coming|a|an)\s+)*(day|week|month|year|hour|minute)\b",
    re.IGNORECASE,
)
_COMPASS = re.compile(r"(-?(?<!\d)\d+(?:\.\d+)?)\s*°?\s*([NSns])[\s,]+(?:and\s+)?(-?\d+(?:\.\d+)?)\s*°?\s*([EWew])\b")
_FACTORS: dict[str, dict[str, float]] = {
    "time": {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600},
    "days": {"day": 1, "night": 1, "week": 7},
    "length": {"mm": 0.001, "cm": 0.01, "centimeter": 0.01, "m": 1, "meter": 1, "km": 1000, "kilometer": 1000},
    "imperial": {"inch": 1, "foot": 12, "feet": 12, "ft": 12, "yard": 36, "mile": 63360},
    "mass": {"mg": 0.001, "g": 1, "gram": 1, "kg": 1000, "kilogram": 1000},
}
_ORDINAL_WORD = re.compile(r"\b(" + "|".join(ORDINALS) + r")\b", re.IGNORECASE)
_RANGE = re.compile(r"(?<![\w/.-])(\d{1,18})\s?[-–]\s?(\d{1,18})(?![\w/-])")
_MOST = 1e300
_VAST = re.compile(r"\d{19}|(?:\d,){7}|[eE^][-+−(]{0,2}\d{4}")
_BRACKETS = re.compile(r"[\[(]\s*(-?\d[^\[\]()]*?)\s*[\])]")
_SERIES = re.compile(
    r"-?(?<!\d)\d+(?:\.\d+)?(?:\s*,\s*(?:and\s+)?-?\d+(?:\.\d+)?(?![\w%])|\s+and\s+-?\d+(?:\.\d+)?(?![\w%])){1,}"
)


@dataclass(frozen=True)
class Quantity:
    """A number as the sentence states it: `value` before any conversion (5 for "5 %"), its span and unit.

    `word` is a number in words, `ranged` an end of a range written with a dash ("5-10", which may also be a code).
    """

    start: int
    end: int
    raw: str
    value: int | float
    unit: str = ""
    percent: bool = False
    ordinal: bool = False
    word: bool = False
    ranged: bool = False

    @property
    def dimension(self) -> str:
        """Return the dimension of the unit ("length", "money", ...), or an empty string."""
        return DIMENSION.get(self.unit, "")

    @property
    def yearlike(self) -> bool:
        """Say whether this can be a calendar year: four plain digits from 1000 to 2199."""
        plain = not self.unit and not self.percent and self.raw.strip().isdigit() and len(self.raw.strip()) == 4  # noqa: PLR2004
        return plain and 1000 <= self.value < 2200  # noqa: PLR2004


@dataclass(frozen=True)
class Series:
    """Several numbers written as one list: "[1, 2, 3]", "(40.7, -74.0)" or "12, 24 and 36"."""

    start: int
    end: int
    values: tuple[int | float, ...]
    bracketed: bool


def find_quantities(text: str) -> list[Quantity]:
    """Return the numbers of `text` in order of place, without overlaps; more than 18 digits are no quantity."""
    read = (_from_digits(match) for match in _DIGITS.finditer(text) if not _VAST.search(match.group()))
    found = [item for item in read if abs(item.value) < _MOST]
    taken = [(item.start, item.end) for item in found]
    for match in _RANGE.finditer(text):
        if not _overlaps(match.start(), match.end(), taken):
            found += [
                Quantity(match.start(i), match.end(i), match.group(i), int(match.group(i)), ranged=True) for i in (1, 2)
            ]
    for match in _ONE_SPAN.finditer(text):
        if not _overlaps(match.start(1), match.end(1), taken):
            found.append(Quantity(match.start(1), match.end(1), match.group(1), 1, match.group(1).lower(), word=True))
            taken.append((match.start(1), match.end(1)))
    for match in _WORD_NUMBER.finditer(text):
        item = _from_words(match)
        if abs(item.value) < _MOST and not _overlaps(match.start(), match.end(), taken):
            found.append(item)
    return sorted(found, key=lambda item: item.start)


def find_ordinals(text: str) -> list[Quantity]:
    """Return the ordinal words ("first", "third") of `text` as quantities."""
    return [
        Quantity(m.start(), m.end(), m.group(), ORDINALS[m.group().lower()], ordinal=True, word=True)
        for m in _ORDINAL_WORD.finditer(text)
    ]


def converted(quantity: Quantity, units: frozenset[str]) -> int | float | None:
    """Return the value in the unit that a field asks for, or None when no exact conversion is known or needed."""
    one = quantity.unit.rstrip("s") or quantity.unit
    wanted = {unit.rstrip("s") for unit in units if len(unit) > 1}
    if not quantity.unit or one in wanted:
        return None
    for table in _FACTORS.values():
        targets = sorted(unit for unit in wanted if unit in table)
        if one in table and len({table[unit] for unit in targets}) == 1:
            value = quantity.value * table[one] / table[targets[0]]
            return int(value) if float(value).is_integer() else round(value, 9)
    return None


def find_series(text: str) -> list[Series]:
    """Return the lists of numbers of `text` in order of place; a bare list has at least two members.

    "40.7° N, 74.0° W" is the list [40.7, -74.0].
    """
    found: list[Series] = []
    for match in _COMPASS.finditer(text):
        north = float(match.group(1)) * (-1 if match.group(2).lower() == "s" else 1)
        east = float(match.group(3)) * (-1 if match.group(4).lower() == "w" else 1)
        found.append(Series(match.start(), match.end(), (north, east), bracketed=True))
    for pattern, bracketed in ((_BRACKETS, True), (_SERIES, False)):
        for match in pattern.finditer(text):
            if _overlaps(match.start(), match.end(), [(item.start, item.end) for item in found]):
                continue
            body = match.group(1) if bracketed else match.group()
            numbers = [_plain(part) for part in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+", body)]
            if numbers and all(number is not None for number in numbers):
                values = tuple(number for number in numbers if number is not None)
                found.append(Series(match.start(), match.end(), values, bracketed))
    return sorted(found, key=lambda item: item.start)


def as_number(quantity: Quantity, *, fraction: bool, integer: bool) -> JSON:
    """Return the value for a field: a percentage as a fraction when asked, a whole number without a point."""
    value = quantity.value
    if quantity.percent and fraction:
        value = round(value / 100, 12)
    if integer and float(value).is_integer():
        return int(value)
    return value


def _plain(text: str) -> int | float | None:
    text = text.strip().strip("'\"$").replace("−", "-")
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"-?\d{0,18}\.\d{1,18}(?:[eE]-?\d{1,2})?", text):
        return float(text)
    return None


def _from_digits(match: re.Match[str]) -> Quantity:
    digits = match.group("digits").replace(",", "")
    value: int | float = float(digits) if "." in digits or match.group("exp") else int(digits)
    if match.group("exp"):
        power = re.findall(r"[-−]?\d+", match.group("exp"))[-1].replace("−", "-")
        value = float(f"{digits}e{power}")
    if match.group("frac"):
        value = value / (int(match.group("frac")[1:]) or 1)
    if scale := match.group("scale") or match.group("short"):
        value = value * (_SCALES.get(scale.lower()) or _SHORT[scale.lower()])
        value = int(value) if float(value).is_integer() else value
    if match.group("sign") in {"-", "−"}:
        value = -value
    unit = "$" if match.group("money") else (match.group("unit") or "").lower()
    return Quantity(
        match.start(),
        match.end(),
        match.group(),
        value,
        unit,
        percent=bool(match.group("percent")),
        ordinal=bool(match.group("ordinal")),
    )


def _from_words(match: re.Match[str]) -> Quantity:
    unit = (match.group("unit") or "").lower()
    percent = bool(match.group("percent"))
    words = re.findall(r"[a-z]+", match.group().lower())
    total = current = 0
    for word in words:
        if word in _ONES:
            current += _ONES[word]
        elif word in _TENS:
            current += _TENS[word]
        elif word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] >= 1000:  # noqa: PLR2004 - from thousand up a scale closes its group
                total, current = total + current, 0
    value: int | float = total + current
    if words[0] == "half":
        value = 0.5
    elif words[:2] == ["a", "couple"]:
        value = 2
    elif words[:2] == ["a", "dozen"]:
        value = 12
    return Quantity(match.start(), match.end(), match.group(), value, unit, percent=percent, word=True)


def _overlaps(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in spans)
