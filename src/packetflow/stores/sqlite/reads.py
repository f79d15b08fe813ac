"""Every question that is put to a SQLite store, each answered from one moment of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Table,
    Text,
    bindparam,
    false,
    literal_column,
    select,
    true,
    tuple_,
)

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Letter, RunRow, Saved
from packetflow.stores.moments import microseconds, moment
from packetflow.stores.sqlite import rows
from packetflow.stores.sqlite.statements import Bulk, Query, Row, packed, wanted
from packetflow.stores.tables import actors, audits, calls, events, letters, memos, replies, runs

_LATEST = {
    runs: (runs.c.started_at, runs.c.id),
    calls: (calls.c.at, calls.c.number),
    audits: (audits.c.at, audits.c.number),
}
_LIMIT = bindparam("limit", type_=Integer)
_SAVED = (actors.c.kind, actors.c.key, actors.c.revision, actors.c.state, actors.c.saved_at, actors.c.version)
_ids = wanted(events.c.topic, events.c.id)

ACTOR = Query(select(*_SAVED).where(actors.c.kind == bindparam("kind"), actors.c.key == bindparam("key")))
ACTORS = Query(
    select(*_SAVED)
    .where(tuple_(actors.c.kind, actors.c.key) > tuple_(bindparam("after_kind"), bindparam("after_key")))
    .order_by(actors.c.kind, actors.c.key)
    .limit(_LIMIT)
)
ACTORS_OF_KIND = Query(
    select(*_SAVED)
    .where(actors.c.kind == bindparam("kind"), actors.c.key >= bindparam("after_key"))
    .where((actors.c.key > bindparam("after_key")) | bindparam("whole", type_=Boolean))
    .order_by(actors.c.key)
    .limit(_LIMIT)
)
REPLY = Query(
    select(replies.c.reply).where(
        replies.c.kind == bindparam("kind"),
        replies.c.key == bindparam("key"),
        replies.c.message_id == bindparam("message_id"),
    )
)
MEMO = Query(select(memos.c.value).where(memos.c.space == bindparam("space"), memos.c.key == bindparam("key")))
RUN = Query(select(runs).where(runs.c.id == bindparam("id")))
NEXT_DUE = Query(
    select(letters.c.due)
    .where(letters.c.dead == false(), letters.c.due > bindparam("after"))
    .order_by(letters.c.due)
    .limit(1)
)
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
    if kind is None:
        found = ACTORS.rows(cursor, after_kind=after[0], after_key=after[1], limit=max(limit, 0))
    elif after[0] > kind:
        found = []
    else:
        behind = after[1] if after[0] == kind else ""
        whole = after[0] != kind
        found = ACTORS_OF_KIND.rows(cursor, kind=kind, after_key=behind, whole=whole, limit=max(limit, 0))
    return [rows.saved(row) for row in found]


def run(cursor: sqlite3.Cursor, run_id: str) -> RunRow | None:
    """Read a run's row."""
    return next(map(rows.run, RUN.rows(cursor, id=run_id)), None)


def listed_runs(
    cursor: sqlite3.Cursor, principal: str | None, status: str | None, before: tuple[datetime, str] | None, limit: int
) -> list[RunRow]:
    """List runs, the latest start first; those that started together by id, backwards."""
    given = _given(principal=principal, status=status)
    place = {} if before is None else {"before": microseconds(before[0]), "before_id": before[1]}
    found = latest_of(runs, tuple(given), before=before is not None).rows(cursor, **given, **place, limit=max(limit, 0))
    return [rows.run(row) for row in found]


@dataclass(frozen=True, slots=True)
class Letters:
    """Which letters are asked for; the parameters of `Store.letters`."""

    kind: str | None
    key: str | None
    due: datetime | None
    dead: bool | None
    after: int
    limit: int


def listed_letters(cursor: sqlite3.Cursor, asked: Letters) -> list[Letter]:
    """List letters in the order of sending."""
    given = _given(kind=asked.kind, key=asked.key)
    by = {} if asked.due is None else {"due": microseconds(asked.due)}
    query = letters_of(tuple(given), due=asked.due is not None, dead=asked.dead)
    found = query.rows(cursor, **given, **by, after=asked.after, limit=max(asked.limit, 0))
    return [rows.letter(row) for row in found]


def next_due(cursor: sqlite3.Cursor, after: datetime) -> datetime | None:
    """Find when the next letter is due."""
    found = NEXT_DUE.rows(cursor, after=microseconds(after))
    return moment(found[0][0]) if found else None


def listed_calls(
    cursor: sqlite3.Cursor, capability_id: str | None, trace_id: str | None, limit: int
) -> list[CallRecord]:
    """List calls, the latest first."""
    given = _given(capability_id=capability_id, trace_id=trace_id)
    found = latest_of(calls, tuple(given)).rows(cursor, **given, limit=max(limit, 0))
    return [rows.call(row) for row in found]


def listed_audits(cursor: sqlite3.Cursor, principal: str | None, verdict: str | None, limit: int) -> list[AuditRecord]:
    """List decisions, the latest first."""
    given = _given(principal=principal, verdict=verdict)
    found = latest_of(audits, tuple(given)).rows(cursor, **given, limit=max(limit, 0))
    return [rows.audit(row) for row in found]


@dataclass(frozen=True, slots=True)
class Page:
    """Which events of a topic are asked for; the parameters of `Store.read`."""

    topic: str
    after: int
    limit: int
    newest: bool
    kinds: frozenset[str] | None
    ids: frozenset[str] | None


def read(cursor: sqlite3.Cursor, page: Page) -> list[Stored]:
    """Read events of a topic in the order of their places."""
    limit = max(page.limit, 0)
    place = {"topic": page.topic, "after": page.after, "limit": limit}
    found: list[Row] = []
    if page.ids is not None:
        chosen = EVENTS_BY_ID.read(cursor, [(page.topic, identity) for identity in page.ids])
        found = [row for row in chosen if row[1] > page.after and (page.kinds is None or row[3] in page.kinds)]
    elif page.kinds is not None:
        query = events_of(kind=True, newest=page.newest)
        with _one_moment(cursor):
            for kind in page.kinds:
                found += query.rows(cursor, **place, kind=kind)
    else:
        found = events_of(kind=False, newest=page.newest).rows(cursor, **place)
    found.sort(key=itemgetter(1))
    return [rows.stored(row) for row in (found[max(len(found) - limit, 0) :] if page.newest else found[:limit])]


@contextmanager
def _one_moment(cursor: sqlite3.Cursor) -> Generator[None]:
    cursor.execute("BEGIN")
    try:
        yield
    finally:
        cursor.execute("COMMIT")


def _given(**filters: str | None) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value is not None}


@cache
def latest_of(table: Table, equal: tuple[str, ...], *, before: bool = False) -> Query:
    """List the rows whose columns `equal` parameters of that name, the latest first."""
    since, tie = _LATEST[table]
    shown = [column for column in table.c if column.name != "number"]
    chosen = select(*shown).where(*[table.c[name] == bindparam(name) for name in equal])
    if before:
        chosen = chosen.where(tuple_(since, tie) < tuple_(bindparam("before"), bindparam("before_id")))
    return Query(chosen.order_by(since.desc(), tie.desc()).limit(_LIMIT))


@cache
def letters_of(equal: tuple[str, ...], *, due: bool, dead: bool | None) -> Query:
    """List the letters whose columns `equal` parameters of that name, in the order of sending."""
    # The plus keeps SQLite from an index that would leave the order of sending to a sort.
    kind: ColumnElement[str] = letters.c.kind if "key" in equal else literal_column("+letters.kind", type_=Text)
    columns: dict[str, ColumnElement[str]] = {"kind": kind, "key": letters.c.key}
    chosen = select(letters).where(*[columns[name] == bindparam(name) for name in equal])
    if due:
        chosen = chosen.where(letters.c.due <= bindparam("due"))
    if dead is not None:
        chosen = chosen.where(letters.c.dead == (true() if dead else false()))
    # What is due is little: it is found by its moment and then sorted, instead of walking all that waits. Of one
    # receiver, all that waits is little.
    sorts = due and dead is False and "key" not in equal
    number: ColumnElement[int] = letters.c.number
    place = literal_column("+letters.number", type_=Integer) if sorts else number
    return Query(chosen.where(place > bindparam("after", type_=Integer)).order_by(place).limit(_LIMIT))


@cache
def events_of(*, kind: bool, newest: bool) -> Query:
    """List a topic's events behind a place, all or those of one kind, from either end."""
    chosen = select(events).where(events.c.topic == bindparam("topic"), events.c.seq > bindparam("after"))
    if kind:
        chosen = chosen.where(events.c.kind == bindparam("kind"))
    return Query(chosen.order_by(events.c.seq.desc() if newest else events.c.seq).limit(_LIMIT))
