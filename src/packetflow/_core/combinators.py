"""Plans from plans: typed ways to write the nodes that are not single calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast, overload

from packetflow._core.plan import Operator
from packetflow._core.step import Loop, Pointer, Step, Variable

R = TypeVar("R")
I = TypeVar("I")  # noqa: E741 - the type of one item


class When:
    """A condition on a value that will exist when the plan runs: `when(report.output.risk, "gt", 0.5)`."""

    __slots__ = ("fields",)

    def __init__(self, value: object, op: Operator = "truthy", to: object = None) -> None:
        """Compare `value` with `to`; `truthy` and `empty` look at the value alone."""
        self.fields: dict[str, object] = {"value": value, "op": op}
        if op not in {"truthy", "empty"}:
            self.fields["to"] = to


when = When


def each(over: Sequence[I], do: Callable[[I], Step[R]], *, concurrency: int = 4) -> Step[list[R]]:
    """Run the step that `do` makes for every item of a list, at most `concurrency` at once; keeps their order.

    `over` is the output of another step. `do` is called once, now, with a stand-in for the item. What it makes without
    the item runs once, before. The run fails when one item fails.
    """
    item = Variable("item")
    return Step("map", {"over": over, "each": Loop((item,), do(cast("I", Pointer(item)))), "concurrency": concurrency})


def fold(over: Sequence[I], initial: R, do: Callable[[R, I], Step[R]]) -> Step[R]:
    """Run the step that `do` makes for every item in turn, each with the output of the one before it."""
    item, carried = Variable("item"), Variable("accumulator")
    step = do(cast("R", Pointer(carried)), cast("I", Pointer(item)))
    return Step("reduce", {"over": over, "initial": initial, "each": Loop((item, carried), step)})


def retry(step: Step[R], *, attempts: int = 3, backoff: float = 0.1, otherwise: Step[R] | None = None) -> Step[R]:
    """Run a step until it succeeds, waiting `backoff` seconds, doubled each time; `otherwise` runs when all failed.

    Only `step` itself is repeated; what it uses runs once, before.
    """
    return Step("retry", {"attempt": step, "attempts": attempts, "backoff": backoff, "otherwise": otherwise})


@overload
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R]) -> Step[R]: ...
@overload
def branch(*cases: tuple[When, Step[R]], otherwise: None = None) -> Step[R | None]: ...
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R] | None = None) -> Step[Any]:
    """Run the first step whose condition holds, else `otherwise`; without one the output is None.

    What only the chosen step uses runs only when it is chosen.
    """
    return Step("branch", {"cases": [(case.fields, step) for case, step in cases], "otherwise": otherwise})
