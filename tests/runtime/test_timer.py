"""One coarse clock: it counts tenths of a second, hears of none twice, and stops when it is told."""

import asyncio

from packetflow._runtime.timer import TICK, Timer


async def test_listeners_hear_every_tick_that_is_let_pass() -> None:
    timer = Timer()
    heard: list[int] = []
    timer.listen(heard.append)
    timer.advance(0.5)
    timer.advance(0.2)
    assert heard == [1, 2, 3, 4, 5, 6, 7]
    assert timer.tick == 7


async def test_a_started_timer_ticks_by_itself_and_never_backwards() -> None:
    timer = Timer()
    heard: list[int] = []
    third = asyncio.Event()

    def listener(tick: int) -> None:
        heard.append(tick)
        if len(heard) == 3:
            third.set()

    timer.start()
    timer.advance(10)
    timer.listen(listener)
    async with asyncio.timeout(10):
        await third.wait()
    timer.stop()
    assert heard == sorted(set(heard))
    assert heard[0] > 100


async def test_a_late_loop_skips_ticks_and_loses_no_time() -> None:
    timer = Timer()
    heard: list[int] = []
    ticked = asyncio.Event()
    timer.start()
    timer.listen(heard.append)
    timer.listen(lambda _: ticked.set())
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while loop.time() < begin + 5 * TICK:  # what a handler that computes does to everybody
        pass
    async with asyncio.timeout(10):
        await ticked.wait()
    timer.stop()
    assert len(heard) == 1
    assert heard[0] >= 5
