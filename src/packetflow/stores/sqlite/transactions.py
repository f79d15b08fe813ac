"""The transactions of a SQLite store: a group of writes is on disk, or each of its callers is told why not."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.moments import present
from packetflow.stores.sqlite.batch import apply
from packetflow.stores.sqlite.failure import concerns_all, copied, failure
from packetflow.stores.sqlite.remembered import Remembered
from packetflow.stores.writes import Outcome, Write


class Transactions:
    """Commits groups through the one connection that writes.

    A failure leaves the connection ready: once its cause is gone, the next group goes through.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Take the connection over, and note which file it is of."""
        self._connection = connection
        self._path = path
        self._file = _identity(path)
        self._remembered = Remembered()

    def commit(self, writes: Sequence[Write]) -> list[Outcome | Exception]:
        """Commit writes together, and give the outcome of each once all are durable.

        What fails for the sake of one member is tried again by halves, down to that member alone.
        """
        try:
            return [*self._together(writes)]
        except Exception as error:  # noqa: BLE001 - told to whoever waits for it
            told = failure(error, self._path)
        if len(writes) == 1 or concerns_all(told):
            return [copied(told) for _ in writes]
        half = len(writes) // 2  # one bad member of 512 costs 20 transactions so, and not 512
        return self.commit(writes[:half]) + self.commit(writes[half:])

    def close(self) -> None:
        """Fold the log into the file, so that the one file is all there is to copy; then let go."""
        with closing(self._connection), suppress(sqlite3.Error):
            if _identity(self._path) == self._file:  # another file's log is not ours to fold
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _together(self, writes: Sequence[Write]) -> list[Outcome]:
        try:
            return self._attempt(writes, careful=False)
        except sqlite3.IntegrityError:
            # Nearly all messages and events are new. A group in which one is known is done again, with a look first.
            return self._attempt(writes, careful=True)

    def _attempt(self, writes: Sequence[Write], *, careful: bool) -> list[Outcome]:
        # An error that somebody keeps must not keep the cursor, and with it the file, from being closed.
        with closing(self._connection.cursor()) as cursor:
            _roll_back(cursor)  # what an earlier failure could not
            self._see_that_the_file_is_there()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                outcomes = apply(cursor, writes, present(), self._remembered, careful=careful)
                cursor.execute("COMMIT")
                self._see_that_the_file_is_there()
            except BaseException:
                self._remembered.clear()
                _roll_back(cursor)
                raise
            return outcomes

    def _see_that_the_file_is_there(self) -> None:
        """Raise StoreUnavailable when the file is not at its path; SQLite would go on writing to what nobody finds."""
        if _identity(self._path) != self._file:
            raise StoreUnavailable(
                f"the file {str(self._path)!r} of the store was moved, deleted or replaced; put it back as it was, "
                "with the files beside it, and the next write goes through; or close the store and open it again",
                reason="gone",
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _roll_back(cursor: sqlite3.Cursor) -> None:
    if cursor.connection.in_transaction:
        cursor.execute("ROLLBACK")
