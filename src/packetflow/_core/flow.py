"""Composed capabilities: plain functions that wire steps, known and called like any other capability."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from inspect import currentframe
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Protocol, TypeVar, cast, get_args, get_origin, overload

from packetflow._core.body import INPUT, bound, written
from packetflow._core.capability import Capability, Declaration, Options, dressed, visible_names
from packetflow._core.compatibility import misfit
from packetflow._core.effect import EFFECTS, Effect
from packetflow._core.errors import DeclarationError
from packetflow._core.node import Block, StepNode, walk
from packetflow._core.proof import LARGEST, prove_block
from packetflow._core.schema import OutputContract, return_annotation
from packetflow._core.step import Pointer, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.grant import Grant
    from packetflow._core.plan import Plan
    from packetflow._core.registry import Registry

P = ParamSpec("P")
R = TypeVar("R")

DEEPEST: Final = 8
"""Flows within flows."""


class Flow(Capability[P, R, Step[R]]):
    """A capability that is made of others. Calling it wires its steps, as the function says, and runs nothing.

    A flow adds no authority: each of its steps is decided under the grant of whoever calls it, and to whom one of the
    steps is withheld the flow does not exist.
    """

    def __init__(
        self, function: Callable[..., Any], options: Options, visible: Mapping[str, Any], effect: Effect | None
    ) -> None:
        """Hold the function; `effect` is what was declared, if anything was."""
        super().__init__(function, options, visible)
        self._declared_effect: Effect | None = effect
        self.uses: tuple[Declaration, ...] = ()
        """Every capability it calls, those of flows within it included; known once it stands in an app."""
        self.size = 0
        """How many nodes it comes to, those of flows within it included."""
        self.undoable = False
        """Whether a step in it can be taken back."""

    @cached_property
    def output(self) -> OutputContract:
        """What it promises: what its last step gives, as the annotation says."""
        returned: Any = return_annotation(self.id, self._signature, self._hints)
        origin = get_origin(returned)
        if not (isinstance(origin, type) and issubclass(origin, Step)):
            message = f"flow {self.id!r} returns the step it ends with: annotate it as Step[...]"
            raise DeclarationError(message)
        return OutputContract(self.id, get_args(returned)[0])

    @cached_property
    def body(self) -> Block:
        """Its steps; raises DeclarationError when the function does something else than wire them."""
        stand_ins = {parameter.name: Pointer(INPUT, (parameter.name,)) for parameter in self.parameters}
        try:
            step: object = self.function(**stand_ins)
            if isinstance(step, Step):
                return written(cast("Step[Any]", step))
        except (TypeError, ValueError, AttributeError) as error:
            message = f"flow {self.id!r} cannot be written as a plan: {error}"
            raise DeclarationError(message) from error
        message = f"flow {self.id!r} must return the step it ends with, not {type(step).__name__}"
        raise DeclarationError(message)

    def verify(self) -> None:
        """Build its contract and its steps; whether they can run is found out by `settle`."""
        if self.takes_context or self.kind != "def":
            message = f"flow {self.id!r} must be a plain function without Context: it wires steps and runs nothing"
            raise DeclarationError(message)
        super().verify()
        _ = self.body

    def open_to(self, grant: Grant) -> bool:
        """Whether the holder of a grant may name it and every one of its steps."""
        return super().open_to(grant) and all(one.open_to(grant) for one in self.uses)

    def plan(self, arguments: Mapping[str, Any]) -> Plan[Any]:
        """Give the plan that runs it on checked arguments in JSON form."""
        return bound(self.body, arguments, self.intent)

    def settle(self, registry: Registry) -> None:
        """Prove that its steps can run in this registry and give what it promises, and learn what it does.

        The flows within it must be settled. Raises DeclarationError, which names every problem; when it was declared as
        less serious than one of its steps; and when it is too large.
        """
        problems, given = prove_block(self.body, self.input.given_schema, registry)
        if problems:
            told = "; ".join(map(str, problems))
            message = f"flow {self.id!r} cannot run: {told}"
            raise DeclarationError(message)
        if why := misfit(given, self.output_schema):
            message = f"flow {self.id!r} does not give what it promises: {why}"
            raise DeclarationError(message)
        self._learn([registry[node.capability_id] for node in walk(self.body.nodes) if isinstance(node, StepNode)])

    def _learn(self, steps: Sequence[Declaration]) -> None:
        inner = _flows(steps)
        self.uses = tuple(dict.fromkeys([*steps, *(used for one in inner for used in one.uses)]))
        self.size = sum(1 for _ in walk(self.body.nodes)) + sum(one.size for one in inner)
        if self.size > LARGEST:
            message = (
                f"flow {self.id!r} comes to {self.size:,} nodes with the flows within it, at most {LARGEST:,} may be"
            )
            raise DeclarationError(message)
        self.undoable = any(one.undoable for one in inner) or any(
            isinstance(node, StepNode) and node.undo is not None for node in walk(self.body.nodes)
        )
        worst = most_serious(one.effect for one in steps)
        declared = self._declared_effect
        if declared is not None and EFFECTS.index(declared) < EFFECTS.index(worst):
            message = f"flow {self.id!r} is declared as {declared!r}, and one of its steps has the effect {worst!r}"
            raise DeclarationError(message)
        self.options = replace(self.options, effect=declared or worst)


def most_serious(effects: Iterable[Effect]) -> Effect:
    """Give the most serious of these effects; `read` when there is none."""
    found = frozenset(effects)
    worst: Effect = "read"
    for effect in EFFECTS:
        worst = effect if effect in found else worst
    return worst


def settle(registry: Registry) -> None:
    """Settle every flow of a registry, those within others first; raises DeclarationError, also for one in a circle."""
    settled: dict[str, int] = {}

    def visit(flow: Flow[..., Any], above: tuple[str, ...]) -> int:
        if flow.id in above:
            message = f"flow {flow.id!r} runs itself, by way of {' -> '.join((*above, flow.id))}"
            raise DeclarationError(message)
        if flow.id not in settled:
            names = {node.capability_id for node in walk(flow.body.nodes) if isinstance(node, StepNode)}
            inner = _flows(registry.get(name) for name in sorted(names))
            depth = 1 + max((visit(one, (*above, flow.id)) for one in inner), default=0)
            if depth > DEEPEST:
                message = f"flow {flow.id!r} has flows within flows more than {DEEPEST} deep"
                raise DeclarationError(message)
            flow.settle(registry)
            settled[flow.id] = depth
        return settled[flow.id]

    for declared in _flows(registry.values()):
        visit(declared, ())


def _flows(declared: Iterable[object]) -> list[Flow[..., Any]]:
    return [cast("Flow[..., Any]", one) for one in declared if isinstance(one, Flow)]


class _Decorator(Protocol):
    """`flow(...)` with options, waiting for the function."""

    def __call__(self, fn: Callable[P, Step[R]], /) -> Flow[P, R]: ...


@overload
def flow(fn: Callable[P, Step[R]], /) -> Flow[P, R]: ...
@overload
def flow(
    *,
    effect: Effect | None = None,
    examples: Sequence[str] = (),
    name: str | None = None,
    version: int = 1,
    timeout: timedelta | None = None,
    tags: Sequence[str] = (),
) -> _Decorator: ...
def flow(fn: Callable[..., Any] | None = None, /, *, effect: Effect | None = None, **options: Any) -> Any:
    """Declare a plain function that wires steps as a capability of its own: a flow.

    The function is called once, when an App is made of it, with stand-ins for its arguments, which can be given to
    steps and pointed into, and nothing else. It returns the step it ends with; what that gives is what the flow gives.
    The flow is found, searched, planned with and called like any capability. Its effect is the most serious of those of
    its steps, or what is declared, which must not be less. `timeout` bounds one call of it, whatever its steps take.

    The App refuses a flow whose steps cannot run, or that runs itself, with a DeclarationError.
    """
    if text := [name for name in ("examples", "tags") if isinstance(options.get(name), str)]:
        message = f"{text[0]} of a flow is a list of texts, not one text"
        raise DeclarationError(message)
    if ignored := sorted({"retry", "cache", "confirm"} & options.keys()):
        message = f"a flow has no {ignored[0]!r}: give it to the capabilities that its steps call"
        raise DeclarationError(message)
    listed = {name: tuple(options.pop(name, ())) for name in ("examples", "tags")}
    made = Options(effect=effect or "read", **listed, **options)

    def declare(function: Callable[..., Any]) -> Flow[..., Any]:
        visible = visible_names(function, currentframe())
        made_flow: Flow[..., Any] = Flow(function, made, visible, effect)
        return dressed(made_flow, function)

    return declare(fn) if fn is not None else declare
