"""SQL for PostgreSQL: each statement takes a whole group of writes as arrays, one for each column.

The names in it come from the tables; values are parameters, always.
"""
# ruff: noqa: S608 - see above

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from packetflow.stores.tables import actors, audits, calls, events, letters, memos, replies, runs

# How columns of many values come; `rows.texts` and `rows.numbers` make them.
_TEXTS: Final = r"(string_to_array(${}, E'\1\1'))[2:]"
_NUMBERS: Final = "(string_to_array(${}, ' ', '-'))[2:]::bigint[]"
_TYPES: Final = ((Text, "text"), (BigInteger, "bigint"), (LargeBinary, "bytea"), (Boolean, "boolean"))


def _names(columns: Iterable[Column[object]]) -> str:
    return ", ".join(column.name for column in columns)


def _array(number: int, kind: TypeEngine[object]) -> str:
    name = next(name for known, name in _TYPES if isinstance(kind, known))
    return f"${number}::{name}[]"


def rows_of(columns: Sequence[Column[object]], first: int = 1) -> str:
    """Stand for rows of these columns, given as arrays from the parameter `first` on."""
    arrays = ", ".join(_array(first + number, column.type) for number, column in enumerate(columns))
    return f"unnest({arrays}) AS given({_names(columns)})"


def _joined(number: int, kind: TypeEngine[object]) -> str:
    if isinstance(kind, Text):
        return _TEXTS.format(number)
    return _NUMBERS.format(number) if isinstance(kind, BigInteger) else _array(number, kind)


def _insert_joined(table: Table, first: int) -> str:
    names = _names(table.c)
    columns = ", ".join(_joined(first + number, column.type) for number, column in enumerate(table.c))
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM unnest({columns}) AS given({names})"


def _insert(table: Table, columns: Sequence[Column[object]], first: int = 1) -> str:
    names = _names(columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows_of(columns, first)}"


def _upsert(table: Table) -> str:
    keys = list(table.primary_key.columns)
    changed = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.c if column not in keys)
    return f"{_insert(table, list(table.c))} ON CONFLICT ({_names(keys)}) DO UPDATE SET {changed}"


def _without(table: Table, name: str) -> list[Column[object]]:
    return [column for column in table.c if column.name != name]


NUMBER: Final = "SELECT pg_current_xact_id()::text"
"""The number by which the server tells later what became of a transaction."""
FACTS: Final = """
SELECT pg_current_xact_id()::text,
  ARRAY(SELECT (SELECT revision FROM actors WHERE kind = given.kind AND key = given.key)
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given(kind, key, place) ORDER BY place),
  ARRAY(SELECT (SELECT true FROM replies
      WHERE kind = given.kind AND key = given.key AND message_id = given.message_id)
    FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS given(kind, key, message_id, place)
    ORDER BY place),
  ARRAY(SELECT (SELECT true FROM events WHERE topic = given.topic AND id = given.id)
    FROM unnest($6::text[], $7::text[]) WITH ORDINALITY AS given(topic, id, place) ORDER BY place),
  ARRAY(SELECT (SELECT seq FROM events WHERE topic = given.topic ORDER BY seq DESC LIMIT 1)
    FROM unnest($8::text[]) WITH ORDINALITY AS given(topic, place) ORDER BY place)
"""
"""What is stored of the actors, messages, events and topics of a group: four arrays in the order of the questions."""

_given = ", ".join(
    [*[_TEXTS.format(number) for number in (2, 3)], *[_NUMBERS.format(number) for number in (4, 5, 6)], "$7::bytea[]"]
)

PUT: Final = f"""
WITH given AS MATERIALIZED (
  SELECT * FROM unnest({_given}) AS given(kind, key, was, revision, version, state)
), changed AS (
  UPDATE actors SET revision = given.revision, epoch = $1, saved_at = $8,
      state = coalesce(given.state, actors.state), version = coalesce(given.version, actors.version)
    FROM given WHERE given.was > 0 AND actors.kind = given.kind AND actors.key = given.key
      AND actors.revision = given.was AND actors.epoch <= $1
    RETURNING 1
), made AS (
  INSERT INTO actors (kind, key, revision, epoch, state, saved_at, version)
    SELECT kind, key, revision, $1, state, $8, coalesce(version, 1) FROM given WHERE was = 0
    ON CONFLICT DO NOTHING RETURNING 1
), answered AS (
  {_insert_joined(replies, 9)}
), told AS (
  {_insert_joined(events, 9 + len(replies.c))}
)
SELECT pg_current_xact_id()::text, (SELECT count(*) FROM changed) + (SELECT count(*) FROM made)
"""
"""Write actors whose revision is the one expected and whose epoch is not later, with replies and events.

Gives the transaction's number, and how many actors were written.
"""

LETTERS: Final = f"""
SELECT {_names(letters.c)} FROM letters WHERE id = ANY($1::text[])
  OR number IN (SELECT named.number FROM unnest($2::text[], $3::text[], $4::text[]) AS given(kind, key, name)
    JOIN letters AS named USING (kind, key, name) WHERE named.name <> '')
ORDER BY number FOR UPDATE
"""
ADD_LETTERS: Final = f"{_insert(letters, _without(letters, 'number'))}"
CHANGE_LETTERS: Final = """
UPDATE letters SET due = given.due, attempts = given.attempts, error_code = given.error_code, error = given.error,
    dead = given.dead
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::boolean[])
    AS given(number, due, attempts, error_code, error, dead)
  WHERE letters.number = given.number
"""
DROP_LETTERS: Final = "DELETE FROM letters WHERE number = ANY($1::bigint[])"

PUT_RUNS: Final = _upsert(runs)
PUT_MEMOS: Final = _upsert(memos)
ADD_CALLS: Final = f"{_insert(calls, _without(calls, 'number'))} ON CONFLICT (id) DO NOTHING"
ADD_AUDITS: Final = _insert(audits, _without(audits, "number"))

FORGET: Final = """
WITH actor AS (DELETE FROM actors WHERE kind = $1 AND key = $2 RETURNING 1),
  answers AS (DELETE FROM replies WHERE kind = $1 AND key = $2 RETURNING 1),
  journal AS (DELETE FROM events WHERE topic = $3 RETURNING 1),
  mail AS (DELETE FROM letters WHERE kind = $1 AND key = $2 RETURNING 1)
SELECT EXISTS (SELECT FROM actor) OR EXISTS (SELECT FROM answers) OR EXISTS (SELECT FROM journal)
  OR EXISTS (SELECT FROM mail)
"""

INTERRUPT_RUNS: Final = "UPDATE runs SET status = 'interrupted' WHERE status = 'running'"
SAVED: Final = _names([actors.c[name] for name in ("kind", "key", "revision", "state", "saved_at", "version")])
