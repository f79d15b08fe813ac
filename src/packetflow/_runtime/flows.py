"""Flows that are called directly: each call is a run of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packetflow._core.errors import CallCancelled, CapabilityFailed, Conflict, NotFound
from packetflow._core.json import digest
from packetflow._runtime.flow_call import admitted, bounded, kept, permit
from packetflow._runtime.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.context import Context
    from packetflow._core.flow import Flow
    from packetflow._core.plan import Plan
    from packetflow._core.run import Run, StepRecord
    from packetflow._runtime.engine import Engine
    from packetflow._runtime.runs import Beginning, Runs


class Flows:
    """Calls the flows of one app."""

    def __init__(self, engine: Engine, runs: Runs) -> None:
        """Decide with `engine`, run with `runs`."""
        self._engine, self._runs = engine, runs
        self._beginning: dict[str, asyncio.Task[Run[Any]]] = {}

    async def call(self, flow: Flow[..., Any], inputs: Mapping[str, object], context: Context) -> Result:
        """Call a flow as a run and wait for its end; cancelling the wait cancels the run.

        With a message id in the context the same call is made once: whoever repeats it gets what the first came to.
        Raises InvalidInput, NotAllowed, or Conflict when the id stood for other inputs, and nothing has run then;
        DeadlineExceeded, CallCancelled; CapabilityFailed with `run_id`, and the `step`, `reason` and `failure` of what
        failed in it; ContractBroken.
        """
        arguments, decision = admitted(flow, inputs, context, self._engine.now())
        self._engine.audit(decision, flow.id, context)
        permit(flow, decision, context)
        run = await self._started(flow, arguments, context)
        left = None if context.deadline is None else context.deadline - asyncio.get_running_loop().time()
        async with bounded(flow, left):
            run = await self._runs.finish(run)
        if not run.succeeded:
            raise _failure(flow, run)
        return kept(flow, Result(run.output, run.result))

    async def _started(self, flow: Flow[..., Any], arguments: dict[str, Any], context: Context) -> Run[Any]:
        plan = flow.plan(arguments)
        begin = self._runs.beginning(waits=False)
        if context.run_id and context.step:
            begin = replace(begin, terms=replace(begin.terms, payer=(context.run_id, context.step)))
        if context.message_id is None:
            return await self._runs.start(plan, context, begin)
        run = await self.once(digest([flow.id, context.principal, context.message_id]), plan, context, begin)
        if run.plan.id != plan.id:
            message = (
                f"the message id {context.message_id!r} was used for {flow.id!r} with other inputs before, "
                "or the flow has changed since"
            )
            raise Conflict(message, capability_id=flow.id, run_id=run.id)
        return run

    async def once(self, run_id: str, plan: Plan[Any], context: Context, begin: Beginning | None = None) -> Run[Any]:
        """Begin a run with an id of its own; when there is one already, give that."""
        beginning = self._beginning.get(run_id)
        if beginning is None:
            how = replace(begin or self._runs.beginning(waits=False), run_id=run_id)
            beginning = asyncio.get_running_loop().create_task(self._begin(plan, context, how))
            self._beginning[run_id] = beginning
            beginning.add_done_callback(lambda done: self._begun(run_id, done))
        return await asyncio.shield(beginning)

    def _begun(self, run_id: str, done: asyncio.Task[Run[Any]]) -> None:
        del self._beginning[run_id]
        if not done.cancelled():
            done.exception()  # whoever waits for it is told; nobody may, when the app is being left

    async def _begin(self, plan: Plan[Any], context: Context, begin: Beginning) -> Run[Any]:
        try:
            return await self._runs.get(begin.run_id)
        except NotFound:
            return await self._runs.start(plan, context, begin)


def _failure(flow: Flow[..., Any], run: Run[Any]) -> CapabilityFailed | CallCancelled:
    if run.status in {"cancelled", "interrupted"}:
        return CallCancelled(f"the run of {flow.id!r} was {run.status}", capability_id=flow.id, run_id=run.id)
    failure = run.failure
    failed = max((s for s in run.steps if s.status == "failed" and s.failure == failure), key=_depth, default=None)
    reason = failure.message if failure is not None else f"the run is {run.status}"
    message = f"{flow.id!r} failed" + (f" at {failed.node!r}" if failed is not None else "") + f": {reason}"
    return CapabilityFailed(
        message,
        capability_id=flow.id,
        run_id=run.id,
        step=failed.node if failed is not None else None,
        reason=failure.code if failure is not None else run.status,
        failure=failure.details if failure is not None else {},
    )


def _depth(step: StepRecord) -> int:
    return step.node.count("/")
