"""One node of a plan while it is written by hand: a capability's inputs, wired to outputs of other steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NoReturn, TypeAlias, TypeVar, cast

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """What a node gives to a block of its own.

    A loop gives the item of the round, and what is carried on; a retry or fallback gives the error; a call gives its
    output to what takes it back.
    """

    name: Literal["item", "accumulator", "error", "output"]


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """What a node runs with variables of its own: these, and the step (or value) it ends with."""

    variables: tuple[Variable, ...]
    output: object


Start: TypeAlias = "Step[Any] | Variable | str"
"""What a pointer begins at; a text is the name of a loop variable, such as `each.item`."""


class Pointer:
    """Stands for an output (or a part of it) that will exist when the plan runs; attributes and items go deeper.

    To the type checker it is the output itself; that cast, in `Step.output`, is the only one.
    """

    __slots__ = ("_path", "_step")

    def __init__(self, step: Start, path: tuple[str | int, ...] = ()) -> None:
        """Point at `path` within the output of `step`, or within a loop variable."""
        self._step = step
        self._path = path

    def __getattr__(self, name: str) -> Pointer:
        """Point at a field."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Pointer(self._step, (*self._path, name))

    def __getitem__(self, key: str | int) -> Pointer:
        """Point at an item; raises TypeError for a slice."""
        if not isinstance(key, str | int):  # pyright: ignore[reportUnnecessaryIsInstance] - the type checker sees a list
            message = f"an output that does not exist yet has no {key!r}; point at one item"
            raise TypeError(message)
        return Pointer(self._step, (*self._path, key))

    def __iter__(self) -> NoReturn:
        """Refuse: what is pointed at does not exist yet; `each` maps over a list when the plan runs."""
        message = "an output cannot be iterated while the plan is written; use each(...)"
        raise TypeError(message)

    def __bool__(self) -> bool:
        """Refuse: the value is not known yet; `branch` decides when the plan runs."""
        message = "an output has no truth value while the plan is written; use branch(...)"
        raise TypeError(message)

    def __lt__(self, other: object) -> bool:
        """Refuse: the value is not known yet; `branch` with `when` compares when the plan runs."""
        message = "an output cannot be compared while the plan is written; use branch((when(value, 'gt', 3), step))"
        raise TypeError(message)

    __le__ = __gt__ = __ge__ = __lt__

    def __str__(self) -> str:
        """Refuse: there are no templates in texts."""
        message = "an output has no text while the plan is written; give it to a capability as an input"
        raise TypeError(message)

    def __format__(self, spec: str) -> str:
        """Refuse, for the same reason."""
        return str(self)

    def __repr__(self) -> str:
        """Show where it points, for a debugger."""
        start = self._step.id or self._step.kind if isinstance(self._step, Step) else self._step
        return f"Pointer({start!r}, {self._path!r})"


class Step(Generic[R_co]):
    """A node under construction: made by `capability.step(...)` and the combinators, collected by `Plan(step)`."""

    __slots__ = ("after", "fields", "id", "kind")

    def __init__(
        self,
        kind: str,
        fields: Mapping[str, Any],
        *,
        id: str | None = None,  # noqa: A002 - the word
        after: Sequence[Step[Any]] = (),
    ) -> None:
        """Hold the fields of the node; pointers and steps may stand anywhere inside them."""
        self.kind = kind
        self.fields = dict(fields)
        self.id = id
        self.after = tuple(after)

    @property
    def output(self) -> R_co:
        """What the step will give, for use as an input of another step."""
        return cast("R_co", Pointer(self))

    def within(self, seconds: float) -> Step[R_co]:
        """Let this call fail with `deadline_exceeded` when it takes longer; raises ValueError for what is no call."""
        self._only_calls("a limit of its own")
        self.fields["timeout"] = seconds
        return self

    def undone_by(self, undo: Callable[[R_co], Step[Any]]) -> Step[R_co]:
        """Say what takes this call back when it has succeeded and the run fails later.

        `undo` is called once, now, with a stand-in for this call's output. What only the step it makes uses runs with
        it, and not before. Calls are taken back in the opposite order of their ends. Raises ValueError for what is no
        call of a capability.
        """
        self._only_calls("something that takes it back")
        own = Variable("output")
        self.fields["undo"] = Loop((own,), undo(cast("R_co", Pointer(own))))
        return self

    def _only_calls(self, what: str) -> None:
        if self.kind != "step":
            message = f"only the call of a capability has {what}, and this is a {self.kind}: give it to the calls in it"
            raise ValueError(message)

    def named(self, id: str) -> Step[R_co]:  # noqa: A002 - the word
        """Give the node an id of your own; by default it is the capability's name."""
        self.id = id
        return self

    def following(self, *steps: Step[Any]) -> Step[R_co]:
        """Run only after these steps, though nothing of theirs is used."""
        self.after = (*self.after, *steps)
        return self


def origin(pointer: Pointer) -> tuple[Start, tuple[str | int, ...]]:
    """Take a pointer apart: the step (or loop variable) and the path."""
    return object.__getattribute__(pointer, "_step"), object.__getattribute__(pointer, "_path")
