"""Dates in the places where logs keep them: file names and header lines."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAMED = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_./]?)(\d\d)\2(\d\d)(?!\d)")
_HEADER = re.compile(
    r"^(?:---|===|\*\*\*\*?)\s.*?\b(?:log opened|day changed|begin logging at|logging (?:started|resumed)|date:?)\W+"
    r"(?:mon|tue|wed|thu|fri|sat|sun)?\w*,?\s*(?P<rest>.+)$",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DEPTH = 4


def calendar_date(year: str, month: str, day: str) -> date | None:
    """Return the date, or None where the calendar has no such day."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def date_in_path(path: Path) -> date | None:
    """Return the date in a file's name, else in its folders (`2008/12/11/#room.txt`); the last one named counts."""
    for text in (path.name, "/".join(path.parts[-_DEPTH:])):
        found = [calendar_date(match[1], match[3], match[4]) for match in _NAMED.finditer(text)]
        valid = [day for day in found if day is not None]
        if valid:
            return valid[-1]
    return None


def date_in_header(text: str) -> date | None:
    """Return the date of a line such as `--- Day changed Tue Jan 02 2024`, or None."""
    header = _HEADER.match(text)
    if header is None:
        return None
    rest = header["rest"]
    iso = _NAMED.search(rest)
    if iso is not None:
        return calendar_date(iso[1], iso[3], iso[4])
    year = re.search(r"\b(?:19|20)\d\d\b", rest)
    month = re.search(r"\b(" + "|".join(_MONTHS) + r")[a-z]*\b", rest, re.IGNORECASE)
    day = re.search(r"(?<![\d:])\d{1,2}(?![\d:])", rest)
    if year is None or month is None or day is None:
        return None
    return calendar_date(year[0], str(_MONTHS.index(month[1].lower()) + 1), day[0])
