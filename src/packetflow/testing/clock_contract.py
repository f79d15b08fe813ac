"""What every Clock keeps to, as tests: subclass `ClockContract` and give it a fixture named `clock`."""
# ruff: noqa: D102, S101 - tests: their names are sentences

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from packetflow._core.ports import Clock

PATIENCE: Final = 5.0


class ClockContract:
    """Every sentence of the Clock port; override `pass_time` for a clock that does not go by itself."""

    async def pass_time(self, clock: Clock, seconds: float) -> None:
        """Let that much of the clock's time pass."""
        del clock
        await asyncio.sleep(seconds)

    async def test_its_moments_are_utc_and_never_go_back(self, clock: Clock) -> None:
        before = clock.now()
        assert before.utcoffset() == timedelta()
        await self.pass_time(clock, 0.01)
        assert clock.now() > before

    async def test_a_wait_ends_at_its_moment_and_not_before(self, clock: Clock) -> None:
        moment = clock.now() + timedelta(seconds=0.05)
        waiting = asyncio.ensure_future(clock.wait_until(moment))
        await asyncio.sleep(0)
        assert not waiting.done()
        await self.pass_time(clock, 0.06)
        async with asyncio.timeout(PATIENCE):
            await waiting
        assert clock.now() >= moment

    async def test_a_moment_that_has_passed_is_not_waited_for(self, clock: Clock) -> None:
        async with asyncio.timeout(PATIENCE):
            await clock.wait_until(clock.now())
            await clock.wait_until(clock.now() - timedelta(days=1))

    async def test_a_wait_can_be_cancelled(self, clock: Clock) -> None:
        waiting = asyncio.ensure_future(clock.wait_until(clock.now() + timedelta(days=1)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=PATIENCE)
        assert waiting.cancelled()
