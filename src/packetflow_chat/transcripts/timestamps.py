"""Timestamps of machine-written records: ISO 8601 texts and seconds or milliseconds of the epoch."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# Past these sizes a count of seconds would be a year beyond 5138, so it is a finer unit.
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


def instant(value: object, zone: tzinfo = UTC) -> datetime:
    """Return the aware UTC instant of a timestamp; one without an offset was read in `zone`.

    Raises ValueError, with a reason to show, when the value is no timestamp.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        message = "the time is neither a text nor a number"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every unreadable value
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text) is None:
            return _from_iso(text, zone)
        if "." in text:
            return _from_decimal(text)
        value = int(text)
    return _from_number(value)


def _from_iso(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text[:40]!r} is not a time in ISO 8601"
        raise ValueError(message) from error


def _from_decimal(text: str) -> datetime:
    """Read `seconds.micros` without a float between: Slack's timestamps are ids and keep every digit."""
    whole, _, fraction = text.partition(".")
    micros = int((fraction + "000000")[:6])
    start = _from_number(int(whole))
    return start + timedelta(microseconds=-micros if whole.startswith("-") else micros)


def _from_number(value: float) -> datetime:
    if not math.isfinite(value):
        message = "the time is not a finite number"
        raise ValueError(message)
    scale = next((unit for limit, unit in _UNITS if abs(value) >= limit), 1)
    try:
        return _EPOCH + timedelta(microseconds=round(value * 1_000_000 / scale))
    except OverflowError as error:
        message = f"{value} is out of range for a time"
        raise ValueError(message) from error
