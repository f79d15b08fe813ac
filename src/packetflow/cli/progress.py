"""Progress on stderr: bars on a terminal, nothing in a pipe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from packetflow.cli.screen import Screen


@contextmanager
def lines_progress(screen: Screen, title: str) -> Generator[Callable[[int, int], None]]:
    """Show how many of all lines are done; gives the function that is told (done, all)."""
    with _bar(screen, MofNCompleteColumn()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def bytes_progress(screen: Screen, title: str) -> Generator[Callable[[int, int], None]]:
    """Show how many of all bytes are read; gives the function that is told (done, all)."""
    with _bar(screen, DownloadColumn()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar(screen: Screen, amount: MofNCompleteColumn | DownloadColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        amount,
        TimeRemainingColumn(),
        console=screen.err,
        transient=True,
        disable=not screen.err.is_terminal,
    )
