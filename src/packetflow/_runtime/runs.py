"""All runs of an app: started, followed, cancelled, and read back from their events."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packetflow._core.context import new_id
from packetflow._core.errors import NotFound, StoreError
from packetflow._core.event import decode
from packetflow._core.ports import NewEvent, RunRow
from packetflow._core.run import Run, RunFinished, RunStarted, begin, folded
from packetflow._runtime.run import Execution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.plan import Plan
    from packetflow._core.ports import Fabric, Store
    from packetflow._runtime.engine import Engine, Result

log = logging.getLogger("packetflow.run")

_PAGE = 1000


@dataclass(slots=True)
class _Live:
    run: Run[Any]
    task: asyncio.Task[Result | None]


class RunJournal:
    """Writes the events of one run in order, batching what comes during a write, and publishes them after."""

    def __init__(self, run: Run[Any], store: Store, fabric: Fabric) -> None:
        """Write to the topic of `run`, which is kept up to date with every event told."""
        self._run, self._store, self._fabric = run, store, fabric
        self._waiting: list[NewEvent] = []
        self._writer: asyncio.Task[None] | None = None
        self._error: StoreError | None = None

    async def begin(self, event: RunStarted) -> None:
        """Store the start; nothing runs before that."""
        self._fabric.publish(await self._store.put_run(self._row(), [self._new(event)]))

    def tell(self, event: Event) -> None:
        """Take one event; it is stored soon, in order."""
        self._run.apply(event)
        self._waiting.append(self._new(event))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Wait until everything told is stored; raises StoreError when something could not be."""
        while self._writer is not None:
            await asyncio.shield(self._writer)
        if self._error is not None:
            raise self._error

    async def _write(self) -> None:
        try:
            while self._waiting and self._error is None:
                batch, self._waiting = self._waiting, []
                ended = batch[-1].kind == "RunFinished"
                stored = await (self._store.put_run(self._row(), batch) if ended else self._store.append(batch))
                self._fabric.publish(stored)
        except StoreError as error:
            self._error = error
            log.error("the events of run %s were not kept: %s", self._run.id, error)  # noqa: TRY400
        finally:
            self._writer = None

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
        )

    def _new(self, event: Event) -> NewEvent:
        run = self._run
        at = getattr(event, "at", run.started_at)
        payload = event.model_dump_json().encode()
        return NewEvent(f"run/{run.id}", new_id(), type(event).__name__, at, run.principal, run.trace_id, payload)


class Runs:
    """Starts runs, keeps hold of those that are alive, and reads the others from the store."""

    def __init__(self, engine: Engine, store: Store, fabric: Fabric) -> None:
        """Begin with none alive."""
        self._engine, self._store, self._fabric = engine, store, fabric
        self._live: dict[str, _Live] = {}

    async def start(self, plan: Plan[Any], context: Context) -> Run[Any]:
        """Begin to run a proven plan; the record is live until the run ends. The start is stored when this returns."""
        started = RunStarted(
            run_id=new_id(),
            plan=plan,
            principal=context.principal,
            intent=plan.intent,
            trace_id=context.trace_id,
            at=self._engine.now(),
        )
        run = begin(started)
        journal = RunJournal(run, self._store, self._fabric)
        await journal.begin(started)
        context = replace(context, run_id=run.id, message_id=None)
        task = asyncio.get_running_loop().create_task(self._execute(run, journal, context))
        self._live[run.id] = _Live(run, task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return run

    async def finish(self, run: Run[Any]) -> Run[Any]:
        """Wait for the end of a live run; cancelling the wait cancels the run and waits for its end.

        Raises StoreError when the run's events could not be stored.
        """
        live = self._live.get(run.id)
        if live is None:
            return run
        try:
            result = await asyncio.shield(live.task)
        except asyncio.CancelledError:
            if live.task.done():
                return run  # cancelled by `cancel`, not from here
            live.task.cancel()
            await asyncio.wait([live.task])
            raise
        if result is not None:
            run.keep(result.value)
        return run

    async def cancel(self, run_id: str) -> bool:
        """Cancel a live run and wait until all its capabilities have ended; False when it is not alive."""
        live = self._live.get(run_id)
        if live is None or live.task.done():
            return False
        live.task.cancel()
        await asyncio.wait([live.task])
        return True

    async def get(self, run_id: str) -> Run[Any]:
        """Give a run, live or from its events; raises NotFound."""
        live = self._live.get(run_id)
        if live is not None:
            return live.run
        row = await self._store.run(run_id)
        run = folded([event async for event in self._events(run_id)]) if row is not None else None
        if row is None or run is None:
            message = f"there is no run {run_id!r}"
            raise NotFound(message, run_id=run_id)
        if row.status == "interrupted":
            run.status = "interrupted"
        return run

    async def close(self) -> None:
        """Cancel every live run and wait for them."""
        tasks = [live.task for live in self._live.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def alive(self) -> int:
        """How many runs are under way."""
        return len(self._live)

    async def _execute(self, run: Run[Any], journal: RunJournal, context: Context) -> Result | None:
        attributes = {"packetflow.run": run.id, "packetflow.plan": run.plan.id}
        try:
            with self._engine.telemetry.span("run", run.trace_id, attributes):
                return await Execution(run, self._engine, context, journal.tell).execute()
        finally:
            self._engine.telemetry.runs[run.status] += 1
            try:
                await journal.close()
            finally:
                del self._live[run.id]

    async def _events(self, run_id: str) -> AsyncIterator[Event]:
        after = 0
        while page := await self._store.read(f"run/{run_id}", after=after, limit=_PAGE):
            for stored in page:
                yield decode(stored, RunFinished.__module__)
            after = page[-1].seq
            if len(page) < _PAGE:
                return
