"""The one contract of every Clock, put to each of ours."""

import pytest

from packetflow._core.ports import Clock
from packetflow.app import SystemClock
from packetflow.testing.clock import FakeClock
from packetflow.testing.clock_contract import ClockContract


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestFakeClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return FakeClock()

    async def pass_time(self, clock: Clock, seconds: float) -> None:
        assert isinstance(clock, FakeClock)
        clock.advance(seconds=seconds)
