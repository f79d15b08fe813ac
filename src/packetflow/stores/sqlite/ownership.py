"""One process owns a store on disk: an advisory lock beside the file, let go by the system when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from packetflow._core.errors import StoreUnavailable


class Ownership:
    """The right to write one file, held from `take` to `release`."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is taken yet. Links are followed when it is taken: one file has one lock."""
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock file `<path>.lock`, symbolic links followed.

        Raises StoreUnavailable, naming the process, when another one holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        real = self._path.resolve()
        real.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(f"{real}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "another process"
            os.close(file)
            raise StoreUnavailable(
                f"the store {str(self._path)!r} is open in process {owner}; stop it, or talk to it over HTTP",
                process=owner,
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Let go. The lock file stays: deleting it could take it from under the next owner."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
