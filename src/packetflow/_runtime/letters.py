"""Writes letters: what is told to durable actors, and reminders; reads them back, and finds those that wait."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from pydantic_core import from_json, to_json, to_jsonable_python

from packetflow._core.capability import ActorCapability
from packetflow._core.context import new_id
from packetflow._core.errors import InvalidInput, NotAllowed, Problem, UnknownCapability
from packetflow._core.grant import Grant
from packetflow._core.json import digest
from packetflow._core.letter import AT_ONCE
from packetflow._core.outbox import Parcel
from packetflow._core.ports import Letter
from packetflow._core.reminder import ReminderInfo
from packetflow._runtime.line import DONE, Line
from packetflow._runtime.transaction import mark

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from datetime import datetime

    from packetflow._core.context import Context
    from packetflow._core.ports import Clock, Store
    from packetflow._core.ref import Message
    from packetflow._core.registry import Registry
    from packetflow._core.reminder import Rule

_PAGE: Final = 500


class Outgoing(Protocol):
    """Takes what is written; `Post` does."""

    def check_room(self, letter: Letter, before: int = 0) -> None:
        """Raise Overloaded when too many letters wait for the receiver of this one, `before` of them not stored yet.

        Raises Conflict when one waits that has the same message id and other arguments.
        """
        ...

    async def send(self, parcel: Parcel) -> None:
        """Store a letter, then deliver it."""
        ...

    def withdraw(self, kind: str, key: str, name: str) -> None:
        """Take back a reminder that shall not come any more."""
        ...


class Letters:
    """Writes and reads the letters of one app."""

    def __init__(self, registry: Registry, store: Store, clock: Clock, post: Outgoing) -> None:
        """Give what is written to `post`."""
        self._registry, self._store, self._clock, self._post = registry, store, clock, post

    def now(self) -> datetime:
        """Give the present moment, UTC."""
        return self._clock.now()

    def send(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        arguments: Mapping[str, Any],
        context: Context,
        when: Rule | None = None,
    ) -> Awaitable[None]:
        """Put a letter into the outbox of the message in hand, else into the store; delivered from there at once.

        `arguments` are those given, by name. With `when` it is a reminder. Raises InvalidInput, Overloaded, Conflict,
        and NotAllowed for a reminder that would take the place of one that the sender may not forget.
        """
        parcel = self._parcel(key, message, arguments, context, when)
        letter, outbox = parcel.letter, context.outbox
        if outbox is not None and outbox.over:
            outbox = None
        self._post.check_room(letter, outbox.told[letter.kind, key] if outbox is not None else 0)
        own = context.chain[-1:] == (cast("Any", message.owner).actor_type.topic(key),)
        if when is not None and when.name and not own and not context.grant.whole:
            return self._replace(parcel, context)
        if outbox is not None:
            outbox.send(parcel)
            return DONE
        return self._post.send(parcel)

    async def _replace(self, parcel: Parcel, context: Context) -> None:
        """Send a reminder with a name, if the earlier one of that name may be forgotten."""
        letter, outbox = parcel.letter, context.outbox
        await self._forgettable(letter.kind, letter.key, letter.name, context)
        if outbox is not None and not outbox.over:
            outbox.send(parcel)
        else:
            await self._post.send(parcel)

    def _parcel(
        self,
        key: str,
        message: ActorCapability[Any, ..., Any],
        arguments: Mapping[str, Any],
        context: Context,
        when: Rule | None,
    ) -> Parcel:
        checked = message.input.check(_plain(message, arguments))
        now, kind = self._clock.now(), cast("Any", message.owner).actor_type.name
        own = context.message_id
        letter_id = new_id() if own is None else _letter_id(message, checked, context, key, when)
        letter = Letter(
            id=letter_id,
            kind=kind,
            key=key,
            capability_id=message.id,
            inputs=to_json(checked),
            principal=context.principal,
            authority=_written(context.grant),
            trace_id=context.trace_id,
            due=AT_ONCE if when is None else when.due,
            sent_at=now,
            name="" if when is None else when.name or letter_id,
            again="" if when is None else when.again,
            depth=context.depth,
        )
        return Parcel(letter, message, checked, context.grant, own if when is None else letter.occurrence)

    # -- reminders ----------------------------------------------------------------------------------------------------

    async def reminders(self, kind: str, key: str, context: Context) -> list[ReminderInfo]:
        """List an actor's reminders, the next one first: one's own, and those whose message one may send."""
        found = [letter for letter in await self._named(kind, key) if self._may(letter, context)]
        return [ReminderInfo.of(letter) for letter in sorted(found, key=lambda letter: letter.due)]

    async def forget_reminder(self, kind: str, key: str, name: str, context: Context) -> bool:
        """Let a reminder not come; raises NotAllowed for one that the caller may not send."""
        if await self._forgettable(kind, key, name, context):
            self._post.withdraw(kind, key, name)
        return await self._store.cancel_reminder(kind, key, name)

    async def _forgettable(self, kind: str, key: str, name: str, context: Context) -> bool:
        """Whether there is a reminder of that name; raises NotAllowed for one that the caller may not send."""
        found = [letter for letter in await self._named(kind, key) if letter.name == name]
        if not all(self._may(letter, context) for letter in found):
            message = f"{context.principal!r} may not forget or replace the reminder {name!r} of {kind}:{key}"
            raise NotAllowed(message, principal=context.principal)
        return bool(found)

    async def _named(self, kind: str, key: str) -> list[Letter]:
        found: list[Letter] = []
        after = 0
        while page := await self._store.letters(kind=kind, key=key, dead=False, after=after, limit=_PAGE):
            found += [letter for letter in page if letter.name]
            after = page[-1].number
        return found

    def _may(self, letter: Letter, context: Context) -> bool:
        declared = self._registry.get(letter.capability_id)
        own = letter.principal == context.principal or context.grant.whole
        return own or (declared is not None and context.grant.may_name(declared.id, declared.effect))


class DurableLine(Line):
    """Delivers to actors of a durable class: what is told to them is stored before it is delivered."""

    __slots__ = ()

    def tell(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Awaitable[None]:
        """Deliver; the message is in the store, or in the outbox of the message in hand, when this returns."""
        declared = cast("ActorCapability[Any, ..., Any]", message)
        if declared.effect == "read":
            return super().tell(key, message, args, kwargs)
        if message not in self.allowed:
            self._admit(key, message, args, kwargs)
        context = self._of("tell", key, message, args, kwargs)
        return self._door.letters.send(key, declared, declared.named_arguments(args, kwargs), context)


def unpack(letter: Letter, registry: Registry) -> Parcel:
    """Read a letter back, for a delivery that may not be the first.

    Raises UnknownCapability when this app has no such message (any more), and InvalidInput when it now takes other
    inputs, or the authority cannot be read.
    """
    grant = _restored(letter.authority)
    if not letter.kind:
        return Parcel(letter, None, {}, grant, letter.occurrence)
    message = registry.get(letter.capability_id)
    if (
        not isinstance(message, ActorCapability)
        or message.owner is None
        or message.owner.actor_type.name != letter.kind
    ):
        problem = f"there is no message {letter.capability_id!r} in this app"
        raise UnknownCapability(problem, capability_id=letter.capability_id)
    arguments = message.input.check(cast("dict[str, object]", from_json(letter.inputs)))
    return Parcel(letter, cast("ActorCapability[Any, ..., Any]", message), arguments, grant, _message_id(letter))


def _plain(message: ActorCapability[Any, ..., Any], arguments: Mapping[str, Any]) -> dict[str, object]:
    try:
        return cast("dict[str, object]", to_jsonable_python(dict(arguments)))
    except ValueError as error:
        problem = f"the input of {message.id!r} has no JSON form and cannot be kept: {error}"
        raise InvalidInput(problem, [Problem("not_json", str(error))], capability_id=message.id) from error


def _letter_id(
    message: ActorCapability[Any, ..., Any], arguments: Mapping[str, Any], context: Context, key: str, when: Rule | None
) -> str:
    """Name a letter after the message it holds and what that says; of reminders each name is one of its own.

    With other arguments it is another letter, so that it is not taken for one that is on its way: its receiver refuses
    it. See `Lane` for who reads the list.
    """
    told = [message.id, context.principal, context.message_id, key]
    return json.dumps([*told, mark(message, (), arguments)]) if when is None else digest([*told, when.name or ""])


def _message_id(letter: Letter) -> str:
    """Give the id its sender named the message with, or that of this delivery."""
    if letter.id.startswith("["):
        return str(cast("list[object]", json.loads(letter.id))[2])
    return letter.occurrence


@lru_cache(maxsize=256)
def _written(grant: Grant) -> bytes:
    """Write a grant down; the same grant sends many letters."""
    return grant.to_json()


@lru_cache(maxsize=256)
def _restored(authority: bytes) -> Grant:
    try:
        return Grant.from_json(authority)
    except ValueError as error:
        raise InvalidInput(f"the authority of a letter cannot be read: {error}") from error
