"""`packetflow chat ...`: the commands of the chat application."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

import packetflow as pf
from packetflow.cli.failure import CommandFailed, usage
from packetflow.cli.options import DataCommand, add
from packetflow.cli.place import work
from packetflow.cli.progress import bytes_progress

if TYPE_CHECKING:
    from packetflow.cli.access import Access
    from packetflow_chat.importing import Importer, Report
    from packetflow_chat.transcripts.transcript import Transcript

_SHOWN: Final = 10
"""Bad lines that are listed for a person."""

commands = typer.Typer(name="chat", help="Work with the chat application's rooms.", no_args_is_help=True)


@commands.callback()
def _chat() -> None:
    """Work with the chat application's rooms."""


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
        from packetflow_chat.importing import Importer  # noqa: PLC0415 - brings the analyses; `--help` need not pay
        from packetflow_chat.transcripts.records import TranscriptError  # noqa: PLC0415 - the same

        started = perf_counter()
        transcript = self._opened()
        importer = Importer(transcript, self.room, self.batch)
        try:
            if self.dry_run:
                asyncio.run(self._read(importer, None))
            else:
                work(self.place, lambda access: self._read(importer, access))
        except (TranscriptError, OSError) as error:
            self._say_kept(importer.report)
            raise CommandFailed(f"{self.file} could not be read to its end: {error}", code="unreadable_file") from error
        except (pf.PacketFlowError, CommandFailed, KeyboardInterrupt):
            self._say_kept(importer.report)
            raise
        self._tell(transcript, importer.report, perf_counter() - started)

    def _opened(self) -> Transcript:
        """Open the log; raises CommandFailed, which says what is wrong with it and what to pass."""
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - see run

        from packetflow_chat.transcripts.detect import Format  # noqa: PLC0415 - see run
        from packetflow_chat.transcripts.records import DateNeededError, TranscriptError  # noqa: PLC0415 - see run
        from packetflow_chat.transcripts.transcript import open_transcript  # noqa: PLC0415 - see run

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
        except TranscriptError as error:
            code = "date_needed" if isinstance(error, DateNeededError) else "unreadable_file"
            raise usage(str(error), code=code) from error
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise usage(f"there is no time zone {self.zone!r}; write one such as Europe/Paris") from error

    async def _read(self, importer: Importer, access: Access | None) -> None:
        with bytes_progress(self.screen, f"Importing {self.file.name}") as progress:
            await importer.read(access, progress)

    def _say_kept(self, report: Report) -> None:
        if report.stored:
            kept = f"{report.stored} messages are stored; the same command again goes on without doubling them."
            self.screen.note(kept, "yellow")

    def _tell(self, transcript: Transcript, report: Report, seconds: float) -> None:
        counts = {name: transcript.counts[name] for name in ("system", "empty")}
        lines = [{"line": one.line, "reason": one.reason, "excerpt": one.excerpt} for one in report.bad]
        told = {"messages": report.messages, "stored": report.stored, "known": report.known, **counts, "bad": lines}
        how = {"format": str(transcript.format), "dry_run": self.dry_run, "created": report.created}
        self.screen.give({"file": str(self.file), "room_id": self.room, **how, **told, "seconds": round(seconds, 3)})
        self._tell_person(report, counts["system"])
        if report.messages == 0:
            self.screen.note(f"{self.file} holds no message that could be read.", "red")
            raise typer.Exit(1)

    def _tell_person(self, report: Report, system: int) -> None:
        show = self.screen.show
        if self.dry_run:
            show(f"{report.messages} messages would be imported into {self.room!r}; nothing was stored (--dry-run).")
        else:
            made = ", which is new" if report.created else ""
            show(f"{report.stored} stored, {report.known} already there, in room {self.room!r}{made}.")
        show(f"{system} system lines skipped, {len(report.bad)} bad lines.")
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
