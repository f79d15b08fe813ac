"""Every question that is put to a SQLite store, each answered from one moment of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Integer, Select, Table, bindparam, select, tuple_

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, RunRow, Saved
from packetflow.stores import rows
from packetflow.stores.moments import microseconds
from packetflow.stores.statements import Bulk, Query, packed, wanted
from packetflow.stores.tables import actors, audits, calls, events, memos, replies, runs

_LIMIT = bindparam("limit", type_=Integer)
_SAVED = (actors.c.kind, actors.c.key, actors.c.revision, actors.c.state, actors.c.saved_at)
_ids = wanted(events.c.topic, events.c.id)

ACTOR = Query(select(*_SAVED).where(actors.c.kind == bindparam("kind"), actors.c.key == bindparam("key")))
REPLY = Query(
    select(replies.c.reply).where(
        replies.c.kind == bindparam("kind"),
        replies.c.key == bindparam("key"),
        replies.c.message_id == bindparam("message_id"),
    )
)
MEMO = Query(select(memos.c.value).where(memos.c.space == bindparam("space"), memos.c.key == bindparam("key")))
RUN = Query(select(runs).where(runs.c.id == bindparam("id")))
EVENTS_BY_ID = Bulk(
    select(packed(events.c)).join_from(_ids, events, (events.c.topic == _ids.c.topic) & (events.c.id == _ids.c.id))
)


def load(cursor: sqlite3.Cursor, kind: str, key: str) -> Saved | None:
    """Read an actor."""
    return next(map(rows.saved, ACTOR.rows(cursor, kind=kind, key=key)), None)


def reply(cursor: sqlite3.Cursor, kind: str, key: str, message_id: str) -> bytes | None:
    """Read the reply to a message."""
    found = REPLY.rows(cursor, kind=kind, key=key, message_id=message_id)
    return bytes.fromhex(found[0][0]) if found else None


def recall(cursor: sqlite3.Cursor, space: str, key: str) -> bytes | None:
    """Read a small value."""
    found = MEMO.rows(cursor, space=space, key=key)
    return bytes.fromhex(found[0][0]) if found else None


def saved(cursor: sqlite3.Cursor, kind: str | None, after: tuple[str, str], limit: int) -> list[Saved]:
    """List actors by type and key."""
    found = _actors(of_kind=kind is not None).rows(
        cursor, kind=kind, after_kind=after[0], after_key=after[1], limit=max(limit, 0)
    )
    return [rows.saved(row) for row in found]


def run(cursor: sqlite3.Cursor, run_id: str) -> RunRow | None:
    """Read a run's row."""
    return next(map(rows.run, RUN.rows(cursor, id=run_id)), None)


def listed_runs(
    cursor: sqlite3.Cursor, principal: str | None, status: str | None, before: datetime | None, limit: int
) -> list[RunRow]:
    """List runs, the latest start first; those of one start by id, backwards."""
    found = _runs(principal is not None, status is not None, before is not None).rows(
        cursor,
        principal=principal,
        status=status,
        before=microseconds(before) if before else None,
        limit=max(limit, 0),
    )
    return [rows.run(row) for row in found]


def listed_calls(
    cursor: sqlite3.Cursor, capability_id: str | None, trace_id: str | None, limit: int
) -> list[CallRecord]:
    """List calls, the latest first."""
    query = _records(calls, capability_id is not None and "capability_id", trace_id is not None and "trace_id")
    found = query.rows(cursor, capability_id=capability_id, trace_id=trace_id, limit=max(limit, 0))
    return [rows.call(row) for row in found]


def listed_audits(cursor: sqlite3.Cursor, principal: str | None, verdict: str | None, limit: int) -> list[AuditRecord]:
    """List decisions, the latest first."""
    query = _records(audits, principal is not None and "principal", verdict is not None and "verdict")
    found = query.rows(cursor, principal=principal, verdict=verdict, limit=max(limit, 0))
    return [rows.audit(row) for row in found]
