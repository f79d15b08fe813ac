"""Repeats calls that failed in a way that may pass, as their capability's `retry` says."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from packetflow._core.errors import PacketFlowError
from packetflow._runtime.breaker import Breakers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context
    from packetflow._core.ports import Clock
    from packetflow._core.retry import Retry
    from packetflow._runtime.telemetry import Telemetry

T = TypeVar("T")
log = logging.getLogger("packetflow.retry")


class Attempts:
    """Makes the attempts of one app's calls; waits on the app's clock."""

    def __init__(self, clock: Clock, telemetry: Telemetry, chance: Callable[[], float] = random.random) -> None:
        """Begin with every breaker closed; `chance` gives a number from 0 to below 1 for the jitter of each pause."""
        self._clock, self._telemetry, self.chance = clock, telemetry, chance
        self.breakers = Breakers(clock.now)

    async def make(self, declared: Declaration, retry: Retry, context: Context, once: Callable[[], Awaitable[T]]) -> T:
        """Call `once` until it succeeds; raises the last failure when there are no more attempts.

        There are none when `retry` does not repeat that failure, when the caller's deadline would be over before the
        next one, and when the caller's grant has ended. Cancelling ends the wait between two.
        """
        attempt = 1
        while True:
            try:
                with self._telemetry.span(
                    f"attempt {attempt}", context.trace_id, {"packetflow.capability": declared.id}
                ):
                    return await self._guarded(declared, retry, once)
            except PacketFlowError as error:
                pause = retry.pause(attempt, self.chance)
                if attempt >= retry.attempts or not retry.may_pass(error) or not self._goes_on(context, pause):
                    raise
                log.warning(
                    "attempt %d of %d of %s failed (%s), again in %.3f s",
                    *(attempt, retry.attempts, declared.id, error.code, pause),
                )
            self._telemetry.retries[declared.id] += 1
            attempt += 1
            await self._clock.wait_until(self._clock.now() + timedelta(seconds=pause))

    async def _guarded(self, declared: Declaration, retry: Retry, once: Callable[[], Awaitable[T]]) -> T:
        guard = retry.guard
        if guard is None:
            return await once()
        breaker = self.breakers.get(f"capability {declared.id}", guard.threshold, guard.recovery, guard.half_open)
        with breaker.guard(retry.may_pass):
            return await once()

    def _goes_on(self, context: Context, pause: float) -> bool:
        due, ends = context.deadline, context.grant.expires
        in_time = due is None or asyncio.get_running_loop().time() + pause < due
        return in_time and (ends is None or self._clock.now() + timedelta(seconds=pause) < ends)
