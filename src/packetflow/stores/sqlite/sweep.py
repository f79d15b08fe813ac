"""What deletes rows: an actor forgotten, and what has grown old."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Integer, Select, Table, Text, bindparam, delete, func, literal_column, select, tuple_

from packetflow._core.ports import Horizon
from packetflow.stores.moments import microseconds
from packetflow.stores.sqlite.statements import Bulk, Change, Query, wanted
from packetflow.stores.tables import actors, audits, calls, events, letters, replies, runs
from packetflow.stores.writes import Cut, Forget, Prune, Sweep

RUN_TOPICS = literal_column("'run/'", type_=Text)
_LIMIT, _BEFORE = bindparam("limit", type_=Integer), bindparam("before", type_=Integer)


def _of_actor(table: Table) -> Change:
    return Change(delete(table).where(table.c.kind == bindparam("kind"), table.c.key == bindparam("key")))


def _oldest(table: Table, moment: str, *tie: str) -> Select[*tuple[Any, ...]]:
    chosen = select(*table.primary_key.columns).where(table.c[moment] < _BEFORE)
    return chosen.order_by(table.c[moment], *[table.c[name] for name in tie]).limit(_LIMIT)


def _without_oldest(table: Table, moment: str, *tie: str) -> Change:
    identity = tuple_(*table.primary_key.columns)
    return Change(delete(table).where(identity.in_(_oldest(table, moment, *tie))))


FORGET = [
    *map(_of_actor, (actors, replies, letters)),
    Change(delete(events).where(events.c.topic == bindparam("topic"))),
]

PRUNE_REPLIES = _without_oldest(replies, "at")
PRUNE_CALLS = _without_oldest(calls, "at", "number")
PRUNE_AUDITS = _without_oldest(audits, "at", "number")
PRUNE_RUNS = _without_oldest(runs, "ended_at", "id")
_ended = _oldest(runs, "ended_at", "id").subquery("ended")
PRUNE_EVENTS_OF_RUNS = Change(delete(events).where(events.c.topic.in_(select(RUN_TOPICS + _ended.c.id))))

_cut = wanted(events.c.topic, events.c.seq, events.c.at)
_newest_of_cut = select(func.max(events.c.seq)).where(events.c.topic == _cut.c.topic).correlate(_cut).scalar_subquery()
PRUNE_EVENTS = Bulk(
    delete(events).where(
        tuple_(events.c.topic, events.c.seq).in_(
            select(events.c.topic, events.c.seq)
            .join_from(_cut, events, (events.c.topic == _cut.c.topic) & (events.c.seq <= _cut.c.seq))
            .where(events.c.at < _cut.c.at, events.c.seq < _newest_of_cut)
        )
    )
)


def _aged() -> Query:
    """Find each topic in a range whose first events are old: its first place, and the first one to be kept."""
    start, end = bindparam("start", type_=Text), bindparam("end", type_=Text)
    first = select(func.min(events.c.topic).label("topic")).where(events.c.topic >= start, events.c.topic < end)
    topics, following = first.cte("topics", recursive=True), events.alias("following")
    behind = select(func.min(following.c.topic)).where(following.c.topic > topics.c.topic, following.c.topic < end)
    topics = topics.union_all(select(behind.correlate(topics).scalar_subquery()).where(topics.c.topic.is_not(None)))

    here = select(events.c.seq).where(events.c.topic == topics.c.topic).correlate(topics)
    places = here.with_only_columns(func.min(events.c.seq)), here.with_only_columns(func.max(events.c.seq))
    oldest, newest = [place.scalar_subquery() for place in places]
    head = here.with_only_columns(events.c.seq).where(events.c.seq < oldest + _LIMIT, events.c.at >= _BEFORE)
    young = head.order_by(events.c.seq).limit(1).scalar_subquery()
    found = select(topics.c.topic, oldest.label("oldest"), func.coalesce(young, newest).label("kept"))
    aged = found.where(topics.c.topic.is_not(None)).subquery("aged")
    return Query(select(aged).where(aged.c.oldest < aged.c.kept).limit(_LIMIT))


AGED = _aged()


def aged(cursor: sqlite3.Cursor, horizon: Horizon, limit: int) -> list[Cut]:
    """Find what is old of journals, at most `limit` events; topics are walked from one to the next, not by event."""
    found: list[Cut] = []
    for kind, before in horizon.journals:
        since = microseconds(before)
        # "0" is the character behind "/": every topic of the type lies between the two.
        for topic, oldest, kept in AGED.rows(cursor, start=f"{kind}/", end=f"{kind}0", before=since, limit=limit):
            end = min(kept, oldest + limit)
            if end > oldest:
                found.append(Cut(topic, end - 1, since))
            limit -= end - oldest
    return found


def sweep(cursor: sqlite3.Cursor, write: Sweep) -> bool | int:
    """Delete inside the cursor's transaction: tell whether there was such an actor, or how many rows were old."""
    return _forget(cursor, write) if isinstance(write, Forget) else _prune(cursor, write)


def _forget(cursor: sqlite3.Cursor, actor: Forget) -> bool:
    names = {"kind": actor.kind, "key": actor.key, "topic": f"{actor.kind}/{actor.key}"}
    return sum([change.run(cursor, **names) for change in FORGET]) > 0


def _prune(cursor: sqlite3.Cursor, prune: Prune) -> int:
    horizon, deleted = prune.horizon, 0
    if horizon.runs is not None:
        old = {"before": microseconds(horizon.runs), "limit": prune.limit}
        PRUNE_EVENTS_OF_RUNS.run(cursor, **old)
        deleted += PRUNE_RUNS.run(cursor, **old)
    for before, change in (
        (horizon.replies, PRUNE_REPLIES),
        (horizon.calls, PRUNE_CALLS),
        (horizon.audits, PRUNE_AUDITS),
    ):
        if before is not None:
            deleted += change.run(cursor, before=microseconds(before), limit=prune.limit)
    changes = cursor.connection.total_changes
    PRUNE_EVENTS.write(cursor, [(cut.topic, cut.end, cut.before) for cut in prune.cuts])
    return deleted + cursor.connection.total_changes - changes
