"""What is declared repeatable is repeated when its failure may pass, and only then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import packetflow as pf
from packetflow._core.errors import (
    CircuitOpen,
    DeadlineExceeded,
    DeclarationError,
    InvalidInput,
    NotAllowed,
    Overloaded,
    StoreUnavailable,
)
from packetflow._core.ports import Commit, Committed
from packetflow._core.retry import LASTING
from packetflow.stores.memory import MemoryStore
from packetflow.testing.clock import FakeClock


class Script:
    """Says what the n-th call of `flaky` does, and counts them."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        return self.calls


@asynccontextmanager
async def running(clock: FakeClock, *parts: object, store: MemoryStore | None = None) -> AsyncGenerator[pf.Client]:
    app = pf.App(*parts, store=store or MemoryStore(), planners=[], clock=clock)  # type: ignore[arg-type]
    async with app as root:
        app.parts.engine.attempts.chance = lambda: 0.5
        yield root


def pauses(clock: FakeClock) -> list[float]:
    """Give the seconds that attempts wait; what the app itself waits for is an hour and more away."""
    left = [(moment - clock.now()).total_seconds() for moment in clock.waiting]
    return [seconds for seconds in left if seconds < 60]


async def passing(clock: FakeClock, call: asyncio.Future[Any]) -> list[float]:
    """Let time pass until the call ends; gives the pauses that it took."""
    taken: list[float] = []
    while not call.done():
        await asyncio.sleep(0)
        if waits := pauses(clock):
            taken.append(waits[0])
            clock.advance(seconds=waits[0])
    return taken


def flaky(script: Script, retry: pf.Retry) -> pf.Capability[[], int, object]:
    @pf.capability(effect="read", retry=retry)
    async def flaky() -> int:
        """Fail now and then."""
        return script()

    return flaky  # type: ignore[return-value] # an awaitable is an object


async def test_a_failure_that_may_pass_is_repeated_with_growing_pauses() -> None:
    clock, script = FakeClock(), Script(OSError("a"), Overloaded("b"), DeadlineExceeded("c"))
    async with running(clock, flaky(script, pf.Retry(attempts=4, backoff=0.1))) as root:
        call = asyncio.ensure_future(root.call("flaky"))
        assert await passing(clock, call) == pytest.approx([0.05, 0.1, 0.2])
        assert await call == 4


async def test_the_last_failure_is_told_when_there_are_no_more_attempts() -> None:
    clock, script = FakeClock(), Script(*[OSError(str(n)) for n in range(9)])
    async with running(clock, flaky(script, pf.Retry(attempts=3))) as root:
        call = asyncio.ensure_future(root.call("flaky"))
        await passing(clock, call)
        with pytest.raises(pf.CapabilityFailed) as caught:
            await call
        assert (script.calls, str(caught.value.__cause__)) == (3, "2")


@pytest.mark.parametrize(
    "failure", [InvalidInput("a"), NotAllowed("b"), pf.NotFound("c"), pf.Conflict("d"), CircuitOpen("e")]
)
async def test_what_the_same_call_meets_again_is_not_repeated(failure: pf.PacketFlowError) -> None:
    clock, script = FakeClock(), Script(failure)
    async with running(clock, flaky(script, pf.Retry())) as root:
        with pytest.raises(type(failure)):
            await root.call("flaky")
        assert script.calls == 1


async def test_when_says_what_is_repeated_by_code_or_class() -> None:
    clock, script = FakeClock(), Script(pf.NotFound("not yet"), ConnectionResetError("gone"), ValueError("wrong"))
    async with running(clock, flaky(script, pf.Retry(attempts=9, when=("not_found", ConnectionError)))) as root:
        call = asyncio.ensure_future(root.call("flaky"))
        await passing(clock, call)
        with pytest.raises(pf.CapabilityFailed, match="wrong"):
            await call
        assert script.calls == 3


async def test_no_attempt_begins_after_the_callers_deadline() -> None:
    clock, script = FakeClock(), Script(OSError("a"))
    async with running(clock, flaky(script, pf.Retry(backoff=30, jitter=False))) as root:
        with pytest.raises(pf.CapabilityFailed):
            await root.within(deadline=5).call("flaky")
        assert script.calls == 1


async def test_no_attempt_begins_after_the_grant_has_ended() -> None:
    clock, script = FakeClock(), Script(OSError("a"))
    async with running(clock, flaky(script, pf.Retry(backoff=30, jitter=False))) as root:
        ada = root.delegate("ada", expires=clock.now() + timedelta(seconds=20))
        with pytest.raises(pf.CapabilityFailed):
            await ada.call("flaky")
        assert script.calls == 1


async def test_each_attempt_has_the_whole_timeout_of_its_own() -> None:
    clock, calls = FakeClock(), 0

    @pf.capability(effect="read", timeout=timedelta(milliseconds=20), retry=pf.Retry(attempts=2, backoff=0))
    async def slow_at_first() -> int:
        """Hang the first time."""
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return calls

    async with running(clock, slow_at_first) as root:
        assert await root.call(slow_at_first) == 2


async def test_cancelling_ends_the_wait_between_two_attempts() -> None:
    clock, script = FakeClock(), Script(OSError("a"))
    async with running(clock, flaky(script, pf.Retry())) as root:
        call = asyncio.ensure_future(root.call("flaky"))
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(pauses(clock)) == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (pauses(clock), script.calls) == ([], 1)


async def test_every_attempt_gets_the_arguments_that_were_sent() -> None:
    clock, seen = FakeClock(), list[list[str]]()

    @pf.capability(effect="read", retry=pf.Retry(backoff=0))
    async def greedy(names: list[str]) -> int:
        """Take what it was given."""
        seen.append(list(names))
        names.clear()
        if len(seen) < 3:
            raise OSError("again")
        return len(seen)

    async with running(clock, greedy) as root:
        assert await root.call(greedy, names=["ada"]) == 3
    assert seen == [["ada"]] * 3


async def test_a_call_of_many_attempts_is_decided_and_recorded_once_and_each_attempt_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, script, store = FakeClock(), Script(OSError("a"), OSError("b")), MemoryStore()
    with caplog.at_level(logging.WARNING, "packetflow.retry"):
        async with running(clock, flaky(script, pf.Retry(backoff=0)), store=store) as root:
            assert await root.call("flaky") == 3
            assert root._parts.engine.telemetry.retries == {"flaky": 2}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    await store.open()
    assert [(call.outcome, call.capability_id) for call in await store.calls()] == [("ok", "flaky")]
    assert len(await store.audits()) == 1
    assert [record.getMessage().split(",")[0] for record in caplog.records] == [
        "attempt 1 of 3 of flaky failed (capability_failed)",
        "attempt 2 of 3 of flaky failed (capability_failed)",
    ]


class Account(pf.Actor[dict[str, int]], key="owner"):
    """An account."""

    @pf.capability(retry=pf.Retry(backoff=0))
    async def pay_in(self, coins: int) -> int:
        """Pay in."""
        self.state["coins"] = self.state.get("coins", 0) + coins
        return self.state["coins"]


class Unsure(MemoryStore):
    """Commits, and loses the answer the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    async def commit(self, commit: Commit) -> Committed:
        done = await super().commit(commit)
        self.commits += 1
        if self.commits == 1:
            raise StoreUnavailable("the answer was lost")
        return done


@pytest.mark.parametrize("typed", [False, True])
async def test_a_message_that_is_repeated_takes_effect_once(typed: bool) -> None:  # noqa: FBT001
    clock, store = FakeClock(), Unsure()
    async with running(clock, Account, store=store) as root:
        ada = root.actor(Account, "ada")
        paid = ada.ask(Account.pay_in, 5) if typed else root.call("account.pay_in", owner="ada", coins=5)
        assert await paid == 5
        assert await ada.ask(Account.pay_in, 1) == 6
        assert store.commits == 2


async def test_a_breaker_stops_the_attempts_and_later_calls_until_it_recovers() -> None:
    clock, script = FakeClock(), Script(*[OSError(str(n)) for n in range(3)])
    guarded = pf.Retry(attempts=9, backoff=0, breaker=pf.Breaker(threshold=3, recovery=30, half_open=1))
    async with running(clock, flaky(script, guarded)) as root:
        for _ in range(2):
            with pytest.raises(CircuitOpen):
                await root.call("flaky")
        assert script.calls == 3
        assert root.statistics().breakers["capability flaky"].condition == "open"
        clock.advance(seconds=30)
        assert await root.call("flaky") == 4


async def test_two_calls_wait_for_pauses_of_their_own() -> None:
    clock, script = FakeClock(), Script(OSError("a"), OSError("b"))
    async with running(clock, flaky(script, pf.Retry(jitter=False))) as root:
        calls = asyncio.gather(root.call("flaky"), root.call("flaky"))
        assert await passing(clock, calls) == pytest.approx([0.1])
        assert sorted(await calls) == [3, 4]


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True), st.booleans())
def test_a_pause_is_never_longer_than_the_longest(attempt: int, chance: float, jitter: bool) -> None:  # noqa: FBT001
    retry = pf.Retry(backoff=0.1, longest=30, jitter=jitter)
    assert 0 <= retry.pause(attempt, lambda: chance) <= min(30, 0.1 * 2 ** (attempt - 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"backoff": -1},
        {"backoff": 31},
        {"longest": float("inf")},
        {"when": ("invalid_input",)},
        {"when": "x"},
    ],
)
def test_a_retry_that_cannot_be_is_refused_where_it_is_declared(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        pf.Retry(**wrong)


@pytest.mark.parametrize("code", sorted(LASTING))
def test_no_lasting_failure_is_named_to_be_repeated(code: str) -> None:
    with pytest.raises(DeclarationError, match=code):
        pf.Retry(when=(code,))


def test_what_is_no_retry_is_refused_where_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="not 3"):
        pf.capability(effect="read", retry=cast("Any", 3))(print)
    with pytest.raises(DeclarationError, match="not 60"):
        pf.capability(effect="read", cache=cast("Any", 60))(print)
    with pytest.raises(DeclarationError, match="exception classes"):
        pf.Retry(when=cast("Any", (3,)))


def test_a_stream_cannot_be_repeated() -> None:
    @pf.capability(effect="read", retry=pf.Retry())
    async def count() -> AsyncIterator[int]:
        """Count."""
        yield 1

    with pytest.raises(DeclarationError, match="cannot be repeated"):
        count.verify()


def test_discovery_tells_how_often_it_may_be_called() -> None:
    assert flaky(Script(), pf.Retry(attempts=4)).described()["retry"] == 4
    assert Account.pay_in.described()["retry"] == 3


async def test_every_attempt_is_a_span_within_that_of_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    clock, script = FakeClock(), Script(OSError("a"))
    async with running(clock, flaky(script, pf.Retry(backoff=0))) as root:
        await root.call("flaky")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"attempt 1", "attempt 2", "capability flaky"}
    parents = {span.parent.span_id for name, span in spans.items() if span.parent and name.startswith("attempt")}
    context = spans["capability flaky"].context
    assert context is not None
    assert parents == {context.span_id}
    assert not spans["attempt 1"].status.is_ok
    assert spans["attempt 2"].status.is_ok
    provider.shutdown()
