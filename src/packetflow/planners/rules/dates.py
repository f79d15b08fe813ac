"""Read the dates and times of a sentence and write them in the form a field asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = """january february march april may june july august september october november december""".split()
_MONTH = {name[:length]: index + 1 for index, name in enumerate(_MONTHS) for length in (3, 4, len(name))}
_MONTH_PATTERN = r"(?P<month>" + "|".join(_MONTHS) + r"|(?:jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec))\.?"
_WEEKDAYS: tuple[str, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1\d|20|21)\d\d)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b"
        + _YEAR
        + r"[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
        + r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)",
        r"\b(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.]" + _YEAR + r"(?!\d)",
        r"\b" + _YEAR + r",?\s+" + _MONTH_PATTERN + r"\s+" + _DAY + r"\b",
        r"\b" + _MONTH_PATTERN + r"\s*" + _DAY + r"(?!\d)(?:\s*,?\s*(?:of\s+)?" + _YEAR + r")?\b",
        r"\b" + _DAY + r"\s*(?:of\s+)?" + _MONTH_PATTERN + r"(?:\s*,?\s*" + _YEAR + r")?\b",
    )
]
_RELATIVE = re.compile(
    r"\b(?P<fixed>(?:the )?day (?:after tomorrow|before yesterday)|tomorrow|yesterday|today|tonight)\b"
    r"|\b(?P<which>next|this|last|coming|on)\s+(?P<weekday>" + "|".join(_WEEKDAYS) + r")\b"
    r"|\bin\s+(?P<count>\d{1,4})\s+(?P<span>day|week)s?\b|\b(?P<ago>\d{1,4})\s+(?P<ago_span>day|week)s?\s+ago\b",
    re.IGNORECASE,
)
LOOSE_DAY = re.compile(
    r"\b(?:" + "|".join(_MONTHS) + r")(?:,?\s+(?:1\d|20|21)\d\d)?\b|\b(?:1\d|20|21)\d\d\b"
    r"|\b(?:next|last|this|past|coming)\s+(?:week(?:end)?|month|year|"
    + "|".join(_WEEKDAYS)
    + r")\b|\b(?:today|tomorrow|yesterday|tonight)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))?\s*(?P<half>[ap]\.?m\b\.?)|\b(?P<h24>[01]?\d|2[0-3]):(?P<m24>[0-5]\d)\b",
    re.IGNORECASE,
)
_FIXED = {
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "tomorrow": 1,
    "today": 0,
    "tonight": 0,
    "yesterday": -1,
    "day before yesterday": -2,
    "the day before yesterday": -2,
}
_LAYOUT = re.compile(
    r"\b(yyyy|mm|dd|year|month|day)(\s?[-/.]\s?)(yyyy|mm|dd|year|month|day)\s?[-/.]\s?(yyyy|mm|dd|year|month|day)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Moment:
    """A day, or a time of day, at its place in the sentence; `day` is None for a bare time, `clock` is "HH:MM"."""

    start: int
    end: int
    raw: str
    day: date | None
    clock: str = ""
    relative: bool = False


def find_moments(text: str, today: date | None) -> list[Moment]:
    """Return days and times of `text` in order of place.

    A relative day ("tomorrow") is read only when `today` is given. A range such as "April 4th to April 8th 2023" lends
    its year to the part that has none.
    """
    found: list[Moment] = []
    bare: list[tuple[int, int, str, int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if _free(match, found, bare):
                _read(match, found, bare)
    for match in _RELATIVE.finditer(text):
        if today is not None and _free(match, found, bare):
            found.append(Moment(match.start(), match.end(), match.group(), _shift(match, today), relative=True))
    for start, end, raw, month, day in bare:
        year = _borrowed(start, found, today)
        if year and (moment := _date(year, month, day)):
            found.append(Moment(start, end, raw, moment))
    for match in _CLOCK.finditer(text):
        if not any(match.start() < moment.end and moment.start < match.end() for moment in found):
            found.append(Moment(match.start(), match.end(), match.group().strip(), None, _clock(match)))
    return sorted(found, key=lambda moment: moment.start)


def write_day(day: date, description: str, form: str = "") -> str:
    """Write a day as the description of a field lays it out ("MM/DD/YYYY"), else as ISO 8601."""
    layout = _LAYOUT.search(description)
    if layout is None or form in {"date", "date-time"}:
        return day.isoformat()
    parts = {"y": f"{day.year:04d}", "m": f"{day.month:02d}", "d": f"{day.day:02d}"}
    joint = layout.group(2).strip()
    return joint.join(parts[layout.group(index)[0].lower()] for index in (1, 3, 4))


def asks_for_day(description: str) -> bool:
    """Say whether a description gives a layout for a day."""
    return _LAYOUT.search(description) is not None


def _free(match: re.Match[str], found: list[Moment], bare: list[tuple[int, int, str, int, int]]) -> bool:
    spans = [(moment.start, moment.end) for moment in found] + [(start, end) for start, end, *_ in bare]
    return not any(match.start() < end and start < match.end() for start, end in spans)


def _read(match: re.Match[str], found: list[Moment], bare: list[tuple[int, int, str, int, int]]) -> None:
    groups = match.groupdict()
    month_text = groups["month"].lower()
    month = int(month_text) if month_text.isdigit() else _MONTH[month_text[:3]]
    day = int(groups["day"])
    if not groups.get("year"):
        bare.append((match.start(), match.end(), match.group(), month, day))
        return
    moment = _date(int(groups["year"]), month, day) or _date(int(groups["year"]), day, month)
    if moment is not None:
        found.append(Moment(match.start(), match.end(), match.group(), moment, groups.get("clock") or ""))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _borrowed(start: int, found: list[Moment], today: date | None) -> int | None:
    dated = [moment for moment in found if moment.day is not None and not moment.relative]
    if dated:
        nearest = min(dated, key=lambda moment: abs(moment.start - start))
        return nearest.day.year if nearest.day else None
    return today.year if today else None


def _shift(match: re.Match[str], today: date) -> date:
    groups = match.groupdict()
    if groups["fixed"]:
        return today + timedelta(days=_FIXED[groups["fixed"].lower()])
    if groups["weekday"]:
        ahead = (_WEEKDAYS.index(groups["weekday"].lower()) - today.weekday()) % 7
        which = groups["which"].lower()
        if which == "last":
            return today - timedelta(days=(7 - ahead) % 7 or 7)
        return today + timedelta(days=ahead or (0 if which == "this" else 7))
    count, span = (groups["count"], groups["span"]) if groups["count"] else (groups["ago"], groups["ago_span"])
    days = int(count) * (7 if span.lower() == "week" else 1)
    return today + timedelta(days=days if groups["count"] else -days)


def _clock(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups["h24"] is not None:
        return f"{int(groups['h24']):02d}:{groups['m24']}"
    hour = int(groups["hour"]) % 12 + (12 if groups["half"].lower().startswith("p") else 0)
    return f"{hour:02d}:{groups['minute'] or '00'}"
