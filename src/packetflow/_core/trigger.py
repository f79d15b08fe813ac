"""What an event sets off: a flow or a call, wired to the event's fields, once for each event."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

from packetflow._core.binding import Condition
from packetflow._core.body import INPUT, value_of, written
from packetflow._core.capability import Declaration
from packetflow._core.combinators import When
from packetflow._core.errors import DeclarationError
from packetflow._core.event import Event
from packetflow._core.flow import Flow
from packetflow._core.node import Block, StepNode, walk
from packetflow._core.proof import prove_block
from packetflow._core.schema import OutputContract
from packetflow._core.step import Pointer, Step

if TYPE_CHECKING:
    from packetflow._core.json import JsonObject
    from packetflow._core.ports import NewEvent
    from packetflow._core.registry import Registry

E = TypeVar("E", bound=Event)
E_contra = TypeVar("E_contra", bound=Event, contravariant=True)

PREFIX: Final = "on/"
"""Begins the name under which a trigger acts, and the capability id of its letters."""

_TEXT: Final = {"type": "string"}
_STORED: Final[Mapping[str, Any]] = dict.fromkeys(("topic", "id", "at", "principal", "trace_id"), _TEXT)


class Wiring(Protocol[E_contra]):
    """Makes a step from an event and the key of the actor that told it."""

    def __call__(self, event: E_contra, key: str, /) -> Step[Any]:
        """Wire a step; called once, with stand-ins."""
        ...


class Asking(Protocol[E_contra]):
    """Makes a condition from an event and the key of the actor that told it."""

    def __call__(self, event: E_contra, key: str, /) -> When:
        """Write a condition; called once, with stand-ins."""
        ...


class Trigger(Generic[E]):
    """A part of an App: sets something off for every event of a class that a durable actor commits."""

    def __init__(
        self, event: type[E], do: Wiring[E] | Declaration, *, name: str | None = None, when: Asking[E] | None = None
    ) -> None:
        """Hold what `on` was told."""
        self.event = event
        self._do, self._name, self._when = do, name, when
        self.uses: tuple[Declaration, ...] = ()
        """Every capability it may call; known once it stands in an app."""

    @property
    def contract(self) -> OutputContract:
        """What the fields of the event are."""
        return self._contract

    @cached_property
    def _contract(self) -> OutputContract:
        return OutputContract(self.event.__name__, self.event)

    @property
    def id(self) -> str:
        """The name under which it acts: `on/<name>`."""
        return f"{PREFIX}{self.name}"

    @cached_property
    def name(self) -> str:
        """The name it was given, else the event's and that of what it ends with."""
        if self._name is not None:
            return self._name
        last = self.body.nodes[-1] if self.body.nodes else None
        return f"{self.event.__name__}.{last.capability_id if isinstance(last, StepNode) else 'flow'}"

    @cached_property
    def body(self) -> Block:
        """Its steps; raises DeclarationError when they cannot be written."""
        try:
            made = cast("object", self._named() if isinstance(self._do, Declaration) else self._do(*self._stand_ins))
            if isinstance(made, Step):
                return written(cast("Step[Any]", made))
        except (TypeError, ValueError, AttributeError) as error:
            message = f"what {self.event.__name__!r} sets off cannot be written as a plan: {error}"
            raise DeclarationError(message) from error
        message = f"what {self.event.__name__!r} sets off must be a step, not {type(made).__name__}"
        raise DeclarationError(message)

    @cached_property
    def condition(self) -> Condition | None:
        """When it does something at all; None: always."""
        if self._when is None:
            return None
        fields = self._when(*self._stand_ins).fields
        step = written(Step("branch", {"cases": [(fields, Step("step", {"capability_id": "none", "inputs": {}}))]}))
        return cast("Any", step.nodes[0]).cases[0].when

    @property
    def _stand_ins(self) -> tuple[E, str]:
        return cast("E", Pointer(INPUT, ("event",))), cast("str", Pointer(INPUT, ("key",)))

    def _named(self) -> Step[Any]:
        """Wire a capability by name: to the event's fields, and an actor's key, if none is one, to the teller's key."""
        declared = cast("Declaration", self._do)
        known = self.event.model_fields.keys()
        inputs: dict[str, object] = {
            name: Pointer(INPUT, ("event", name)) for name in declared.input_schema["properties"] if name in known
        }
        if declared.owner is not None and declared.owner.actor_type.key not in known:
            inputs[declared.owner.actor_type.key] = Pointer(INPUT, ("key",))
        return declared.step_of(inputs)

    @cached_property
    def given_schema(self) -> JsonObject:
        """The JSON Schema of what its steps are given as `input`: the event with its place, and the key."""
        fields = self.contract.schema
        definitions = {name: fields[name] for name in ("$defs",) if name in fields}
        event: JsonObject = {name: part for name, part in fields.items() if name not in definitions}
        if "properties" in event:
            stored = {
                "type": "object",
                "properties": dict(_STORED),
                "required": [*_STORED],
                "additionalProperties": False,
            }
            event["properties"] = {**event["properties"], "stored": stored}
            event["required"] = [*event.get("required", ()), "stored"]
        return {
            "type": "object",
            "properties": {"event": event, "key": _TEXT},
            "required": ["event", "key"],
            "additionalProperties": False,
            **definitions,
        }

    def given(self, event: Event, key: str, new: NewEvent) -> JsonObject | None:
        """Give what its steps are given for an event; None when it is not set off."""
        if not isinstance(event, self.event):
            return None
        fields: Any = self.contract.as_json(event)
        stored = {
            "topic": new.topic,
            "id": new.id,
            "at": new.at.isoformat(),
            "principal": new.principal,
            "trace_id": new.trace_id,
        }
        return {"event": {**fields, "stored": stored}, "key": key}

    def call(self, given: JsonObject) -> tuple[StepNode, JsonObject] | None:
        """Give the call of a capability, with its inputs, that is all there is to do; None when there is more to do."""
        only = self.body.nodes[0] if len(self.body.nodes) == 1 else None
        if not isinstance(only, StepNode) or only.timeout is not None or only.undo is not None:
            return None
        return only, {name: value_of(binding, given) for name, binding in only.inputs.items()}

    def settle(self, registry: Registry) -> None:
        """Prove that its steps can run; raises DeclarationError, which names every problem."""
        problems, _ = prove_block(self._asked(), self.given_schema, registry)
        if problems:
            told = "; ".join(map(str, problems))
            message = f"{self.id!r} cannot run: {told}"
            raise DeclarationError(message)
        steps = [registry[node.capability_id] for node in walk(self.body.nodes) if isinstance(node, StepNode)]
        inner = [used for step in steps if isinstance(step, Flow) for used in step.uses]
        self.uses = tuple(dict.fromkeys([*steps, *inner]))

    def _asked(self) -> Block:
        """Give its steps behind its condition, as they are proven."""
        if self.condition is None:
            return self.body
        node = {
            "kind": "branch",
            "id": "_when",
            "cases": [{"when": self.condition.model_dump(), "then": self.body.model_dump()}],
        }
        return Block.model_validate({"nodes": [node], "output": {"literal": None}})


def on(
    event: type[E], do: Wiring[E] | Declaration, *, name: str | None = None, when: Asking[E] | None = None
) -> Trigger[E]:
    """Set something off for every event of a class, and of its subclasses: a part for an App.

    `do` is a flow or capability, which gets the event's fields as inputs of the same names, and where it is a message
    of an actor that no field names, goes to the actor with the key of the one that told the event. Or it is a function
    of the event and that key that wires a step, called once, with stand-ins:
    `on(Posted, lambda event, room: digest.step(room_id=room))`. With `when`, a condition over the same, it does nothing
    unless that holds.

    What is set off is stored in the very commit that stores the event, and started at least once until it is known to
    have begun; a run of it has an id made from the event's, so it runs once. It acts as `on/<name>`, in nobody's name,
    and may call what its steps call, nothing else. `name` must be the only one of its kind in the app, and stay what it
    is while letters wait. Events of volatile actors are in no commit and set nothing off.
    """
    return Trigger(event, do, name=name, when=when)
