"""Every question that is put to a PostgreSQL store, each answered from one moment of it."""
# ruff: noqa: S608 - the names come from the tables and from here, values are parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from packetflow.stores.moments import microseconds
from packetflow.stores.postgres.rows import told
from packetflow.stores.postgres.statements import SAVED
from packetflow.stores.tables import audits, calls, events, letters, runs


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def _all(columns: Any) -> str:  # noqa: ANN401 - a table's columns
    return ", ".join(column.name for column in columns if column.name != "number")


_EVENTS: Final = f"SELECT {_all(events.c)} FROM events"
_RUNS: Final = f"SELECT {_all(runs.c)} FROM runs"
_LETTERS: Final = f"SELECT {', '.join(column.name for column in letters.c)} FROM letters"
MOST: Final = (1 << 63) - 1


class _Conditions:
    """Conditions that hold together, each with its parameters."""

    def __init__(self) -> None:
        self.parameters: list[Any] = []
        self._said: list[str] = []

    def add(self, condition: str, *parameters: object) -> None:
        """Add a condition, a `?` for each parameter."""
        for parameter in parameters:
            self.parameters.append(told(parameter) if isinstance(parameter, str) else parameter)
            condition = condition.replace("?", f"${len(self.parameters)}", 1)
        self._said.append(condition)

    def question(self, select: str, order: str, limit: int) -> Question:
        """Ask for the first rows in an order."""
        where = f" WHERE {' AND '.join(self._said)}" if self._said else ""
        self.parameters.append(max(limit, 0))
        sql = f"{select}{where} ORDER BY {order} LIMIT ${len(self.parameters)}"
        return Question(sql, tuple(self.parameters))


def load(kind: str, key: str) -> Question:
    """Ask for an actor."""
    return Question(f"SELECT {SAVED} FROM actors WHERE kind = $1 AND key = $2", (told(kind), told(key)))


def reply(kind: str, key: str, message_id: str) -> Question:
    """Ask for the reply to a message."""
    sql = "SELECT reply FROM replies WHERE kind = $1 AND key = $2 AND message_id = $3"
    return Question(sql, (told(kind), told(key), told(message_id)))


def recall(space: str, key: str) -> Question:
    """Ask for a small value."""
    return Question("SELECT value FROM memos WHERE space = $1 AND key = $2", (told(space), told(key)))


def run(run_id: str) -> Question:
    """Ask for a run."""
    return Question(f"{_RUNS} WHERE id = $1", (told(run_id),))


def saved(kind: str | None, after: tuple[str, str], limit: int) -> Question:
    """Ask for actors by type and key."""
    asked = _Conditions()
    if kind is not None:
        asked.add("kind = ?", kind)
    asked.add("(kind, key) > (?, ?)", *after)
    return asked.question(f"SELECT {SAVED} FROM actors", "kind, key", limit)


def listed_letters(
    receiver: tuple[str | None, str | None], due: datetime | None, *, dead: bool | None, after: int, limit: int
) -> Question:
    """Ask for letters in the order of sending."""
    asked = _Conditions()
    for name, value in zip(("kind", "key"), receiver, strict=True):
        if value is not None:
            asked.add(f"{name} = ?", value)
    if due is not None:
        asked.add("due <= ?", microseconds(due))
    if dead is not None:
        asked.add(f"dead = {'true' if dead else 'false'}")
    asked.add("number > ?", after)
    return asked.question(_LETTERS, "number", limit)


def next_due(after: datetime) -> Question:
    """Ask when the next letter is due."""
    return Question("SELECT min(due) FROM letters WHERE due > $1 AND dead = false", (microseconds(after),))


def listed_runs(principal: str | None, status: str | None, before: tuple[datetime, str] | None, limit: int) -> Question:
    """Ask for runs, the latest start first; those that started together by id, backwards."""
    asked = _equal(principal=principal, status=status)
    if before is not None:
        asked.add("(started_at, id) < (?, ?)", microseconds(before[0]), before[1])
    return asked.question(_RUNS, "started_at DESC, id DESC", limit)


def listed_calls(capability_id: str | None, trace_id: str | None, limit: int) -> Question:
    """Ask for calls, the latest first."""
    asked = _equal(capability_id=capability_id, trace_id=trace_id)
    return asked.question(f"SELECT {_all(calls.c)} FROM calls", "at DESC, number DESC", limit)


def listed_audits(principal: str | None, verdict: str | None, limit: int) -> Question:
    """Ask for decisions, the latest first."""
    asked = _equal(principal=principal, verdict=verdict)
    return asked.question(f"SELECT {_all(audits.c)} FROM audits", "at DESC, number DESC", limit)


@dataclass(frozen=True, slots=True)
class Page:
    """Which events of a topic are asked for; the parameters of `Store.read`."""

    topic: str
    after: int
    limit: int
    newest: bool
    kinds: Sequence[str] | None
    ids: Sequence[str] | None


def events_of(page: Page) -> Question:
    """Ask for events of a topic; with `newest` they come backwards."""
    order = "seq DESC" if page.newest else "seq"
    asked = _Conditions()
    asked.add("topic = ?", page.topic)
    asked.add("seq > ?", page.after)
    if page.ids is not None:
        asked.add("id = ANY(?::text[])", list(map(told, page.ids)))
        if page.kinds is not None:
            asked.add("kind = ANY(?::text[])", list(map(told, page.kinds)))
        return asked.question(_EVENTS, order, page.limit)
    if page.kinds is None:
        return asked.question(_EVENTS, order, page.limit)
    # The first rows of each kind by the index, then the first of all: never a scan for a rare kind.
    of_kind = f"{_EVENTS} WHERE topic = $1 AND seq > $2 AND kind = wanted.kind ORDER BY {order} LIMIT $4"
    sql = (
        f"SELECT found.* FROM unnest($3::text[]) AS wanted(kind) CROSS JOIN LATERAL ({of_kind}) AS found "
        f"ORDER BY {order} LIMIT $4"
    )
    return Question(sql, (*asked.parameters, list(map(told, page.kinds)), max(page.limit, 0)))


def _equal(**given: str | None) -> _Conditions:
    asked = _Conditions()
    for name, value in given.items():
        if value is not None:
            asked.add(f"{name} = ?", value)
    return asked
