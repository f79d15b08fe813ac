"""The file of a SQLite store: what makes it ours, how it is connected to, and how its schema is brought up to date."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import bindparam, update

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.sqlite.statements import Change
from packetflow.stores.tables import runs

APPLICATION = 0x506B466C
"""Marks a database as a PacketFlow store (`PRAGMA application_id`): "PkFl" in ASCII."""

SCHEMA = "0002"
"""The newest revision under `migrations/versions`."""

# A writer waits this long for another process that looks into the file, such as a backup.
BUSY_SECONDS = 10

INTERRUPT_RUNS = Change(update(runs).where(runs.c.status == bindparam("was")).values(status=bindparam("becomes")))


def refuse_strangers(path: Path) -> None:
    """Raise StoreUnavailable when the path holds something else than a store; a missing or empty file is fine."""
    try:
        with path.open("rb") as file:
            header = file.read(72)
    except FileNotFoundError:
        return
    # https://www.sqlite.org/fileformat.html, section 1.3: the magic string, and the application id at offset 68
    if header and not header.startswith(b"SQLite format 3\0"):
        raise StoreUnavailable(f"{str(path)!r} is not a SQLite database; give the store a path of its own")
    if header and header[68:] != APPLICATION.to_bytes(4, "big"):
        raise StoreUnavailable(f"{str(path)!r} is the database of another program; give the store a path of its own")


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes, its schema up to date and the runs of a dead process marked.

    A missing or empty file becomes a store. Raises StoreUnavailable when its schema is newer than this program.
    """
    os.close(
        os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    )  # for its owner's eyes: it holds conversations
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256)
    try:
        _upgrade(connection, path)
        _log_ahead(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # A statement of many rows keeps a journal of its own, to undo itself; it would go to a temporary file.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")  # KB: 64 MB, so that the paths to the leaves stay in memory
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 KB: about every 16 MB
        connection.execute("PRAGMA journal_size_limit = 67108864")
        INTERRUPT_RUNS.run(connection.cursor(), was="running", becomes="interrupted")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads; it sees all that was committed before its statement began."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=64)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    found = _schema(connection)
    if found == SCHEMA:
        return
    if found is not None and found > SCHEMA:
        raise StoreUnavailable(
            f"{str(path)!r} was written by a newer PacketFlow (schema {found}, this one knows {SCHEMA}); "
            "upgrade packetflow, or use another path",
            schema=found,
        )
    # Alembic takes a third of a second to import, and most starts find the schema as it should be.
    from packetflow.stores.sqlite.upgrade import upgrade  # noqa: PLC0415

    if found is None:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    upgrade(connection)


def _log_ahead(connection: sqlite3.Connection, path: Path) -> None:
    [(mode,)] = connection.execute("PRAGMA journal_mode = WAL").fetchall()
    if mode != "wal":
        raise StoreUnavailable(f"the file system of {str(path)!r} does not let SQLite keep a write-ahead log there")


def _schema(connection: sqlite3.Connection) -> str | None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
    found = connection.execute("SELECT version_num FROM alembic_version").fetchall() if known else []
    return found[0][0] if found else None
