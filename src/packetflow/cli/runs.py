"""`packetflow runs`: what was run, and what happened in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from packetflow.cli.options import DataCommand, add, group
from packetflow.cli.place import work
from packetflow.cli.steps_view import runs_view, trace_view

RunArgument = Annotated[str, typer.Argument(metavar="ID", help="The run's id, as `packetflow runs` lists it.")]

EXAMPLES = ("packetflow runs", "packetflow runs list --status failed --json", "packetflow runs show 3f2a8c")


@dataclass(frozen=True, kw_only=True)
class ListRuns(DataCommand):
    """List the runs, the latest first."""

    status: Annotated[
        Literal["running", "succeeded", "failed", "cancelled", "interrupted"] | None,
        typer.Option("--status", help="Only those."),
    ] = None
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many, at most.")] = 20

    def run(self) -> None:
        """List them."""
        rows = work(self.place, lambda access: access.runs(self.status, self.limit))
        self.screen.give(rows)
        self.screen.show(runs_view(rows) if rows else "There are no runs yet.")


@dataclass(frozen=True, kw_only=True)
class ShowRun(DataCommand):
    """Show one run: every step with its input, output and duration."""

    run_id: RunArgument

    def run(self) -> None:
        """Show it."""
        found = work(self.place, lambda access: access.run(self.run_id))
        self.screen.give(found.model_dump(mode="json"))
        self.screen.show(trace_view(found))


@dataclass(frozen=True, kw_only=True)
class CancelRun(DataCommand):
    """Cancel a run that is under way, and wait until its steps have ended."""

    run_id: RunArgument

    def run(self) -> None:
        """Cancel it."""
        cancelled = work(self.place, lambda access: access.cancel(self.run_id))
        self.screen.give({"run_id": self.run_id, "cancelled": cancelled})
        self.screen.show("Cancelled." if cancelled else "The run had ended before; nothing was changed.")


def runs() -> typer.Typer:
    """Give the group of commands about runs; without a command it lists."""
    made = group("runs", "List, show and cancel runs.", ListRuns, *EXAMPLES)
    add(made, "list", ListRuns, "packetflow runs list --status failed")
    add(made, "show", ShowRun, "packetflow runs show 3f2a8c", "packetflow runs show 3f2a8c --json")
    add(made, "cancel", CancelRun, "packetflow runs cancel 3f2a8c")
    return made
