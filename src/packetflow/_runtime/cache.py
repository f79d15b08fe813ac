"""Results that are given again, and calls that share one execution."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from packetflow._core.errors import CallCancelled, DeadlineExceeded, PacketFlowError
from packetflow._core.json import canonical
from packetflow._runtime.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime

    from packetflow._core.cache import Cache
    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context

    Make: TypeAlias = Callable[[Context], Coroutine[Any, Any, Result]]

_OWN: Final = frozenset(
    {
        "not_allowed",
        "confirmation_required",
        "approval_refused",
        "approval_expired",
        "budget_exceeded",
        "call_cycle",
        "cancelled",
    }
)
"""Codes of failures that are those of the one who began an execution, and say nothing to who shares it."""


@dataclass(frozen=True, slots=True)
class _Made:
    given: Result
    """To whoever began the execution."""
    kept: Result
    """A copy that nobody else holds."""
    since: datetime


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[_Made]
    waiting: int = 0


class ResultCache:
    """The results of one capability, in memory, those used last; belongs to one event loop."""

    def __init__(self, declared: Declaration, cache: Cache, now: Callable[[], datetime]) -> None:
        """Keep nothing yet. `now` is the app's clock; when it is set back, what was kept since is not used."""
        self._declared, self._cache, self._now = declared, cache, now
        self._kept: OrderedDict[bytes, _Made] = OrderedDict()
        self._flights: dict[bytes, _Flight] = {}

    def key(self, arguments: Mapping[str, Any], context: Context) -> bytes:
        """Name the results that answer this call: capability, version, arguments, and unless shared who asks.

        Raises ValueError or TypeError when the declared `key` gives what is no JSON, and whatever it raises.
        """
        make, declared = self._cache.key, self._declared
        asked = make(deepcopy(dict(arguments))) if make is not None else arguments
        asker = None if self._cache.shared else [context.principal, context.grant.fingerprint]
        return hashlib.sha256(canonical([declared.id, declared.options.version, asked, asker])).digest()

    async def get(self, key: bytes, context: Context, make: Make) -> Result:
        """Give a kept result, or share an execution that is under way, or execute by `make` and keep what it gives.

        Failures are not kept; those of a shared execution are told to all who wait for it. It runs under no caller's
        deadline, and is cancelled when nobody waits for it any more. Raises what `make` raises, and DeadlineExceeded
        when the caller's own deadline comes first.
        """
        if (known := self._find(key)) is not None:
            return _again(known)
        if context.chain:  # within actors, waiting for others' calls could be a wait for oneself
            return await self._alone(key, context, make)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(self._begin(key, context, make))
            return (await self._wait(key, flight, context)).given
        try:
            return _again(await self._wait(key, flight, context))
        except PacketFlowError as error:
            if error.code not in _OWN or not flight.task.done():
                raise
        return await self._alone(key, context, make)

    async def close(self) -> None:
        """Cancel what is under way, and wait for its end."""
        for flight in (flights := list(self._flights.values())):
            flight.task.cancel()
        if flights:
            await asyncio.wait([flight.task for flight in flights])

    def __len__(self) -> int:
        """Count what is kept, outdated results among it."""
        return len(self._kept)

    async def _alone(self, key: bytes, context: Context, make: Make) -> Result:
        made = await self._execute(make(context))
        self._keep(key, made)
        return made.given

    async def _execute(self, call: Coroutine[Any, Any, Result]) -> _Made:
        result = await call
        return _Made(result, deepcopy(result), self._now())

    def _begin(self, key: bytes, context: Context, make: Make) -> asyncio.Task[_Made]:
        call = make(replace(context, deadline=None, sink=None))
        task = asyncio.get_running_loop().create_task(self._execute(call))

        def over(task: asyncio.Task[_Made]) -> None:
            if (flight := self._flights.get(key)) is not None and flight.task is task:
                del self._flights[key]
            if not task.cancelled() and task.exception() is None:
                self._keep(key, task.result())

        task.add_done_callback(over)
        return task

    async def _wait(self, key: bytes, flight: _Flight, context: Context) -> _Made:
        flight.waiting += 1
        bound = asyncio.timeout_at(context.deadline)
        try:
            async with bound:
                return await asyncio.shield(flight.task)
        except TimeoutError as error:
            if not bound.expired():
                raise
            message = f"{self._declared.id!r} did not answer in time"
            raise DeadlineExceeded(message, capability_id=self._declared.id) from error
        except asyncio.CancelledError as error:
            if flight.task.cancelled() and not _being_cancelled():
                message = f"{self._declared.id!r} was cancelled"
                raise CallCancelled(message, capability_id=self._declared.id) from error
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._flights.pop(key, None)
                flight.task.cancel()
                await asyncio.wait([flight.task])

    def _find(self, key: bytes) -> _Made | None:
        made = self._kept.get(key)
        if made is None:
            return None
        if not 0 <= (self._now() - made.since).total_seconds() < self._cache.ttl.total_seconds():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return made

    def _keep(self, key: bytes, made: _Made) -> None:
        self._kept[key] = replace(made, given=made.kept)
        self._kept.move_to_end(key)
        if len(self._kept) > self._cache.limit:
            self._kept.popitem(last=False)


def _again(made: _Made) -> Result:
    """Copy a result, so that what one caller does to it is not seen by others."""
    return Result(deepcopy(made.kept.value), deepcopy(made.kept.json), cache_hit=True)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
