"""What nodes see of each other while a plan runs, and the one place where outputs become inputs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from packetflow._core.plan import Binding, Condition, Fields, Items, Literally, Reference
from packetflow._core.run import Failure
from packetflow._runtime.result import Result

Scope: TypeAlias = Mapping[str, "asyncio.Future[Result]"]
"""The outcome of each node that can be referred to, by id; loop variables by their names."""


class BlockFailed(Exception):
    """A node of a block did not succeed; carries why."""

    def __init__(self, failure: Failure, node: str) -> None:
        """Name the first node that failed."""
        super().__init__(failure.message)
        self.failure, self.node = failure, node


@dataclass(frozen=True, slots=True)
class Skipped(Exception):
    """A node was not started, because something it needs did not succeed."""

    because: str


def done(result: Result) -> asyncio.Future[Result]:
    """Give the outcome of what is known already, such as a loop variable."""
    future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future


def items(over: Result) -> list[Result]:
    """Take a list apart."""
    values = cast("Sequence[Any]", over.value)
    return [Result(value, json) for value, json in zip(values, cast("list[Any]", over.json), strict=True)]


def resolve(binding: Binding, scope: Scope) -> Result:
    """Give the value of a binding."""
    match binding:
        case Literally():
            return Result(binding.literal, binding.literal)
        case Reference():
            return dug(scope[binding.step].result(), binding.path)
        case Items():
            found = [resolve(item, scope) for item in binding.items]
            return Result([one.value for one in found], [one.json for one in found])
        case Fields():
            named = {name: resolve(item, scope) for name, item in binding.fields.items()}
            return Result({n: one.value for n, one in named.items()}, {n: one.json for n, one in named.items()})


def dug(result: Result, path: Sequence[str | int]) -> Result:
    """Give what stands at a path of a value."""
    value: Any = result.value
    json: Any = result.json
    for key in path:
        json = json[key]
        try:
            value = value[key] if hasattr(value, "__getitem__") else getattr(value, str(key))
        except (AttributeError, KeyError):
            value = json  # named otherwise in JSON than in Python: an alias
    return Result(value, json)


def holds(when: Condition, scope: Scope) -> bool:
    """Decide a condition."""
    right = None if when.to is None else resolve(when.to, scope).json
    return when.holds(resolve(when.value, scope).json, right)
