"""Capabilities that are functions: how each kind runs, and how one that takes too long is ended."""

from __future__ import annotations

import asyncio
import functools
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from packetflow._core.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Generator

    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context, Door
    from packetflow._core.meter import Meter

TIMEOUT: Final = 60.0
"""Seconds for a call whose capability declares none."""
_THREADS: Final = 64
"""Plain functions that run at once; the edges have worker threads of their own."""


class Functions:
    """Runs the functions of one app, each under its own timeout and its caller's deadline."""

    def __init__(self, door: Door) -> None:
        """Let functions call on through `door`; belongs to the event loop that it is first used on."""
        self._door = door
        self._threads = anyio.CapacityLimiter(_THREADS)

    @property
    def threads(self) -> int:
        """How many functions run in a thread now."""
        return self._threads.borrowed_tokens

    async def run(self, declared: Declaration, arguments: dict[str, Any], context: Context, meter: Meter) -> Any:  # noqa: ANN401 - typed by the declaration
        """Call a function and give what it returns, for a stream the list of its parts.

        An `async def` runs in the current task; it pays for a timer only if it waits for something. A `def` runs in a
        thread, where it cannot be stopped: when the call is cancelled or late its result is dropped. Raises
        DeadlineExceeded, else what the function raises.
        """
        limit = declared.options.timeout
        due = asyncio.get_running_loop().time() + (TIMEOUT if limit is None else limit.total_seconds())
        if context.deadline is not None and context.deadline < due:
            due = context.deadline
        first = (context.within_function(self._door, meter, due),) if declared.takes_context else ()
        if declared.kind != "async":
            run = self._in_thread if declared.kind == "def" else self._streamed
            return await _bounded(declared, due, run(declared, first, arguments, context))
        call = declared.function(*first, **arguments)
        try:
            waits_for = call.send(None)
        except StopIteration as done:
            return done.value
        return await _bounded(declared, due, Begun(call, waits_for))

    async def _in_thread(
        self, declared: Declaration, first: tuple[Context, ...], arguments: dict[str, Any], context: Context
    ) -> Any:  # noqa: ANN401
        del context
        call = functools.partial(declared.function, *first, **arguments)
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._threads)

    async def _streamed(
        self, declared: Declaration, first: tuple[Context, ...], arguments: dict[str, Any], context: Context
    ) -> list[Any]:
        parts: list[Any] = []
        async with aclosing(declared.function(*first, **arguments)) as stream:
            async for part in stream:
                parts.append(part)
                if context.sink is not None:
                    await context.sink(part)
        return parts


class Begun:
    """A coroutine whose first step was made by hand, in the task that awaits the rest of it.

    Awaiting it hands the task what that step waits for, and from there on it is the coroutine itself: results and
    exceptions of the wait, cancellation among them, reach it as if it had been awaited from the start.
    """

    __slots__ = ("_waits_for", "call")

    def __init__(self, call: Coroutine[Any, Any, Any], waits_for: object) -> None:
        """Take a coroutine that has yielded `waits_for`."""
        self.call, self._waits_for = call, waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        """Go on, to its result."""
        waits_for = self._waits_for
        while True:
            try:
                yield waits_for
            except GeneratorExit:
                self.call.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it belongs to the coroutine
                try:
                    waits_for = self.call.throw(error)
                except StopIteration as done:
                    return done.value
            else:
                return (yield from self.call.__await__())


async def _bounded(declared: Declaration, due: float, rest: Awaitable[Any]) -> Any:  # noqa: ANN401
    bound = asyncio.timeout_at(due)
    try:
        async with bound:
            return await rest
    except TimeoutError as error:
        if not bound.expired():
            raise
        message = f"{declared.id!r} did not answer in time"
        raise DeadlineExceeded(message, capability_id=declared.id) from error
