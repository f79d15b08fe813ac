"""Times of day, as logs write them, made into instants that never run backwards by error."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, tzinfo

Dial = Literal["auto", "12", "24"]
HALF_DAY = timedelta(hours=12)
DAY = timedelta(days=1)
JITTER = timedelta(minutes=5)
NOON = 12


class LogClock:
    """Turn the times of day of one log into instants, line by line.

    A time before the last one means, in this order: a jitter of up to five minutes (the last instant is kept); the
    half day of a 12-hour clock (12:59 is followed by 01:00, and no hour above 12 or 0 was ever seen); midnight.
    Only earlier lines count, so a log that has grown gives its old lines their old instants.
    """

    def __init__(self, day: date, *, dial: Dial = "auto", zone: tzinfo = UTC) -> None:
        """Start at a date; `zone` is where the times of day were read."""
        self._zone = zone
        self._dial: Dial = dial
        self._midnight = datetime.combine(day, time())
        self._last: datetime | None = None
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._hour = 0

    def new_day(self, day: date) -> None:
        """Go on at a date that the log states; an earlier date than the present one is not believed."""
        midnight = datetime.combine(day, time())
        if self._last is None or midnight.date() > self._last.date():
            self._midnight = midnight
            self._last = None

    def read(self, of_day: timedelta) -> datetime:
        """Return the instant, in UTC, of a time since midnight."""
        hour = int(of_day // timedelta(hours=1))
        if self._dial == "auto" and (hour > NOON or hour == 0):
            self._dial = "24"
        moment = self._midnight + of_day
        if self._last is not None:
            moment = self._forward(moment, self._last, hour)
        self._last = moment
        self._hour = hour
        # A zone may skip or repeat an hour (summer time); the order of the lines is worth more than that hour.
        self._latest = max(self._latest, moment.replace(tzinfo=self._zone).astimezone(UTC))
        return self._latest

    def _forward(self, moment: datetime, last: datetime, hour: int) -> datetime:
        if moment >= last:
            return moment
        if last - moment <= JITTER:
            return last
        if self._dial == "auto" and self._hour == NOON and 0 < hour < NOON:
            self._dial = "12"
        step = HALF_DAY if self._dial == "12" else DAY
        # On a 12-hour dial 12:30 stands before 01:00, so the same half day may be reached by one step or two.
        while moment < last:
            moment += step
            self._midnight += step
        return moment
