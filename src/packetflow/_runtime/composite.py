"""How nodes that are no single call run: branch, map, reduce, retry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias, cast

from packetflow._core.plan import Block, BranchNode, MapNode, ReduceNode, RetryNode
from packetflow._core.run import Failure
from packetflow._runtime.engine import Result
from packetflow._runtime.scope import BlockFailed, Scope, done, holds, items, resolve

Inner: TypeAlias = Callable[[Block, Scope, str], Awaitable[Result]]
"""Runs a block within a scope; the text begins the paths of its nodes."""

Composite: TypeAlias = BranchNode | MapNode | ReduceNode | RetryNode

ITEMS: Final = 10_000
"""Items of a list that one map runs over, at most."""


async def composite(node: Composite, scope: Scope, path: str, inner: Inner) -> Result:
    """Run a node that is no single call. Raises BlockFailed, after what it began has ended."""
    match node:
        case BranchNode():
            chosen = next((case.then for case in node.cases if holds(case.when, scope)), node.otherwise)
            return await inner(chosen, scope, f"{path}/") if chosen is not None else Result(None, None)
        case MapNode():
            return await _map(node, scope, path, inner)
        case ReduceNode():
            return await _reduce(node, scope, path, inner)
        case RetryNode():
            return await _retry(node, scope, path, inner)


async def _map(node: MapNode, scope: Scope, path: str, inner: Inner) -> Result:
    over = resolve(node.over, scope)
    if len(cast("Sequence[Any]", over.json)) > ITEMS:
        failure = Failure(code="too_many_items", message=f"a map takes at most {ITEMS:,} items")
        raise BlockFailed(failure, path)
    turn = asyncio.Semaphore(node.concurrency)
    results: list[Result | BlockFailed] = []

    async def one(number: int, item: Result) -> None:
        async with turn:
            try:
                inside = {**scope, f"{node.id}.item": done(item)}
                results[number] = await inner(node.each, inside, f"{path}[{number}]/")
            except BlockFailed as failed:
                results[number] = failed

    async with asyncio.TaskGroup() as group:
        for number, item in enumerate(items(over)):
            results.append(Result(None, None))
            group.create_task(one(number, item))
    for result in results:
        if isinstance(result, BlockFailed):
            raise result
    good = cast("list[Result]", results)
    return Result([result.value for result in good], [result.json for result in good])


async def _reduce(node: ReduceNode, scope: Scope, path: str, inner: Inner) -> Result:
    carried = resolve(node.initial, scope)
    for number, item in enumerate(items(resolve(node.over, scope))):
        variables = {f"{node.id}.item": done(item), f"{node.id}.accumulator": done(carried)}
        carried = await inner(node.each, {**scope, **variables}, f"{path}[{number}]/")
    return carried


async def _retry(node: RetryNode, scope: Scope, path: str, inner: Inner) -> Result:
    last: BlockFailed | None = None
    for attempt in range(1, node.attempts + 1):
        try:
            return await inner(node.attempt, scope, f"{path}[{attempt}]/")
        except BlockFailed as failed:
            last = failed
        if attempt < node.attempts:
            await asyncio.sleep(node.backoff * 2 ** (attempt - 1))
    if node.otherwise is not None:
        return await inner(node.otherwise, scope, f"{path}/")
    assert last is not None  # noqa: S101 - there is at least one attempt
    raise last
