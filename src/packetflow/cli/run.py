"""`packetflow run`: plan a sentence or take a plan file, run it, and show it happen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from packetflow._core.answer import answer
from packetflow.cli.failure import usage
from packetflow.cli.inputs import hints
from packetflow.cli.options import DataCommand
from packetflow.cli.place import work
from packetflow.cli.plan import HintOption, plan_in
from packetflow.cli.plan_view import plan_view
from packetflow.cli.questions import answered
from packetflow.cli.steps_view import dry_view, progress_view, step_line

if TYPE_CHECKING:
    from packetflow._core.json import JsonObject
    from packetflow._core.plan import Plan
    from packetflow._core.run import Run
    from packetflow.cli.access import Access


@dataclass(frozen=True, kw_only=True)
class RunPlan(DataCommand):
    """Run a sentence's plan, or one from a file, and show every step as it happens.

    A step that deletes, spends, reaches outside or executes code runs after a yes to exactly that call; where nobody
    can be asked the run waits, and `packetflow runs approve` lets it go on. Ctrl-C cancels the run. The exit status is
    1 when the run does not succeed, 2 when it waits.
    """

    intent: Annotated[str | None, typer.Argument(metavar="SENTENCE", help="What should be done.")] = None
    hint: HintOption = None
    plan_file: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help="Run the plan in this file.")] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to every call that asks.")] = False
    dry: Annotated[bool, typer.Option("--dry", help="Only tell what it would do; nothing is done.")] = False

    def run(self) -> None:
        """Run it."""
        if (self.intent is None) == (self.plan_file is None):
            raise usage('say one of: a sentence ("summarize the lobby"), --plan FILE')
        given = plan_in(self.plan_file) if self.plan_file is not None else None
        if self.dry:
            report = work(self.place, lambda access: self._tried(access, given))
            self.screen.give(report)
            self.screen.show(dry_view(report))
            return
        ended = work(self.place, lambda access: self._carried_out(access, given))
        self.screen.give({**ended.model_dump(mode="json"), "answer": answer(ended)})
        self.screen.show(answer(ended), Text(f"\nrun {ended.id}", "dim"))
        if not ended.succeeded:
            raise typer.Exit(1)

    async def _tried(self, access: Access, given: Plan[Any] | None) -> JsonObject:
        plan = given if given is not None else await access.planned(self.intent or "", hints(self.hint or []))
        return await access.dry_run(plan.model_dump(mode="json"))

    async def _carried_out(self, access: Access, given: Plan[Any] | None) -> Run[Any]:
        plan = given if given is not None else await access.planned(self.intent or "", hints(self.hint or []))
        self.screen.err.print(plan_view(plan, reasons=False))
        run_id = await access.start(plan)
        while (run := await self._followed(access, run_id)).status == "waiting":
            for question in run.questions:
                await answered(access, question, self.screen, yes=self.yes)
        return run

    async def _followed(self, access: Access, run_id: str) -> Run[Any]:
        """Show the steps until the run ends; cancelling this cancels the run."""
        run: Run[Any] | None = None
        try:
            with Live(console=self.screen.err, refresh_per_second=10) as live:
                told: set[str] = set()
                async for run in access.follow(run_id):
                    if self.screen.err.is_terminal:
                        live.update(progress_view(run))
                    for step in run.steps:
                        if step.ended_at is not None and step.node not in told and not self.screen.err.is_terminal:
                            told.add(step.node)
                            live.console.print(step_line(step))
        except asyncio.CancelledError:
            await asyncio.shield(access.cancel(run_id))
            self.screen.note(f"Cancelled run {run_id}; `packetflow runs show {run_id}` tells what it did.", "yellow")
            raise
        return run if run is not None else await access.record(run_id)
