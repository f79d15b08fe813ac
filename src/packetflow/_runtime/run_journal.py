"""The way of a run's events into the store: in order, in batches, each once."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.context import new_id
from packetflow._core.errors import StoreError, StoreUnavailable
from packetflow._core.ports import NewEvent, RunRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow._core.event import Event
    from packetflow._core.ports import Fabric, Store
    from packetflow._core.run import Run

PATIENCE: Final = 20.0
"""Seconds for which a store that cannot be reached is tried again; what was stored twice is in the journal once."""

_PAUSE: Final = 0.05

_GATHERED: Final = 10
"""Rounds of the event loop that the first event waits for others: the end of the last step for the end of the run."""

log = logging.getLogger("packetflow.run")


class RunJournal:
    """Writes the events of one run in order, batching what comes during a write, and publishes them after."""

    def __init__(self, run: Run[Any], store: Store, fabric: Fabric, authority: bytes) -> None:
        """Write to the topic of `run`, which is kept up to date with every event told."""
        self._run, self._store, self._fabric, self._authority = run, store, fabric, authority
        self._waiting: list[NewEvent] = []
        self._writer: asyncio.Task[None] | None = None
        self._error: StoreError | None = None
        self._status = ""
        self._patience = PATIENCE

    async def begin(self, events: Sequence[Event]) -> None:
        """Store the start; nothing runs before that. The run must hold these events already."""
        stored = await self._store.put_run(self._row(), [self._new(event) for event in events])
        self._status = self._run.status
        self._fabric.publish(stored)

    def tell(self, event: Event) -> None:
        """Take one event; it is stored soon, in order."""
        self._run.apply(event)
        self._waiting.append(self._new(event))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def flush(self) -> None:
        """Wait until everything told is stored; raises StoreError when something could not be."""
        while self._writer is not None:
            await asyncio.shield(self._writer)
        if self._error is not None:
            raise self._error

    def hurry(self) -> None:
        """Wait no longer for a store that cannot be reached."""
        self._patience = 0.0

    async def _write(self) -> None:
        try:
            for _ in range(_GATHERED):
                await asyncio.sleep(0)
            while self._waiting and self._error is None:
                await self._write_batch()
        except StoreError as error:
            self._error = error
            log.error("the events of run %s were not kept: %s", self._run.id, error)  # noqa: TRY400
        finally:
            self._writer = None

    async def _write_batch(self) -> None:
        batch, self._waiting = self._waiting, []
        pause = _PAUSE
        while True:
            status = self._run.status
            changed = status != self._status
            try:
                stored = await (self._store.put_run(self._row(), batch) if changed else self._store.append(batch))
            except StoreUnavailable:
                if self._patience <= 0:
                    raise
                self._patience -= pause
                await asyncio.sleep(pause)
                pause *= 2
                continue
            self._status, self._patience = status, PATIENCE
            self._fabric.publish(stored)
            return

    def _row(self) -> RunRow:
        run = self._run
        return RunRow(
            id=run.id,
            status=run.status,
            principal=run.principal,
            plan_id=run.plan.id,
            intent=run.intent,
            trace_id=run.trace_id,
            started_at=run.started_at,
            ended_at=run.ended_at,
            error_code=run.failure.code if run.failure is not None else None,
            authority=self._authority,
        )

    def _new(self, event: Event) -> NewEvent:
        run = self._run
        at = getattr(event, "at", run.started_at)
        payload = event.model_dump_json().encode()
        return NewEvent(f"run/{run.id}", new_id(), type(event).__name__, at, run.principal, run.trace_id, payload)
