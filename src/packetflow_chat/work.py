"""Long work off the event loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


async def to_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a worker thread; a cancelled caller goes on at once, and the thread's result is dropped.

    Unlike `asyncio.to_thread`, work that is still going on does not hold up the end of the program.
    """
    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)
