"""Records as rows of the tables, and rows as records; a row's values stand in the order of its table's columns.

PostgreSQL keeps no NUL in text. Such a text is kept with NUL as the two letters U+0001 U+0002, and U+0001 itself as
U+0001 U+0003: that can be undone, and the order of texts stays as it was. So no text holds U+0001 twice in a row, and
that parts the texts of a column which are sent as one: the driver takes longer for 64 texts than for all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Letter, NewEvent, RunRow, Saved
from packetflow.stores.moments import microseconds, moment

Row: TypeAlias = Sequence[Any]
"""The values of one row, as the driver takes or gives them."""

PARTED = "\1\1"
"""Stands between the texts of a column that are sent as one, and before the first."""


def told(text: str) -> str:
    """Give a text as it is kept."""
    if "\0" in text or "\1" in text:
        return text.replace("\1", "\1\3").replace("\0", "\1\2")
    return text


def read(text: str) -> str:
    """Give a kept text as it was."""
    if "\1" in text:
        return text.replace("\1\2", "\0").replace("\1\3", "\1")
    return text


def texts(column: Iterable[str]) -> str:
    """Give the texts of a column as one; they are kept already, as by `told`."""
    return PARTED.join(["", *column])


def numbers(column: Iterable[int | None]) -> str:
    """Give the numbers of a column as one text."""
    return " ".join(["", *["-" if number is None else str(number) for number in column]])


def kept(values: Sequence[Any]) -> tuple[Any, ...]:
    """Give a row's values as they are kept."""
    return tuple([told(value) if isinstance(value, str) else value for value in values])


def _read(values: Row) -> tuple[Any, ...]:
    return tuple([read(value) if isinstance(value, str) else value for value in values])


def saved(row: Row) -> Saved:
    """Read kind, key, revision, state, saved_at, version."""
    kind, key, revision, state, saved_at, version = row
    return Saved(read(kind), read(key), revision, state, moment(saved_at), version)


def event_row(event: NewEvent, seq: int) -> Row:
    """Give an event its place."""
    named = (told(event.topic), seq, told(event.id), told(event.kind), microseconds(event.at))
    return (*named, told(event.principal), told(event.trace_id), event.payload)


def stored(row: Row) -> Stored:
    """Read an event."""
    topic, seq, identity, kind, at, principal, trace_id, payload = _read(row)
    return Stored(topic, seq, identity, kind, moment(at), principal, trace_id, payload)


def letter_row(letter: Letter) -> Row:
    """Give a letter without its number, which the database gives."""
    receiver = (letter.id, letter.kind, letter.key, letter.capability_id, letter.inputs)
    sender = (letter.principal, letter.authority, letter.trace_id)
    order = (microseconds(letter.due), microseconds(letter.sent_at), letter.name, letter.again, letter.depth)
    return kept((*receiver, *sender, *order, letter.attempts, letter.error_code, letter.error, letter.dead))


def letter(row: Row) -> Letter:
    """Read a letter, its number first."""
    number, identity, kind, key, capability_id, inputs, principal, authority, trace_id, due, sent_at, *rest = _read(row)
    named = (identity, kind, key, capability_id, inputs, principal, authority, trace_id)
    name, again, depth, *state = rest
    return Letter(*named, moment(due), moment(sent_at), name, again, depth, *state, number=number)


def run_row(run: RunRow) -> Row:
    """Give all that is listed of a run."""
    ended_at = microseconds(run.ended_at) if run.ended_at else None
    named = (run.id, run.status, run.principal, run.plan_id, run.intent, run.trace_id)
    return kept((*named, microseconds(run.started_at), ended_at, run.error_code, run.authority or None))


def run(row: Row) -> RunRow:
    """Read a run."""
    identity, status, principal, plan_id, intent, trace_id, started_at, ended_at, error_code, authority = _read(row)
    ended = None if ended_at is None else moment(ended_at)
    named = (identity, status, principal, plan_id, intent, trace_id)
    return RunRow(*named, moment(started_at), ended, error_code, authority or b"")


def call_row(call: CallRecord) -> Row:
    """Give a call; its seconds are kept to the nanosecond."""
    spent = round(call.seconds * 1e9)
    named = (call.id, microseconds(call.at), call.capability_id, call.principal, spent, call.outcome)
    made = (call.error_code, call.trace_id, call.run_id, call.step)
    return kept((*named, *made, call.cache_hit, call.tokens, call.cost_micros))


def call(row: Row) -> CallRecord:
    """Read a call."""
    identity, at, capability_id, principal, nanoseconds, *rest = _read(row)
    return CallRecord(identity, moment(at), capability_id, principal, nanoseconds / 1e9, *rest)


def audit_row(audit: AuditRecord) -> Row:
    """Give a decision."""
    named = (microseconds(audit.at), audit.principal, audit.grant_id, audit.capability_id, audit.verdict)
    return kept((*named, audit.reason, audit.digest, audit.trace_id, audit.run_id))


def audit(row: Row) -> AuditRecord:
    """Read a decision."""
    at, *rest = _read(row)
    return AuditRecord(moment(at), *rest)
