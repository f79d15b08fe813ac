"""The steps of a run for a person's eyes: while it runs, and afterwards."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.text import Text

from packetflow.cli.screen import clean, compact, moment, seconds, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from packetflow._core.run import Run, StepRecord

_MARKS: Final = {
    "pending": ("·", "dim"),
    "running": ("▸", "cyan"),
    "waiting": ("?", "bold yellow"),
    "uncertain": ("?", "bold yellow"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "cancelled": ("■", "yellow"),
    "undone": ("↶", "yellow"),
    "interrupted": ("■", "yellow"),
}
_ASKS: Final = {"approval": "approve|refuse", "outcome": "answer again|done|fail"}
"""By what a person wants to know: the commands that answer it."""

SHORT: Final = 12
"""Letters of a run's id that lists show; as many as tell it apart may be typed."""

_WIDE: Final = 2000
"""Characters of an input or output that a trace shows; `--json` shows all."""


def status_text(status: str) -> Text:
    """Give a status with its mark, for both steps and runs."""
    mark, style = _MARKS[status]
    return Text(f"{mark} {status}", style)


def step_line(step: StepRecord) -> Text:
    """Say on one line how far a step is."""
    mark, style = _MARKS[step.status]
    line = Text() + Text(f"{mark} ", style) + clean(step.node, "bold")
    if step.capability_id is not None:
        line += clean(f"  {step.capability_id}", "dim")
    line += Text(f"  {seconds(step.seconds)}" if step.seconds is not None else "", "dim")
    if step.failure is not None:
        line += clean(f"  {step.failure.message}", "red")
    if step.because:
        line += clean(f"  because {step.because}", "dim")
    return line


def progress_view(run: Run[Any]) -> RenderableType:
    """Draw the steps of a run while it runs."""
    return Group(*(step_line(step) for step in run.steps))


def trace_view(run: Run[Any]) -> RenderableType:
    """Draw a run with the input, output and duration of every step."""
    took = (run.ended_at - run.started_at).total_seconds() if run.ended_at is not None else None
    head = Text() + Text("Run ", "bold") + Text(run.id, "cyan") + Text("  ") + status_text(run.status)
    facts = f"{moment(run.started_at)}  {seconds(took)}  by {run.principal}  trace {run.trace_id}"
    parts: list[RenderableType] = [head, clean(facts, "dim")]
    if run.intent:
        parts.append(clean(f"“{run.intent}”", "italic"))
    for step in run.steps:
        parts += [Text(), step_line(step)]
        parts += [clean(f"    {name} = {_shown(value)}") for name, value in step.inputs.items()]
        if step.status == "succeeded":
            parts.append(clean(f"    → {_shown(step.output)}"))
    return Group(*parts)


def runs_view(rows: list[dict[str, Any]]) -> RenderableType:
    """Lay out runs, one a line."""
    lines = [
        (
            row["id"][:SHORT],
            status_text(row["status"]),
            moment(datetime.fromisoformat(row["started_at"])),
            row["principal"],
            compact(row["intent"], 80),
        )
        for row in rows
    ]
    return table("run", "status", "started", "by", "intent", rows=lines)


def questions_view(questions: list[dict[str, Any]]) -> RenderableType:
    """Lay out what runs ask, one a line."""
    lines = [
        (
            each["run_id"][:SHORT],
            each["digest"][:SHORT],
            _ASKS[each["asks"]],
            f"{each['capability_id']} ({each['effect']})",
            compact(json.dumps(each["arguments"], ensure_ascii=False), 80),
            each["principal"],
            moment(datetime.fromisoformat(each["expires_at"])) if each["expires_at"] else "",
        )
        for each in questions
    ]
    return table("run", "digest", "asks for", "call", "arguments", "by", "until", rows=lines)


def dry_view(report: dict[str, Any]) -> RenderableType:
    """Lay out what a plan would do, layer by layer."""
    lines = [
        (
            str(step["layer"] + 1),
            step["node"],
            f"{step['capability_id']} ({step['effect']})",
            step["decision"],
            "?" if step["times"] is None else str(step["times"]),
            seconds(step["seconds"]) if step["seconds"] is not None else "",
        )
        for step in report["steps"]
    ]
    known = f"Typically {seconds(report['seconds'])} along the longest way" if report["seconds"] else "Not timed before"
    guesses = f", {', '.join(report['guesses'])} not counted" if report["guesses"] and report["seconds"] else ""
    total = f"{known}{guesses}. Nothing was done."
    return Group(table("layer", "step", "call", "decision", "times", "typically", rows=lines), Text(total, "dim"))


def _shown(value: object) -> str:
    return compact(json.dumps(value, ensure_ascii=False), _WIDE)
