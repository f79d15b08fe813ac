"""Carries a write to its end: what was given to the store is decided there, whatever becomes of whoever gave it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from packetflow._core.ports import Store

T = TypeVar("T")


class Carrier:
    """Carries the writes of one store."""

    def __init__(self, store: Store) -> None:
        """Find out whether the store says `plain_writes`, of its methods `commit` and `post`.

        A store says so whose writes await nothing but futures, set no timeouts and ask for no current task. Such a
        write is stepped in its caller's own task; any other gets a task, which costs three times as much as a commit in
        memory.
        """
        self._plain = bool(getattr(store, "plain_writes", False))

    async def carry(self, write: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
        """Await a write and call `then` with what it gave.

        A cancellation waits until the write has ended, so that nothing it stored goes unnoticed, and is raised after
        that.
        """
        if self._plain:
            await _stepped(write, then)
        else:
            await _shielded(write, then)


async def _stepped(write: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
    cancelled: asyncio.CancelledError | None = None
    try:
        waits = write.send(None)
        while True:
            cancelled = await _until(cast("asyncio.Future[Any] | None", waits)) or cancelled
            waits = write.send(None)
    except StopIteration as ended:
        then(cast("T", ended.value))
    except Exception:
        if cancelled is None:
            raise
    if cancelled is not None:
        raise cancelled


async def _until(future: asyncio.Future[Any] | None) -> asyncio.CancelledError | None:
    """Wait for what a coroutine has yielded to its task; gives the cancellation that came meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    if future is None:  # it only lets others go first
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            cancelled = error
        return cancelled
    future._asyncio_future_blocking = False  # noqa: SLF001 - as its task would: PEP 492 and asyncio's own protocol
    while not future.done():
        woken: asyncio.Future[None] = future.get_loop().create_future()

        def wake(_: object, woken: asyncio.Future[None] = woken) -> None:
            if not woken.done():
                woken.set_result(None)

        future.add_done_callback(wake)
        try:
            await woken
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


async def _shielded(write: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
    writing = asyncio.get_running_loop().create_task(write)
    try:
        result = await asyncio.shield(writing)
    except asyncio.CancelledError:
        while not writing.done():
            try:
                await asyncio.wait([writing])
            except asyncio.CancelledError:
                continue
        if not writing.cancelled() and writing.exception() is None:
            then(writing.result())
        raise
    then(result)
