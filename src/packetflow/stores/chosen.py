"""Which store an address names, so that a person can choose one with a word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from packetflow._core.errors import DeclarationError

if TYPE_CHECKING:
    from packetflow._core.ports import Store


def store_at(address: str | Path) -> Store:
    """Give the store at an address: `postgresql://user@host/database`, else the path of a SQLite file.

    Touches nothing yet. Raises DeclarationError, without repeating a password, when the address cannot be read, and
    when what it needs is not installed.
    """
    text = str(address)
    if "://" not in text:
        from packetflow.stores.sqlite.store import SQLiteStore  # noqa: PLC0415 - SQLAlchemy costs start-up time others need not pay

        return SQLiteStore(address)
    scheme = text.partition("://")[0]
    if scheme not in {"postgresql", "postgres"}:
        raise DeclarationError(f"there is no store for {scheme}://; name postgresql://... or the path of a SQLite file")
    try:
        from packetflow.stores.postgres.store import PostgresStore  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise DeclarationError(
            "a PostgreSQL store needs asyncpg, which is not installed: pip install 'packetflow[postgres]'"
        ) from error
    try:
        return PostgresStore(text)
    except ValueError as error:
        raise DeclarationError(str(error)) from None


def default_store(data: Path, address: str | None = None) -> Store:
    """Give the store of a data folder: the one named, else that of `$PACKETFLOW_STORE`, else SQLite in the folder."""
    return store_at(address or os.environ.get("PACKETFLOW_STORE") or data / "packetflow.db")
