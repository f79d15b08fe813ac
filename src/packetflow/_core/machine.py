"""State machines that events drive: each instance is a durable actor, each move a part of its state's commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import new_class
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel

from packetflow._core.actor import Actor
from packetflow._core.body import value_of
from packetflow._core.capability import ActorCapability, Options, capability, dressed
from packetflow._core.context import Context
from packetflow._core.errors import DeclarationError
from packetflow._core.event import Event
from packetflow._core.step import Pointer, Step, origin
from packetflow._core.trigger import PREFIX, Asking, Trigger, Wiring

if TYPE_CHECKING:
    from collections.abc import Callable

    from packetflow._core.capability import Declaration
    from packetflow._core.grant import Grant
    from packetflow._core.json import JsonObject
    from packetflow._core.ports import NewEvent

E = TypeVar("E", bound=Event)


class MachineState(BaseModel):
    """Where one instance of a machine is."""

    state: str = ""
    """Empty until the first move: the initial state."""
    since: datetime | None = None
    moves: int = 0


class Standing(BaseModel):
    """What is told of one instance of a machine."""

    state: str
    since: datetime | None
    """When it came to this state; None while it has not moved."""
    moves: int
    final: bool
    """Whether nothing can move it any more."""


class Moved(Event):
    """An instance of a machine went from one state to another."""

    machine: str
    key: str
    event: str
    """The class of the event that moved it."""
    origin: str
    state: str
    move: int
    """Which of the machine's moves it was."""
    final: bool
    given: dict[str, Any]
    """The fields of the event, and its place."""


class Unmoved(Event):
    """An event came that moves nothing from the state that the instance is in."""

    machine: str
    key: str
    event: str
    state: str


@dataclass(frozen=True)
class Move(Generic[E]):
    """From one of `origins` to `state`, when an event of the class `event` comes; made by `move`."""

    event: type[E]
    origins: tuple[str, ...]
    state: str
    key: Callable[[E, str], object] | None = None
    when: Asking[E] | None = None
    do: Wiring[E] | Declaration | None = None


def move(
    event: type[E],
    origins: str | Sequence[str],
    state: str,
    *,
    key: Callable[[E, str], object] | None = None,
    when: Asking[E] | None = None,
    do: Wiring[E] | Declaration | None = None,
) -> Move[E]:
    """Let an event move an instance of a machine from one of `origins` to `state`, and set off `do`.

    `key` names the instance: a field of the event, `lambda event, key: event.order_id`; by default it is the key of the
    actor that told the event. `when` is a further condition over the event. `do` is what `on` takes; it is set off by
    the commit that moves the instance, once for each move.
    """
    return Move(event, (origins,) if isinstance(origins, str) else tuple(origins), state, key, when, do)


async def take(self: MachineActor, ctx: Context, event: str, given: dict[str, Any]) -> Standing:
    """Take an event, which moves the instance when it is in a state that the event leads out of."""
    return self.moved(ctx, event, given)


class Taking(ActorCapability[Any, [str, dict[str, Any]], Standing]):
    """The message that moves an instance: whoever may send it can say that any event came.

    So it is open to the machine's own triggers and to the holder of all authority. For everybody else, whatever they
    were granted, it does not exist.
    """

    def open_to(self, grant: Grant) -> bool:
        """Whether the grant is that of a trigger that drives the machine, or withholds nothing."""
        return super().open_to(grant) and (self._drives(grant) or grant.whole)

    def _drives(self, grant: Grant) -> bool:
        """Whether it is what a trigger acts with: nobody but the holder of all authority can give that name away."""
        kind = self.owner
        if not grant.holder.startswith(PREFIX) or kind is None or not issubclass(kind, MachineActor):
            return False
        own = any(caveat.only == frozenset({self.id}) for caveat in grant.caveats)
        return own and grant.holder.removeprefix(PREFIX) in kind.machine.drivers


class MachineActor(Actor[MachineState]):
    """One instance of a machine."""

    machine: ClassVar[Machine]

    take = dressed(Taking(take, Options(), {}), take)

    def moved(self, ctx: Context, event: str, given: JsonObject) -> Standing:
        """Move by an event, or tell that it moves nothing."""
        machine, now = self.machine, self.state.state or self.machine.initial
        for number, one in enumerate(machine.moves):
            if one.event.__name__ == event and now in one.origins and machine.agrees(number, given):
                final = machine.is_final(one.state)
                self.state = MachineState(state=one.state, since=ctx.now(), moves=self.state.moves + 1)
                self.emit(
                    Moved(
                        machine=machine.name,
                        key=self.key,
                        event=event,
                        origin=now,
                        state=one.state,
                        move=number,
                        final=final,
                        given=given,
                    )
                )
                return self.standing()
        self.emit(Unmoved(machine=machine.name, key=self.key, event=event, state=now))
        return self.standing()

    @capability(effect="read")
    def where(self) -> Standing:
        """Tell in which state the instance is."""
        return self.standing()

    def standing(self) -> Standing:
        """Give what is told of it."""
        state = self.state.state or self.machine.initial
        return Standing(state=state, since=self.state.since, moves=self.state.moves, final=self.machine.is_final(state))


class Machine:
    """A part of an App: an actor class, one actor for each instance, and the triggers that drive it."""

    def __init__(
        self,
        name: str,
        states: Sequence[str],
        moves: Sequence[Move[Any]],
        key: str,
        finalize: Wiring[Moved] | Declaration | None,
    ) -> None:
        """Check what `machine` was told; raises DeclarationError."""
        self.name, self.states, self.initial = name, tuple(states), states[0] if states else ""
        self.moves = tuple(moves)
        self._finalize = finalize
        self._verify()
        about = f"An instance of the machine {name!r}: {', '.join(self.states)}."
        self.actor: type[MachineActor] = new_class(
            name.title().replace("_", ""),
            (MachineActor,),
            {"name": name, "key": key},
            lambda body: body.update(machine=self, __doc__=about, __module__=__name__),
        )
        """The class of its instances; `actor.where` asks one where it is."""

    @property
    def where(self) -> ActorCapability[MachineActor, [], Standing]:
        """Ask an instance where it is: `ref.ask(orders.where)`, or `orders.where.step(key)` in a plan."""
        return self.actor.where

    def is_final(self, state: str) -> bool:
        """Whether no move leads out of a state."""
        return not any(state in one.origins for one in self.moves)

    def agrees(self, number: int, given: JsonObject) -> bool:
        """Whether the further condition of a move holds."""
        condition = self._conditions[number].condition
        if condition is None:
            return True
        right = None if condition.to is None else value_of(condition.to, given)
        return condition.holds(value_of(condition.value, given), right)

    @cached_property
    def drivers(self) -> frozenset[str]:
        """The names of the triggers that give it events."""
        return frozenset(driver(self.name, one.event) for one in self.moves)

    @cached_property
    def _conditions(self) -> list[Trigger[Any]]:
        return [Trigger(one.event, self.actor.take, when=one.when) for one in self.moves]

    @cached_property
    def triggers(self) -> tuple[Trigger[Any], ...]:
        """What drives it, and what its moves set off."""
        events = dict.fromkeys(one.event for one in self.moves)
        found: list[Trigger[Any]] = [_Driving(self, event, _key_of(event, self.moves)) for event in events]
        found += [_Action(self, number, one) for number, one in enumerate(self.moves) if one.do is not None]
        if self._finalize is not None:
            found.append(_Finale(self, self._finalize))
        return tuple(found)

    def _verify(self) -> None:
        if len(set(self.states)) != len(self.states) or not self.states or "" in self.states:
            self._refuse("its states are different texts, at least one; the first is the initial one")
        for one in self.moves:
            for state in (*one.origins, one.state):
                if state not in self.states:
                    self._refuse(f"a move on {one.event.__name__!r} names the state {state!r}, and there is none")
        reached, known = {self.initial}, set[str]()
        while reached - known:
            known |= reached
            reached |= {one.state for one in self.moves if known & set(one.origins)}
        if lost := [state for state in self.states if state not in reached]:
            self._refuse(f"the state {lost[0]!r} cannot be reached from {self.initial!r}")
        self._verify_order()

    def _verify_order(self) -> None:
        taken: set[tuple[str, str]] = set()
        for one in self.moves:
            for state in one.origins:
                if (one.event.__name__, state) in taken:
                    self._refuse(f"{one.event.__name__!r} leads out of {state!r} before this move, whatever it says")
                if one.when is None:
                    taken.add((one.event.__name__, state))

    def _refuse(self, why: str) -> None:
        message = f"machine {self.name!r}: {why}"
        raise DeclarationError(message)


def driver(machine: str, event: type[Event]) -> str:
    """Name the trigger that gives the events of a class to a machine."""
    return f"{machine}.{event.__name__}"


class _Driving(Trigger[Event]):
    """Gives an event to the instance that it is for."""

    def __init__(self, machine: Machine, event: type[Event], key: Callable[[Any, str], object]) -> None:
        def drive(event_: Event, teller: str) -> Step[Any]:
            own: Any = key(event_, teller)
            if not isinstance(own, Pointer) or not isinstance(origin(own)[0], str):
                message = "the key of an instance is a field of the event: key=lambda event, key: event.order_id"
                raise ValueError(message)  # noqa: TRY004 - as for all that cannot be written
            whole = {"event": event_, "key": teller}
            return machine.actor.take.step(cast("str", own), event.__name__, cast("dict[str, Any]", whole))

        super().__init__(event, drive, name=driver(machine.name, event))


class _Action(Trigger[Any]):
    """Sets off what a move does, with the event that moved."""

    def __init__(self, machine: Machine, number: int, one: Move[Any]) -> None:
        super().__init__(one.event, cast("Any", one.do), name=f"{machine.name}.move{number}")
        self._machine, self._number = machine, number

    def given(self, event: Event, key: str, new: NewEvent) -> JsonObject | None:
        """Give what moved it, when an instance of the machine made that move."""
        del key, new
        if not isinstance(event, Moved) or (event.machine, event.move) != (self._machine.name, self._number):
            return None
        return event.given


class _Finale(Trigger[Moved]):
    """Sets off what ends an instance."""

    def __init__(self, machine: Machine, do: Wiring[Moved] | Declaration) -> None:
        super().__init__(Moved, do, name=f"{machine.name}.finalize")
        self._machine = machine

    def given(self, event: Event, key: str, new: NewEvent) -> JsonObject | None:
        """Give the last move of an instance of the machine."""
        if not isinstance(event, Moved) or event.machine != self._machine.name or not event.final:
            return None
        return super().given(event, key, new)


def _key_of(event: type[Event], moves: Sequence[Move[Any]]) -> Callable[[Any, str], object]:
    keys = {one.key for one in moves if one.event is event}
    if len(keys) > 1:
        message = f"the moves on {event.__name__!r} must name their instance by one and the same key function"
        raise DeclarationError(message)
    return next(iter(keys)) or (lambda _, teller: teller)


def machine(
    name: str,
    states: Sequence[str],
    moves: Sequence[Move[Any]],
    *,
    key: str = "key",
    finalize: Wiring[Moved] | Declaration | None = None,
) -> Machine:
    """Declare a state machine: a part for an App. The first of the `states` is where every instance begins.

    Each instance is a durable actor of the type `name`, whose key the input `key` gives. An event moves it by the first
    of the `moves` that leads out of its state, whose condition holds; one that moves nothing is told as `Unmoved`. A
    state that no move leads out of is final; `finalize` is set off, with the event `Moved`, when one is reached. Events
    of one instance are taken one at a time, in the order of their commits where those are of one actor.

    Raises DeclarationError for a move that names an unknown state, for a state that cannot be reached, and for a move
    that an earlier one always hides.
    """
    return Machine(name, states, moves, key, finalize)
