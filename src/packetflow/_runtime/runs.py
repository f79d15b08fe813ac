"""All runs of an app: started, followed, cancelled, resumed, and read back from their events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.budget import Budget
from packetflow._core.context import new_id
from packetflow._core.errors import CallCancelled, NotFound, Overloaded, PacketFlowError
from packetflow._core.event import decode
from packetflow._core.json import sayable
from packetflow._core.policy import call_digest
from packetflow._core.proof import prove
from packetflow._core.run import Run, RunFinished, RunResumed, RunStarted, StepSucceeded, begin, folded
from packetflow._runtime.authority import Terms, restored, written
from packetflow._runtime.continuation import Continuations
from packetflow._runtime.live import CANCELLED, Live
from packetflow._runtime.run import Execution
from packetflow._runtime.run_journal import RunJournal
from packetflow._runtime.step_call import checked_arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.plan import Plan
    from packetflow._core.ports import Clock, Fabric, RunRow, Store
    from packetflow._runtime.engine import Engine

log = logging.getLogger("packetflow.run")

_PAGE: Final = 1000
_HALTED: Final = frozenset({"interrupted", "waiting"})
"""How the store has a run that has not ended and that nothing goes on with, when it is not under way here."""
_MADE: Final = frozenset({"succeeded", "failed", "cancelled", "undone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """How an app treats its runs."""

    resume: bool = True
    """Whether runs that were under way when the app stopped go on when it starts."""
    budget: Budget = field(default_factory=Budget)
    """What a run may spend; a budget of its own narrows it, unless whoever brings it holds all authority."""
    approval_ttl: timedelta = timedelta(hours=24)
    """How long a step waits for a person's yes."""
    limit: int = 1000
    """Runs that one holder may have under way at once, those that wait for a person included."""
    grace: timedelta = timedelta(seconds=2)
    """What calls that cannot be repeated are given to end when the app is left, so that nobody is asked about them."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run begins with, besides its plan and its authority."""

    terms: Terms
    budget: Budget
    continues: str = ""
    """The run whose results it rests on."""
    done: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Outputs of nodes that are not run again, by their paths."""
    run_id: str = ""
    """The run's own id, where whoever starts it has one that no run has yet."""


class Runs:
    """Starts runs, keeps hold of those that are alive, and reads the others from the store."""

    def __init__(self, engine: Engine, ports: tuple[Store, Fabric, Clock], rules: RunRules | None = None) -> None:
        """Begin with none alive."""
        self._engine = engine
        self._store, self._fabric, self._clock = ports
        self.rules = rules or RunRules()
        self._live: dict[str, Live] = {}
        self._continuations = Continuations(self.get, self._store, self._fabric)
        self._closing = False

    async def start(self, plan: Plan[Any], context: Context, beginning: Beginning | None = None) -> Run[Any]:
        """Begin to run a proven plan; the record is live until the run ends. The start is stored when this returns.

        Raises CallCancelled while the app closes; a start that was being stored then goes on at the next start.
        """
        if self._closing:
            raise CallCancelled("the app is closing and begins no more runs")
        how = beginning or self.beginning()
        now = self._clock.now()
        started = RunStarted(
            run_id=how.run_id or new_id(),
            plan=plan,
            principal=context.principal,
            intent=plan.intent,
            trace_id=context.trace_id,
            at=now,
            budget=how.budget,
            continues=how.continues,
        )
        run = begin(started)
        told: list[Event] = [started]
        for path, output in how.done.items():
            told.append(StepSucceeded(run_id=run.id, node=path, output=output, at=now))
            run.apply(told[-1])
        context = replace(context, run_id=run.id, message_id=None)
        live = self._alive(run, context, how.terms)
        live.recalls = bool(how.done)
        async with self._continuations.claimed(started):
            await self._stored(live, told)
        if self._closing:
            run.status = "interrupted"  # as the store will find it
            return run
        self._go(live)
        return run

    async def _stored(self, live: Live, told: list[Event]) -> None:
        """Store a start; when whoever wants it is cancelled meanwhile, the run is over before it began."""
        storing = asyncio.get_running_loop().create_task(live.journal.begin(told))
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            await asyncio.wait([storing])
            if storing.exception() is None:
                await self._cancelled(live.run, live.journal)
            raise

    async def _cancelled(self, run: Run[Any], journal: RunJournal) -> None:
        ended = RunFinished(run_id=run.id, status="cancelled", failure=CANCELLED, at=self._clock.now())
        journal.tell(ended)
        await journal.flush()

    def beginning(self, *, waits: bool = True, budget: Budget | None = None, free: bool = False) -> Beginning:
        """Say how a run begins by the app's rules; a `budget` narrows theirs, and takes its place when `free`."""
        own = self.rules.budget
        spending = own if budget is None else budget if free else budget.narrowed(own)
        return Beginning(Terms(waits, self.rules.approval_ttl), spending)

    def room(self, principal: str) -> None:
        """Raise Overloaded when a holder has as many runs under way as one may."""
        limit = self.rules.limit
        if len(self._live) >= limit and sum(one.run.principal == principal for one in self.lives()) >= limit:
            message = f"{principal!r} has {limit} runs under way, and may have no more; let some end or cancel them"
            raise Overloaded(message, principal=principal, limit=limit)

    async def finish(self, run: Run[Any]) -> Run[Any]:
        """Wait until a live run has ended or waits for a person; cancelling the wait cancels the run and waits for it.

        Raises StoreError when the run's events could not be stored.
        """
        live = self._live.get(run.id)
        if live is None or live.task is None:
            return run
        try:
            await live.pause()
        except asyncio.CancelledError:
            live.cancel()
            await live.pause()
            raise
        if not live.task.done():
            await live.journal.flush()
        elif not live.task.cancelled():
            live.task.result()
        return live.run

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run and wait until its capabilities have ended and what can be undone is; False when it had ended.

        When undoing waits for a person's yes, the run waits on. One that is interrupted has nothing that runs; it does
        not go on any more, and nothing of it is undone.
        """
        live = self._live.get(run_id)
        if live is None or live.task is None:
            return await self._given_up(run_id)
        if live.task.done():
            return False
        live.cancel()
        await live.pause()
        return True

    async def _given_up(self, run_id: str) -> bool:
        row = await self._store.run(run_id)
        run = await self._folded(run_id) if row is not None and row.status in _HALTED else None
        if row is None or run is None:
            return False
        await self._cancelled(run, RunJournal(run, self._store, self._fabric, row.authority))
        return True

    async def get(self, run_id: str) -> Run[Any]:
        """Give a run, live or from its events; raises NotFound."""
        live = self._live.get(run_id)
        if live is not None:
            return live.run
        row = await self._store.run(run_id) if sayable(run_id) else None
        run = await self._folded(run_id) if row is not None else None
        if row is None or run is None:
            message = f"there is no run {run_id!r}"
            raise NotFound(message, run_id=run_id)
        if row.status in _HALTED:
            run.status = "interrupted"
        return run

    async def listed(
        self, principal: str | None, status: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[RunRow]:
        """List runs, the latest first; one that waits, but not in this process, is interrupted."""
        stored = _HALTED if status == "interrupted" else {status}
        found: list[RunRow] = []
        for one in stored:
            place = before
            while page := await self._store.runs(principal=principal, status=one, before=place, limit=limit):
                known = [self._now(row) for row in page]
                found += [row for row in known if status in {None, row.status}]
                place = (page[-1].started_at, page[-1].id)
                if len(page) < limit or sum(status in {None, row.status} for row in found) >= limit * len(stored):
                    break
        return sorted(found, key=lambda row: (row.started_at, row.id), reverse=True)[:limit]

    def _now(self, row: RunRow) -> RunRow:
        return replace(row, status="interrupted") if row.status == "waiting" and row.id not in self._live else row

    def live(self, run_id: str) -> Live | None:
        """Give a run that is under way in this process."""
        return self._live.get(run_id)

    def lives(self) -> list[Live]:
        """Give every run that is under way in this process, the earliest start first."""
        return list(self._live.values())

    async def resume(self) -> int:
        """Let every run go on that was interrupted or waits for a person; give how many do.

        One whose plan the app cannot run (any more), or that holds no authority, stays interrupted, and is logged.
        """
        if not self.rules.resume:
            return 0
        rows = [*await self._rows("interrupted"), *await self._rows("waiting")]
        return sum([await self._resume(row) for row in rows])

    async def close(self) -> None:
        """Interrupt every live run and wait for them; they go on at the next start. No run begins from now on.

        Calls under way that cannot be repeated get the rules' `grace` to end, so that nobody is asked about them.
        """
        self._closing = True
        lives = [live for live in self.lives() if live.task is not None]
        if lives:
            await asyncio.wait([live.wind_down() for live in lives], timeout=self.rules.grace.total_seconds())
        for live in lives:
            live.interrupt()
        if lives:
            await asyncio.wait([live.task for live in lives if live.task is not None])

    @property
    def alive(self) -> int:
        """How many runs are under way."""
        return len(self._live)

    # -- going on -----------------------------------------------------------------------------------------------------

    async def _rows(self, status: str) -> list[RunRow]:
        found: list[RunRow] = []
        before: tuple[datetime, str] | None = None
        while page := await self._store.runs(status=status, before=before, limit=_PAGE):
            found += page
            before = (page[-1].started_at, page[-1].id)
        return found[::-1]

    async def _resume(self, row: RunRow) -> bool:
        run = await self._folded(row.id)
        if run is None or row.id in self._live or run.continued:
            return False
        try:
            context, terms = restored(row.authority, row.id, row.trace_id, self._clock.now())
            problems = prove(run.plan, self._engine.registry.view(context.grant), context.grant)
        except (ValueError, PacketFlowError) as error:
            log.warning("run %s stays interrupted: %s", row.id, error)
            return False
        if problems:
            log.warning("run %s stays interrupted, its plan cannot run here: %s", row.id, "; ".join(map(str, problems)))
            return False
        live = self._alive(run, context, terms)
        live.used |= self._used(run, context)
        live.recalls = True
        live.tell(RunResumed(run_id=run.id, at=self._clock.now()))
        self._go(live)
        return True

    def _alive(self, run: Run[Any], context: Context, terms: Terms) -> Live:
        journal = RunJournal(run, self._store, self._fabric, written(context, terms, self._clock.now()))
        live = Live(run, self._engine, self._clock, context, terms, journal)
        if terms.payer is not None and (payer := self._live.get(terms.payer[0])) is not None:
            live.payer, live.used = payer, payer.used
        return live

    def _used(self, run: Run[Any], context: Context) -> set[str]:
        """Find the confirmations that steps of an earlier life have used up."""
        used: set[str] = set()
        for step in run.steps if context.confirmed else ():
            declared = self._engine.registry.get(step.capability_id or "")
            if declared is not None and step.status in _MADE:
                with suppress(ValueError, PacketFlowError):
                    used.add(call_digest(declared, checked_arguments(declared, step.inputs), context))
        return used & context.confirmed

    def _go(self, live: Live) -> None:
        live.task = asyncio.get_running_loop().create_task(self._execute(live))
        self._live[live.run.id] = live
        self._engine.spending[live.run.id] = live.spend
        self._engine.used[live.run.id] = live.used
        live.task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _execute(self, live: Live) -> None:
        run = live.run
        attributes = {"packetflow.run": run.id, "packetflow.plan": run.plan.id}
        try:
            with self._engine.telemetry.span("run", run.trace_id, attributes):
                result = await Execution(live).execute()
            if result is not None:
                run.keep(result.value)
        finally:
            self._engine.telemetry.runs[run.status] += 1
            try:
                await live.journal.flush()
            finally:
                del self._live[run.id], self._engine.spending[run.id], self._engine.used[run.id]

    async def _folded(self, run_id: str) -> Run[Any] | None:
        return folded([event async for event in self._events(run_id)])

    async def _events(self, run_id: str) -> AsyncIterator[Event]:
        after = 0
        while page := await self._store.read(f"run/{run_id}", after=after, limit=_PAGE):
            for stored in page:
                yield decode(stored, RunFinished.__module__)
            after = page[-1].seq
            if len(page) < _PAGE:
                return
