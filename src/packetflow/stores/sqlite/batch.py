"""A group of writes, settled against what is stored and then written with a handful of statements."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import case, func, literal_column, select

from packetflow._core.errors import StoreConflict
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, Committed, NewEvent
from packetflow.stores.moments import microseconds, utc
from packetflow.stores.sqlite.letters import StagedLetters
from packetflow.stores.sqlite.remembered import Remembered
from packetflow.stores.sqlite.rows import audit_row, call_row, event_row, run_row
from packetflow.stores.sqlite.statements import Bulk, Row, inserted, packed, wanted
from packetflow.stores.sqlite.sweep import sweep
from packetflow.stores.tables import actors, audits, calls, events, memos, replies, runs
from packetflow.stores.writes import (
    Append,
    Forget,
    Outcome,
    Post,
    Prune,
    PutRun,
    Record,
    Remember,
    Write,
    arriving,
)

_actors, _messages, _topics = (
    wanted(actors.c.kind, actors.c.key),
    wanted(replies.c.kind, replies.c.key, replies.c.message_id),
    wanted(events.c.topic),
)
_identities = wanted(events.c.topic, events.c.id)

REVISIONS = Bulk(
    select(packed([actors.c.kind, actors.c.key, actors.c.revision])).join_from(
        _actors, actors, (actors.c.kind == _actors.c.kind) & (actors.c.key == _actors.c.key)
    )
)
KNOWN_MESSAGES = Bulk(
    select(packed([replies.c.kind, replies.c.key, replies.c.message_id])).join_from(
        _messages,
        replies,
        (replies.c.kind == _messages.c.kind)
        & (replies.c.key == _messages.c.key)
        & (replies.c.message_id == _messages.c.message_id),
    )
)
KNOWN_EVENTS = Bulk(
    select(packed([events.c.topic, events.c.id])).join_from(
        _identities, events, (events.c.topic == _identities.c.topic) & (events.c.id == _identities.c.id)
    )
)
_end = select(func.max(events.c.seq)).where(events.c.topic == _topics.c.topic).scalar_subquery()
ENDS = Bulk(select(packed([_topics.c.topic, func.coalesce(_end, literal_column("0"))])).select_from(_topics))

_actor = inserted(*[actors.c[name] for name in ("kind", "key", "revision", "state", "saved_at", "version")])
PUT_ACTORS = Bulk(
    _actor.on_conflict_do_update(
        index_elements=[actors.c.kind, actors.c.key],
        set_={
            "revision": _actor.excluded.revision,
            "state": func.coalesce(_actor.excluded.state, actors.c.state),
            "saved_at": _actor.excluded.saved_at,
            "version": case((_actor.excluded.state.is_(None), actors.c.version), else_=_actor.excluded.version),
        },
    )
)
ADD_REPLIES = Bulk(inserted(*replies.c))
ADD_EVENTS = Bulk(inserted(*events.c))
_run = inserted(*runs.c)
PUT_RUNS = Bulk(
    _run.on_conflict_do_update(
        index_elements=[runs.c.id],
        set_={column.name: _run.excluded[column.name] for column in runs.c if column is not runs.c.id},
    )
)
ADD_CALLS = Bulk(inserted(*[column for column in calls.c if column is not calls.c.number]).on_conflict_do_nothing())
ADD_AUDITS = Bulk(inserted(*[column for column in audits.c if column is not audits.c.number]))
_memo = inserted(*memos.c)
PUT_MEMOS = Bulk(
    _memo.on_conflict_do_update(
        index_elements=[memos.c.space, memos.c.key], set_={"value": _memo.excluded.value, "at": _memo.excluded.at}
    )
)


def apply(
    cursor: sqlite3.Cursor, writes: Sequence[Write], now: int, remembered: Remembered, *, careful: bool
) -> list[Outcome]:
    """Apply writes in their order inside the cursor's transaction; `now` is in microseconds since 1970.

    Gives the outcome of each. Careful, it looks whether messages and events are known already; without care it takes
    them for new, and one that is known raises sqlite3.IntegrityError. Whatever is raised leaves the transaction half
    done and what is remembered wrong: roll it back, and forget.
    """
    outcomes: list[Outcome] = []
    for sweeping, group in groupby(writes, _sweeps):
        if sweeping:
            outcomes += [sweep(cursor, write) for write in group if isinstance(write, Forget | Prune)]
            remembered.clear()
        else:
            outcomes += _Batch(cursor, list(group), now, remembered, careful=careful).settle()
    return outcomes


def _sweeps(write: Write) -> bool:
    return isinstance(write, Forget | Prune)


class _Batch:
    """Writes settled in memory, each as if the ones before it were written already."""

    def __init__(
        self, cursor: sqlite3.Cursor, writes: Sequence[Write], now: int, remembered: Remembered, *, careful: bool
    ) -> None:
        self._cursor = cursor
        self._writes = writes
        self._now = now
        remembered.make_room()
        self._revisions, self._ends = remembered.revisions, remembered.ends
        self._messages: set[tuple[str, str, str | None]] = set()
        self._identities: set[tuple[str, str]] = set()
        commits = [write for write in writes if isinstance(write, Commit)]
        events = [event for write in writes for event in arriving(write)]
        self._learn(commits, events)
        if careful:
            self._learn_what_is_known(commits, events)
        self._letters = StagedLetters(cursor, writes)
        self._actors: dict[tuple[str, str], Row] = {}
        self._runs: dict[str, Row] = {}
        self._memos: dict[tuple[str, str], Row] = {}
        self._new: defaultdict[Bulk, list[Row]] = defaultdict(list)

    def _learn(self, commits: Iterable[Commit], new: Iterable[NewEvent]) -> None:
        keys = {(commit.kind, commit.key): 0 for commit in commits if (commit.kind, commit.key) not in self._revisions}
        self._revisions |= keys
        for kind, key, revision in REVISIONS.read(self._cursor, list(keys)):
            self._revisions[kind, key] = revision
        topics = {(event.topic,): None for event in new if event.topic not in self._ends}
        self._ends.update(ENDS.read(self._cursor, list(topics)))

    def _learn_what_is_known(self, commits: Iterable[Commit], new: Iterable[NewEvent]) -> None:
        messages = [(each.kind, each.key, each.message_id) for each in commits if each.message_id is not None]
        self._messages.update(map(tuple, KNOWN_MESSAGES.read(self._cursor, messages)))
        identities = list({(event.topic, event.id): None for event in new})
        self._identities.update(map(tuple, KNOWN_EVENTS.read(self._cursor, identities)))

    def settle(self) -> list[Outcome]:
        """Decide each write, then write what they come to together."""
        outcomes = [self._decide(write) for write in self._writes]
        PUT_ACTORS.write(self._cursor, list(self._actors.values()))
        PUT_RUNS.write(self._cursor, list(self._runs.values()))
        PUT_MEMOS.write(self._cursor, list(self._memos.values()))
        for bulk, rows in self._new.items():
            bulk.write(self._cursor, rows)
        self._letters.write()
        return outcomes

    def _decide(self, write: Write) -> Outcome:
        match write:
            case Commit():
                return self._commit(write)
            case Append():
                return self._stage(write.events)
            case PutRun():
                self._runs[write.row.id] = run_row(write.row)
                return self._stage(write.events)
            case Record():
                self._new[ADD_CALLS] += map(call_row, write.calls)
                self._new[ADD_AUDITS] += map(audit_row, write.audits)
            case Remember():
                self._memos[write.space, write.key] = (write.space, write.key, write.value, self._now)
            case Post():
                self._letters.box.post(write.letters)
            case Forget() | Prune():
                raise TypeError("what deletes rows is no part of a batch")
            case _:
                return self._letters.change(write)
        return None

    def _commit(self, commit: Commit) -> Committed | StoreConflict:
        actor = (commit.kind, commit.key)
        revision = self._revisions[actor]
        if commit.revision != revision:
            return _conflict(commit, f"is at revision {revision}, not {commit.revision}")
        message = (*actor, commit.message_id)
        if message in self._messages:
            return _conflict(commit, f"has handled the message {commit.message_id!r} already")
        if commit.settles is not None and not self._letters.box.settle(commit.settles):
            return _conflict(commit, f"was told the letter {commit.settles.id!r}, which is settled already")
        if commit.message_id is not None:
            self._messages.add((*actor, commit.message_id))
            at = self._now if commit.at is None else microseconds(commit.at)
            self._new[ADD_REPLIES].append((*message, commit.reply or b"", at))
        for name in commit.cancels:
            self._letters.box.cancel(*actor, name)
        if commit.letters:
            self._letters.box.post(commit.letters)
        state, version = commit.state, commit.version
        if state is None and actor in self._actors:
            _, _, _, state, _, version = self._actors[actor]
        self._revisions[actor] = revision + 1
        self._actors[actor] = (*actor, revision + 1, state, self._now, version)
        return Committed(revision + 1, self._stage(commit.events) if commit.events else ())

    def _stage(self, new: Sequence[NewEvent]) -> tuple[Stored, ...]:
        stored: list[Stored] = []
        for event in new:
            identity = (event.topic, event.id)
            if identity not in self._identities:
                self._identities.add(identity)
                self._ends[event.topic] = seq = self._ends[event.topic] + 1
                self._new[ADD_EVENTS].append(event_row(event, seq))
                stored.append(
                    Stored(
                        event.topic,
                        seq,
                        event.id,
                        event.kind,
                        utc(event.at),
                        event.principal,
                        event.trace_id,
                        event.payload,
                    )
                )
        return tuple(stored)


def _conflict(commit: Commit, reason: str) -> StoreConflict:
    return StoreConflict(f"{commit.kind} {commit.key!r} {reason}; load it again", kind=commit.kind, key=commit.key)
