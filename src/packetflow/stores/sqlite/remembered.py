"""What the one writer remembers of what it wrote, so that it need not read it again."""

from __future__ import annotations

ROOM = 100_000
"""Of how many actors and topics; beyond it all is forgotten, and read again as it is needed."""


class Remembered:
    """Revisions of actors and ends of topics, as they are stored.

    Right because one process owns the file and one thread writes it. Whatever is in doubt, after a transaction that
    failed or rows that were deleted, is forgotten as a whole.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self.revisions: dict[tuple[str, str], int] = {}
        self.ends: dict[str, int] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.revisions.clear()
        self.ends.clear()

    def make_room(self) -> None:
        """Forget everything when it has become too much; only between two groups of writes."""
        if len(self.revisions) + len(self.ends) > ROOM:
            self.clear()
