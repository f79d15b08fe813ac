"""What a field is for, told by its name, description and format: a place, a day, a sender, a beginning, an amount."""

from __future__ import annotations

import re
from functools import lru_cache

from packetflow._core.search import split_words, stem
from packetflow.planners.rules.dates import asks_for_day
from packetflow.planners.rules.quantities import DIMENSION
from packetflow.planners.rules.tool import Input

_ROLE_WORDS: dict[str, str] = {
    "place": "location city place country state region area address venue destination origin town district county "
    "province neighborhood airport station site where",
    "origin": "origin source from start starting departure departing begin base",
    "destination": "destination to end ending target arrival into",
    "person": "person author artist actor director player user customer client composer scientist employee "
    "recipient sender contact friend guest patient",
    "named": "name title",
    "organisation": "company organization brand team club bank store platform publisher",
    "date": "date birthday birthdate deadline day due when checkin checkout datetime",
    "time": "time clock hour",
    "email": "email mail",
    "url": "url link website uri webpage",
    "path": "path file directory folder program",
    "text": "text message content body query prompt question comment note sentence statement caption reply post "
    "passage paragraph",
    "topic": "topic subject keyword keywords theme query term about",
    "formula": "function equation expression formula polynomial",
    "id": "id identifier code number key symbol ticker handle",
    "phone": "phone telephone mobile",
    "year": "year",
    "season": "season",
    "century": "century rank position place level floor grade ordinal",
    "rate": "rate percentage percent ratio probability fraction discount tax tip growth interest confidence "
    "significance contribution yield",
    "currency": "currency currencies",
    "language": "language languages",
    "unit": "unit units system scale",
    "minimum": "min minimum lower start from least above over",
    "maximum": "max maximum upper end to limit most below under less budget",
    "count": "count number num limit top size amount total quantity many max",
    "period": "n compounding periods frequency times",
}
_DIMENSION_WORDS: dict[str, str] = {
    "length": "height distance length width radius depth diameter altitude range perimeter side base",
    "mass": "weight mass",
    "money": "price cost amount budget salary income principal investment deposit loan revenue expense bill money fee "
    "balance payment allowance asset debt profit capital fund purchase",
    "temperature": "temperature temp",
    "speed": "speed velocity",
    "acceleration": "acceleration gravity",
    "years": "year age term horizon",
    "volume": "volume",
    "area": "area",
    "pressure": "pressure",
    "voltage": "voltage potential",
    "current": "current",
    "power": "power",
    "energy": "energy",
    "frequency": "frequency",
    "force": "force",
    "charge": "charge",
    "days": "day night duration stay",
    "months": "month",
    "time": "time duration second minute hour",
    "field": "magnetic",
}
_ROLES = {role: frozenset(stem(word) for word in words.split()) for role, words in _ROLE_WORDS.items()}
_DIMENSIONS = {name: frozenset(stem(word) for word in words.split()) for name, words in _DIMENSION_WORDS.items()}
_UNIT = re.compile(
    r"(?<![\w^])(?:"
    + "|".join(re.escape(unit) for unit in sorted(DIMENSION, key=lambda unit: (-len(unit), unit)) if unit not in "ack")
    + r")(?![\w^])",
    re.IGNORECASE,
)
_SIDES = {
    "origin": frozenset(stem(word) for word in "origin source start starting departure initial lower".split()),
    "destination": frozenset(stem(word) for word in "destination end ending target arrival final upper".split()),
}
_WEAK = frozenset(
    {
        "person",
        "text",
        "id",
        "count",
        "century",
        "period",
        "minimum",
        "maximum",
        "unit",
        "place",
        "origin",
        "destination",
    }
)


@lru_cache(maxsize=8192)
def _roles(names: tuple[str, ...], about: tuple[str, ...]) -> frozenset[str]:
    found = {role for role, words in _ROLES.items() if words & set(names)}
    if not found & {"place", "person", "organisation", "date", "text", "email", "url", "id", "year", "formula", "rate"}:
        told = {role for role, words in _ROLES.items() if words & set(about[:12]) and role not in _WEAK}
        told -= set() if _ROLES["date"] & set(about[:5]) else {"date"}
        told -= set() if stem("address") in about else {"email"}
        found |= told
        if _ROLES["place"] & set(about[:10]) - {stem("base"), stem("area"), stem("state")}:
            found.add("place")
    for side in ("origin", "destination"):
        if _SIDES[side] & set(about[:4]):
            found.add(side)
    if "origin" in found and "destination" in found:
        found -= {"origin", "destination"} - {side for side in ("origin", "destination") if _ROLES[side] & set(names)}
    return frozenset(found)


def roles_of(field: Input) -> frozenset[str]:
    """Return the roles a field can have; the name counts first, the description where the name says nothing."""
    found = set(_roles(field.names, field.about))
    form = str(field.schema.get("format") or "")
    if form in {"date", "date-time", "email", "uri", "url", "time"}:
        found.add({"date-time": "date", "uri": "url"}.get(form, form))
    if field.kind in {"string", "any"} and asks_for_day(field.description):
        found.add("date")
    if field.name.lower().endswith(("_id", "id")) and field.name.lower() not in {"paid", "bid", "grid"}:
        found.add("id")
    return frozenset(found)


def _units_in(description: str) -> set[str]:
    """Return the units a description names, but not those that a rate divides by ("per gallon")."""
    found: set[str] = set()
    for match in _UNIT.finditer(description):
        before = description[: match.start()].rstrip().lower()
        if not before.endswith((" per", "/")) and not (len(match.group()) == 1 and not before.endswith((" in", ","))):
            found.add(match.group().lower())
    return found


@lru_cache(maxsize=8192)
def _units(names: tuple[str, ...], description: str) -> tuple[frozenset[str], frozenset[str]]:
    words = split_words(description) + description.lower().split()
    exact = _units_in(description)
    if "first" in words or "second" in words:
        exact -= {"second", "day", "days"}
    dimensions = {DIMENSION[unit] for unit in exact}
    for name, members in _DIMENSIONS.items():
        if members & set(names):
            dimensions.add(name)
    if not dimensions:
        about = {stem(word) for word in split_words(description)}
        dimensions = {name for name, members in _DIMENSIONS.items() if members & about}
    return frozenset(exact), frozenset(dimensions)


def units_of(field: Input) -> tuple[frozenset[str], frozenset[str]]:
    """Return the units that a field's description names, and the dimensions it can measure."""
    return _units(field.names, field.description)
