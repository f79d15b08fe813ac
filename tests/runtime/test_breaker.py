"""A breaker leaves alone what keeps failing, tries it again after a while, and believes it only when it answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packetflow as pf
from packetflow._core.errors import CircuitOpen
from packetflow._runtime.breaker import Breakers, CircuitBreaker
from packetflow.testing.clock import FakeClock


def made(clock: FakeClock, threshold: int = 2, recovery: float = 30.0, half_open: int = 2) -> CircuitBreaker:
    return Breakers(clock.now).get("mail", threshold, recovery, half_open)


def opened(clock: FakeClock) -> CircuitBreaker:
    breaker = made(clock)
    for _ in range(2):
        breaker.failed(breaker.allow())
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_them_begins_the_count_again() -> None:
    breaker = made(FakeClock())
    for fails in (True, False, True):
        (breaker.failed if fails else breaker.succeeded)(breaker.allow())
    assert breaker.state.condition == "closed"
    breaker.failed(breaker.allow())
    assert breaker.state.condition == "open"


def test_an_open_one_refuses_and_says_when_to_come_again() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(seconds=12)
    with pytest.raises(CircuitOpen) as caught:
        breaker.allow()
    assert caught.value.details == {"name": "mail", "retry_after": 18.0}
    assert breaker.state.retry_after == 18.0


def test_after_its_recovery_time_a_few_calls_try_and_close_it() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(seconds=30)
    permits = [breaker.allow(), breaker.allow()]
    with pytest.raises(CircuitOpen):
        breaker.allow()
    breaker.succeeded(permits[0])
    assert breaker.state.condition == "half-open"
    breaker.succeeded(permits[1])
    assert breaker.state.condition == "closed"


def test_one_failed_try_opens_it_again_for_the_whole_time() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(seconds=30)
    permits = [breaker.allow(), breaker.allow()]
    breaker.succeeded(permits[0])
    breaker.failed(permits[1])
    assert (breaker.state.condition, breaker.state.retry_after, breaker.state.opened) == ("open", 30.0, 2)


def test_what_a_late_call_tells_says_nothing_about_now() -> None:
    clock = FakeClock()
    breaker = made(clock)
    late = [breaker.allow() for _ in range(6)]
    breaker.failed(late[0])
    breaker.failed(late[1])
    breaker.succeeded(late[2])
    assert breaker.state.condition == "open"
    clock.advance(seconds=30)
    trial = breaker.allow()
    breaker.failed(late[3])
    for permit in late[4:]:
        breaker.succeeded(permit)
    assert breaker.state.condition == "half-open"
    breaker.succeeded(trial)
    breaker.succeeded(breaker.allow())
    assert breaker.state.condition == "closed"


def test_a_cancelled_try_gives_its_place_to_another() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(seconds=30)
    for _ in range(5):
        with pytest.raises(asyncio.CancelledError), breaker.guard(lambda _: True):
            raise asyncio.CancelledError
    for _ in range(2):
        with breaker.guard(lambda _: True):
            pass
    assert breaker.state.condition == "closed"


def test_an_answer_that_is_a_refusal_is_no_failure() -> None:
    breaker = made(FakeClock())
    for _ in range(5):
        with pytest.raises(ValueError, match="no"), breaker.guard(lambda error: isinstance(error, OSError)):
            raise ValueError("no")
    assert breaker.state.condition == "closed"


@given(st.lists(st.sampled_from(["ok", "fail", "cancel", "wait", "late"]), max_size=60))
def test_whatever_happens_no_more_than_its_trial_calls_run_before_it_is_closed(happened: list[str]) -> None:
    clock = FakeClock()
    breaker = made(clock)
    out: list[int] = []
    for what in happened:
        if what == "wait":
            clock.advance(seconds=31)
            continue
        try:
            permit = breaker.allow()
        except CircuitOpen:
            assert breaker.state.condition != "closed"
            if out:
                breaker.dropped(out.pop())
            continue
        out.append(permit)
        if breaker.state.condition == "half-open":
            assert sum(one == permit for one in out) <= 2
        if what != "late":
            tell = {"ok": breaker.succeeded, "fail": breaker.failed, "cancel": breaker.dropped}[what]
            tell(out.pop())


def test_the_same_name_is_the_same_breaker_and_all_are_listed() -> None:
    breakers = Breakers(FakeClock().now)
    breakers.get("mail", 1).failed(breakers.get("mail", 1).allow())
    assert {name: state.condition for name, state in breakers.statistics().items()} == {"mail": "open"}


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"half_open": 0}, {"recovery": 0.0}, {"recovery": float("nan")}])
def test_a_breaker_that_cannot_be_is_refused_where_it_is_declared(wrong: dict[str, float]) -> None:
    with pytest.raises(pf.PacketFlowError):
        pf.Breaker(**wrong)  # type: ignore[arg-type] # wrong on purpose


def test_a_clock_that_is_set_back_does_not_keep_it_open_for_longer() -> None:
    clock = FakeClock()
    moment = [clock.now()]
    breaker = Breakers(lambda: moment[0]).get("mail", 1)
    breaker.failed(breaker.allow())
    moment[0] -= timedelta(days=1)
    breaker.succeeded(breaker.allow())
    assert breaker.state.condition == "half-open"


def test_breakers_are_bounded_and_those_that_know_nothing_go_first() -> None:
    known = Breakers(FakeClock().now)
    for number in range(9_000):
        known.get(f"idle {number}")
    for number in range(30_000):
        breaker = known.get(f"open {number}", 1)
        breaker.failed(breaker.allow())
        known.get("open 0", 1)
    assert len(known.statistics()) <= 10_000
    assert not any(name.startswith("idle") for name in known.statistics())
    assert known.statistics()["open 29999"].condition == "open"
    assert known.statistics()["open 0"].condition == "open"
    assert "open 1" not in known.statistics()
