"""How long what is stored is kept, and the task that deletes what is older, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from packetflow._core.errors import DeclarationError, StoreError
from packetflow._core.ports import Horizon

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from packetflow._core.actor import ActorType
    from packetflow._core.ports import Clock, Store

log = logging.getLogger("packetflow.retention")

EVERY: Final = timedelta(hours=1)
"""From one round to the next; the first is one such time after the app was started."""
_SLICE: Final = 500
_BREATH: Final = 0.05
_UNFINISHED: Final = ("running", "waiting", "interrupted")
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an app keeps what only grows; None keeps it for ever. States, letters and reminders are never deleted.

    `replies` are the first replies to messages with an id: whoever repeats such a message after that time has it
    handled again. One is kept for longer while a run that began before it has not ended, for the run may repeat it.
    `runs` are runs that have ended, with their events. What an actor emitted is kept as its class option `keep` says.
    """

    replies: timedelta | None = timedelta(days=7)
    calls: timedelta | None = timedelta(days=30)
    audits: timedelta | None = None
    runs: timedelta | None = timedelta(days=90)

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        for kept in (self.replies, self.calls, self.audits, self.runs):
            if kept is not None and kept <= timedelta(0):
                message = f"what is kept is kept for a time longer than nothing, not {kept}; None keeps it for ever"
                raise DeclarationError(message)


class Sweeper:
    """Deletes what is older than it has to be, beside everything else an app does."""

    def __init__(self, retention: Retention, kinds: Iterable[ActorType], store: Store, clock: Clock) -> None:
        """Keep what `retention` says, and the journals of each type for its `keep`."""
        self._retention = retention
        self._journals = {kind.name: kind.keep for kind in kinds if kind.keep is not None}
        self._store, self._clock = store, clock
        self._running: asyncio.Task[None] | None = None
        self.deleted = 0
        """Rows so far."""

    def start(self) -> None:
        """Begin."""
        self._running = asyncio.get_running_loop().create_task(self._run(), name="packetflow retention")

    async def stop(self) -> None:
        """End; what is under way is finished by the store."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def sweep(self) -> int:
        """Delete now what is old enough, in small slices with a pause between; gives how many rows that were."""
        horizon = await self._horizon(self._clock.now())
        deleted = 0
        while gone := await self._store.prune(horizon, limit=_SLICE):
            deleted += gone
            self.deleted += gone
            await asyncio.sleep(_BREATH)
        return deleted

    async def _run(self) -> None:
        while True:
            await self._clock.wait_until(self._clock.now() + EVERY)
            try:
                deleted = await self.sweep()
            except StoreError as error:
                log.warning("nothing old was deleted, and will be tried again: %s", error)
            else:
                if deleted:
                    log.info("deleted %d rows that were old enough", deleted)

    async def _horizon(self, now: datetime) -> Horizon:
        kept = self._retention
        replies = _before(now, kept.replies)
        if replies is not None:
            begun = await self._oldest_unfinished()
            replies = min(replies, begun) if begun is not None else replies
        journals = [(name, moment) for name, keep in self._journals.items() if (moment := _before(now, keep))]
        return Horizon(
            replies=replies,
            calls=_before(now, kept.calls),
            audits=_before(now, kept.audits),
            runs=_before(now, kept.runs),
            journals=tuple(journals),
        )

    async def _oldest_unfinished(self) -> datetime | None:
        """Give the start of the oldest run that may go on and repeat a message, of those that are kept."""
        found: list[datetime] = []
        for status in _UNFINISHED:
            before: tuple[datetime, str] | None = None
            while page := await self._store.runs(status=status, before=before, limit=_PAGE):
                before = (page[-1].started_at, page[-1].id)
                found += [row.started_at for row in page if row.ended_at is None and row.authority]
        return min(found, default=None)


def _before(now: datetime, kept: timedelta | None) -> datetime | None:
    if kept is None:
        return None
    try:
        return now - kept
    except OverflowError:
        return None
