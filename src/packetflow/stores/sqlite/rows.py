"""Records as rows of the tables, and rows as records; a row's values stand in the order of its table's columns."""

from __future__ import annotations

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Letter, NewEvent, RunRow, Saved
from packetflow.stores.moments import microseconds, moment
from packetflow.stores.sqlite.statements import Row


def saved(row: Row) -> Saved:
    """Read kind, key, revision, state, saved_at, version."""
    kind, key, revision, state, saved_at, version = row
    return Saved(kind, key, revision, None if state is None else bytes.fromhex(state), moment(saved_at), version)


def event_row(event: NewEvent, seq: int) -> Row:
    """Give an event its place."""
    at = microseconds(event.at)
    return (event.topic, seq, event.id, event.kind, at, event.principal, event.trace_id, event.payload)


def stored(row: Row) -> Stored:
    """Read an event."""
    topic, seq, identity, kind, at, principal, trace_id, payload = row
    return Stored(topic, seq, identity, kind, moment(at), principal, trace_id, bytes.fromhex(payload))


def letter_row(letter: Letter) -> Row:
    """Give a letter and its number."""
    receiver = (letter.number, letter.id, letter.kind, letter.key, letter.capability_id, letter.inputs)
    sender = (letter.principal, letter.authority, letter.trace_id)
    order = (microseconds(letter.due), microseconds(letter.sent_at), letter.name, letter.again, letter.depth)
    return (*receiver, *sender, *order, letter.attempts, letter.error_code, letter.error, letter.dead)


def letter(row: Row) -> Letter:
    """Read a letter."""
    number, identity, kind, key, capability_id, inputs, principal, authority, trace_id, due, sent_at = row[:11]
    name, again, depth, attempts, error_code, error, dead = row[11:]
    receiver = (identity, kind, key, capability_id, bytes.fromhex(inputs))
    sender = (principal, bytes.fromhex(authority), trace_id, moment(due), moment(sent_at))
    return Letter(*receiver, *sender, name, again, depth, attempts, error_code, error, bool(dead), number)


def run_row(run: RunRow) -> Row:
    """Give all that is listed of a run."""
    ended_at = microseconds(run.ended_at) if run.ended_at else None
    named = (run.id, run.status, run.principal, run.plan_id, run.intent, run.trace_id)
    return (*named, microseconds(run.started_at), ended_at, run.error_code, run.authority or None)


def run(row: Row) -> RunRow:
    """Read a run."""
    identity, status, principal, plan_id, intent, trace_id, started_at, ended_at, error_code, authority = row
    span = moment(started_at), None if ended_at is None else moment(ended_at)
    allowed = bytes.fromhex(authority or "")
    return RunRow(identity, status, principal, plan_id, intent, trace_id, *span, error_code, allowed)


def call_row(call: CallRecord) -> Row:
    """Give a call; its seconds are kept to the nanosecond."""
    spent = round(call.seconds * 1e9)
    named = (call.id, microseconds(call.at), call.capability_id, call.principal, spent, call.outcome)
    made = (call.error_code, call.trace_id, call.run_id, call.step)
    return (*named, *made, call.cache_hit, call.tokens, call.cost_micros)


def call(row: Row) -> CallRecord:
    """Read a call."""
    identity, at, capability_id, principal, nanoseconds, outcome, error_code, trace_id, run_id, step = row[:10]
    cache_hit, tokens, cost_micros = row[10:]
    made = (identity, moment(at), capability_id, principal, nanoseconds / 1e9, outcome, error_code, trace_id)
    return CallRecord(*made, run_id, step, bool(cache_hit), tokens, cost_micros)


def audit_row(audit: AuditRecord) -> Row:
    """Give a decision."""
    named = (microseconds(audit.at), audit.principal, audit.grant_id, audit.capability_id, audit.verdict)
    return (*named, audit.reason, audit.digest, audit.trace_id, audit.run_id)


def audit(row: Row) -> AuditRecord:
    """Read a decision."""
    at, *rest = row
    return AuditRecord(moment(at), *rest)
