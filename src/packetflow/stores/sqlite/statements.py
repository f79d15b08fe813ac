"""SQL for SQLite, built once from the tables and run raw by the standard library's driver.

The driver lets go of Python's global lock at every step of a statement, and each row that it yields is a step. While
the event loop is busy it takes a thread up to 5 ms (`sys.getswitchinterval`) to get the lock back, so that 64 small
statements or rows would take a third of a second. Therefore statements take many rows, and answers come back as one
row that holds JSON, with bytes as hexadecimal text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, bindparam, case, func, select, values
from sqlalchemy import column as free_column
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import CTE, BindParameter, ClauseElement

Row: TypeAlias = Sequence[Any]
"""The values of one row, as the driver takes them or JSON gives them."""

SIZES = (256, 128, 64, 32, 16, 8, 4, 2, 1)
"""How many rows a statement may take: few sizes, so that each is prepared once and kept by the connection."""


class Bulk:
    """A statement over rows, however many."""

    def __init__(self, statement: ClauseElement) -> None:
        """Take a statement whose only marks are one row of them behind VALUES."""
        sql = str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))
        self._marks = f"({', '.join('?' * sql.count('?'))})"
        self._before, values, self._behind = sql.partition(f"VALUES {self._marks}")
        if not values:
            raise ValueError(f"there must be one row of marks behind VALUES, and no other mark, in {sql}")
        self.sql = cache(self._of_size)

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> None:
        """Write the rows in their order."""
        for part in _parts(rows):
            cursor.execute(self.sql(len(part)), tuple(chain.from_iterable(part)))

    def read(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> list[Any]:
        """Give what the statement finds for the rows, as one list."""
        return [
            found
            for part in _parts(rows)
            for found in _unpacked(cursor.execute(self.sql(len(part)), tuple(chain.from_iterable(part))))
        ]

    def _of_size(self, size: int) -> str:
        return f"{self._before}VALUES {', '.join([self._marks] * size)}{self._behind}"


class Query:
    """A select whose rows come back together."""

    def __init__(self, rows: Select[*tuple[Any, ...]]) -> None:
        """Take a select whose parameters have names; its first column is never NULL."""
        compiled = select(packed(rows.subquery("found").c)).compile(dialect=sqlite.dialect(paramstyle="named"))
        self.sql = str(compiled)
        self._defaults = compiled.params

    def rows(self, cursor: sqlite3.Cursor, **parameters: object) -> list[Row]:
        """Read the rows in the order of the select."""
        return _unpacked(cursor.execute(self.sql, {**self._defaults, **parameters}))


class Change:
    """A statement that changes rows, wherever they are."""

    def __init__(self, statement: ClauseElement) -> None:
        """Take a statement whose parameters have names."""
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
        self.sql = str(compiled)
        self._defaults: Mapping[str, Any] = compiled.params or {}

    def run(self, cursor: sqlite3.Cursor, **parameters: object) -> int:
        """Change the rows, and count them."""
        return cursor.execute(self.sql, {**self._defaults, **parameters}).rowcount


def packed(columns: Iterable[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Gather rows of these columns into one JSON array of arrays."""
    return func.json_group_array(func.json_array(*map(_as_json, columns)))


def inserted(*columns: Column[Any]) -> sqlite.Insert:
    """Insert rows of these columns, which must stand in the order of their table."""
    return sqlite.insert(columns[0].table).values({column.name: bindparam(column.name) for column in columns})


def wanted(*columns: Column[Any]) -> CTE:
    """Stand for the rows a bulk statement is asked about: a table of these columns."""
    names = [free_column(column.name, column.type) for column in columns]
    row: tuple[BindParameter[Any], ...] = tuple([bindparam(column.name) for column in columns])
    return values(*names, name="wanted").data([row]).cte("wanted")


def _as_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, LargeBinary):
        return case((column.is_not(None), func.hex(column)))
    return column


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    for size in SIZES:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _unpacked(cursor: sqlite3.Cursor) -> list[Any]:
    [(packed_rows,)] = cursor.fetchall()
    return json.loads(packed_rows)
