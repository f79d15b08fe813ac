"""How nodes that are no single call run: branch, parallel, map, reduce, repeat, group, retry, fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from packetflow._core.errors import CircuitOpen, DeadlineExceeded
from packetflow._core.json import canonical
from packetflow._core.node import (
    Block,
    BranchNode,
    Composite,
    FallbackNode,
    GroupNode,
    MapNode,
    ParallelNode,
    ReduceNode,
    RepeatNode,
    RetryNode,
)
from packetflow._core.retry import LASTING
from packetflow._core.run import Failure
from packetflow._runtime.quota import list_of, object_of
from packetflow._runtime.result import Result
from packetflow._runtime.scope import BlockFailed, Scope, done, dug, holds, items, listed, resolve

if TYPE_CHECKING:
    from packetflow._core.ports import Clock
    from packetflow._runtime.breaker import Breakers
    from packetflow._runtime.quota import Quota

Inner: TypeAlias = Callable[[Block, Scope, str], Awaitable[Result]]
"""Runs a block within a scope; the text begins the paths of its nodes."""

ITEMS: Final = 10_000
"""Items of a list that one map runs over, at most."""


@dataclass(frozen=True, slots=True)
class World:
    """What the nodes of a run have of the app around them."""

    principal: str
    """In whose name the run acts; breakers of plans are its own, for anybody may write a plan."""
    clock: Clock
    breakers: Breakers
    chance: Callable[[], float]
    """Gives a number from 0 to below 1."""
    quota: Quota
    """What is left of what the run may come to."""


async def composite(node: Composite, scope: Scope, path: str, inner: Inner, world: World) -> Result:
    """Run a node that is no single call. Raises BlockFailed, after what it began has ended.

    Cancelling it cancels the blocks that run, and waits for their end.
    """
    return await _Running(scope, path, inner, world).result(node)


class _Running:
    """One node under way."""

    def __init__(self, scope: Scope, path: str, inner: Inner, world: World) -> None:
        self._scope, self._path, self._inner, self._world = scope, path, inner, world
        self._kinds: dict[str, Callable[[Any], Awaitable[Result]]] = {
            "branch": self._branch,
            "parallel": self._parallel,
            "map": self._map,
            "reduce": self._reduce,
            "repeat": self._repeat,
            "group": self._group,
            "retry": self._retry,
            "fallback": self._fallback,
        }

    async def result(self, node: Composite) -> Result:
        return await self._kinds[node.kind](node)

    async def _block(self, block: Block, place: str = "", variables: Mapping[str, Result] | None = None) -> Result:
        """Run a block at a place within the node, with variables such as `m.item`."""
        return await self._inner(block, self._with(variables or {}), f"{self._path}{place}/")

    def _with(self, variables: Mapping[str, Result]) -> Scope:
        return {**self._scope, **{name: done(value) for name, value in variables.items()}}

    async def _round(self) -> None:
        self._world.quota.claim(self._path, 1)
        await self._world.quota.give_way()

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            clock = self._world.clock
            await clock.wait_until(clock.now() + timedelta(seconds=seconds))

    def _failed(self, code: str, message: str) -> BlockFailed:
        return BlockFailed(Failure(code=code, message=message), self._path)

    async def _branch(self, node: BranchNode) -> Result:
        chosen = next((case.then for case in node.cases if holds(case.when, self._scope)), node.otherwise)
        return await self._block(chosen) if chosen is not None else Result(None, None)

    # -- at once ------------------------------------------------------------------------------------------------------

    async def _parallel(self, node: ParallelNode) -> Result:
        results: dict[str, Result] = {}
        failures: dict[str, BlockFailed] = {}
        turn = asyncio.Semaphore(node.concurrency or len(node.branches))
        due = None if node.timeout is None else asyncio.get_running_loop().time() + node.timeout
        tasks: list[asyncio.Task[None]] = []

        async def one(name: str, block: Block) -> None:
            try:
                async with asyncio.timeout_at(due), turn:
                    results[name] = await self._block(block, f"/{name}")
            except TimeoutError:
                message = f"it did not end within {node.timeout:g} seconds"
                failures[name] = self._failed(DeadlineExceeded.code, message)
            except BlockFailed as failed:
                failures[name] = failed
            if node.partial == "fail" and name in failures:
                for task in tasks:
                    task.cancel()  # this one is at its end and does not notice

        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(one(name, block)) for name, block in node.branches.items()]
        if node.partial == "fail" and failures:
            raise next(iter(failures.values()))
        return self._joined(node, results, failures)

    def _joined(self, node: ParallelNode, results: dict[str, Result], failures: dict[str, BlockFailed]) -> Result:
        given = {name: results.get(name, Result(None, None)) for name in node.branches}
        if node.partial == "continue":
            told: Any = [{"name": name, **_error(failures[name]).value} for name in node.branches if name in failures]
            given["failures"] = Result(told, told)
        return object_of(self._path, given)

    async def _map(self, node: MapNode) -> Result:
        given = resolve(node.over, self._scope)
        count = len(cast("list[object]", given.json))
        if count > ITEMS:
            raise self._failed("too_many_items", f"a map takes at most {ITEMS:,} items")
        self._world.quota.claim(self._path, count)
        over = items(given)
        if node.chunk is not None:
            over = [listed(over[start : start + node.chunk]) for start in range(0, len(over), node.chunk)]
        results: list[Result | BlockFailed] = [Result(None, None)] * len(over)
        left = iter(enumerate(over))

        async def work() -> None:
            for number, item in left:
                results[number] = await self._item(node, number, item)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(node.concurrency, len(over))):
                group.create_task(work())
        failed = next((result for result in results if isinstance(result, BlockFailed)), None)
        if failed is not None and node.failed == "fail":
            raise failed
        if node.failed == "null":
            results = [Result(None, None) if isinstance(result, BlockFailed) else result for result in results]
        return list_of(self._path, [result for result in results if isinstance(result, Result)])

    async def _item(self, node: MapNode, number: int, item: Result) -> Result | BlockFailed:
        attempt = 1
        while True:
            if attempt > 1:
                self._world.quota.claim(self._path, 1)
            await self._world.quota.give_way()
            place = f"[{number}]" if attempt == 1 else f"[{number}][{attempt}]"
            try:
                return await self._block(node.each, place, {f"{node.id}.item": item})
            except BlockFailed as failed:
                if attempt >= node.tries or failed.failure.code in LASTING:
                    return failed
            attempt += 1

    # -- one after another --------------------------------------------------------------------------------------------

    async def _reduce(self, node: ReduceNode) -> Result:
        carried = resolve(node.initial, self._scope)
        for number, item in enumerate(items(resolve(node.over, self._scope))):
            await self._round()
            if number:
                await self._pause(node.delay)
            own = {f"{node.id}.item": item, f"{node.id}.accumulator": carried}
            try:
                carried = await self._block(node.each, f"[{number}]", own)
            except BlockFailed:
                if not node.skip_failed:
                    raise
                continue
            own[f"{node.id}.accumulator"] = carried
            if node.until is not None and holds(node.until, self._with(own)):
                break
        return carried

    async def _repeat(self, node: RepeatNode) -> Result:
        own = {f"{node.id}.accumulator": resolve(node.initial, self._scope)}
        for number in range(node.most):
            if not holds(node.condition, self._with(own)):
                break
            await self._round()
            if number:
                await self._pause(node.delay)
            own = {f"{node.id}.accumulator": await self._block(node.each, f"[{number}]", own)}
        else:
            if holds(node.condition, self._with(own)):
                raise self._failed("too_many_rounds", f"its condition still holds after {node.most:,} rounds")
        return own[f"{node.id}.accumulator"]

    async def _group(self, node: GroupNode) -> Result:
        groups: dict[bytes, tuple[Result, list[Result]]] = {}
        for item in items(resolve(node.over, self._scope)):
            key = dug(item, node.by)
            groups.setdefault(canonical(key.json), (key, []))[1].append(item)
        told = [object_of(self._path, {"key": key, "items": listed(members)}) for key, members in groups.values()]
        return list_of(self._path, told)

    # -- what may fail ------------------------------------------------------------------------------------------------

    async def _retry(self, node: RetryNode) -> Result:
        last: BlockFailed | None = None
        for attempt in range(1, node.attempts + 1):
            await self._round()
            try:
                return await self._guarded(node, attempt)
            except CircuitOpen as refused:
                last = self._failed(refused.code, refused.message)
                break
            except BlockFailed as failed:
                last = failed
            if attempt == node.attempts or not _worth(node, last):
                break
            await self._pause(self._wait(node, attempt))
        assert last is not None  # noqa: S101 - there is at least one attempt
        if node.otherwise is None:
            raise last
        return await self._block(node.otherwise, variables={f"{node.id}.error": _error(last)})

    async def _guarded(self, node: RetryNode, attempt: int) -> Result:
        own = node.breaker
        if own is None:
            return await self._block(node.attempt, f"[{attempt}]")
        name = f"plans of {self._world.principal}: {own.name}"
        breaker = self._world.breakers.get(name, own.threshold, own.recovery, own.half_open)
        with breaker.guard(lambda error: isinstance(error, BlockFailed) and _worth(node, error)):
            return await self._block(node.attempt, f"[{attempt}]")

    def _wait(self, node: RetryNode, attempt: int) -> float:
        wait = node.backoff * 2.0 ** (attempt - 1)
        wait = wait if node.max_wait is None else min(wait, node.max_wait)
        return wait * self._world.chance() if node.jitter else wait

    async def _fallback(self, node: FallbackNode) -> Result:
        first, *others = node.choices
        try:
            return await self._block(first, "[1]")
        except BlockFailed as failed:
            last = failed
        for number, block in enumerate(others, 2):
            try:
                return await self._block(block, f"[{number}]", {f"{node.id}.error": _error(last)})
            except BlockFailed as failed:
                last = failed
        raise last


def _worth(node: RetryNode, failed: BlockFailed) -> bool:
    """Whether another attempt may change it."""
    code = failed.failure.code
    return code in node.when if node.when else code not in LASTING


def _error(failed: BlockFailed) -> Result:
    known: dict[str, Any] = {"node": failed.node, "code": failed.failure.code, "message": failed.failure.message}
    return Result(known, known)
