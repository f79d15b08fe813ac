"""Stores that break their word now and then, to see whether the checkers find them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from packetflow._core.ports import Commit, Committed
from packetflow.testing.faulty_store import FaultyStore

if TYPE_CHECKING:
    from packetflow._core.ports import Settled

_SELDOM: Final = 20
_OFTEN: Final = 5


class Loses(FaultyStore):
    """Acknowledges every twentieth commit without storing it."""

    count = 0

    async def commit(self, commit: Commit) -> Committed:
        """Store it, or not."""
        self.count += 1
        if not self.count % _SELDOM:
            return Committed(commit.revision + 1, ())
        return await super().commit(commit)


class Repeats(FaultyStore):
    """Forgets which messages it has committed, so that a repeated one is applied again."""

    async def commit(self, commit: Commit) -> Committed:
        """Store all but the message's id."""
        return await super().commit(replace(commit, message_id=None))


class Tears(FaultyStore):
    """Stores a commit's events and not its state, every twentieth time."""

    count = 0

    async def commit(self, commit: Commit) -> Committed:
        """Store it, or half of it."""
        self.count += 1
        return await super().commit(commit if self.count % _SELDOM else replace(commit, state=None))


class DropsLetters(FaultyStore):
    """Leaves out the letters of every fifth commit that has some."""

    count = 0

    async def commit(self, commit: Commit) -> Committed:
        """Store it, with or without its letters."""
        self.count += bool(commit.letters)
        return await super().commit(commit if self.count % _OFTEN else replace(commit, letters=()))


class DeliversTwice(FaultyStore):
    """Commits what came in a letter and keeps the letter, every fifth time, and forgets that it was handled."""

    count = 0

    async def commit(self, commit: Commit) -> Committed:
        """Store it, and settle its letter or not."""
        self.count += commit.settles is not None
        if commit.settles is None or self.count % _OFTEN:
            return await super().commit(commit)
        return await super().commit(replace(commit, settles=None, message_id=None))


class NeverSettles(FaultyStore):
    """Keeps every letter for ever."""

    async def commit(self, commit: Commit) -> Committed:
        """Store all but the end of its letter."""
        return await super().commit(replace(commit, settles=None))

    async def settle(self, settled: Settled) -> bool:
        """Say that it is done."""
        del settled
        return True


BROKEN: Final[dict[str, type[FaultyStore]]] = {
    kind.__name__: kind for kind in (Loses, Repeats, Tears, DropsLetters, DeliversTwice, NeverSettles)
}
"""By name, each to be put before a store that keeps its word."""
