"""`packetflow chat ...`: the commands of the chat application."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from pydantic import ValidationError

import packetflow as pf
from packetflow.cli.failure import CommandFailed, failure_of, usage
from packetflow.cli.options import DataCommand, add
from packetflow.cli.place import work
from packetflow.cli.progress import bytes_progress
from packetflow_chat.transcripts.detect import Format
from packetflow_chat.transcripts.records import Bad, DateNeededError, Message, TranscriptError, bad
from packetflow_chat.transcripts.transcript import Transcript, open_transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packetflow.cli.access import Access

_BYTES: Final = 400_000
"""JSON of one batch, at most; a request may have a megabyte."""

_SHOWN: Final = 10
"""Bad lines that are listed for a person."""

_GLANCE: Final = 500
"""Records between two updates of the progress bar."""

commands = typer.Typer(name="chat", help="The chat application.", no_args_is_help=True, rich_markup_mode="rich")


@commands.callback()
def _chat() -> None:
    """Work with the chat application's rooms."""


@dataclass
class Report:
    """What came of an import so far."""

    messages: int = 0
    """Messages that were read, those that did not fit not counted."""
    stored: int = 0
    known: int = 0
    created: bool = False
    bad: list[Bad] = field(default_factory=list[Bad])


@dataclass(frozen=True, kw_only=True)
class Import(DataCommand):
    """Import a chat log into a room: an IRC log, a Slack export, or JSON lines.

    Works while the server runs and when it does not. A message is stored once, however often its file is imported. The
    room is created, open to everybody, when there is none.
    """

    file: Annotated[Path, typer.Argument(metavar="FILE", help="The log; for Slack also a folder or .zip.")]
    room: Annotated[str, typer.Option("--room", metavar="NAME", help="The room to fill.")]
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The day of a log that has only times of day."),
    ] = None
    form: Annotated[Literal["auto", "irc", "slack", "jsonl"], typer.Option("--format", help="How to read it.")] = "auto"
    batch: Annotated[int, typer.Option("--batch", min=1, max=1000, help="Messages stored at once.")] = 500
    channel: Annotated[str | None, typer.Option("--channel", help="Which channel of a Slack export.")] = None
    zone: Annotated[str, typer.Option("--zone", help="Time zone of times without one, such as Europe/Paris.")] = "UTC"
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and count; store nothing.")] = False

    def run(self) -> None:
        """Read the log and store its messages."""
        started = perf_counter()
        transcript = self._opened()
        report = Report()
        try:
            if self.dry_run:
                asyncio.run(self._taken(transcript, report, None))
            else:
                work(self.place, lambda access: self._taken(transcript, report, access))
        except (pf.PacketFlowError, CommandFailed, TranscriptError, OSError, KeyboardInterrupt) as error:
            self._interrupted(error, report)
        self._tell(transcript, report, perf_counter() - started)

    def _opened(self) -> Transcript:
        """Open the log; raises CommandFailed, which says what is wrong with it and what to pass."""
        path = self.file
        try:
            if path.is_file() and path.stat().st_size == 0:
                raise usage(f"{path} is empty: there is nothing to import", code="empty_file")
            return open_transcript(
                path,
                file_format=None if self.form == "auto" else Format(self.form),
                date=self.day.date() if self.day is not None else None,
                zone=ZoneInfo(self.zone),
                channel=self.channel,
            )
        except FileNotFoundError as error:
            raise usage(f"there is no file {path}", code="unreadable_file") from error
        except OSError as error:
            raise usage(f"{path} cannot be read: {error.strerror or error}", code="unreadable_file") from error
        except DateNeededError as error:
            raise usage(str(error), code="date_needed") from error
        except TranscriptError as error:
            raise usage(str(error), code="unreadable_file") from error
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise usage(f"there is no time zone {self.zone!r}; write one such as Europe/Paris") from error

    async def _taken(self, transcript: Transcript, report: Report, access: Access | None) -> None:
        """Read to the end, and store batch by batch when there is an access."""
        with bytes_progress(self.screen, f"Importing {self.file.name}") as progress:
            for messages in self._batches(transcript, report, progress):
                if access is not None:
                    await self._store(access, messages, report)

    async def _store(self, access: Access, messages: list[dict[str, Any]], report: Report) -> None:
        if report.stored + report.known == 0:
            report.created = await self._ready(access)
        taken = await access.call("import_messages", {"room_id": self.room, "messages": messages})
        report.stored += taken["stored"]
        report.known += taken["known"]

    async def _ready(self, access: Access) -> bool:
        """Create the room unless it is there; gives whether it was created."""
        try:
            await access.call("create_room", {"room_id": self.room, "title": self.room, "visibility": "public"})
        except pf.Conflict:
            return False
        return True

    def _batches(
        self, transcript: Transcript, report: Report, progress: Callable[[int, int], None]
    ) -> Iterator[list[dict[str, Any]]]:
        from packetflow_chat.rooms import ImportedMessage  # noqa: PLC0415 - brings all analyses; only an import needs it

        waiting: list[dict[str, Any]] = []
        size = 0
        for number, record in enumerate(transcript):
            if number % _GLANCE == 0:
                progress(transcript.read_bytes, transcript.total_bytes)
            if isinstance(record, Bad):
                report.bad.append(record)
            if not isinstance(record, Message):
                continue
            message = _payload(record)
            try:
                ImportedMessage.model_validate_json(json.dumps(message))
            except ValidationError as error:
                report.bad.append(_unfit(record, error))
                continue
            report.messages += 1
            length = len(json.dumps(message)) + 2
            if waiting and (len(waiting) >= self.batch or size + length > _BYTES):
                yield waiting
                waiting, size = [], 0
            waiting.append(message)
            size += length
        if waiting:
            yield waiting
        progress(transcript.total_bytes, transcript.total_bytes)

    def _interrupted(self, error: BaseException, report: Report) -> None:
        """Say what is kept and that the command can be repeated, then let the error end the command."""
        if report.stored:
            kept = f"{report.stored} messages are stored; the same command again goes on without doubling them."
            self.screen.note(kept, "yellow")
        if isinstance(error, KeyboardInterrupt | CommandFailed):
            raise error
        if isinstance(error, pf.PacketFlowError):
            raise failure_of(error) from error
        raise CommandFailed(f"{self.file} could not be read to its end: {error}", code="unreadable_file") from error

    def _tell(self, transcript: Transcript, report: Report, seconds: float) -> None:
        counts = Counter(transcript.counts)
        lines = [{"line": one.line, "reason": one.reason, "excerpt": one.excerpt} for one in report.bad]
        self.screen.give(
            {
                "file": str(self.file),
                "room_id": self.room,
                "format": str(transcript.format),
                "dry_run": self.dry_run,
                "created": report.created,
                "messages": report.messages,
                "stored": report.stored,
                "known": report.known,
                "system": counts["system"],
                "empty": counts["empty"],
                "bad": lines,
                "seconds": round(seconds, 3),
            }
        )
        self._tell_person(report, counts)
        if report.messages == 0:
            self.screen.note(f"{self.file} holds no message that could be read.", "red")
            raise typer.Exit(1)

    def _tell_person(self, report: Report, counts: Counter[str]) -> None:
        show = self.screen.show
        if self.dry_run:
            show(f"{report.messages} messages would be imported into {self.room!r}; nothing was stored (--dry-run).")
        else:
            made = ", which is new" if report.created else ""
            show(f"{report.stored} stored, {report.known} already there, in room {self.room!r}{made}.")
        show(f"{counts['system']} system lines skipped, {len(report.bad)} bad lines.")
        for one in report.bad[:_SHOWN]:
            show(f"  line {one.line}: {one.reason}: {one.excerpt}")
        if len(report.bad) > _SHOWN:
            show(f"  and {len(report.bad) - _SHOWN} more; --json lists them all.")


add(
    commands,
    "import",
    Import,
    "packetflow chat import lobby.log --room lobby",
    "packetflow chat import irc.txt --room dev --date 2024-02-29 --dry-run",
    "packetflow chat import slack-export.zip --room general --channel general --json",
)


def _payload(record: Message) -> dict[str, Any]:
    return {
        "id": record.id,
        "author": record.author,
        "text": record.text,
        "at": record.at.isoformat(),
        "kind": record.kind,
    }


def _unfit(record: Message, error: ValidationError) -> Bad:
    first = error.errors(include_url=False)[0]
    return bad(record.line, f"{first['loc'][0]}: {first['msg']}", record.text)
