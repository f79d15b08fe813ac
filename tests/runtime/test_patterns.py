"""Every composition pattern, declared as a flow, is found like any capability, and its trace shows each step."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.runtime.workshop import (
    CALLS,
    FAILS,
    GATES,
    QuickClock,
    add,
    book,
    cancel_booking,
    fetch,
    fetch_all,
    nodes,
    numbers,
    wait,
    words,
    working,
)

import packetflow as pf


@pf.flow(examples=["fetch one after the other"])
def pipeline(text: str) -> pf.Step[str]:
    """Fetch a text, then fetch what was found."""
    return pf.fallback(
        pf.pipe(fetch.step(text), fetch.step, fetch.step),
        lambda error: fetch.step(error.code),
    )


@pf.flow(examples=["fetch both"])
def parallel(first: str, second: str) -> pf.Step[str]:
    """Fetch two texts at once and join them."""
    one, two = fetch.step(first), fetch.step(second)
    both = pf.together(first=one, second=two)
    return fetch_all.step([both.of(one), both.of(two)])


@pf.flow(examples=["decide"])
def conditional(count: int) -> pf.Step[int]:
    """Add a hundred to a large number, else one."""
    return pf.branch((pf.when(count, "gt", 10), add.step(count, 100)), otherwise=add.step(count, 1))


@pf.flow(examples=["sum up until it is enough"])
def loop(count: int) -> pf.Step[int]:
    """Sum up the first numbers until the sum is above five."""
    rounds = pf.fold(
        numbers.step(count).output,
        0,
        add.step,
        until=lambda total, _: pf.when(total, "gt", 5),
        skip_failed=True,
    )
    return pf.repeat(rounds.output, lambda total: add.step(total, 10), so_long=lambda total: pf.when(total, "lt", 30))


@pf.flow(examples=["try again"])
def stubborn(text: str) -> pf.Step[str]:
    """Fetch a text, again where it fails, with a breaker and a way out."""
    breaker = pf.Breaker(threshold=3, recovery=3600)
    return pf.retry(
        fetch.step(text),
        attempts=3,
        backoff=pf.Backoff(0),
        when=["not_found"],
        breaker=breaker,
        otherwise=lambda error: fetch.step(error.code),
    )


@pf.flow(examples=["count by letter"])
def map_reduced(text: str) -> pf.Step[list[pf.Reduced[str, int]]]:
    """Fetch every word of a text and count how often each came."""
    return pf.map_reduce(
        words.step(text).output,
        fetch.step,
        lambda count, _: add.step(count, 1),
        0,
        partition_by=lambda word: word,
    )


PATTERNS: list[tuple[pf.Flow[..., Any], dict[str, Any], Any, set[str]]] = [
    (pipeline, {"text": "a"}, "A", {"fallback", "fallback[1]/fetch", "fallback[1]/fetch_2", "fallback[1]/fetch_3"}),
    (
        parallel,
        {"first": "a", "second": "b"},
        "A+B",
        {"parallel", "parallel/first/fetch", "parallel/second/fetch_2", "fetch_all"},
    ),
    (conditional, {"count": 11}, 111, {"branch", "branch/add"}),
    (conditional, {"count": 1}, 2, {"branch", "branch/add_2"}),
    (
        loop,
        {"count": 100},
        36,
        {"numbers", "reduce", *(f"reduce[{n}]/add" for n in range(4)), "repeat"}
        | {f"repeat[{n}]/add_2" for n in range(3)},
    ),
    (stubborn, {"text": "a"}, "A", {"retry", "retry[1]/fetch"}),
    (
        map_reduced,
        {"text": "b a b"},
        [{"key": "B", "value": 2}, {"key": "A", "value": 1}],
        {"words", "map", "map[0]/fetch", "map[1]/fetch", "map[2]/fetch", "group", "map_2"}
        | {"map_2[0]/reduce", "map_2[0]/reduce[0]/add", "map_2[0]/reduce[1]/add", "map_2[1]/reduce"}
        | {"map_2[1]/reduce[0]/add"},
    ),
]
ALL = tuple(dict.fromkeys(pattern[0] for pattern in PATTERNS))


@pytest.mark.parametrize(("flow", "inputs", "result", "trace"), PATTERNS, ids=lambda value: getattr(value, "id", None))
async def test_a_pattern_declared_as_a_flow_is_found_and_called_like_any_capability_and_traced(
    flow: pf.Flow[..., Any], inputs: dict[str, Any], result: object, trace: set[str]
) -> None:
    async with working(*ALL) as root:
        found = [declared.id for declared, _ in root.capabilities.find(flow.intent)]
        assert found[0] == flow.id
        assert root.capabilities[flow.id].described()["examples"] == list(flow.examples)
        assert await root.call(flow.id, **inputs) == result
        (row,) = await root.runs()
        assert set(nodes(await root.found(row.id))) == trace
        run = await root.run(pf.Plan(flow.step(**inputs)))
        assert run.output == result
        assert set(nodes(run)) == {flow.id, *(f"{flow.id}/{node}" for node in trace)}
        assert all(step.started_at and step.ended_at for step in run.steps)


async def test_what_fails_in_a_pipeline_is_mapped_to_what_the_fallback_makes_of_the_error() -> None:
    async with working(pipeline) as root:
        FAILS["A"] = 1
        assert await root.call(pipeline, text="a") == "NOT_FOUND"
        assert CALLS == ["fetch a", "fetch A", "fetch not_found"]


async def test_a_failing_pipeline_takes_back_what_it_did_the_last_first() -> None:
    @pf.flow
    def trip(place: str) -> pf.Step[str]:
        """Book a trip."""
        flight = book.step("flight").undone_by(cancel_booking.step)
        hotel = book.step("hotel").undone_by(cancel_booking.step).following(flight)
        return fetch.step(place).following(hotel)

    async with working(trip) as root:
        FAILS["rome"] = 1
        with pytest.raises(pf.CapabilityFailed) as raised:
            await root.call(trip, place="rome")
        assert CALLS[-2:] == ["cancel booking of hotel", "cancel booking of flight"]
        run = await root.found(str(raised.value.details["run_id"]))
        assert [run.step(node).status for node in ("book", "book_2")] == ["undone", "undone"]


async def test_the_first_branch_that_fails_ends_the_others_and_leaves_no_task() -> None:
    both = pf.together(slow=wait.step("never"), quick=fetch.step("x"))
    async with working() as root:
        FAILS["x"] = 1
        before = len(asyncio.all_tasks())
        run = await root.run(pf.Plan(both))
        assert run.failure is not None
        assert run.failure.code == "not_found"
        assert run.step("parallel/slow/wait").status in {"failed", "cancelled"}
        assert len(asyncio.all_tasks()) <= before


async def test_branches_may_fail_and_be_late_and_the_others_are_kept() -> None:
    good, bad, late = fetch.step("good"), fetch.step("bad"), wait.step("never")
    some = pf.together(good=good, bad=bad, late=late, partial="continue", timeout=0.05)
    async with working() as root:
        FAILS["bad"] = 1
        run = await root.run(pf.Plan(some))
        assert run.succeeded
        assert {name: run.result[name] for name in ("good", "bad", "late")} == {
            "good": "GOOD",
            "bad": None,
            "late": None,
        }
        failures = [(one["name"], one["code"]) for one in run.result["failures"]]
        assert failures == [("bad", "not_found"), ("late", "deadline_exceeded")]
        assert run.result["failures"][0]["node"] == "parallel/bad/fetch_2"


async def test_no_more_branches_run_at_once_than_allowed() -> None:
    both = pf.together(a=wait.step("a"), b=wait.step("b"), concurrency=1)
    async with working() as root:
        run = await root.start(pf.Plan(both))
        await CALLS.reach(1)
        assert CALLS == ["wait a"]
        GATES["a"].set()
        await CALLS.reach(2)
        GATES["b"].set()
        assert (await root.finish(run)).result == {"a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("failed", "tries", "result"),
    [("omit", 1, ["A", "C"]), ("null", 1, ["A", None, "C"]), ("omit", 2, ["A", "B", "C"])],
)
async def test_failed_items_of_a_map_are_left_out_or_null_or_tried_again_and_the_trace_tells(
    failed: Any,  # noqa: ANN401 - one of three literals
    tries: int,
    result: list[str | None],
) -> None:
    mapped: pf.Step[Any] = pf.each(words.step("a b c").output, fetch.step, failed=failed, tries=tries)
    async with working() as root:
        FAILS["b"] = 1
        run = await root.run(pf.Plan(mapped))
        assert run.output == result
        assert nodes(run, "failed") == ["map[1]/fetch"]
        assert ("map[1][2]/fetch" in nodes(run)) is (tries == 2)


async def test_a_map_takes_its_items_in_chunks() -> None:
    mapped = pf.each(words.step("a b c").output, fetch_all.step, chunk=2, concurrency=1)
    async with working() as root:
        assert (await root.run(pf.Plan(mapped))).output == ["a+b", "c"]


async def test_a_loop_that_would_not_end_is_an_error() -> None:
    forever = pf.repeat(0, lambda n: add.step(n, 0), so_long=lambda n: pf.when(n, "eq", 0), most=3)
    async with working() as root:
        run = await root.run(pf.Plan(forever))
        assert run.failure is not None
        assert run.failure.code == "too_many_rounds"
        assert len(CALLS) == 3


async def test_pauses_of_a_loop_are_taken_on_the_clock_of_the_app() -> None:
    clock = QuickClock()
    slow = pf.fold([1, 2, 3], 0, add.step, delay=60)
    async with working(clock=clock) as root:
        assert (await root.run(pf.Plan(slow))).output == 6
        assert clock.waited == [60.0, 60.0]


async def test_a_retry_waits_longer_each_time_up_to_its_limit_and_by_chance() -> None:
    clock = QuickClock()
    async with working(clock=clock) as root:
        FAILS["a"] = 4
        tried = pf.retry(fetch.step("a"), attempts=5, backoff=pf.Backoff(first=1, most=3))
        assert (await root.run(pf.Plan(tried))).output == "A"
        assert clock.waited == [0.5, 1.0, 1.5, 1.5]


async def test_an_error_that_is_not_worth_it_is_not_tried_again() -> None:
    async with working() as root:
        FAILS["a"] = 1
        run = await root.run(pf.Plan(pf.retry(fetch.step("a"), when=["overloaded"], backoff=0)))
        assert not run.succeeded
        assert CALLS == ["fetch a"]


async def test_an_open_breaker_leaves_alone_what_failed_too_often() -> None:
    async with working(stubborn) as root:
        FAILS["a"] = 100
        assert await root.call(stubborn, text="a") == "NOT_FOUND"
        assert CALLS == ["fetch a"] * 3 + ["fetch not_found"]
        CALLS.clear()
        assert await root.call(stubborn, text="a") == "CIRCUIT_OPEN"
        assert CALLS == ["fetch circuit_open"]


async def test_the_whole_of_a_pipeline_is_repeated_when_it_is_asked_for() -> None:
    tried = pf.retry(pf.pipe(fetch.step("a"), fetch.step), backoff=0, whole=True)
    async with working() as root:
        FAILS["A"] = 1
        assert (await root.run(pf.Plan(tried))).output == "A"
        assert CALLS == ["fetch a", "fetch A", "fetch a", "fetch A"]


async def test_cancelling_a_run_cancels_every_pattern_in_it_and_leaves_no_task() -> None:
    deep = pf.together(
        a=pf.retry(wait.step("1")),
        b=pf.each(words.step("x y").output, wait.step),
        c=pf.fallback(wait.step("2"), wait.step("3")),
        d=pf.fold(words.step("p q").output, "", lambda _, word: wait.step(word)),
    )
    async with working() as root:
        before = len(asyncio.all_tasks())
        run = await root.start(pf.Plan(deep))
        await CALLS.reach(5)
        await root.cancel(run.id)
        assert run.status == "cancelled"
        assert not nodes(run, "running")
        assert len(asyncio.all_tasks()) <= before


def _mapped(name: str, over: dict[str, Any], nodes: list[Any], output: object) -> dict[str, Any]:
    return {"kind": "map", "id": name, "over": over, "concurrency": 1000, "each": {"nodes": nodes, "output": output}}


def _reading(nodes: list[Any], output: object) -> pf.Plan[Any]:
    return pf.Plan[Any].model_validate({"nodes": nodes, "output": output})


async def test_the_items_of_all_maps_of_a_run_are_bounded_and_start_few_tasks() -> None:
    many = {"literal": [0] * 400}
    inner = _mapped("inner", many, [], {"literal": 1})
    plan = _reading([_mapped("outer", many, [inner], {"literal": 1})], {"literal": 1})
    async with working() as root:
        run = await root.start(plan)
        most = 0
        while run.ended_at is None:
            most = max(most, len(asyncio.all_tasks()))
            await asyncio.sleep(0)
        assert run.failure is not None
        assert run.failure.code == "too_many_items"
        assert "100,000" in run.failure.message
        before = len(asyncio.all_tasks())
        quiet = _mapped("m", {"literal": [0] * 10_000}, [], {"literal": 1})
        run = await root.start(_reading([{**quiet, "concurrency": 3}], {"literal": 1}))
        rounds = 0
        while run.ended_at is None:
            rounds += 1
            most = max(0 if rounds == 1 else most, len(asyncio.all_tasks()) - before)
            await asyncio.sleep(0)
        assert run.succeeded
        assert most <= 10
        assert rounds > 50


@pytest.mark.parametrize("rounds", [3, 40])
async def test_outputs_that_double_are_refused_before_they_are_written(rounds: int) -> None:
    async with working() as root:
        run = await root.run(_reading(_doubling(rounds), {"literal": 1}))
        if rounds == 3:
            assert run.succeeded
        else:
            assert run.failure is not None
            assert (run.failure.code, "8 MiB" in run.failure.message) == ("too_large", True)


async def test_what_the_nodes_of_a_run_give_is_bounded_together() -> None:
    text = "x" * 1_000_000
    parallel: list[Any] = [
        {"kind": "parallel", "id": f"p{n}", "branches": {"a": {"nodes": [], "output": _all_of(4)}}} for n in range(20)
    ]
    numbered = {"kind": "step", "id": "t", "capability_id": "fetch_all", "inputs": {"texts": {"literal": [text]}}}
    async with working() as root:
        run = await root.run(_reading([numbered, *parallel], {"literal": 1}))
        assert run.failure is not None
        assert (run.failure.code, "64 MiB" in run.failure.message) == ("too_large", True)


def _all_of(times: int) -> dict[str, Any]:
    return {"items": [{"step": "t"}] * times}


def _doubling(count: int) -> list[Any]:
    """Text that a capability gives, put together with itself again and again: the plan is small, and each type."""
    nodes: list[Any] = [
        {"kind": "step", "id": "s0", "capability_id": "fetch_all", "inputs": {"texts": {"literal": ["x" * 2000, "y"]}}}
    ]
    for number in range(1, count + 1):
        both = {"items": [{"step": f"s{number - 1}"}] * 2}
        call = {"kind": "step", "id": f"s{number}", "capability_id": "fetch_all", "inputs": {"texts": both}}
        nodes.append(call)
    return nodes
