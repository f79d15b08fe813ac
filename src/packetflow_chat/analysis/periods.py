"""Spans of time as people name them: `yesterday`, `last Monday`, `the last 24 hours`, `since 3 March`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from packetflow_chat.analysis.quote import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from packetflow_chat.analysis.line import Line

DAY = timedelta(days=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6,
            "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}  # fmt: skip
_UNITS = {"mi": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}
_PARTS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
_NUMBER = r"(?P<n>\d{1,4}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
_UNIT = r"(?P<unit>minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|w|months?|years?)"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)


class Period(Result):
    """A span of time: `start` belongs to it, `end` does not; None is open."""

    label: str
    start: datetime | None
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment is in the span."""
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


ALL = Period(label="all time", start=None, end=None)


class PeriodUnknown(ValueError):
    """A text names no span of time that is understood; the message gives examples."""


@dataclass(frozen=True, slots=True)
class Found:
    """A span of time in a text, and the text without it."""

    period: Period
    rest: str


def parse_period(text: str, now: datetime, zone: tzinfo = UTC) -> Period:
    """Return the span that a text names; days and weeks (from Monday) are those of `zone`.

    `last week` is the calendar week before this one, `last 7 days` ends now. Raises PeriodUnknown.
    """
    cleaned = re.sub(r"[\s_]+|(?<!\d)-|-(?!\d)", " ", text.strip().lower())
    if cleaned in {"", "all", "all time", "ever", "everything", "whole", "any", "always"}:
        return ALL
    found = find_period(cleaned, now, zone)
    if found is None or re.sub(r"\b(?:on|in|the|of|during|from|for|over|within|at)\b|\W", "", found.rest):
        message = (
            f"{text!r} names no time; say today, yesterday, last 24 hours, last week, last Monday, 2026-03-31 or all"
        )
        raise PeriodUnknown(message)
    return found.period


def find_period(text: str, now: datetime, zone: tzinfo = UTC) -> Found | None:
    """Return the first span that a sentence names and the sentence without it, or None when it names none."""
    here = now.astimezone(zone)
    for pattern, read in _READERS:
        match = pattern.search(text)
        period = read(match, here) if match is not None else None
        if match is not None and period is not None:
            return Found(_utc(period, match[0]), f"{text[: match.start()]} {text[match.end() :]}".strip())
    return None


def within(lines: Iterable[Line], period: Period) -> list[Line]:
    """Return the lines that were written in a span."""
    return [line for line in lines if period.holds(line.at)]


def _utc(span: tuple[datetime, datetime], label: str) -> Period:
    start, end = span
    return Period(label=" ".join(label.lower().split()), start=start.astimezone(UTC), end=end.astimezone(UTC))


_Span = tuple[datetime, datetime]


def _day(day: date, here: datetime, days: int = 1) -> _Span:
    start = datetime.combine(day, time(), here.tzinfo)
    return start, datetime.combine(day + timedelta(days=days), time(), here.tzinfo)


def _relative(match: re.Match[str], here: datetime) -> _Span:
    shift = {"today": 0, "tonight": 0, "this": 0, "yesterday": -1, "last": -1}.get(match["day"].split()[0].lower(), -2)
    start, end = _day(here.date() + timedelta(days=shift), here)
    part = "evening" if match["day"].lower() == "tonight" else (match["part"] or "").lower()
    hours = _PARTS.get(part)
    if hours is None:
        return start, end
    return start + timedelta(hours=hours[0]), start + timedelta(hours=hours[1])


def _length(match: re.Match[str]) -> timedelta | None:
    written = (match["n"] or "one").lower()
    count = int(written) if written.isdigit() else _NUMBERS[written]
    unit = match["unit"].lower()
    length = _UNITS[unit[:2] if unit[:2] in {"mi", "mo"} else unit[0]] * count
    return length if timedelta() < length < timedelta(days=36_500) else None


def _rolling(match: re.Match[str], here: datetime) -> _Span | None:
    length = _length(match)
    return None if length is None else (here - length, here + timedelta(microseconds=1))


def _ago(match: re.Match[str], here: datetime) -> _Span | None:
    length = _length(match)
    if length is None:
        return None
    if length < DAY:
        return here - length - length / 2, here - length / 2
    return _day((here - length).date(), here)


def _calendar(match: re.Match[str], here: datetime) -> _Span:
    last = match["which"].lower() in {"last", "previous"}
    unit, today = match["unit"].lower(), here.date()
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + (7 if last else 0))
        return _day(monday, here, 7)
    if unit == "weekend":
        saturday = today - timedelta(
            days=(today.weekday() + 2) % 7 + (7 if last and today.weekday() >= len(_DAYS) - 2 else 0)
        )
        return _day(saturday, here, 2)
    if unit == "month":
        first = today.replace(day=1)
        first = (first - DAY).replace(day=1) if last else first
        following = (first + 32 * DAY).replace(day=1)
        return _day(first, here, (following - first).days)
    first = today.replace(year=today.year - last, month=1, day=1)
    return _day(first, here, (first.replace(year=first.year + 1) - first).days)


def _weekday(match: re.Match[str], here: datetime) -> _Span:
    wanted = next(index for index, name in enumerate(_DAYS) if name.startswith(match["weekday"].lower()[:3]))
    back = (here.weekday() - wanted) % 7
    if back == 0 and (match["last"] or "").lower().startswith(("last", "previous")):
        back = 7
    start, end = _day(here.date() - timedelta(days=back), here)
    hours = _PARTS.get((match["part"] or "").lower())
    return (start, end) if hours is None else (start + timedelta(hours=hours[0]), start + timedelta(hours=hours[1]))


def _iso(match: re.Match[str], here: datetime) -> _Span | None:
    try:
        return _day(date.fromisoformat(match["iso"]), here)
    except (ValueError, OverflowError):
        return None


def _named(match: re.Match[str], here: datetime) -> _Span | None:
    """Read `3 March`; without a year it is the latest such day that is not in the future."""
    month = _MONTHS.index(match["month"].lower()[:3]) + 1
    years = [int(match["year"])] if match["year"] else [here.year, *range(here.year - 1, here.year - 9, -1)]
    for year in years:
        try:
            day = date(year, month, int(match["dom"]))
        except ValueError:
            continue
        if match["year"] or day <= here.date():
            return _day(day, here)
    return None


def _since(match: re.Match[str], here: datetime) -> _Span | None:
    inner = find_period(match["what"], here, here.tzinfo or UTC)
    if inner is None or inner.period.start is None:
        return None
    return inner.period.start, here + timedelta(microseconds=1)


def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PART = r"(?:\s+(?P<part>morning|afternoon|evening|night))?"
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], _Span | None]], ...] = (
    (_rx(r"\bsince\s+(?P<what>(?:last |the )?\S+(?:\s+\d{1,4}\b|\s+(?:of\s+)?[a-z]{3,9}\b(?:\s+\d{4})?)?)"), _since),
    (
        _rx(
            rf"\b(?:(?:in|over|during|from|within|for)\s+)?(?:the\s+)?(?:last|past"
            rf"|previous)\s+{_NUMBER}\s*{_UNIT}\b"
        ),
        _rolling,
    ),
    (_rx(r"\b(?:the\s+)?(?:past|last)\s+(?P<n>)(?P<unit>hour|minute|day)\b"), _rolling),
    (_rx(r"\b(?:the\s+)?past\s+(?P<n>)(?P<unit>week|month|year)\b"), _rolling),
    (
        re.compile(r"^\s*(?P<n>\d{1,4})\s*(?P<unit>h|d|w|hours?|days?|weeks?|minutes?|mins?)\s*$", re.IGNORECASE),
        _rolling,
    ),
    (_rx(rf"\b{_NUMBER}\s+{_UNIT}\s+ago\b"), _ago),
    (_rx(rf"\b(?P<day>the day before yesterday|day before yesterday|today|tonight|yesterday){_PART}\b"), _relative),
    (_rx(r"\b(?P<day>this)\s+(?P<part>morning|afternoon|evening)\b"), _relative),
    (_rx(r"\b(?P<day>last)\s+(?P<part>night|evening)\b"), _relative),
    (_rx(r"\b(?P<which>this|last|previous|current)\s+(?P<unit>weekend|week|month|year)\b"), _calendar),
    (_rx(r"\b(?:on\s+)?(?P<iso>\d{4}-\d\d-\d\d)\b"), _iso),
    (
        _rx(
            rf"\b(?:on\s+)?(?:the\s+)?(?P<dom>\d{{1,2}})(?:st|nd|rd"
            rf"|th)?\s+(?:of\s+)?{_MONTH}\b(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
        ),
        _named,
    ),
    (_rx(rf"\b(?:on\s+)?{_MONTH}\s+(?P<dom>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"), _named),
    (
        _rx(
            rf"\b(?:on\s+)?(?P<last>last\s+|this\s+|previous\s+)?(?P<weekday>(?:mon|tues|wednes|thurs|fri|satur"
            rf"|sun)day){_PART}\b"
        ),
        _weekday,
    ),
)
