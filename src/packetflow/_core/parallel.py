"""Branches that run at once."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, overload

from packetflow._core.step import Pointer, Step

R = TypeVar("R")
S = TypeVar("S")


class Together(Step[dict[str, R]]):
    """Branches that run at once; all of them must succeed."""

    __slots__ = ()

    def of(self, branch: Step[S]) -> S:
        """Point at what one branch gives, with its own type; raises ValueError for a step that is no branch of it."""
        return cast("S", _branch_output(self, branch))


class Partly(Step[dict[str, R | None]]):
    """Branches that run at once, of which some may fail."""

    __slots__ = ()

    def of(self, branch: Step[S]) -> S | None:
        """Point at what one branch gives, None when it failed; raises ValueError for a step that is no branch of it."""
        return cast("S | None", _branch_output(self, branch))

    @property
    def failures(self) -> list[dict[str, str]]:
        """Point at the branches that failed, in their order, as `name`, `node`, `code` and `message`."""
        return cast("list[dict[str, str]]", Pointer(self, ("failures",)))


@overload
def together(
    *,
    timeout: float | None = None,
    partial: Literal["fail"] = "fail",
    concurrency: int | None = None,
    **branches: Step[R],
) -> Together[R]: ...
@overload
def together(
    *, timeout: float | None = None, partial: Literal["continue"], concurrency: int | None = None, **branches: Step[R]
) -> Partly[R]: ...
def together(
    *,
    timeout: float | None = None,
    partial: Literal["fail", "continue"] = "fail",
    concurrency: int | None = None,
    **branches: Step[Any],
) -> Step[Any]:
    """Run named steps at once, at most `concurrency` of them; the output is an object with the output of each.

    `of(step)` points at one branch with its own type. With `fail` the first that fails ends the others, and what did
    not end within `timeout` seconds fails it. With `continue` a branch that fails or is late gives None, and `failures`
    lists it; no branch can be called `failures` then. What only one branch uses runs in it; what several use runs once,
    before. Raises ValueError without branches.
    """
    if not branches or (partial == "continue" and "failures" in branches):
        message = "together takes at least one branch, and none is called 'failures' where some may fail"
        raise ValueError(message)
    fields = {"branches": branches, "timeout": timeout, "partial": partial, "concurrency": concurrency}
    kind = cast("type[Step[Any]]", Together if partial == "fail" else Partly)
    return kind("parallel", fields)


def _branch_output(step: Step[Any], branch: Step[Any]) -> Pointer:
    for name, one in step.fields["branches"].items():
        if one is branch:
            return Pointer(step, (name,))
    message = "this step is no branch of it"
    raise ValueError(message)
