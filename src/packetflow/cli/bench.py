"""`packetflow bench`: what this machine gives, in a few seconds."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from packetflow.cli.failure import usage
from packetflow.cli.options import Command
from packetflow.cli.screen import table

if TYPE_CHECKING:
    from packetflow.cli.bench_figures import Figure

_LEAST, _MOST = 0.1, 600.0
_ROUND = 1000


@dataclass(frozen=True, kw_only=True)
class Bench(Command):
    """Measure actors, durable messages, calls and plans on this machine.

    It works in a temporary folder of its own and touches no data. A goal that is missed is shown, and is no failure:
    the exit status is 0. Figures are the best of several rounds; other work on the machine makes them worse.
    """

    seconds: Annotated[float, typer.Option("--seconds", help="About how long it may take.")] = 10.0
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Where the disk is measured.", show_default="the system's"),
    ] = None

    def run(self) -> None:
        """Measure, and show each figure with its goal."""
        if not _LEAST <= self.seconds <= _MOST:
            raise usage(f"--seconds is between {_LEAST:g} and {_MOST:g}, not {self.seconds:g}")
        if self.folder is not None and not (self.folder.is_dir() and os.access(self.folder, os.W_OK)):
            raise usage(f"--folder {str(self.folder)!r} is no folder one may write to")
        with tempfile.TemporaryDirectory(prefix="packetflow-bench-", dir=self.folder) as place:
            found = asyncio.run(self._measured(Path(place)))
        told = [{**asdict(figure), "met": figure.met} for figure in found]
        machine = f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores"
        if hasattr(os, "getloadavg"):  # not on Windows
            machine += f", load {os.getloadavg()[0]:.1f}"
        self.screen.give({"packetflow": version("packetflow"), "machine": machine, "figures": told})
        self.screen.show(f"packetflow {version('packetflow')} on {machine}", "")
        self.screen.show(table("Figure", "Here", "Goal", "", rows=[_row(figure) for figure in found]))

    async def _measured(self, folder: Path) -> list[Figure]:
        from packetflow.cli.bench_figures import figures  # noqa: PLC0415 - loads the store, which no help needs

        found: list[Figure] = []
        async for figure in figures(folder, self.seconds):
            self.screen.note(f"{len(found) + 1}. {figure.name}")
            found.append(figure)
        return found


def _row(figure: Figure) -> tuple[str | Text, ...]:
    bound = "<=" if figure.unit in {"ms", "us", "bytes"} else ">="
    goal = "" if figure.goal is None else f"{bound} {figure.goal:g} {figure.unit}"
    mark = {True: Text("✓", "green"), False: Text("✗", "bold red"), None: Text("")}[figure.met]
    value = f"{figure.value:,.0f}" if figure.value >= _ROUND else f"{figure.value:.4g}"
    return figure.name, f"{value} {figure.unit}", goal, mark
