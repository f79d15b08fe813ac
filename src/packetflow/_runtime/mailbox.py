"""What waits for a busy actor: bounded, first come first served."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.errors import Overloaded

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context

_POOLED: Final = 1024


class Letter:
    """One message that waits; `reply` is None when nobody waits for it."""

    __slots__ = ("args", "context", "kwargs", "message", "reply", "running")

    def __init__(
        self,
        message: ActorCapability[Any, ..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
        reply: asyncio.Future[Any] | None,
    ) -> None:
        """Hold what the handler will be called with."""
        self.message = message
        self.args = args
        self.kwargs = kwargs
        self.context = context
        self.reply = reply
        self.running: asyncio.Task[Any] | None = None

    @property
    def abandoned(self) -> bool:
        """Whether whoever asked has stopped waiting."""
        return self.reply is not None and self.reply.done()


class Mailboxes:
    """The mailboxes of the actors of one class; one exists only while something waits, empty ones are used again."""

    def __init__(self, name: str, limit: int) -> None:
        """Refuse the message that would make more than `limit` wait for one actor."""
        self._name, self._limit = name, limit
        self._spare: list[deque[Letter]] = []
        self.waiting = 0
        """Messages that wait now, over all actors."""

    def put(self, box: deque[Letter] | None, key: str, letter: Letter) -> deque[Letter]:
        """Put a message into a box (a new one for None) and give the box; raises Overloaded when it is full."""
        if box is None:
            box = self._spare.pop() if self._spare else deque()
        elif len(box) >= self._limit:
            message = f"actor {self._name}:{key} has {len(box)} messages waiting, its limit; try again later"
            raise Overloaded(message, actor=f"{self._name}:{key}", limit=self._limit)
        box.append(letter)
        self.waiting += 1
        return box

    def take(self, box: deque[Letter]) -> Letter:
        """Take the oldest message."""
        self.waiting -= 1
        return box.popleft()

    def release(self, box: deque[Letter]) -> None:
        """Give an empty box back."""
        if len(self._spare) < _POOLED:
            self._spare.append(box)
