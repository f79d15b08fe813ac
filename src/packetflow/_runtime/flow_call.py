"""A flow within a run: decided like any call, then its steps run in place, as `<node>/<step>`."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json, to_jsonable_python

from packetflow._core.body import INPUT
from packetflow._core.errors import DeadlineExceeded, InvalidInput, NotAllowed, PacketFlowError, Problem
from packetflow._core.policy import call_digest, decide
from packetflow._core.run import StepStarted, StepSucceeded
from packetflow._runtime.result import Result
from packetflow._runtime.scope import BlockFailed, Scope, done
from packetflow._runtime.step_call import failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from datetime import datetime

    from packetflow._core.context import Context
    from packetflow._core.flow import Flow
    from packetflow._core.plan import Block, StepNode
    from packetflow._core.policy import Decision
    from packetflow._runtime.live import Live


class FlowCall:
    """The call of a flow that one step of a run makes. Its steps are recalled one by one, when the run was resumed."""

    def __init__(self, live: Live, node: StepNode, flow: Flow[..., Any], path: str) -> None:
        """Prepare the call; `path` names the step within the run."""
        self._live, self._node, self._flow, self._path = live, node, flow, path

    async def result(
        self, inputs: Mapping[str, Any], inner: Callable[[Block, Scope, str], Awaitable[Result]]
    ) -> Result:
        """Run its steps with `inner` and give what they come to; raises BlockFailed, after it is told."""
        live, known = self._live, self._live.known(self._path)
        ended = known.status if known is not None else ""
        if known is not None and ended == "succeeded" and not self._flow.undoable:
            return read_back(self._flow, known.output)
        try:
            result = await self._run(inputs, inner, told=bool(ended))
        except BlockFailed as failed:
            if ended != "failed":
                live.failed(self._path, failed.failure)
            raise
        except asyncio.CancelledError:
            live.cancelled(self._path)
            raise
        if ended != "succeeded":
            live.tell(StepSucceeded(run_id=live.run.id, node=self._path, output=result.json, at=live.now()))
        return result

    async def _run(
        self, inputs: Mapping[str, Any], inner: Callable[[Block, Scope, str], Awaitable[Result]], *, told: bool
    ) -> Result:
        live, flow = self._live, self._flow
        if not told:
            started = StepStarted(
                run_id=live.run.id, node=self._path, capability_id=flow.id, inputs=dict(inputs), at=live.now()
            )
            live.tell(started)
        try:
            arguments, decision = admitted(flow, inputs, live.context, live.now())
            live.engine.audit(decision, flow.id, replace(live.context, step=self._path))
            permit(flow, decision, live.context)
            scope: Scope = {INPUT: done(Result(arguments, arguments))}
            async with bounded(flow, self._node.timeout):
                result = await inner(flow.body, scope, f"{self._path}/")
            return kept(flow, result)
        except PacketFlowError as error:
            raise BlockFailed(failure_of(error), self._path) from error


def admitted(
    flow: Flow[..., Any], inputs: Mapping[str, object], context: Context, now: datetime
) -> tuple[dict[str, Any], Decision]:
    """Check what a flow is given and decide the call; gives the arguments in JSON form, every one there.

    Nobody is asked about the flow itself: its steps are asked about. Raises InvalidInput.
    """
    arguments: dict[str, Any] = to_jsonable_python(flow.input.check(inputs))
    try:
        asked = frozenset({call_digest(flow, arguments, context)})
    except ValueError as error:
        message = f"the input of {flow.id!r} holds half a character and cannot be sent"
        raise InvalidInput(message, [Problem("not_json", str(error))], capability_id=flow.id) from error
    return arguments, decide(flow, arguments, replace(context, approved=asked), now)


def permit(flow: Flow[..., Any], decision: Decision, context: Context) -> None:
    """Raise NotAllowed unless a flow may be called."""
    if decision.verdict != "allow":
        message = f"{context.principal!r} may not call {flow.id!r}: {decision.reason}"
        raise NotAllowed(message, capability_id=flow.id, principal=context.principal)


def kept(flow: Flow[..., Any], result: Result) -> Result:
    """Give what the steps of a flow came to, as the type it promises; raises ContractBroken."""
    try:
        return Result(flow.output.from_json(to_json(result.json)), result.json)
    except ValueError:
        checked = flow.output.check(result.value)
        return Result(checked, flow.output.as_json(checked))


def read_back(flow: Flow[..., Any], output: Any) -> Result:  # noqa: ANN401 - JSON
    """Give what a flow had given, as the type it promises where it still does."""
    try:
        return Result(flow.output.from_json(to_json(output)), output)
    except ValueError:
        return Result(output, output)


@asynccontextmanager
async def bounded(flow: Flow[..., Any], seconds: float | None) -> AsyncGenerator[None]:
    """End what runs within when it takes longer than the flow, or its caller, allows; raises DeadlineExceeded."""
    own = flow.options.timeout
    limits = [limit for limit in (seconds, own.total_seconds() if own is not None else None) if limit is not None]
    bound = asyncio.timeout(min(limits, default=None))
    try:
        async with bound:
            yield
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise DeadlineExceeded(f"{flow.id!r} did not answer in time", capability_id=flow.id) from error
