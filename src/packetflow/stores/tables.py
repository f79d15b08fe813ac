"""The schema of every store that speaks SQL. Statements are built from it, and the migrations must lead to it.

Moments are microseconds since 1970 UTC, durations are nanoseconds; both are integers, so that they come back exactly.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    column,
    false,
    text,
    true,
)

metadata = MetaData()

Number = BigInteger().with_variant(Integer, "sqlite")
"""Counts up by itself as a primary key; SQLite does that for INTEGER only."""

# With rowids in SQLite: a table without them moves the end of every row of 1 KB or more to a page of its own.
actors = Table(
    "actors",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    # Who owns the actor's shard in a cluster; a commit of an earlier epoch will be refused. Always 0 on one node.
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("state", LargeBinary),
    Column("saved_at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
)

replies = Table(
    "replies",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("reply", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("replies_by_moment", "at"),
    sqlite_with_rowid=False,
)

# Clustered by place, so that a page of a topic is read from neighbouring pages of the file.
events = Table(
    "events",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("events_by_id", "topic", "id", unique=True),
    Index("events_by_kind", "topic", "kind", "seq"),
    sqlite_with_rowid=False,
)

_waiting, _dead = column("dead", Boolean) == false(), column("dead", Boolean) == true()
_named = text("name <> ''")

# Outbox, mailbox, timers and dead letters in one (docs/decisions/0005). A number is never given twice, so that whoever
# reads on behind one misses nothing.
letters = Table(
    "letters",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("capability_id", Text, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("principal", Text, nullable=False),
    Column("authority", LargeBinary, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("again", Text, nullable=False),
    Column("depth", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("error_code", Text),
    Column("error", Text),
    Column("dead", Boolean, nullable=False),
    Index("letters_by_id", "id", unique=True),
    Index("letters_by_receiver", "kind", "key", "number"),
    Index("letters_by_name", "kind", "key", "name", unique=True, sqlite_where=_named, postgresql_where=_named),
    Index("letters_waiting", "due", "number", sqlite_where=_waiting, postgresql_where=_waiting),
    Index("letters_dead", "number", sqlite_where=_dead, postgresql_where=_dead),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("error_code", Text),
    Column("authority", LargeBinary),
    Index("runs_by_start", "started_at", "id"),
    Index("runs_by_principal", "principal", "started_at", "id"),
    Index("runs_by_status", "status", "started_at", "id"),
    Index("runs_by_end", "ended_at", "id"),
)

calls = Table(
    "calls",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("capability_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("nanoseconds", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error_code", Text),
    Column("trace_id", Text, nullable=False),
    Column("run_id", Text),
    Column("step", Text),
    Column("cache_hit", Boolean, nullable=False, server_default=false()),
    Column("tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("cost_micros", BigInteger, nullable=False, server_default=text("0")),
    Index("calls_by_id", "id", unique=True),
    Index("calls_by_moment", "at", "number"),
    Index("calls_by_capability", "capability_id", "at", "number"),
    Index("calls_by_trace", "trace_id", "at", "number"),
)

audits = Table(
    "audits",
    metadata,
    Column("number", Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("grant_id", Text, nullable=False),
    Column("capability_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("run_id", Text),
    Index("audits_by_moment", "at", "number"),
    Index("audits_by_principal", "principal", "at", "number"),
    Index("audits_by_verdict", "verdict", "at", "number"),
)

memos = Table(
    "memos",
    metadata,
    Column("space", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
