"""What a run comes to, in words: success is said only of what succeeded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from packetflow._core.approval import Question
    from packetflow._core.run import Run

_EMPTY: tuple[Any, ...] = (None, "", [], {}, ())
_ITEMS = 20
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_WHO = ("author", "person", "owner", "name")
_WHAT = ("content", "text", "title", "intent", "message")
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
    elif run.status == "waiting":
        said = f"The run waits for a person: {' '.join(_asked(question) for question in run.questions)}"
    elif failed:
        said = " ".join(
            f"Step {s.node!r} failed: {s.failure.message if s.failure else 'no reason is known'}." for s in failed
        )
    else:
        said = f"The run was {run.status}: {run.failure.message if run.failure else 'no reason is known'}."
    undone = [step.node for step in run.steps if step.status == "undone"]
    if undone:
        said += f" Undone: {', '.join(undone)}."
    stuck = [step.node for step in run.steps if step.undo_failure is not None]
    if stuck:
        said += f" Could not be undone: {', '.join(stuck)}."
    skipped = [step.node for step in run.steps if step.status == "skipped"]
    if skipped:
        said += f" Not started: {', '.join(skipped)}."
    return said + (f" Kept: the results of {', '.join(kept)}." if kept else "")


def _asked(question: Question) -> str:
    if question.asks == "approval":
        return f"may {question.capability_id!r} be called by step {question.node!r}?"
    return f"what became of {question.capability_id!r} in step {question.node!r}? It had begun when the app stopped."


def spoken(result: Any) -> str:  # noqa: ANN401 - any JSON
    """Say a JSON value in plain text: an object's own words where it has some, else its fields, a list as a list.

    Ids, places and empty fields are left out where there are words; moments are cut to the minute; of a long list the
    first twenty items are said, and how many more there are.
    """
    if isinstance(result, Mapping):
        return _object(cast("Mapping[str, Any]", result))
    if isinstance(result, list | tuple):
        return "\n".join(_listed(cast("Sequence[Any]", result))) or "Nothing was found."
    return "Done." if result is None else _plain(result)


def _object(result: Mapping[str, Any]) -> str:
    if words := _words(result):
        return words
    parts: list[str] = []
    for name, value in result.items():
        if value in _EMPTY or _is_id(name):
            continue
        label = name.replace("_", " ").capitalize()
        if isinstance(value, Mapping | list | tuple):
            inner = spoken(value)
            parts.append(
                f"{label}:\n{inner}" if "\n" in inner or isinstance(value, list | tuple) else f"{label}: {inner}"
            )
        else:
            parts.append(f"{label}: {_plain(value)}")
    return "\n".join(parts) or "Done."


def _words(result: Mapping[str, Any]) -> str:
    """Give an object's own words: a field that is made to be read, or the name of what it is."""
    for name in _SPOKEN:
        value = result.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, Mapping) and (inner := _words(cast("Mapping[str, Any]", value))):
            return inner
    return ""


def _listed(items: Sequence[Any]) -> list[str]:
    said = [f"- {_item(item)}" for item in items[:_ITEMS]]
    return [*said, f"… and {len(items) - _ITEMS} more"] if len(items) > _ITEMS else said


def _item(item: Any) -> str:  # noqa: ANN401 - any JSON
    """Say one item of a list in one line: who said what, or its name and then its facts."""
    if not isinstance(item, Mapping):
        return _cut(_plain(item))
    fields = cast("Mapping[str, Any]", item)
    who = next((str(fields[name]) for name in _WHO if isinstance(fields.get(name), str) and fields[name]), "")
    what = next((str(fields[name]) for name in _WHAT if isinstance(fields.get(name), str) and fields[name]), "")
    if what and who:
        return _cut(f"{who}: {what}")
    facts = [
        f"{name.replace('_', ' ')} {_plain(value)}"
        for name, value in fields.items()
        if value not in _EMPTY
        and value not in (who, what)
        and not _is_id(name)
        and not isinstance(value, list | Mapping)
    ]
    head = what or who or next((str(value) for name, value in fields.items() if _is_id(name)), "")
    return _cut(f"{head}: {', '.join(facts)}" if head and facts else head or ", ".join(facts))


def _plain(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | Mapping):
        return f"{len(cast('Sequence[Any]', value))} things"
    text = str(value)
    return f"{text[:10]} {text[11:16]}" if _MOMENT.match(text) else text


def _is_id(name: str) -> bool:
    return name in {"id", "seq"} or name.endswith("_id")


def _cut(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
