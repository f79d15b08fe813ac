"""What a run comes to, in words: success is said only of what succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from packetflow._core.run import Run

_SPOKEN = ("message", "response", "answer", "summary", "conversation_summary", "activity_summary", "text")
"""Fields of an output that already are its words, in this order."""


def answer(run: Run[Any]) -> str:
    """Say in plain text what a run gave, or at which step it failed, why, and what is kept."""
    if run.succeeded:
        return spoken(run.result)
    failed = [step for step in run.steps if step.status == "failed"]
    kept = [step.node for step in run.steps if step.status == "succeeded"]
    if run.status == "interrupted":
        said = "The run was interrupted: the process ended before it did."
    elif run.status == "running":
        said = f"The run is under way: {run.done} of {len(run.steps)} steps have ended."
    elif failed:
        said = " ".join(
            f"Step {s.node!r} failed: {s.failure.message if s.failure else 'no reason is known'}." for s in failed
        )
    else:
        said = f"The run was {run.status}: {run.failure.message if run.failure else 'no reason is known'}."
    skipped = [step.node for step in run.steps if step.status == "skipped"]
    if skipped:
        said += f" Not started: {', '.join(skipped)}."
    return said + (f" Kept: the results of {', '.join(kept)}." if kept else "")


def spoken(result: Any) -> str:  # noqa: ANN401 - any JSON
    """Say a JSON value in plain text; an object's own words come first, then its other fields as a list."""
    if isinstance(result, Mapping):
        return _object(cast("Mapping[str, Any]", result))
    if isinstance(result, list | tuple):
        items = cast("Sequence[Any]", result)
        return "\n".join(f"- {_brief(item)}" for item in items) if items else "Nothing was found."
    return "Done." if result is None else str(result)


def _object(result: Mapping[str, Any]) -> str:
    words = next((str(result[name]) for name in _SPOKEN if isinstance(result.get(name), str) and result[name]), "")
    if words:
        return words
    lines = [
        f"{name.replace('_', ' ').capitalize()}: {_brief(value)}"
        for name, value in result.items()
        if value not in (None, "", [], {})
    ]
    return "\n".join(lines) or "Done."


def _brief(value: Any, limit: int = 400) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        text = ", ".join(
            f"{name.replace('_', ' ')} {_brief(inner, 120)}"
            for name, inner in fields.items()
            if inner not in (None, "", [], {})
        )
    elif isinstance(value, list | tuple):
        text = "; ".join(_brief(inner, 120) for inner in cast("Sequence[Any]", value)[:8])
    elif isinstance(value, float):
        text = f"{value:.3g}"
    else:
        text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
