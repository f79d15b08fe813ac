"""Publish and listen within one process."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from packetflow._core.event import Stored


class _Listener:
    """A bounded queue of one listener, which loses the oldest events when it lags.

    A full one takes no event that is not stored: it would push out stored ones, and leave no gap in `seq` to tell.
    """

    def __init__(self, limit: int) -> None:
        self._events: deque[Stored] = deque(maxlen=limit)
        self._arrived = asyncio.Event()

    def put(self, event: Stored) -> None:
        if event.seq or len(self._events) != self._events.maxlen:
            self._events.append(event)
            self._arrived.set()

    def __aiter__(self) -> _Listener:
        return self

    async def __anext__(self) -> Stored:
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()


class LocalFabric:
    """The fabric of a single process: an event goes to its topic's listeners as soon as they run."""

    def __init__(self) -> None:
        """Begin without listeners."""
        self._listeners: dict[str, set[_Listener]] = {}

    def publish(self, events: Sequence[Stored]) -> None:
        """Hand events to the listeners of their topics, in order."""
        for event in events:
            for listener in self._listeners.get(event.topic, ()):
                listener.put(event)

    @asynccontextmanager
    async def listen(self, topic: str, *, limit: int = 1000) -> AsyncGenerator[AsyncIterator[Stored]]:
        """Receive what is published on a topic while the context is open."""
        listener = _Listener(limit)
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            listeners = self._listeners[topic]
            listeners.discard(listener)
            if not listeners:
                del self._listeners[topic]

    @property
    def listening(self) -> int:
        """How many listeners there are."""
        return sum(map(len, self._listeners.values()))
