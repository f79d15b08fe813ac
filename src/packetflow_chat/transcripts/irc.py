"""IRC logs as the messages they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packetflow_chat.transcripts.clock import Dial, LogClock
from packetflow_chat.transcripts.content_id import ContentIds
from packetflow_chat.transcripts.dates import date_in_header
from packetflow_chat.transcripts.irc_line import Spoken, irc_line
from packetflow_chat.transcripts.records import DateNeededError, Message, Record, Skipped, bad
from packetflow_chat.transcripts.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime, tzinfo

    from packetflow_chat.transcripts.text_lines import TextLine


class IrcLog:
    """Reads one log from its first line to its last; keeps the clock, the ids and the nicks seen."""

    def __init__(self, *, day: date | None, zone: tzinfo, dial: Dial) -> None:
        """Start a log whose times of day count from `day`, if it is known."""
        self._zone = zone
        self._dial: Dial = dial
        self._clock = LogClock(day, dial=dial, zone=zone) if day is not None else None
        self._latest: datetime | None = None
        self._dated_ids = ContentIds(ordered=False)
        self._clock_ids = ContentIds(ordered=True)
        self._nicks: set[str] = set()

    def records(self, lines: Iterable[TextLine]) -> Iterator[Record]:
        """Yield one record per line. Raises DateNeededError at a time of day before any date is known."""
        for line in lines:
            yield self._record(line)

    def _record(self, line: TextLine) -> Record:
        if line.too_long:
            return bad(line.number, "the line is longer than 1 MiB", line.text)
        if not line.text.strip():
            return Skipped(line.number, "empty")
        stated = date_in_header(line.text)
        if stated is not None:
            self._new_day(stated)
            return Skipped(line.number, "system")
        spoken = irc_line(line.text)
        if isinstance(spoken, str):
            return bad(line.number, spoken, line.text)
        return self._spoken(line, spoken)

    def _new_day(self, day: date) -> None:
        if self._clock is None:
            self._clock = LogClock(day, dial=self._dial, zone=self._zone)
        else:
            self._clock.new_day(day)

    def _spoken(self, line: TextLine, spoken: Spoken) -> Record:
        try:
            at = self._instant(spoken)
        except ValueError as error:
            if isinstance(error, DateNeededError):
                raise
            return bad(line.number, str(error), line.text)
        if spoken.kind == "system" or at is None:
            return Skipped(line.number, "system")
        if not spoken.text:
            return Skipped(line.number, "empty")
        self._nicks.add(spoken.nick)
        ids = self._dated_ids if spoken.iso else self._clock_ids
        name = ids.name(spoken.nick, spoken.text, at, spoken.kind)
        return Message(spoken.nick, spoken.text, at, spoken.kind, line.number, name)

    def _instant(self, spoken: Spoken) -> datetime | None:
        """Return when the line was written; None for a line without a time that no known person did."""
        if spoken.iso:
            self._latest = instant(spoken.iso.replace(",", "."), self._zone)
        elif spoken.of_day is not None:
            if self._clock is None:
                message = "the lines carry a time of day and no date: pass --date YYYY-MM-DD"
                raise DateNeededError(message)
            self._latest = self._clock.read(spoken.of_day)
        elif spoken.nick not in self._nicks:
            return None
        return self._latest
