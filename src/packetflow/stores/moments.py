"""Moments as the stores keep them: whole microseconds since 1970, UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Give a moment as microseconds since 1970 UTC, exactly; raises ValueError when it has no time zone."""
    aware(moment)
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(since: int) -> datetime:
    """Give microseconds since 1970 back as a moment in UTC."""
    return EPOCH + timedelta(microseconds=since)


def utc(moment: datetime) -> datetime:
    """Give the same moment in UTC; raises ValueError when it has no time zone."""
    if moment.tzinfo is UTC:
        return moment
    aware(moment)
    return moment.astimezone(UTC)


def aware(*moments: datetime | None) -> None:
    """Raise ValueError for the first moment that has no time zone."""
    for moment in moments:
        if moment is not None and moment.utcoffset() is None:
            raise ValueError(f"the moment {moment.isoformat()!r} has no time zone; use datetime.now(UTC)")


def present() -> int:
    """Give the present moment in microseconds since 1970."""
    return time.time_ns() // 1_000
