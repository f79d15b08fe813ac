"""Runs, their steps and their events: /api/runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from packetflow._core.errors import InvalidInput, Problem
from packetflow._core.run import Run, RunFinished, RunInterrupted, RunStatus
from packetflow.http.accounts import told, traced, wants_to_wait
from packetflow.http.auth import AnyCaller, ThisSite
from packetflow.http.bodies import (
    CancelAnswer,
    ExecuteAnswer,
    PlanAnswer,
    ReplanRequest,
    RestRequest,
    RunAnswer,
    RunList,
)
from packetflow.http.problems import ProblemDetails, Reply

if TYPE_CHECKING:
    from packetflow._core.event import Event
    from packetflow._core.ports import RunRow, Store

router = APIRouter(
    prefix="/api/runs", tags=["runs"], responses={404: {"model": ProblemDetails, "description": "No such run."}}
)

_PAGE: Final = 500
_STATUSES: Final = get_args(RunStatus)


@router.get("", response_model=RunList)
async def runs(
    caller: AnyCaller,
    status: Annotated[RunStatus | None, Query(description="Only those.")] = None,
    before: Annotated[datetime | None, Query(description="Only those that started earlier; with a time zone.")] = None,
    before_id: Annotated[str, Query(description="With `before`, begins right behind this run of that moment.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """List one's runs, the latest first."""
    if before is not None and before.tzinfo is None:
        wrong = Problem("wrong_value", "needs a time zone, such as Z", ("query", "before"))
        raise InvalidInput(f"the request is not valid: {wrong}", [wrong])
    place = None if before is None else (before, before_id)
    rows = await caller.acting().runs(status=status, before=place, limit=limit)
    last = rows[-1] if len(rows) == limit else None
    moment, name = (None, None) if last is None else (last.started_at, last.id)
    return Reply(RunList(runs=[_listed(row) for row in rows], count=len(rows), before=moment, before_id=name))


def _listed(row: RunRow) -> dict[str, Any]:
    """Show a run without what it may do, which is between the run and the store."""
    return {name: value for name, value in asdict(row).items() if name != "authority"}


@router.get("/{run_id}", response_model=RunAnswer)
async def run(run_id: str, caller: AnyCaller) -> Response:
    """Give a run with each step's inputs, output, seconds and failure."""
    found = await caller.acting().found(run_id)
    steps = [traced(step) for step in found.steps]
    shown = found.model_dump(mode="json") | {"steps": steps, "steps_completed": found.done}
    return Reply(RunAnswer(run=shown))


@router.post("/{run_id}/cancel", response_model=CancelAnswer)
async def cancel(run_id: str, caller: AnyCaller) -> Response:
    """Cancel a run and wait until all it was doing has ended."""
    client = caller.acting()
    cancelled = await client.cancel(run_id)
    found = await client.found(run_id)
    return Reply(CancelAnswer(execution_id=run_id, cancelled=cancelled, status=found.status))


@router.post("/{run_id}/retry", response_model=ExecuteAnswer, responses={202: {"model": ExecuteAnswer}})
async def retry(run_id: str, body: RestRequest, request: Request, caller: AnyCaller) -> Response:
    """Do what a run left undone, as a new run that names it in `continues`; finished steps are not done again."""
    client = caller.acting()
    begun = await client.restart(run_id, from_step=body.from_step, careful=True, waits=body.waits)
    if wants_to_wait(request):
        begun = await client.finish(begun)
    return told(begun, caller, "executed_at", full=False)


@router.post("/{run_id}/replan", response_model=PlanAnswer)
async def replan(run_id: str, body: ReplanRequest, caller: AnyCaller) -> Response:
    """Plan what a run left undone, with what failed replaced where something else fits; nothing runs."""
    made = await caller.acting().replan(run_id, intent=body.intent)
    shown = made.model_dump(mode="json")
    return Reply(PlanAnswer(plan=shown, trace_id=caller.trace_id, generated_at=datetime.now(UTC)))


async def _found(run_id: str, caller: AnyCaller) -> Run[Any]:
    """Find the run before the stream begins, so that its absence is a 404."""
    return await caller.acting().found(run_id)


@router.get("/{run_id}/events", response_class=EventSourceResponse)
async def events(
    caller: AnyCaller,
    site: ThisSite,
    followed: Annotated[Run[Any], Depends(_found)],
    last_event_id: Annotated[int, Header(ge=0, le=2**53)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a run as server-sent events, from the first or behind Last-Event-ID, to its end or the server's.

    `id` is the event's number within the run, without gaps; progress has none, for it is not kept.
    """
    client, store = caller.acting(), site.app.parts.store
    if followed.status not in {"running", "waiting"}:
        await client.finish(followed)  # its last events may still be on their way into the store
        async for stored in _kept(store, followed.id, last_event_id):
            yield stored
        return
    topic, after = f"run/{followed.id}", await _place(store, followed.id, last_event_id)
    async for event in client.events(topic, after=after, module=RunFinished.__module__):
        yield _sent(event)
        if isinstance(event, RunFinished):
            return
        if isinstance(event, RunInterrupted) and not await store.read(topic, after=event.seq, limit=1):
            return  # nothing came after it: an earlier interruption, of a run that goes on, is history


async def _place(store: Store, run_id: str, after: int) -> int:
    """Give the number behind which to begin: the one asked for, or the last there is when that is none yet."""
    if after == 0 or await store.read(f"run/{run_id}", after=after - 1, limit=1):
        return after
    last = 0
    while page := await store.read(f"run/{run_id}", after=last, limit=_PAGE):
        last = page[-1].seq
    return last


def _sent(event: Event) -> ServerSentEvent:
    number = str(event.seq) if event.seq else None
    return ServerSentEvent(raw_data=event.model_dump_json(), event=type(event).__name__, id=number)


async def _kept(store: Store, run_id: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """Give the events of a run that has ended; there will be no others."""
    while page := await store.read(f"run/{run_id}", after=after, limit=_PAGE):
        for stored in page:
            yield ServerSentEvent(raw_data=stored.payload.decode(), event=stored.kind, id=str(stored.seq))
        after = page[-1].seq
