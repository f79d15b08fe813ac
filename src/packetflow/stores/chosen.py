"""Which store an address names, so that a person can choose one with a word."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packetflow._core.errors import DeclarationError

if TYPE_CHECKING:
    from packetflow._core.ports import Store

_KNOWN: Final = "postgresql://... or the path of a SQLite file"
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""How an address begins that is meant for a server; a single letter is a drive of Windows."""


def store_at(address: str | Path) -> Store:
    """Give the store at an address: `postgresql://user@host/database`, else the path of a SQLite file.

    Touches nothing yet. Raises DeclarationError, without repeating a password, when the address cannot be read, and
    when what it needs is not installed.
    """
    text = str(address)
    if "://" not in text and isinstance(address, str) and (typed := _SCHEME.match(text)) is not None:
        raise DeclarationError(f"{typed[1]}: begins no address of a store; name {_KNOWN}")
    if "://" not in text:
        from packetflow.stores.sqlite.store import SQLiteStore  # noqa: PLC0415 - SQLAlchemy costs start-up time others need not pay

        return SQLiteStore(address)
    scheme = text.partition("://")[0]
    if scheme not in {"postgresql", "postgres"}:
        known = f"for {scheme}://" if _WORD.fullmatch(scheme) else "at that address"
        raise DeclarationError(f"there is no store {known}; name {_KNOWN}")
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
