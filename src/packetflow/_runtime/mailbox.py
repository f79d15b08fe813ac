"""What waits for a busy actor: bounded, first come first served."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from packetflow._core.capability import ActorCapability
from packetflow._core.context import Context
from packetflow._core.errors import Overloaded, PacketFlowError

log = logging.getLogger("packetflow.actor")

_POOLED: Final = 1024


class Waiter:
    """Whoever waits for the reply to a message in a mailbox."""

    __slots__ = ("reply", "served")

    def __init__(self, reply: asyncio.Future[Any]) -> None:
        """Wait for that future."""
        self.reply = reply
        self.served = False
        """Whether the handler has begun."""

    def refuse(self, why: PacketFlowError) -> None:
        """Tell them that there will be no reply, unless they have one or went away."""
        if not self.reply.done():
            self.reply.set_exception(why)


class Chore(NamedTuple):
    """Something the runtime does to an actor between two messages, such as saving it.

    A tuple, as a letter is, so that whoever empties a mailbox need not ask which one it has before it looks.
    """

    work: Callable[[Any], Awaitable[None]]
    """Called with the actor, when its turn has come."""
    done: asyncio.Future[None]
    """Set afterwards, or when it never comes."""

    async def do(self, actor: object) -> None:
        """Do it now."""
        try:
            await self.work(actor)
        finally:
            self.drop()

    def drop(self) -> None:
        """Let go of whoever waits for it."""
        if not self.done.done():
            self.done.set_result(None)


Letter: TypeAlias = tuple[ActorCapability[Any, ..., Any], tuple[Any, ...], Mapping[str, Any], Context, Waiter | None]
"""One message that waits: what, its arguments, under which context, and who waits for its reply."""

NOTHING: Final[Mapping[str, Any]] = {}
"""No arguments by name; one for all messages that wait, instead of an empty one for each."""

Box: TypeAlias = deque[Letter | Chore]


class Mailboxes:
    """The mailboxes of the actors of one class; one exists only while something waits, empty ones are used again."""

    def __init__(self, name: str, limit: int) -> None:
        """Refuse the message that would make more than `limit` wait for one actor."""
        self.limit = limit
        self._name = name
        self._used: dict[str, Box] = {}
        self._spare: list[Box] = []

    @property
    def waiting(self) -> int:
        """Messages that wait now, over all actors."""
        return sum(map(len, self._used.values()))

    @property
    def largest(self) -> int:
        """Messages in the fullest mailbox."""
        return max(map(len, self._used.values()), default=0)

    @property
    def used(self) -> list[str]:
        """The keys of the actors that have a mailbox now."""
        return list(self._used)

    def open(self, key: str) -> Box:
        """Give an empty box to the actor with that key."""
        box: Box = self._spare.pop() if self._spare else deque()
        self._used[key] = box
        return box

    def close(self, key: str) -> None:
        """Take the actor's box back; what is left in it is dropped."""
        box = self._used.pop(key)
        box.clear()
        if len(self._spare) < _POOLED:
            self._spare.append(box)

    def refuse(self, box: Box, why: PacketFlowError) -> None:
        """Empty a box; whoever waits for a reply gets `why`."""
        told = 0
        while box:
            letter = box.popleft()
            if isinstance(letter, Chore):
                letter.drop()
            elif letter[-1] is None:
                told += 1
            else:
                letter[-1].refuse(type(why)(why.message, **why.details))
        if told:
            log.warning("%d messages told to it were dropped: %s", told, why)

    def full(self, key: str) -> Overloaded:
        """Say that the actor's box is full."""
        message = f"actor {self._name}:{key} has {self.limit} messages waiting, its limit; try again later"
        return Overloaded(message, actor=f"{self._name}:{key}", limit=self.limit)
