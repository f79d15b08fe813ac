"""Which run does the rest of which: only one at a time does, and no second once one has."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.context import new_id
from packetflow._core.errors import Conflict, NotFound
from packetflow._core.ports import NewEvent
from packetflow._core.run import RunContinued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from packetflow._core.ports import Fabric, Store
    from packetflow._core.run import Run, RunStarted

_GIVEN_UP: Final = frozenset({"failed", "cancelled"})


class Continuations:
    """Lets a run be continued once; again only when the run that continued it failed or was cancelled."""

    def __init__(self, get: Callable[[str], Awaitable[Run[Any]]], store: Store, fabric: Fabric) -> None:
        """Find runs with `get`; who continues a run is written into that run's own journal."""
        self._get, self._store, self._fabric = get, store, fabric
        self._beginning: dict[str, str] = {}

    @asynccontextmanager
    async def claimed(self, started: RunStarted) -> AsyncGenerator[None]:
        """Hold the run that a new one continues while the start of the new one is stored.

        Raises Conflict, which names the other run, when one that is under way or has succeeded continues it already.
        """
        first = started.continues
        if not first:
            yield
            return
        if first in self._beginning:
            raise _taken(first, self._beginning[first], "beginning")
        self._beginning[first] = started.run_id
        try:
            await self._check(first)
            await self._tell(started)
            yield
        finally:
            del self._beginning[first]

    async def _check(self, first: str) -> None:
        run = await self._get(first)
        while run.continued:
            try:
                run = await self._get(run.continued)
            except NotFound:
                return  # it was named before its start was stored, and never began
            if run.status not in _GIVEN_UP:
                raise _taken(first, run.id, run.status)

    async def _tell(self, started: RunStarted) -> None:
        told = RunContinued(run_id=started.continues, by=started.run_id, at=started.at)
        new = NewEvent(
            f"run/{started.continues}",
            new_id(),
            type(told).__name__,
            told.at,
            started.principal,
            started.trace_id,
            told.model_dump_json().encode(),
        )
        self._fabric.publish(await self._store.append([new]))


def _taken(first: str, other: str, status: str) -> Conflict:
    message = f"the rest of run {first} is done by run {other}, which is {status}"
    return Conflict(message, run_id=first, continued_by=other, status=status)
