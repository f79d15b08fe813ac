"""One node of a plan while it is written by hand: a capability's inputs, wired to outputs of other steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

R = TypeVar("R")


class Pointer:
    """Stands for an output (or a part of it) that will exist when the plan runs; attributes and items go deeper.

    To the type checker it is the output itself; that cast, in `Step.output`, is the only one.
    """

    __slots__ = ("_path", "_step")

    def __init__(self, step: Step[Any] | str, path: tuple[str | int, ...] = ()) -> None:
        """Point at `path` within the output of `step`, or within the loop variable of that name."""
        self._step = step
        self._path = path

    def __getattr__(self, name: str) -> Pointer:
        """Point at a field."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Pointer(self._step, (*self._path, name))

    def __getitem__(self, key: str | int) -> Pointer:
        """Point at an item."""
        return Pointer(self._step, (*self._path, key))

    def __iter__(self) -> Any:  # noqa: ANN401 - never returns
        """Refuse: what is pointed at does not exist yet; `each` maps over a list when the plan runs."""
        message = "an output cannot be iterated while the plan is written; use each(...)"
        raise TypeError(message)

    def __bool__(self) -> bool:
        """Refuse: the value is not known yet; `branch` decides when the plan runs."""
        message = "an output has no truth value while the plan is written; use branch(...)"
        raise TypeError(message)


class Step(Generic[R]):
    """A node under construction. Made by `capability.step(...)` and the combinators; `Plan(step)` collects its inputs."""

    __slots__ = ("after", "fields", "id", "kind")

    def __init__(
        self, kind: str, fields: Mapping[str, Any], *, id: str | None = None, after: Sequence[Step[Any]] = ()  # noqa: A002
    ) -> None:
        """Hold the fields of the node; pointers and steps may stand anywhere inside them."""
        self.kind = kind
        self.fields = dict(fields)
        self.id = id
        self.after = tuple(after)

    @property
    def output(self) -> R:
        """What the step will give, for use as an input of another step."""
        return cast("R", Pointer(self))

    def named(self, id: str) -> Step[R]:  # noqa: A002 - the word
        """Give the node an id of your own; by default it is the capability's name."""
        self.id = id
        return self

    def following(self, *steps: Step[Any]) -> Step[R]:
        """Run only after these steps, though nothing of theirs is used."""
        self.after = (*self.after, *steps)
        return self


def origin(pointer: Pointer) -> tuple[Step[Any] | str, tuple[str | int, ...]]:
    """Take a pointer apart: the step (or loop variable) and the path."""
    return object.__getattribute__(pointer, "_step"), object.__getattribute__(pointer, "_path")
