"""One execution of a plan: data flow without barriers, told by events as it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from packetflow._core.errors import StoreError
from packetflow._core.flow import Flow
from packetflow._core.plan import Binding, Block, Composite, Node, StepNode, needs, walk
from packetflow._core.run import Failure, RunFinished, RunInterrupted, StepSkipped, StepStarted, StepSucceeded
from packetflow._runtime.compensation import Undoing
from packetflow._runtime.composite import World, composite
from packetflow._runtime.flow_call import FlowCall
from packetflow._runtime.live import CANCELLED
from packetflow._runtime.quota import Quota
from packetflow._runtime.recalling import Recalling
from packetflow._runtime.result import Result
from packetflow._runtime.scope import BlockFailed, Scope, Skipped, resolve
from packetflow._runtime.step_call import StepCall, repeatable

if TYPE_CHECKING:
    from packetflow._core.run import Run
    from packetflow._runtime.live import Live

_ENDED = frozenset({"succeeded", "failed", "cancelled"})
log = logging.getLogger("packetflow.run")


class Execution:
    """Runs one proven plan. A node starts as soon as all it needs has succeeded, and waits for nothing else.

    A failing node does not stop what does not need it. Cancelling `execute` cancels every running capability and waits
    for them. What the record says was finished before is not done again.
    """

    def __init__(self, live: Live) -> None:
        """Run `live.run.plan`; every event is told to `live`, in order."""
        self._live = live
        self._run: Run[Any] = live.run
        self._undoing = Undoing(live, self._block)
        attempts = live.engine.attempts
        self._world = World(live.run.principal, live.clock, attempts.breakers, attempts.chance, Quota())

    async def execute(self) -> Result | None:
        """Run to the end and tell how it ended; gives the output when all succeeded, None when a step failed.

        When it fails or is cancelled, what its steps can undo is undone first, in the reverse order of their success.
        Raises CancelledError when the run was cancelled, after everything of it has ended, or when the app is being
        left, in which case the run is told to be interrupted; and what is no Exception, after the run is told to have
        failed.
        """
        try:
            return await self._forwards()
        except BlockFailed as failed:
            await self._backwards("failed", failed.failure)
            return None
        except asyncio.CancelledError:
            if self._live.stopping:
                self._live.tell(RunInterrupted(run_id=self._run.id, at=self._live.now()))
            else:
                await self._backwards("cancelled", CANCELLED)
            raise
        except Exception:
            log.exception("run %s ended by a defect", self._run.id)
            message = "the run ended by a defect; the log has more"
            await self._backwards("failed", Failure(code="error", message=message))
            return None
        except BaseException:
            self._finish("failed", failure=Failure(code="error", message="the run was ended from outside"))
            raise

    async def _forwards(self) -> Result:
        """Run the plan, or, of a run whose end is decided, find out again what is to be undone."""
        plan, ending = self._run.plan, self._run.ending
        self._live.closed = ending is not None
        try:
            result = await self._block(plan.nodes, plan.output, {}, "")
        except BlockFailed:
            if ending is not None and ending.status == "cancelled":
                raise asyncio.CancelledError from None
            raise
        if ending is not None and ending.status == "cancelled":
            raise asyncio.CancelledError
        self._finish("succeeded", output=result.json)
        return result

    async def _backwards(self, status: str, failure: Failure) -> None:
        """Undo what can be undone, then tell the end; when the app is left, this goes on at its next start."""
        try:
            await self._undoing.undo(status, failure)
        except asyncio.CancelledError:
            if not self._live.stopping:
                raise
            self._live.tell(RunInterrupted(run_id=self._run.id, at=self._live.now()))
            raise
        ending = self._run.ending
        self._finish(status, failure=ending.failure if ending is not None else failure)

    def _finish(self, status: Any, *, output: Any = None, failure: Failure | None = None) -> None:  # noqa: ANN401
        live = self._live
        live.tell(RunFinished(run_id=self._run.id, status=status, output=output, failure=failure, at=live.now()))

    async def _block(self, nodes: Sequence[Node], output: Binding, outer: Scope, prefix: str) -> Result:
        """Run nodes as their inputs arrive. Raises BlockFailed when one failed, after the others have ended."""
        loop = asyncio.get_running_loop()
        own = {node.id: loop.create_future() for node in nodes}
        scope: Scope = {**outer, **own}
        failures: list[BlockFailed] = []

        async def go(node: Node) -> None:
            result = own[node.id]
            try:
                await self._ready(node, scope)
                result.set_result(await self._counted(node, scope, f"{prefix}{node.id}"))
            except Skipped as skipped:
                self._skipped(f"{prefix}{node.id}", skipped.because)
                result.set_exception(skipped)
            except BlockFailed as failed:
                failures.append(failed)
                result.set_exception(failed)
            finally:
                if not result.done():
                    result.cancel()
                elif not result.cancelled():
                    result.exception()  # whoever needs it looks; nobody may

        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(go(node))
        if failures:
            raise failures[0]
        return resolve(output, scope)

    async def _ready(self, node: Node, scope: Scope) -> None:
        for name in sorted(needs(node)):
            try:
                await asyncio.shield(scope[name])
            except (BlockFailed, Skipped):
                raise Skipped(f"{name!r} did not succeed") from None

    async def _counted(self, node: Node, scope: Scope, path: str) -> Result:
        self._live.go_on()
        try:
            return await self._node(node, scope, path)
        finally:
            self._live.rest()

    async def _node(self, node: Node, scope: Scope, path: str) -> Result:
        if isinstance(node, StepNode):
            inputs = self._inputs(node, scope, path)
            known = self._live.known(path)
            stored = known is not None and known.status == "succeeded"
            result = await self._step(node, inputs, path)
            if node.undo is not None:
                self._undoing.may_undo(path, node.undo, scope)
            if not stored:
                await self._kept(node)
            self._world.quota.keep(path, result)
            return result
        return await self._composite(node, scope, path)

    def _inputs(self, node: StepNode, scope: Scope, path: str) -> dict[str, Any]:
        try:
            return {name: resolve(binding, scope).json for name, binding in node.inputs.items()}
        except BlockFailed as failed:
            self._live.failed(path, failed.failure)
            raise BlockFailed(failed.failure, path) from failed

    async def _kept(self, node: StepNode) -> None:
        """Have the end of a call that cannot be repeated stored before anything that rests on it begins.

        So a process that dies later asks only about the calls that were under way.
        """
        if not repeatable(self._live.engine.registry.get(node.capability_id)):
            with suppress(StoreError):  # told when the run ends
                await self._live.journal.flush()

    async def _composite(self, node: Composite, scope: Scope, path: str) -> Result:
        live, known = self._live, self._live.known(path)
        ended = known.status if known is not None else ""
        if known is not None and ended in _ENDED and not self._undoable(node):
            if known.failure is not None:
                raise BlockFailed(known.failure, path)
            return Result(known.output, known.output)
        if ended not in _ENDED:
            live.tell(StepStarted(run_id=self._run.id, node=path, at=live.now()))
        try:
            world = self._world if known is None else replace(self._world, clock=Recalling(live, path))
            result = await composite(node, scope, path, self._inner(), world)
            world.quota.keep(path, result)
        except BlockFailed as failed:
            if ended not in _ENDED:
                live.failed(path, failed.failure)
            raise
        except asyncio.CancelledError:
            live.cancelled(path)
            raise
        if known is not None and ended == "succeeded":
            return Result(known.output, known.output)
        live.tell(StepSucceeded(run_id=self._run.id, node=path, output=result.json, at=live.now()))
        return result

    def _inner(self) -> Any:  # noqa: ANN401 - what composites run their blocks with
        """Give what runs the blocks of one composite, which goes on by itself only while none of them does."""
        under_way = 0

        async def inner(block: Block, scope: Scope, prefix: str) -> Result:
            nonlocal under_way
            under_way += 1
            if under_way == 1:
                self._live.rest()
            try:
                return await self._block(block.nodes, block.output, scope, prefix)
            finally:
                under_way -= 1
                if under_way == 0:
                    self._live.go_on()

        return inner

    async def _step(self, node: StepNode, inputs: dict[str, Any], path: str) -> Result:
        declared: object = self._live.engine.registry.get(node.capability_id)
        if isinstance(declared, Flow):
            call = FlowCall(self._live, node, cast("Flow[..., Any]", declared), path)
            return await call.result(inputs, self._inner())
        return await StepCall(self._live, node, inputs, path).result()

    def _skipped(self, path: str, because: str) -> None:
        known = self._live.known(path)
        if known is None or known.status != "skipped":
            self._live.tell(StepSkipped(run_id=self._run.id, node=path, because=because, at=self._live.now()))

    def _undoable(self, node: Composite) -> bool:
        """Whether anything inside can be undone, and must be found again therefore."""
        registry = self._live.engine.registry
        steps = [inner for inner in walk([node]) if isinstance(inner, StepNode)]
        called = [registry.get(step.capability_id) for step in steps]
        return any(step.undo is not None for step in steps) or any(
            isinstance(one, Flow) and one.undoable for one in called
        )
