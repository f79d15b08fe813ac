"""`packetflow runs`: what was run, and what happened in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from packetflow._core.answer import answer
from packetflow.cli.failure import usage
from packetflow.cli.inputs import parsed
from packetflow.cli.options import DataCommand, add, group
from packetflow.cli.place import work
from packetflow.cli.questions import answered, chosen
from packetflow.cli.steps_view import questions_view, runs_view, trace_view

if TYPE_CHECKING:
    from packetflow._core.approval import Verdict
    from packetflow._core.json import Json
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
        Literal["running", "waiting", "succeeded", "failed", "cancelled", "interrupted"] | None,
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


@dataclass(frozen=True, kw_only=True)
class Approvals(DataCommand):
    """List what runs wait for a person to say, the oldest first."""

    def run(self) -> None:
        """List them."""
        found = work(self.place, lambda access: access.approvals())
        self.screen.give(found)
        self.screen.show(questions_view(found) if found else "No run waits for anybody.")


@dataclass(frozen=True, kw_only=True)
class AnswerCommand(DataCommand):
    """What commands share that answer a question of a run and show the run go on."""

    run_id: RunArgument
    digest: Annotated[
        str | None, typer.Option("--digest", help="Which question, or its beginning; needed when the run asks several.")
    ] = None
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the run.")] = ""

    def settle(self, verdict: Verdict, output: Json = None) -> None:
        """Answer, follow the run until it ends or asks again, and show it."""

        async def job(access: Access) -> Run[Any]:
            run_id = await _whole(access, self.run_id)
            question = chosen((await access.record(run_id)).questions, self.digest)
            await access.answer(run_id, question.digest, verdict, reason=self.reason, output=output)
            return [run async for run in access.follow(run_id)][-1]

        found = work(self.place, job)
        self.screen.give({**found.model_dump(mode="json"), "answer": answer(found)})
        self.screen.show(trace_view(found), answer(found))
        if not found.succeeded and verdict in {"approve", "again", "done"}:
            raise typer.Exit(1)


@dataclass(frozen=True, kw_only=True)
class Approve(AnswerCommand):
    """Agree to the call a run waits with; it is made at once, and this yes holds for nothing else."""

    def run(self) -> None:
        """Agree."""
        self.settle("approve")


@dataclass(frozen=True, kw_only=True)
class Refuse(AnswerCommand):
    """Refuse the call a run waits with; its step fails."""

    def run(self) -> None:
        """Refuse."""
        self.settle("refuse")


@dataclass(frozen=True, kw_only=True)
class Tell(AnswerCommand):
    """Say what became of a call that had begun when its process ended: make it again, it is done, or it shall fail."""

    verdict: Annotated[Literal["again", "done", "fail"], typer.Argument(metavar="again|done|fail")]
    output: Annotated[str | None, typer.Option("--output", metavar="JSON", help="With `done`: what it gave.")] = None

    def run(self) -> None:
        """Say it."""
        self.settle(self.verdict, None if self.output is None else parsed(self.output, "--output"))


@dataclass(frozen=True, kw_only=True)
class Retry(DataCommand):
    """Do what a run left undone, as a new run; what it finished is not done again."""

    run_id: RunArgument
    from_step: Annotated[str | None, typer.Option("--from", metavar="STEP", help="Again from this step on.")] = None

    def run(self) -> None:
        """Do it."""

        async def job(access: Access) -> Run[Any]:
            begun = await access.retry(await _whole(access, self.run_id), from_step=self.from_step, wait=False)
            run_id = str(begun["execution_id"])
            while (run := [each async for each in access.follow(run_id)][-1]).status == "waiting":
                for question in run.questions:
                    await answered(access, question, self.screen, yes=False)
            return run

        found = work(self.place, job)
        self.screen.give({**found.model_dump(mode="json"), "answer": answer(found)})
        self.screen.show(trace_view(found), answer(found))
        if not found.succeeded:
            raise typer.Exit(1)


async def _whole(access: Access, beginning: str) -> str:
    """Give the id of the run that begins so, among the latest; raises CommandFailed when that may be several."""
    if not beginning.strip():
        raise usage("name the run by its id, or the beginning of it")
    if len(beginning) >= _WHOLE:
        return beginning
    found = [row["id"] for row in await access.runs(limit=_LATEST) if row["id"].startswith(beginning)]
    if len(found) > 1:
        raise usage(f"{len(found)} runs begin with {beginning!r}; write more of the id")
    return found[0] if found else beginning


def runs() -> typer.Typer:
    """Give the group of commands about runs; without a command it lists."""
    made = group("runs", "List, show, cancel and retry runs, and answer what they ask.", ListRuns, *EXAMPLES)
    add(made, "list", ListRuns, "packetflow runs list --status failed")
    add(made, "show", ShowRun, "packetflow runs show 3f2a8c", "packetflow runs show 3f2a8c --json")
    add(made, "cancel", CancelRun, "packetflow runs cancel 3f2a8c")
    add(made, "approvals", Approvals, "packetflow runs approvals", "packetflow runs approvals --json")
    add(made, "approve", Approve, "packetflow runs approve 3f2a8c", "packetflow runs approve 3f2a8c --digest 9b1c")
    add(made, "refuse", Refuse, 'packetflow runs refuse 3f2a8c --reason "too dear"')
    add(made, "answer", Tell, "packetflow runs answer 3f2a8c again", "packetflow runs answer 3f2a8c done --output 42")
    add(made, "retry", Retry, "packetflow runs retry 3f2a8c", "packetflow runs retry 3f2a8c --from summarize")
    return made
