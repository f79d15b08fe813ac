"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from packetflow.app import App

START: Final = datetime(2031, 5, 4, 12, tzinfo=UTC)
"""When a fake clock begins, unless it is told otherwise; a Sunday, noon."""


class FakeClock:
    """Implements the Clock port: time passes when the test says so, and whatever waits for a date wakes up then.

    ```python
    clock = FakeClock()
    async with pf.App(Room, store=MemoryStore(), clock=clock) as root:
        ...
        clock.advance(hours=1)
    ```

    It moves dates: reminders, expiries, cron rules. `drive` lets an app's coarse timer go with it, too, so that idle
    actors sleep and deadlines of waiting callers end. A caller's exact deadline is on the event loop's clock; to move
    that, run the test on a `SimulatedLoop`.
    """

    def __init__(self, start: datetime = START) -> None:
        """Stand at `start`; raises ValueError for one without a time zone."""
        self._now = _aware(start)
        self._waiting: list[tuple[datetime, asyncio.Future[None]]] = []
        self._driven: list[App] = []

    def now(self) -> datetime:
        """Give the moment the clock stands at, UTC."""
        return self._now

    async def wait_until(self, moment: datetime) -> None:
        """Return once the clock was moved to `moment` or beyond; at once when it is there already."""
        if _aware(moment) <= self._now:
            return
        entry = (moment, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await entry[1]
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    @property
    def waiting(self) -> list[datetime]:
        """The moments that somebody waits for, the next one first."""
        return sorted(moment for moment, _ in self._waiting)

    def advance(self, by: timedelta | None = None, /, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass; whoever waited for a moment on the way is woken in the order of the moments.

        Nobody has run when this returns, and all of them see the moment it ends at. Raises ValueError for a time below
        zero.
        """
        passed = (by or timedelta()) + timedelta(days=days, hours=hours, seconds=seconds)
        if passed < timedelta():
            raise ValueError(f"time does not go back by {-passed}")
        self._now += passed
        for app in self._driven:
            _pass(app, passed.total_seconds())
        due = sorted((entry for entry in self._waiting if entry[0] <= self._now), key=lambda entry: entry[0])
        for entry in due:
            self._waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    def at(self, moment: datetime) -> None:
        """Move to a moment; raises ValueError for one that has passed."""
        self.advance(_aware(moment) - self._now)

    def drive(self, app: App) -> None:
        """Let the coarse timer of an app go with this clock as well; it goes on by itself in between."""
        self._driven.append(app)


def _pass(app: App, seconds: float) -> None:
    tables = app.parts.engine.tables.values()
    for timer in {table.timer for table in tables}:
        timer.advance(seconds)


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)
