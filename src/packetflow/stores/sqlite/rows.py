"""Records as rows of the tables, and rows as records; a row's values stand in the order of its table's columns."""

from __future__ import annotations

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, NewEvent, RunRow, Saved
from packetflow.stores.moments import microseconds, moment
from packetflow.stores.sqlite.statements import Row


def saved(row: Row) -> Saved:
    """Read kind, key, revision, state, saved_at."""
    kind, key, revision, state, saved_at = row
    return Saved(kind, key, revision, None if state is None else bytes.fromhex(state), moment(saved_at))


def event_row(event: NewEvent, seq: int) -> Row:
    """Give an event its place."""
    at = microseconds(event.at)
    return (event.topic, seq, event.id, event.kind, at, event.principal, event.trace_id, event.payload)


def stored(row: Row) -> Stored:
    """Read an event."""
    topic, seq, identity, kind, at, principal, trace_id, payload = row
    return Stored(topic, seq, identity, kind, moment(at), principal, trace_id, bytes.fromhex(payload))


def run_row(run: RunRow) -> Row:
    """Give all that is listed of a run."""
    ended_at = microseconds(run.ended_at) if run.ended_at else None
    named = (run.id, run.status, run.principal, run.plan_id, run.intent, run.trace_id)
    return (*named, microseconds(run.started_at), ended_at, run.error_code)


def run(row: Row) -> RunRow:
    """Read a run."""
    identity, status, principal, plan_id, intent, trace_id, started_at, ended_at, error_code = row
    ended = None if ended_at is None else moment(ended_at)
    return RunRow(identity, status, principal, plan_id, intent, trace_id, moment(started_at), ended, error_code)


def call_row(call: CallRecord) -> Row:
    """Give a call; its seconds are kept to the nanosecond."""
    spent = round(call.seconds * 1e9)
    named = (call.id, microseconds(call.at), call.capability_id, call.principal, spent, call.outcome)
    return (*named, call.error_code, call.trace_id, call.run_id, call.step)


def call(row: Row) -> CallRecord:
    """Read a call."""
    identity, at, capability_id, principal, nanoseconds, *rest = row
    return CallRecord(identity, moment(at), capability_id, principal, nanoseconds / 1e9, *rest)


def audit_row(audit: AuditRecord) -> Row:
    """Give a decision."""
    named = (microseconds(audit.at), audit.principal, audit.grant_id, audit.capability_id, audit.verdict)
    return (*named, audit.reason, audit.digest, audit.trace_id, audit.run_id)


def audit(row: Row) -> AuditRecord:
    """Read a decision."""
    at, *rest = row
    return AuditRecord(moment(at), *rest)
