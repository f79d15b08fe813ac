"""What events set off: letters in the commit that stores the event, and the runs that they become."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic_core import from_json, to_json

from packetflow._core.body import bound, value_of
from packetflow._core.errors import NotAllowed, PacketFlowError, UnknownCapability
from packetflow._core.grant import Grant
from packetflow._core.json import digest
from packetflow._core.letter import AT_ONCE
from packetflow._core.outbox import Parcel
from packetflow._core.ports import Letter
from packetflow._runtime.keys import KEY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.json import JsonObject
    from packetflow._core.outbox import Draft
    from packetflow._core.plan import Condition
    from packetflow._core.ports import Clock, NewEvent
    from packetflow._core.ref import Message
    from packetflow._core.registry import Registry
    from packetflow._core.trigger import Trigger
    from packetflow._runtime.flows import Flows

log = logging.getLogger("packetflow.trigger")

DEEPEST: Final = 16
"""Events that may set each other off, one behind the other; what the last one sets off is a dead letter."""


class TooDeep(NotAllowed):
    """Events set each other off in a circle, or nearly so."""

    code = "too_deep"


class Triggers:
    """The triggers of one app."""

    def __init__(self, triggers: Iterable[Trigger[Any]], registry: Registry, clock: Clock, flows: Flows) -> None:
        """Serve triggers that are settled in `registry`; what they set off is run by `flows`."""
        self._triggers = {trigger.id: trigger for trigger in triggers}
        self._registry, self._clock, self._flows = registry, clock, flows
        self._grants = {name: _grant(trigger) for name, trigger in self._triggers.items()}
        self._deaf: set[tuple[str, str]] = set()

    def set_off(self, key: str, drafts: Sequence[Draft], events: Sequence[NewEvent], context: Context) -> list[Parcel]:
        """Give the letters that the events of one commit set off, in the order of the events; raises nothing."""
        found: list[Parcel] = []
        for draft, new in zip(drafts, events, strict=True):
            for trigger in self._triggers.values():
                try:
                    given = trigger.given(draft.event, key, new)
                    if given is not None and _holds(trigger.condition, given):
                        found.append(self._parcel(trigger, given, new, context))
                except Exception:
                    log.exception("event %s of %s did not set off %s", new.id, new.topic, trigger.id)
        return found

    def missed(self, kind: str, event: Event) -> None:
        """Tell, once for each class of events, that those of a volatile actor set nothing off."""
        name = type(event).__name__
        if (kind, name) in self._deaf:
            return
        self._deaf.add((kind, name))
        if any(isinstance(event, trigger.event) for trigger in self._triggers.values()):
            log.warning("%s of %r sets nothing off: the actor is volatile, so no commit holds the event", name, kind)

    async def start(self, letter: Letter, context: Context) -> None:
        """Begin the run that a letter stands for, or find that it has begun; it is stored when this returns.

        Raises UnknownCapability for a trigger that is not in this app (any more), and TooDeep.
        """
        trigger = self._triggers.get(letter.capability_id)
        if trigger is None:
            message = f"there is no trigger {letter.capability_id!r} in this app"
            raise UnknownCapability(message, capability_id=letter.capability_id)
        if letter.depth > DEEPEST:
            message = f"{letter.depth} events set each other off, the last of them {trigger.id!r}; is it a circle?"
            raise TooDeep(message, capability_id=trigger.id, depth=letter.depth)
        plan = bound(trigger.body, cast("JsonObject", from_json(letter.inputs)), trigger.id)
        await self._flows.once(digest([letter.occurrence]), plan, context)

    def _parcel(self, trigger: Trigger[Any], given: JsonObject, new: NewEvent, context: Context) -> Parcel:
        """Write a letter: to an actor, when that is all there is to do, else to the trigger, which then is a run."""
        now = self._clock.now()
        letter = Letter(
            id=f"{trigger.id}/{new.topic}/{new.id}",
            kind="",
            key="",
            capability_id=trigger.id,
            inputs=to_json(given),
            principal=trigger.id,
            authority=self._grants[trigger.id].to_json(),
            trace_id=new.trace_id,
            due=AT_ONCE,
            sent_at=now,
            depth=context.depth + 1,
        )
        message = cast("Message[Any, ..., Any]", None)  # none: nobody but the trigger reads it
        parcel = Parcel(letter, message, {}, self._grants[trigger.id], letter.occurrence)
        return parcel if letter.depth > DEEPEST else self._addressed(parcel, trigger, given) or parcel

    def _addressed(self, parcel: Parcel, trigger: Trigger[Any], given: JsonObject) -> Parcel | None:
        """Address a letter to the actor that alone is called; None when that is not so, or it would refuse."""
        called = trigger.call(given)
        declared = self._registry.get(called[0].capability_id) if called is not None else None
        if called is None or declared is None or declared.owner is None or declared.effect == "read":
            return None
        owner, inputs = declared.owner.actor_type, dict(called[1])
        key: object = inputs.pop(owner.key, None)
        if not isinstance(key, str) or not 0 < len(key) <= KEY_LIMIT or owner.durability == "volatile":
            return None
        try:
            arguments = declared.input.check(inputs)
        except PacketFlowError:
            return None  # the run of the trigger will say so
        letter = replace(parcel.letter, kind=owner.name, key=key, capability_id=declared.id, inputs=to_json(inputs))
        return replace(
            parcel, letter=letter, message=cast("ActorCapability[Any, ..., Any]", declared), arguments=arguments
        )


def _grant(trigger: Trigger[Any]) -> Grant:
    """Give what a trigger may do: call what its steps call, as itself."""
    return Grant.root().delegate(trigger.id, only=[used.id for used in trigger.uses])


def _holds(condition: Condition | None, given: JsonObject) -> bool:
    if condition is None:
        return True
    right = None if condition.to is None else value_of(condition.to, given)
    return condition.holds(value_of(condition.value, given), right)
