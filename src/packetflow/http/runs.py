"""Runs, their steps and their events: /api/runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from packetflow._core.errors import InvalidInput, Problem
from packetflow._core.run import Run, RunFinished, RunStatus
from packetflow.http.accounts import traced
from packetflow.http.auth import AnyCaller, ThisSite
from packetflow.http.bodies import CancelAnswer, RunAnswer, RunList
from packetflow.http.problems import ProblemDetails, Reply

if TYPE_CHECKING:
    from packetflow._core.event import Event
    from packetflow._core.ports import Store

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
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """List one's runs, the latest first."""
    if before is not None and before.tzinfo is None:
        wrong = Problem("wrong_value", "needs a time zone, such as Z", ("query", "before"))
        raise InvalidInput(f"the request is not valid: {wrong}", [wrong])
    rows = await caller.acting().runs(status=status, before=before, limit=limit)
    following = rows[-1].started_at if len(rows) == limit else None
    return Reply(RunList(runs=[asdict(row) for row in rows], count=len(rows), before=following))


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
    """Follow a run as server-sent events, from the first or behind Last-Event-ID, to its end.

    `id` is the event's number within the run, without gaps; progress has none, for it is not kept.
    """
    client = caller.acting()
    if followed.status != "running":
        await client.finish(followed)  # its last events may still be on their way into the store
        async for stored in _kept(site.app.parts.store, followed.id, last_event_id):
            yield stored
        return
    async for event in client.events(f"run/{followed.id}", after=last_event_id, module=RunFinished.__module__):
        yield _sent(event)
        if isinstance(event, RunFinished):
            return


def _sent(event: Event) -> ServerSentEvent:
    number = str(event.seq) if event.seq else None
    return ServerSentEvent(raw_data=event.model_dump_json(), event=type(event).__name__, id=number)


async def _kept(store: Store, run_id: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """Give the events of a run that has ended; there will be no others."""
    while page := await store.read(f"run/{run_id}", after=after, limit=_PAGE):
        for stored in page:
            yield ServerSentEvent(raw_data=stored.payload.decode(), event=stored.kind, id=str(stored.seq))
        after = page[-1].seq
