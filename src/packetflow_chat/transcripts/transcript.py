"""A transcript: one chat log, opened, read record by record, and counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC
from typing import IO, TYPE_CHECKING, cast

from packetflow_chat.transcripts.dates import date_in_header, date_in_path
from packetflow_chat.transcripts.detect import HEAD, LINES, Format, detect
from packetflow_chat.transcripts.irc import IrcLog
from packetflow_chat.transcripts.irc_line import irc_line
from packetflow_chat.transcripts.json_lines import JsonLines
from packetflow_chat.transcripts.records import Bad, DateNeededError, Message, Record, TranscriptError
from packetflow_chat.transcripts.slack import SlackMessages
from packetflow_chat.transcripts.slack_export import MAX_FILE, SlackExport, open_export
from packetflow_chat.transcripts.text_lines import TextLine, decode, text_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, tzinfo
    from pathlib import Path

    from packetflow_chat.transcripts.clock import Dial


class Transcript:
    """A chat log that yields its records in order.

    While it is read, `read_bytes` of `total_bytes` are done, and `counts` has how many records of each kind came:
    `message`, `action`, `system`, `empty` and `bad`. Iterating again reads the file again and counts from zero.
    """

    def __init__(self, path: Path, *, date: date | None, zone: tzinfo, dial: Dial) -> None:
        """Hold what every format needs; `open_transcript` makes the right one."""
        self.path = path
        self.format = Format.IRC
        self.date = date
        self.total_bytes = 0
        self.read_bytes = 0
        self.counts: Counter[str] = Counter()
        self._zone = zone
        self._dial: Dial = dial
        self._export: SlackExport | None = None

    def __iter__(self) -> Iterator[Record]:
        """Yield the records. Raises TranscriptError when the file turns out to be unreadable on the way."""
        self.read_bytes = 0
        self.counts = Counter()
        for record in self._records():
            self.counts[_count_as(record)] += 1
            yield record
        self.read_bytes = self.total_bytes

    def _records(self) -> Iterator[Record]:
        if self._export is not None:
            yield from SlackMessages(self._export).records(self._advance)
            return
        with self.path.open("rb") as source:
            if self.format is Format.JSON:
                yield from _array(source, self.total_bytes, JsonLines(zone=self._zone))
            elif self.format is Format.JSONL:
                yield from JsonLines(zone=self._zone).records(self._lines(source))
            else:
                log = IrcLog(day=self.date, zone=self._zone, dial=self._dial)
                yield from log.records(self._lines(source))

    def _lines(self, source: IO[bytes]) -> Iterable[TextLine]:
        for line in text_lines(source):
            self.read_bytes = line.end
            yield line

    def _advance(self, size: int) -> None:
        self.read_bytes += size

    def measure(self, file_format: Format, channel: str | None) -> None:
        """Settle the format and the size; reads the index of an export and no message."""
        self.format = file_format
        if file_format is Format.SLACK:
            self._export = open_export(self.path, channel)
            self.total_bytes = sum(day.size for day in self._export.days)
        else:
            self.total_bytes = self.path.stat().st_size


def open_transcript(
    path: Path,
    *,
    file_format: Format | None = None,
    date: date | None = None,
    zone: tzinfo = UTC,
    dial: Dial = "auto",
    channel: str | None = None,
) -> Transcript:
    """Open a chat log: an IRC log, a Slack export (folder, .zip or one .json), JSON lines or a JSON array.

    `file_format` overrides what the content looks like. `date` is the day of the first line of a log with times of day
    only; without it the file's name, its folders or its headers must tell. `zone` is where times without an offset
    were read, `dial` how many hours their clock has, `channel` which one of a Slack export. Raises FileNotFoundError,
    FormatUnknownError, DateNeededError or TranscriptError before the first record, wherever the start of the file
    shows it.
    """
    if not path.exists():
        message = f"there is no file {path}"
        raise FileNotFoundError(message)
    transcript = Transcript(path, date=date or date_in_path(path), zone=zone, dial=dial)
    transcript.measure(file_format or detect(path), channel)
    if transcript.format is Format.IRC and transcript.date is None:
        _require_dates(path)
    return transcript


def _require_dates(path: Path) -> None:
    with path.open("rb") as source:
        head = decode(source.read(HEAD))
    for line in head.splitlines()[:LINES]:
        if date_in_header(line) is not None:
            return
        spoken = irc_line(line)
        if not isinstance(spoken, str) and spoken.of_day is not None:
            message = f"{path.name} has times of day but no date, in its name or its lines: pass --date YYYY-MM-DD"
            raise DateNeededError(message)


def _array(source: IO[bytes], size: int, reader: JsonLines) -> Iterator[Record]:
    if size > MAX_FILE:
        message = "a JSON array larger than 256 MiB cannot be read in one piece; convert it to JSON lines"
        raise TranscriptError(message)
    try:
        values: object = json.loads(source.read())
    except (ValueError, RecursionError) as error:
        message = f"the file is not a JSON array: {error}"
        raise TranscriptError(message) from error
    if not isinstance(values, list):
        message = "the file is not a JSON array"
        raise TranscriptError(message)
    for number, value in enumerate(cast("list[object]", values), 1):
        yield reader.record(value, number, json.dumps(value, ensure_ascii=False))


def _count_as(record: Record) -> str:
    if isinstance(record, Message):
        return record.kind
    return "bad" if isinstance(record, Bad) else record.reason
