"""Deletes what is older than a horizon: what is old of journals is looked for beside the writing, then deleted."""
# ruff: noqa: S608 - the names come from here, values are parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packetflow.stores.moments import microseconds
from packetflow.stores.postgres.rows import read, told
from packetflow.stores.writes import Cut, Prune

if TYPE_CHECKING:
    from asyncpg import Connection

_RECORDS: Final = {
    table: (
        f"WITH gone AS (DELETE FROM {table} WHERE ctid = ANY(ARRAY("
        f"SELECT ctid FROM {table} WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE)) RETURNING 1) "
        "SELECT count(*) FROM gone"
    )
    for table in ("replies", "calls", "audits")
}
_RUNS: Final = """
WITH old AS (SELECT id FROM runs WHERE ended_at < $1 ORDER BY ended_at, id LIMIT $2 FOR UPDATE),
  gone AS (DELETE FROM runs WHERE id = ANY(ARRAY(SELECT id FROM old)) RETURNING 1),
  journals AS (DELETE FROM events WHERE topic = ANY(ARRAY(SELECT 'run/' || id FROM old)))
SELECT count(*) FROM gone
"""
# Jumps from topic to topic by the index; of each, up to the first event that is not old, and never the newest.
_AGED: Final = """
WITH RECURSIVE topics AS (
  (SELECT topic FROM events WHERE topic >= $1 AND topic < $2 ORDER BY topic LIMIT 1)
  UNION ALL
  SELECT (SELECT topic FROM events WHERE topic > topics.topic AND topic < $2 ORDER BY topic LIMIT 1)
    FROM topics WHERE topic IS NOT NULL
)
SELECT topics.topic, max(old.seq), count(*) FROM topics CROSS JOIN LATERAL (
  SELECT seq FROM events WHERE topic = topics.topic
    AND seq < (SELECT max(seq) FROM events AS newest WHERE newest.topic = topics.topic)
    AND seq < coalesce((SELECT seq FROM events AS fresh WHERE fresh.topic = topics.topic AND at >= $3
      ORDER BY seq LIMIT 1), 9223372036854775807)
    ORDER BY seq LIMIT $4
) AS old
WHERE topics.topic IS NOT NULL GROUP BY topics.topic ORDER BY topics.topic LIMIT $4
"""
_CUT: Final = """
WITH gone AS (DELETE FROM events WHERE topic = $1 AND seq <= $2 AND at < $3 RETURNING 1) SELECT count(*) FROM gone
"""


async def aged(connection: Connection, journals: tuple[tuple[str, int], ...], limit: int) -> list[Cut]:
    """Look for what is old of journals: actor types, each with a moment; at most `limit` events in all."""
    cuts: list[Cut] = []
    for kind, before in journals:
        first, behind = told(f"{kind}/"), told(f"{kind}0")  # "0" comes behind "/"
        for topic, end, count in await connection.fetch(_AGED, first, behind, before, limit):
            taken = min(count, limit)
            if taken:
                cuts.append(Cut(read(topic), end - count + taken, before))
            limit -= taken
    return cuts


async def prune(connection: Connection, write: Prune) -> int:
    """Delete, and give how many rows; a run's events go with it, uncounted."""
    horizon, limit, count = write.horizon, write.limit, 0
    for name, moment in (("replies", horizon.replies), ("calls", horizon.calls), ("audits", horizon.audits)):
        if moment is not None:
            count += await connection.fetchval(_RECORDS[name], microseconds(moment), limit)
    if horizon.runs is not None:
        count += await connection.fetchval(_RUNS, microseconds(horizon.runs), limit)
    for cut in write.cuts:
        count += await connection.fetchval(_CUT, told(cut.topic), cut.end, cut.before)
    return count
