"""What nodes see of each other while a plan runs, and the one place where outputs become inputs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from packetflow._core.plan import Binding, Condition, Fields, Items, Literally, Reference
from packetflow._core.run import Failure
from packetflow._runtime.result import Result

Scope: TypeAlias = Mapping[str, "asyncio.Future[Result]"]
"""The outcome of each node that can be referred to, by id; loop variables by their names."""


LARGEST: Final = 8 * 1024 * 1024
"""Bytes of what one node takes or gives, as JSON."""

TOO_LARGE: Final = Failure(
    code="too_large", message=f"what one node takes or gives is at most {LARGEST // 1024**2} MiB as JSON"
)


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
    """Give the value of a binding; raises BlockFailed when it is too large."""
    match binding:
        case Literally():
            return Result(binding.literal, binding.literal)
        case Reference():
            return dug(scope[binding.step].result(), binding.path)
        case Items():
            return _bounded(listed([resolve(item, scope) for item in binding.items]))
        case Fields():
            return _bounded(named({name: resolve(item, scope) for name, item in binding.fields.items()}))


def listed(results: Sequence[Result]) -> Result:
    """Make a list of results."""
    size = 2 + sum(one.size + 1 for one in results)
    return Result([one.value for one in results], [one.json for one in results], _size=size)


def named(results: Mapping[str, Result]) -> Result:
    """Make an object of results."""
    size = 2 + sum(one.size + len(name) + 4 for name, one in results.items())
    values = {name: one.value for name, one in results.items()}
    return Result(values, {name: one.json for name, one in results.items()}, _size=size)


def _bounded(made: Result) -> Result:
    """Refuse what was put together from parts that are shared, and would be too large once written out."""
    if made.size > LARGEST:
        raise BlockFailed(TOO_LARGE, "")
    return made


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
