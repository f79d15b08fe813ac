"""The simulated loop: virtual time, seeded order, nothing from outside."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from packetflow.testing.loop import Interrupted, SimulatedLoop, Stuck

SEEDS = range(200)


def order(seed: int) -> list[str]:
    """Let three tasks write down their steps."""
    steps: list[str] = []

    async def walk(name: str) -> None:
        for number in range(3):
            steps.append(f"{name}{number}")
            await asyncio.sleep(0)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(walk(name))

    SimulatedLoop(seed).run_until_complete(main())
    return steps


def test_a_seed_is_one_order_and_many_seeds_are_many_orders() -> None:
    assert [order(seed) for seed in SEEDS] == [order(seed) for seed in SEEDS]
    orders = {tuple(order(seed)) for seed in SEEDS}
    assert len(orders) > 150
    assert {steps[0] for steps in orders} == {"a0", "b0", "c0"}
    for steps in orders:
        for name in "abc":
            assert [step for step in steps if step[0] == name] == [f"{name}{number}" for number in range(3)]


def test_time_is_virtual_and_jumps_to_what_comes_next() -> None:
    async def main() -> tuple[float, list[int]]:
        loop = asyncio.get_running_loop()
        begin, woken = loop.time(), list[int]()

        async def sleep(days: int) -> None:
            await asyncio.sleep(86_400 * days)
            woken.append(days)

        await asyncio.gather(sleep(3), sleep(1), sleep(2))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return loop.time() - begin, woken

    assert SimulatedLoop(1).run_until_complete(main()) == (4 * 86_400, [1, 2, 3])


def test_callbacks_that_are_no_tasks_keep_their_order_and_no_task_overtakes_them() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        called: list[int] = []
        for number in range(20):
            loop.call_soon(called.append, number)
        await asyncio.sleep(0)
        assert called == list(range(20))
        future = loop.create_future()
        future.add_done_callback(lambda _: called.append(-1))
        future.set_result(None)
        await future
        return called

    for seed in SEEDS:
        assert SimulatedLoop(seed).run_until_complete(main()) == list(range(20))


def test_a_cancelled_callback_and_timer_are_not_called() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        called: list[str] = []
        loop.call_soon(called.append, "soon").cancel()
        loop.call_later(1, called.append, "late").cancel()
        await asyncio.sleep(2)
        return called

    assert SimulatedLoop(1).run_until_complete(main()) == []


def test_what_can_never_end_is_told_with_those_who_wait() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match=r"1 tasks wait: task 1 in .*main"):
        SimulatedLoop(1).run_until_complete(main())


def test_what_never_stops_is_stuck_after_its_limit() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 - the point
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="no end after 500 steps"):
        SimulatedLoop(1, limit=500).run_until_complete(main())


def test_it_is_interrupted_after_the_steps_it_was_given() -> None:
    loop = SimulatedLoop(1)
    loop.last = 10

    async def main() -> None:
        while True:  # noqa: ASYNC110 - the point
            await asyncio.sleep(1)

    with pytest.raises(Interrupted):
        loop.run_until_complete(main())
    assert loop.steps == 10


def test_another_thread_is_refused_and_an_executor_is_called_in_place() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        errors: list[RuntimeError] = []

        def reach_in() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except RuntimeError as error:
                errors.append(error)

        thread = threading.Thread(target=reach_in)
        thread.start()
        thread.join()
        assert "no thread" in str(errors[0])
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(threading.get_ident)

    assert SimulatedLoop(1).run_until_complete(main()) == threading.get_ident()


def test_sockets_and_processes_are_refused() -> None:
    async def main() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    with pytest.raises(NotImplementedError):
        SimulatedLoop(1).run_until_complete(main())


def test_what_asyncio_and_anyio_are_made_of_works_on_it() -> None:
    """Queues, locks, groups, streams: no order breaks them."""

    async def numbers() -> AsyncGenerator[int]:
        for number in range(3):
            await asyncio.sleep(0.1)
            yield number

    async def main() -> int:
        queue: asyncio.Queue[int] = asyncio.Queue(2)
        lock, total, inside = asyncio.Lock(), 0, 0

        async def produce() -> None:
            async with aclosing(numbers()) as source:
                async for number in source:
                    await queue.put(number)

        async def consume() -> None:
            nonlocal total, inside
            for _ in range(3):
                async with lock:
                    inside += 1
                    assert inside == 1
                    total += await queue.get()
                    inside -= 1

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(produce)
                group.start_soon(consume)
        return total

    for seed in SEEDS:
        loop = SimulatedLoop(seed)
        assert loop.run_until_complete(main()) == 9
        assert loop.tasks == []
        assert loop.unheard == []
        loop.close()


def test_an_error_that_nobody_awaited_is_kept() -> None:
    async def fail() -> None:
        raise ValueError("unheard")

    async def main() -> None:
        task = asyncio.create_task(fail())
        await asyncio.wait([task])

    loop = SimulatedLoop(1)
    loop.run_until_complete(main())
    assert [str(what["exception"]) for what in loop.unheard] == ["unheard"]


def test_its_story_tells_the_latest_steps_in_words() -> None:
    loop = SimulatedLoop(1)
    loop.story = type(loop.story)(maxlen=5)

    async def main() -> None:
        for _ in range(10):
            await asyncio.sleep(1)

    loop.run_until_complete(main())
    assert len(loop.story) == 5
    assert loop.story[-1].startswith("1010.000")
