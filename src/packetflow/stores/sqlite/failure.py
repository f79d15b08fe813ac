"""What went wrong with the file of a store, in words that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from packetflow._core.errors import StoreUnavailable

# By SQLite's primary result codes (https://www.sqlite.org/rescode.html): a name for programs, and what to do.
_ADVICE = {
    sqlite3.SQLITE_FULL: ("full", "the disk is full; free some space, and the next write goes through"),
    sqlite3.SQLITE_BUSY: ("locked", "another program has locked it; let that end, and the next write goes through"),
    sqlite3.SQLITE_LOCKED: ("locked", "another program has locked it; let that end, and the next write goes through"),
    sqlite3.SQLITE_READONLY: ("read_only", "it cannot be written; make the file and its folder writable again"),
    sqlite3.SQLITE_CANTOPEN: ("gone", "it cannot be opened; see that its folder is there and may be used"),
    sqlite3.SQLITE_IOERR: ("disk", "the disk failed; look at the system's log, and at what room and rights are left"),
    sqlite3.SQLITE_CORRUPT: ("damaged", "its contents are damaged; stop, keep the file, and restore a copy"),
    sqlite3.SQLITE_NOTADB: ("damaged", "its contents are damaged; stop, keep the file, and restore a copy"),
    sqlite3.SQLITE_TOOBIG: ("too_big", "what was to be stored is too big; store less at a time"),
}
# Failures that no smaller group would be spared.
_OF_ALL = {"locked", "read_only", "gone", "damaged"}


def failure(error: Exception, path: Path, doing: str = "written") -> Exception:
    """Tell an error of the database or the system as StoreUnavailable; give any other as it is."""
    if not isinstance(error, sqlite3.Error | OSError):
        return error
    reason, advice = _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, ("failed", "see what caused this"))
    told = StoreUnavailable(f"the store {str(path)!r} cannot be {doing}: {advice} ({error})", reason=reason)
    told.__cause__ = error
    return told


def concerns_all(failed: Exception) -> bool:
    """Tell whether a failure would meet each write of a group alone as well, so that trying them so is in vain."""
    return isinstance(failed, StoreUnavailable) and failed.details.get("reason") in _OF_ALL


def copied(told: Exception) -> Exception:
    """Give a StoreUnavailable anew, for one more caller to be raised to; any other error as it is."""
    if not isinstance(told, StoreUnavailable):
        return told
    copy = StoreUnavailable(told.message, **told.details)
    copy.__cause__ = told.__cause__
    return copy
