"""Ids made from what a message says, so that reading a file again gives the same ids."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SCHEME = "packetflow-transcript-1"


class ContentIds:
    """Name the messages of one file, in their order.

    The id is a SHA-256 over author, time, kind, text and how many equal messages stood before it in the file. It
    depends on earlier lines only, so a file that has grown since gives the old lines their old ids.
    """

    def __init__(self, *, ordered: bool) -> None:
        """Start a file; `ordered` says its times never run backwards, so only the current instant is remembered."""
        self._ordered = ordered
        self._instant: datetime | None = None
        self._seen: dict[bytes, int] = {}

    def name(self, author: str, text: str, at: datetime, kind: str) -> str:
        """Return the id of the next message: 32 hexadecimal digits (128 bits)."""
        if self._ordered and at != self._instant:
            self._seen.clear()
            self._instant = at
        digest = hashlib.sha256()
        for part in (SCHEME, author, at.isoformat(), kind, text):
            raw = part.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "big") + raw)
        key = digest.digest()[:16]
        earlier = self._seen.get(key, 0)
        self._seen[key] = earlier + 1
        digest.update(earlier.to_bytes(8, "big"))
        return digest.hexdigest()[:32]
