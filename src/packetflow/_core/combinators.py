"""Plans from plans: typed ways to write the nodes that are not single calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from packetflow._core.plan import Operator
from packetflow._core.step import Step

R = TypeVar("R")
I = TypeVar("I")  # noqa: E741 - the type of one item


class When:
    """A condition on a value that will exist when the plan runs: `when(report.output.risk, "gt", 0.5)`."""

    __slots__ = ("fields",)

    def __init__(self, value: object, op: Operator = "truthy", to: object = None) -> None:
        """Compare `value` with `to`; `truthy` and `empty` look at the value alone."""
        self.fields = {"value": value, "op": op} | ({} if op in {"truthy", "empty"} else {"to": to})


when = When


def each(over: Sequence[I], do: Callable[[I], Step[R]], *, concurrency: int = 4) -> Step[list[R]]:
    """Run the step that `do` makes for every item of a list, at most `concurrency` at once; keeps their order.

    `over` is the output of another step. The run fails when one item fails.
    """
    return Step("map", {"over": over, "each": lambda item, _: do(item), "concurrency": concurrency})


def fold(over: Sequence[I], initial: R, do: Callable[[R, I], Step[R]]) -> Step[R]:
    """Run the step that `do` makes for every item in turn, each with the output of the one before it."""
    return Step("reduce", {"over": over, "initial": initial, "each": lambda item, carried: do(carried, item)})


def retry(step: Step[R], *, attempts: int = 3, backoff: float = 0.1, otherwise: Step[R] | None = None) -> Step[R]:
    """Run a step until it succeeds, waiting `backoff` seconds, doubled each time; `otherwise` runs when all failed."""
    return Step("retry", {"attempt": step, "attempts": attempts, "backoff": backoff, "otherwise": otherwise})


@overload
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R]) -> Step[R]: ...
@overload
def branch(*cases: tuple[When, Step[R]], otherwise: None = None) -> Step[R | None]: ...
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R] | None = None) -> Step[Any]:
    """Run the first step whose condition holds, else `otherwise`; without one the output is None."""
    return Step("branch", {"cases": [(case.fields, step) for case, step in cases], "otherwise": otherwise})
