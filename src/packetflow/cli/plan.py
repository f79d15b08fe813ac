"""`packetflow plan`: plan a sentence, prove a plan file, or plan a whole file of cases. Nothing runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from pydantic import ValidationError

from packetflow._core.grant import Grant
from packetflow._core.plan import Plan
from packetflow._core.proof import proven
from packetflow.cli.apps import chosen, load
from packetflow.cli.failure import CommandFailed, usage
from packetflow.cli.inputs import file_text, hints
from packetflow.cli.options import DataCommand
from packetflow.cli.place import work
from packetflow.cli.plan_view import plan_view
from packetflow.cli.progress import lines_progress

if TYPE_CHECKING:
    from packetflow.planners.batch import BatchReport

HintOption = Annotated[
    list[str] | None,
    typer.Option("--hint", metavar="NAME=VALUE", help="A fact at hand, such as room_id=lobby. Can be repeated."),
]


@dataclass(frozen=True, kw_only=True)
class PlanSentence(DataCommand):
    """Turn a sentence into a checked plan and show it; nothing runs.

    With --check it proves a plan that stands in a file. With --batch it plans a file of cases, each with its own tools,
    by rules; that needs neither a data folder nor a key.
    """

    intent: Annotated[str | None, typer.Argument(metavar="SENTENCE", help="What should be done.")] = None
    hint: HintOption = None
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="Prove the plan in this file.")] = None
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="CASES.jsonl", help="Plan every case of this file.")
    ] = None
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PREDICTIONS.jsonl", help="Where --batch writes, one case a line.")
    ] = None
    steps: Annotated[
        Literal["one", "many"], typer.Option("--steps", help="Whether a case of --batch is one call or a plan.")
    ] = "one"

    def run(self) -> None:
        """Plan, prove or measure."""
        if sum(source is not None for source in (self.intent, self.check, self.batch)) != 1:
            raise usage('say one of: a sentence ("summarize the lobby"), --check FILE, --batch CASES.jsonl')
        if self.batch is not None:
            self._plan_batch(self.batch)
        elif self.check is not None:
            self._prove(self.check)
        else:
            plan = work(self.place, lambda access: access.planned(self.intent or "", hints(self.hint or [])))
            self.screen.give(plan.model_dump(mode="json"))
            self.screen.show(plan_view(plan))

    def _prove(self, path: Path) -> None:
        """Prove a plan against the app's declarations; that needs no data."""
        plan = plan_in(path)
        proven(plan, load(chosen(self.app)).registry, Grant.root())
        self.screen.give({"accepted": True, "plan_id": plan.id, "steps": len(plan.steps())})
        self.screen.show(plan_view(plan), "The plan is proven: it can run.")

    def _plan_batch(self, cases: Path) -> None:
        if self.out is None:
            raise usage("say where the predictions go: --out PREDICTIONS.jsonl")
        report = self._predictions(cases, self.out)
        bad = [{"line": number, "reason": reason} for number, reason in report.bad]
        counts = {"planned": report.planned, "refused": report.refused, "seconds": round(report.seconds, 3)}
        self.screen.give({"out": str(self.out), **counts, "bad": bad})
        self.screen.show(f"{report.planned} planned, {report.refused} refused; written to {self.out}")
        if bad:
            for number, reason in report.bad[:10]:
                self.screen.note(f"line {number}: {reason}", "yellow")
            self.screen.note(f"{len(bad)} lines are no case and were left out", "yellow")
            raise typer.Exit(1)

    def _predictions(self, cases: Path, out: Path) -> BatchReport:
        from packetflow.planners.batch import run_batch  # noqa: PLC0415 - the rules; `--help` need not pay for them

        try:
            with lines_progress(self.screen, f"Planning {cases.name}") as progress:
                return run_batch(cases, out, steps=self.steps, progress=progress)
        except UnicodeDecodeError as error:
            raise usage(f"{cases} is not UTF-8 text (byte {error.start})", code="unreadable_file") from error
        except OSError as error:
            raise CommandFailed(
                f"{error.filename or cases}: {error.strerror}", code="unreadable_file", status=2
            ) from error


def plan_in(path: Path) -> Plan[Any]:
    """Read a plan from a JSON file; raises CommandFailed, which names every field that is wrong."""
    text = file_text(path)
    try:
        return Plan[Any].model_validate_json(text)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise usage(f"{path} holds no plan", code="plan_rejected", problems=problems) from error
