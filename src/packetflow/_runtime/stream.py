"""Partial outputs on their way from a streaming capability to its reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias

Sink: TypeAlias = Callable[[object], Awaitable[None]]

_AHEAD = 16
"""Parts that may wait for a slow reader before the capability has to wait, too."""


async def streamed(call: Callable[[Sink], Awaitable[object]]) -> AsyncGenerator[Any]:
    """Give the parts that `call` hands to its sink, as they come, until it ends; raises what it raises.

    A slow reader slows the call; closing the iterator cancels it and waits for its end.
    """
    parts: asyncio.Queue[tuple[Any] | None] = asyncio.Queue(maxsize=_AHEAD)

    async def take(part: object) -> None:
        await parts.put((part,))

    async def fill() -> None:
        try:
            await call(take)
        except asyncio.CancelledError:
            raise  # by the reader, who takes no more parts
        except BaseException:
            await parts.put(None)
            raise
        await parts.put(None)

    filling = asyncio.get_running_loop().create_task(fill())
    try:
        while (part := await parts.get()) is not None:
            yield part[0]
        await filling
    finally:
        filling.cancel()
        await asyncio.wait([filling])
