"""Plans from plans: typed ways to write the nodes that are not single calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, overload

from typing_extensions import TypedDict  # typing's own is not read by pydantic on Python 3.11

from packetflow._core.binding import Operator
from packetflow._core.node import NamedBreaker
from packetflow._core.retry import Breaker
from packetflow._core.step import Loop, Pointer, Step, Variable, origin

R = TypeVar("R")
S = TypeVar("S")
I = TypeVar("I")  # noqa: E741 - the type of one item
K = TypeVar("K")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")


class When:
    """A condition on a value that will exist when the plan runs: `when(report.output.risk, "gt", 0.5)`."""

    __slots__ = ("fields",)

    def __init__(self, value: object, op: Operator = "truthy", to: object = None) -> None:
        """Compare `value` with `to`; `truthy` and `empty` look at the value alone."""
        self.fields: dict[str, object] = {"value": value, "op": op}
        if op not in {"truthy", "empty"}:
            self.fields["to"] = to


when = When


class Failed(Protocol):
    """What a step that runs after another has failed may know of it."""

    @property
    def node(self) -> str:
        """The node that failed, as the trace names it."""
        ...

    @property
    def code(self) -> str:
        """The stable code of the error."""
        ...

    @property
    def message(self) -> str:
        """The error in words."""
        ...


class Group(TypedDict, Generic[K, I]):
    """Items that have the same key."""

    key: K
    items: list[I]


class Reduced(TypedDict, Generic[K, S]):
    """What the items of one key came to."""

    key: K
    value: S


# -- one after another ------------------------------------------------------------------------------------------------


@overload
def pipe(first: Step[A], second: Callable[[A], Step[B]], /) -> Step[B]: ...
@overload
def pipe(first: Step[A], second: Callable[[A], Step[B]], third: Callable[[B], Step[C]], /) -> Step[C]: ...
@overload
def pipe(
    first: Step[A], second: Callable[[A], Step[B]], third: Callable[[B], Step[C]], fourth: Callable[[C], Step[D]], /
) -> Step[D]: ...
@overload
def pipe(
    first: Step[A],
    second: Callable[[A], Step[B]],
    third: Callable[[B], Step[C]],
    fourth: Callable[[C], Step[D]],
    fifth: Callable[[D], Step[E]],
    /,
) -> Step[E]: ...
def pipe(first: Step[Any], /, *stages: Callable[[Any], Step[Any]]) -> Step[Any]:
    """Run steps one after another, each made from the output of the one before; gives the last one.

    The first that fails ends it; `fallback` says what happens then, `undone_by` what takes back what was done.
    """
    for stage in stages:
        first = stage(first.output)
    return first


@overload
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R]) -> Step[R]: ...
@overload
def branch(*cases: tuple[When, Step[R]], otherwise: None = None) -> Step[R | None]: ...
def branch(*cases: tuple[When, Step[R]], otherwise: Step[R] | None = None) -> Step[Any]:
    """Run the first step whose condition holds, else `otherwise`; without one the output is None.

    What only the chosen step uses runs only when it is chosen.
    """
    return Step("branch", {"cases": [(case.fields, step) for case, step in cases], "otherwise": otherwise})


# -- over lists -------------------------------------------------------------------------------------------------------


@overload
def each(
    over: Sequence[I],
    do: Callable[[I], Step[R]],
    *,
    concurrency: int = 4,
    failed: Literal["fail", "omit"] = "fail",
    tries: int = 1,
) -> Step[list[R]]: ...
@overload
def each(
    over: Sequence[I], do: Callable[[I], Step[R]], *, concurrency: int = 4, failed: Literal["null"], tries: int = 1
) -> Step[list[R | None]]: ...
@overload
def each(
    over: Sequence[I],
    do: Callable[[list[I]], Step[R]],
    *,
    concurrency: int = 4,
    failed: Literal["fail", "omit"] = "fail",
    tries: int = 1,
    chunk: int,
) -> Step[list[R]]: ...
@overload
def each(
    over: Sequence[I],
    do: Callable[[list[I]], Step[R]],
    *,
    concurrency: int = 4,
    failed: Literal["null"],
    tries: int = 1,
    chunk: int,
) -> Step[list[R | None]]: ...
def each(
    over: Sequence[Any],
    do: Callable[[Any], Step[Any]],
    *,
    concurrency: int = 4,
    failed: Literal["fail", "omit", "null"] = "fail",
    tries: int = 1,
    chunk: int | None = None,
) -> Step[Any]:
    """Run the step that `do` makes for every item of a list, at most `concurrency` at once; keeps their order.

    `over` is the output of another step. `do` is called once, now, with a stand-in for the item; with `chunk` for a
    list of up to so many items. What it makes without the item runs once, before. An item is run up to `tries` times.
    The run fails when one item fails, unless `failed` says to leave it out, or to give None for it; the trace tells.
    """
    item = Variable("item")
    fields: dict[str, object] = {"over": over, "each": Loop((item,), do(Pointer(item))), "concurrency": concurrency}
    return Step("map", {**fields, "failed": failed, "tries": tries, "chunk": chunk})


def fold(
    over: Sequence[I],
    initial: R,
    do: Callable[[R, I], Step[R]],
    *,
    until: Callable[[R, I], When] | None = None,
    delay: float = 0,
    skip_failed: bool = False,
) -> Step[R]:
    """Run the step that `do` makes for every item in turn, each with the output of the one before it.

    `until` is asked after each round, of what is carried on and of the item; when it holds, the rest is left. `delay`
    is the pause between two rounds in seconds. With `skip_failed` a round that fails changes nothing.
    """
    item, carried = Variable("item"), Variable("accumulator")
    variables = cast("R", Pointer(carried)), cast("I", Pointer(item))
    fields: dict[str, object] = {"over": over, "initial": initial, "each": Loop((item, carried), do(*variables))}
    if until is not None:
        fields["until"] = until(*variables).fields
    return Step("reduce", {**fields, "delay": delay, "skip_failed": skip_failed})


def repeat(
    initial: R, do: Callable[[R], Step[R]], *, so_long: Callable[[R], When], most: int = 100, delay: float = 0
) -> Step[R]:
    """Run the step that `do` makes again and again, each with the output of the one before it, while a condition holds.

    `so_long` is asked before each round. When it still holds after `most` rounds, the step fails with
    `too_many_rounds`. `delay` is the pause between two rounds in seconds.
    """
    carried = Variable("accumulator")
    stand_in = cast("R", Pointer(carried))
    fields: dict[str, object] = {"initial": initial, "condition": so_long(stand_in).fields, "most": most}
    return Step("repeat", {**fields, "delay": delay, "each": Loop((carried,), do(stand_in))})


def grouped(over: Sequence[I], by: Callable[[I], K]) -> Step[list[Group[K, I]]]:
    """Group the items of a list by one of their fields: `by=lambda message: message.author`; first come, first.

    Raises ValueError unless `by` gives the item or a part of it.
    """
    item = Variable("item")
    key: object = by(cast("I", Pointer(item)))
    if not isinstance(key, Pointer) or origin(key)[0] is not item:
        message = "items are grouped by a part of them: by=lambda item: item.field"
        raise ValueError(message)
    return Step("group", {"over": over, "by": origin(key)[1]})


@overload
def map_reduce(
    over: Sequence[I],
    do: Callable[[I], Step[R]],
    into: Callable[[S, R], Step[S]],
    initial: S,
    *,
    concurrency: int = 4,
    failed: Literal["fail", "omit"] = "fail",
) -> Step[S]: ...
@overload
def map_reduce(
    over: Sequence[I],
    do: Callable[[I], Step[R]],
    into: Callable[[S, R], Step[S]],
    initial: S,
    *,
    partition_by: Callable[[R], K],
    concurrency: int = 4,
    failed: Literal["fail", "omit"] = "fail",
) -> Step[list[Reduced[K, S]]]: ...
def map_reduce(
    over: Sequence[Any],
    do: Callable[[Any], Step[Any]],
    into: Callable[[Any, Any], Step[Any]],
    initial: object,
    *,
    partition_by: Callable[[Any], Any] | None = None,
    concurrency: int = 4,
    failed: Literal["fail", "omit"] = "fail",
) -> Step[Any]:
    """Run `do` for every item at once, then carry the outputs together with `into`, one after another from `initial`.

    With `partition_by` the outputs are grouped by one of their fields first, and each group comes to a value of its
    own: a list of `{key, value}`, in the order in which the keys first came.
    """
    mapped = each(over, do, concurrency=concurrency, failed=failed)
    if partition_by is None:
        return fold(mapped.output, initial, into)

    def reduce(group: Group[Any, Any]) -> Step[Any]:
        value = fold(group["items"], initial, into)
        return cast("Step[Any]", {"key": group["key"], "value": value})  # what a loop ends with may be any value

    return each(grouped(mapped.output, partition_by).output, reduce, concurrency=concurrency)


# -- what may fail ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a retry waits: `first` seconds, doubled each time, never longer than `most`.

    With `jitter` each wait is drawn from between nothing and that long, so that many who failed together do not come
    back together ("full jitter", Brooker, AWS 2015).
    """

    first: float = 0.1
    most: float | None = 60.0
    jitter: bool = True


def retry(
    step: Step[R],
    *,
    attempts: int = 3,
    backoff: float | Backoff = 0.1,
    when: Sequence[str] = (),
    breaker: Breaker | None = None,
    otherwise: Step[R] | Callable[[Failed], Step[R]] | None = None,
    whole: bool = False,
) -> Step[R]:
    """Run a step until it succeeds, waiting `backoff` seconds, doubled each time; `otherwise` runs when all failed.

    Only `step` itself is repeated, and what it uses runs once, before; with `whole` what only it uses is repeated, too.
    `when` names the error codes that are worth another attempt, by default all that another attempt may change. While
    the `breaker` is open nothing is tried; all plans of one principal share it by its name, which is that of the
    step's capability, or of the step, `named`. `otherwise` may be made from the error of the last attempt. Raises
    ValueError for a breaker of a step without a name.
    """
    waits = backoff if isinstance(backoff, Backoff) else Backoff(backoff, None, jitter=False)
    fields: dict[str, object] = {"attempt": step, "attempts": attempts, "backoff": waits.first, "max_wait": waits.most}
    fields |= {"jitter": waits.jitter, "when": tuple(when), "breaker": _named(breaker, step), "whole": whole}
    return Step("retry", {**fields, "otherwise": _after_failure(otherwise)})


def _named(breaker: Breaker | None, step: Step[Any]) -> NamedBreaker | None:
    if breaker is None:
        return None
    name = step.fields.get("capability_id", step.id)
    if name is None:
        message = f"what a breaker guards has a name: give this {step.kind} one with named(...)"
        raise ValueError(message)
    return NamedBreaker(
        name=str(name), threshold=breaker.threshold, recovery=breaker.recovery, half_open=breaker.half_open
    )


def fallback(first: Step[R], *others: Step[R] | Callable[[Failed], Step[R]]) -> Step[R]:
    """Run the first step; while one fails, the next. The first that succeeds gives the output.

    Each of the others may be made from the error of the one before it. What only one of them uses runs with it.
    Raises ValueError without another.
    """
    if not others:
        message = "fallback takes a step and at least one other"
        raise ValueError(message)
    return Step("fallback", {"choices": [first, *map(_after_failure, others)]})


def _after_failure(step: Step[R] | Callable[[Failed], Step[R]] | None) -> Step[R] | Loop | None:
    if step is None or isinstance(step, Step):
        return cast("Step[R] | None", step)
    error = Variable("error")
    return Loop((error,), step(cast("Failed", Pointer(error))))
