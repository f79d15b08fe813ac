"""What a command prints: for a person with Rich, or one JSON value for a program. Everything else goes to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from packetflow.cli.failure import CommandFailed

_WIDE = 400
_LINE_ENDS = str.maketrans({"\r": None, "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


class Screen:
    """The two outputs of one command.

    With `as_json`, stdout carries exactly one JSON value (see `give`), and `show` prints nothing.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        """Look at the terminal once; NO_COLOR and pipes are respected by Rich."""
        self.as_json = as_json
        self.out = _console(stderr=False)
        self.err = _console(stderr=True)

    def give(self, value: object) -> None:
        """Print the result for a program; nothing for a person."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
            sys.stdout.flush()

    def show(self, *parts: RenderableType) -> None:
        """Print the result for a person; nothing for a program. Texts are printed as they are, without markup."""
        if not self.as_json:
            for part in parts:
                self.out.print(clean(part) if isinstance(part, str) else part)

    def note(self, text: str, style: str = "dim") -> None:
        """Say something beside the result, on stderr."""
        self.err.print(clean(text, style))

    def fail(self, failure: CommandFailed) -> None:
        """Say why the command failed, on stderr; for a program also as JSON on stdout."""
        self.err.print(Text() + Text("Error: ", "bold red") + clean(failure.message))
        for problem in failure.problems:
            if problem not in failure.message:
                self.err.print(clean(f"  - {problem}"))
        self.give(failure.as_json())


def _console(*, stderr: bool) -> Console:
    """Open one of the outputs; what goes into a pipe is not bound to the width of a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(stderr=stderr, highlight=False, soft_wrap=not stream.isatty(), width=width)


def clean(text: str, style: str = "") -> Text:
    """Give a text that cannot steer the terminal: of what was written, printable letters and lines remain."""
    kept = text.translate(_LINE_ENDS)
    return Text("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in kept), style)


def table(*columns: str, rows: Sequence[Sequence[str | Text]]) -> Table:
    """Lay out rows under their column names."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(clean(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def compact(value: Any, limit: int = 200) -> str:  # noqa: ANN401 - any JSON
    """Write a JSON value on one line, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def seconds(value: float | None) -> str:
    """Write a duration for a person."""
    if value is None:
        return ""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s"


def moment(value: datetime | None) -> str:
    """Write a moment in the zone of this machine."""
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
