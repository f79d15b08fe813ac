"""`packetflow runs`: what was run, and what happened in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from packetflow.cli.failure import usage
from packetflow.cli.options import DataCommand, add, group
from packetflow.cli.place import work
from packetflow.cli.steps_view import runs_view, trace_view

if TYPE_CHECKING:
    from packetflow._core.run import Run
    from packetflow.cli.access import Access

RunArgument = Annotated[str, typer.Argument(metavar="ID", help="The run's id, or its beginning.")]

_WHOLE: Final = 32
_LATEST: Final = 500

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
        rows = work(self.place, lambda access: access.runs(status=self.status, limit=self.limit))
        self.screen.give(rows)
        self.screen.show(runs_view(rows) if rows else "There are no runs yet.")


@dataclass(frozen=True, kw_only=True)
class ShowRun(DataCommand):
    """Show one run: every step with its input, output and duration."""

    run_id: RunArgument

    def run(self) -> None:
        """Show it."""

        async def job(access: Access) -> Run[Any]:
            return await access.record(await _whole(access, self.run_id))

        found = work(self.place, job)
        self.screen.give(found.model_dump(mode="json"))
        self.screen.show(trace_view(found))


@dataclass(frozen=True, kw_only=True)
class CancelRun(DataCommand):
    """Cancel a run that is under way, and wait until its steps have ended."""

    run_id: RunArgument

    def run(self) -> None:
        """Cancel it."""

        async def job(access: Access) -> tuple[str, bool]:
            run_id = await _whole(access, self.run_id)
            return run_id, await access.cancel(run_id)

        run_id, cancelled = work(self.place, job)
        self.screen.give({"run_id": run_id, "cancelled": cancelled})
        self.screen.show("Cancelled." if cancelled else "The run had ended before; nothing was changed.")


async def _whole(access: Access, beginning: str) -> str:
    """Give the id of the run that begins so, among the latest; raises CommandFailed when that may be several."""
    if len(beginning) >= _WHOLE:
        return beginning
    found = [row["id"] for row in await access.runs(limit=_LATEST) if row["id"].startswith(beginning)]
    if len(found) > 1:
        raise usage(f"{len(found)} runs begin with {beginning!r}; write more of the id")
    return found[0] if found else beginning


def runs() -> typer.Typer:
    """Give the group of commands about runs; without a command it lists."""
    made = group("runs", "List, show and cancel runs.", ListRuns, *EXAMPLES)
    add(made, "list", ListRuns, "packetflow runs list --status failed")
    add(made, "show", ShowRun, "packetflow runs show 3f2a8c", "packetflow runs show 3f2a8c --json")
    add(made, "cancel", CancelRun, "packetflow runs cancel 3f2a8c")
    return made
