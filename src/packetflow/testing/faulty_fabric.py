"""A fabric that loses and delays events, as far as the Fabric port lets it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from packetflow.testing.faults import Fault, NoFaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from packetflow._core.event import Stored
    from packetflow._core.ports import Fabric
    from packetflow.testing.faults import Faults


class FaultyFabric:
    """Implements the Fabric port by another fabric: an event may be lost, or come late behind other topics' events.

    What the port promises stays: of one topic events come in order and at most once. `watch` is given all events before
    anything happens to them, such as to look whether they are in the store already.
    """

    def __init__(
        self,
        fabric: Fabric,
        faults: Faults | None = None,
        *,
        watch: Callable[[Sequence[Stored]], None] = lambda _: None,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        """Stand before `fabric`; an event whose `publish` "fails", before or after, is lost."""
        self._fabric = fabric
        self._faults = faults or NoFaults()
        self._watch, self._alive = watch, alive
        self._late: dict[str, deque[Stored]] = {}

    def publish(self, events: Sequence[Stored]) -> None:
        """Hand events on, now or later."""
        if not self._alive():
            return
        self._watch(events)
        for event in events:
            fault = self._faults.next("publish")
            if not fault.fails:
                self._pass_on(event, fault)

    def listen(self, topic: str, *, limit: int = 1000) -> AbstractAsyncContextManager[AsyncIterator[Stored]]:
        """Receive what is published on a topic from now on."""
        return self._fabric.listen(topic, limit=limit)

    def _pass_on(self, event: Stored, fault: Fault) -> None:
        waiting = self._late.get(event.topic)
        if waiting is not None:
            waiting.append(event)  # behind those of its topic that are late already
        elif fault.before:
            self._late[event.topic] = deque([event])
            asyncio.get_running_loop().call_later(fault.before, self._arrive, event.topic)
        else:
            self._fabric.publish([event])

    def _arrive(self, topic: str) -> None:
        events = self._late.pop(topic)
        if self._alive():
            self._fabric.publish(events)
