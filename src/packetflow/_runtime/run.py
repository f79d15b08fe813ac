"""One execution of a plan: data flow without barriers, told by events as it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from packetflow._core.errors import CallCancelled, PacketFlowError
from packetflow._core.plan import (
    Binding,
    Block,
    Node,
    StepNode,
    needs,
)
from packetflow._core.run import (
    Failure,
    RunFinished,
    StepFailed,
    StepProgressed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from packetflow._runtime.composite import composite
from packetflow._runtime.engine import Result
from packetflow._runtime.scope import BlockFailed, Scope, Skipped, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.run import Run
    from packetflow._runtime.engine import Engine

_LONGEST = 10_000
log = logging.getLogger("packetflow.run")


class Execution:
    """Runs one proven plan. A node starts as soon as all it needs has succeeded, and waits for nothing else.

    A failing node does not stop what does not need it. Cancelling `execute` cancels every running capability and waits
    for them.
    """

    def __init__(self, run: Run[Any], engine: Engine, context: Context, tell: Callable[[Event], None]) -> None:
        """Run `run.plan` under `context`; every event goes to `tell`, in order."""
        self._run, self._engine, self._context, self._tell = run, engine, context, tell
        self._now: Callable[[], datetime] = engine.now

    async def execute(self) -> Result | None:
        """Run to the end and tell how it ended; gives the output when all succeeded. Raises only CancelledError."""
        plan = self._run.plan
        try:
            result = await self._block(plan.nodes, plan.output, {}, "")
        except BlockFailed as failed:
            self._finish("failed", failure=failed.failure)
            return None
        except asyncio.CancelledError:
            failure = Failure(code=CallCancelled.code, message="the run was cancelled")
            self._finish("cancelled", failure=failure)
            raise
        except Exception:
            log.exception("run %s ended by a defect", self._run.id)
            self._finish("failed", failure=Failure(code="error", message="the run ended by a defect; the log has more"))
            return None
        except BaseException:
            self._finish("failed", failure=Failure(code="error", message="the run was ended from outside"))
            raise
        self._finish("succeeded", output=result.json)
        return result

    def _finish(self, status: Any, *, output: Any = None, failure: Failure | None = None) -> None:  # noqa: ANN401
        self._tell(RunFinished(run_id=self._run.id, status=status, output=output, failure=failure, at=self._now()))

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
                result.set_result(await self._node(node, scope, f"{prefix}{node.id}"))
            except Skipped as skipped:
                self._tell(
                    StepSkipped(run_id=self._run.id, node=f"{prefix}{node.id}", because=skipped.because, at=self._now())
                )
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

    async def _node(self, node: Node, scope: Scope, path: str) -> Result:
        if isinstance(node, StepNode):
            inputs = {name: resolve(binding, scope).json for name, binding in node.inputs.items()}
            return await self._step(node, inputs, path)
        self._started(path, None, {})
        try:
            result = await composite(node, scope, path, self._inner)
        except BlockFailed as failed:
            self._failed(path, failed.failure)
            raise
        except asyncio.CancelledError:
            self._failed(path, Failure(code=CallCancelled.code, message="the run was cancelled"))
            raise
        self._tell(StepSucceeded(run_id=self._run.id, node=path, output=result.json, at=self._now()))
        return result

    async def _inner(self, block: Block, scope: Scope, prefix: str) -> Result:
        return await self._block(block.nodes, block.output, scope, prefix)

    async def _step(self, node: StepNode, inputs: dict[str, Any], path: str) -> Result:
        self._started(path, node.capability_id, inputs)
        context = replace(
            self._context, step=path, run_id=self._run.id, message_id=f"{self._run.id}/{path}", sink=self._sink(path)
        )
        try:
            result = await self._engine.perform(node.capability_id, inputs, context)
        except PacketFlowError as error:
            problems = [problem.as_json() for problem in getattr(error, "problems", ())]
            details = {**error.details, **({"problems": problems} if problems else {})}
            failure = Failure(code=error.code, message=_writable(error.message), details=_kept(details))
            self._failed(path, failure)
            raise BlockFailed(failure, path) from error
        except asyncio.CancelledError:
            self._failed(path, Failure(code=CallCancelled.code, message="the run was cancelled"))
            raise
        self._tell(StepSucceeded(run_id=self._run.id, node=path, output=result.json, at=self._now()))
        return result

    def _sink(self, path: str) -> Callable[[object], Any]:
        count = 0

        async def heard(part: object) -> None:
            nonlocal count
            count += 1
            event = StepProgressed(run_id=self._run.id, node=path, done=count, partial=part)
            self._engine.progress(event, self._context)

        return heard

    def _started(self, path: str, capability_id: str | None, inputs: dict[str, Any]) -> None:
        event = StepStarted(run_id=self._run.id, node=path, capability_id=capability_id, inputs=inputs, at=self._now())
        self._tell(event)

    def _failed(self, path: str, failure: Failure) -> None:
        self._tell(StepFailed(run_id=self._run.id, node=path, failure=failure, at=self._now()))


def _writable(text: str) -> str:
    """Give a text that can be stored: half characters are replaced, and it ends somewhere."""
    return text.encode("utf-8", "replace").decode()[:_LONGEST]


def _kept(details: dict[str, Any]) -> dict[str, Any]:
    """Give details that can be stored; none when they cannot."""
    try:
        to_json(details)
    except ValueError:
        return {}
    return details
