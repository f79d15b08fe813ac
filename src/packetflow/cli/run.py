"""`packetflow run`: plan a sentence or take a plan file, run it, and show it happen."""

from __future__ import annotations

import asyncio
import sys
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
from packetflow.cli.screen import compact
from packetflow.cli.steps_view import progress_view, step_line

if TYPE_CHECKING:
    from packetflow._core.plan import Plan
    from packetflow._core.run import Failure, Run
    from packetflow.cli.access import Access

_CONFIRM = "confirmation_required"


@dataclass(frozen=True, kw_only=True)
class RunPlan(DataCommand):
    """Run a sentence's plan, or one from a file, and show every step as it happens.

    A step that deletes, spends, reaches outside or executes code runs after a yes to exactly that call. Ctrl-C cancels
    the run. The exit status is 1 when the run does not succeed.
    """

    intent: Annotated[str | None, typer.Argument(metavar="SENTENCE", help="What should be done.")] = None
    hint: HintOption = None
    plan_file: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help="Run the plan in this file.")] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to every call that asks.")] = False

    def run(self) -> None:
        """Run it."""
        if (self.intent is None) == (self.plan_file is None):
            raise usage('say one of: a sentence ("summarize the lobby"), --plan FILE')
        given = plan_in(self.plan_file) if self.plan_file is not None else None
        ended = work(self.place, lambda access: self._carried_out(access, given))
        self.screen.give({**ended.model_dump(mode="json"), "answer": answer(ended)})
        self.screen.show(answer(ended), Text(f"\nrun {ended.id}", "dim"))
        if not ended.succeeded:
            raise typer.Exit(1)

    async def _carried_out(self, access: Access, given: Plan[Any] | None) -> Run[Any]:
        plan = given if given is not None else await access.planned(self.intent or "", hints(self.hint or []))
        effects = {one["id"]: one["effect"] for one in await access.capabilities()}
        self.screen.err.print(plan_view(plan, reasons=False))
        confirmed: list[str] = []
        while True:
            ended = await self._followed(access, await access.start(plan, confirmed))
            asking = _asking(ended, effects)
            if asking is None or asking.details["digest"] in confirmed:
                return ended
            self._agree(asking, effects)
            confirmed.append(asking.details["digest"])

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

    def _agree(self, asking: Failure, effects: dict[str, str]) -> None:
        """Go on after a yes; raises CommandFailed where nobody can be asked, and Exit after a no."""
        if self.yes:
            return
        capability = str(asking.details.get("capability_id"))
        arguments = compact(asking.details.get("arguments"), 1000)
        question = f"{capability} ({effects.get(capability)}) would be called with {arguments}."
        if not sys.stdin.isatty():
            raise usage(f"{question} A person has to agree, and nobody can be asked here: --yes agrees.", code=_CONFIRM)
        self.screen.note(question, "yellow")
        if not typer.confirm("Do you agree?", err=True):
            self.screen.note("It was not called.")
            raise typer.Exit(1)


def _asking(run: Run[Any], effects: dict[str, str]) -> Failure | None:
    """Give the failure of the call that a run wants confirmed, where beginning again repeats nothing but reads."""
    changed = [
        step for step in run.steps if step.status == "succeeded" and effects.get(step.capability_id or "") != "read"
    ]
    asking = [step.failure for step in run.steps if step.failure is not None and step.failure.code == _CONFIRM]
    return asking[0] if asking and not changed else None
