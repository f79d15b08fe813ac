"""Taking back what the steps of a run did, when the run did not succeed as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from packetflow._core.plan import Binding, Block, Node
from packetflow._core.run import StepUndoFailed, StepUndone
from packetflow._runtime.result import Result
from packetflow._runtime.scope import BlockFailed, Scope

if TYPE_CHECKING:
    from packetflow._core.run import Failure
    from packetflow._runtime.live import Live

RunBlock: TypeAlias = Callable[[Sequence[Node], Binding, Scope, str], Awaitable[Result]]


class Undoing:
    """Runs the `undo` blocks of the steps that succeeded, the latest success first, one after the other.

    That is the saga of Garcia-Molina and Salem (SIGMOD 1987), with each step's compensation in the plan. An undo block
    that fails is told and does not keep the others from being tried.
    """

    def __init__(self, live: Live, run: RunBlock) -> None:
        """Begin with nothing to undo; `run` runs a block."""
        self._live, self._run = live, run
        self._undoable: list[tuple[str, Block, Scope]] = []

    def may_undo(self, path: str, block: Block, scope: Scope) -> None:
        """Remember how a step that succeeded is undone, with what its block can refer to."""
        self._undoable.append((path, block, scope))

    async def undo(self, status: str, failure: Failure) -> None:
        """Tell how the run ends and undo; raises CancelledError when the app is being left, nothing else."""
        live = self._live
        if live.run.ending is None and self._undoable:
            live.end(status, failure)
        _let_go_on()
        live.closed, live.undoing = False, True
        order = live.run.finished
        for path, block, scope in sorted(self._undoable, key=lambda one: -order.get(one[0], 0)):
            if live.run.step(path).status == "succeeded" and live.run.step(path).undo_failure is None:
                await self._undo(path, block, scope)

    async def _undo(self, path: str, block: Block, scope: Scope) -> None:
        live = self._live
        try:
            await self._run(block.nodes, block.output, scope, f"{path}/undo/")
        except BlockFailed as failed:
            live.tell(StepUndoFailed(run_id=live.run.id, node=path, failure=failed.failure, at=live.now()))
        else:
            live.tell(StepUndone(run_id=live.run.id, node=path, at=live.now()))


def _let_go_on() -> None:
    """Let a task that was cancelled await again."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
