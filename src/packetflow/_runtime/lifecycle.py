"""Tells those who listen what happens to actors; without a listener it costs one look at an attribute."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from packetflow._core.context import new_id
from packetflow._core.event import Stored
from packetflow._core.lifecycle import TOPIC, ActorChanged

if TYPE_CHECKING:
    from collections.abc import Generator

    from packetflow._core.lifecycle import Change
    from packetflow._core.ports import Clock, Fabric


class Lifecycle:
    """Publishes lifecycle events on the topics `actors` and `actors/<type>`, where they are followed."""

    def __init__(self, fabric: Fabric, clock: Clock) -> None:
        """Begin unheard."""
        self._fabric, self._clock = fabric, clock
        self._followed: Counter[str] = Counter()
        self.heard = False
        """Whether anybody follows any of the topics through this app."""

    @contextmanager
    def following(self, topic: str) -> Generator[None]:
        """Publish on a topic while the context is open; nothing happens for a topic of something else."""
        if topic != TOPIC and not topic.startswith(f"{TOPIC}/"):
            yield
            return
        self._followed[topic] += 1
        self.heard = True
        try:
            yield
        finally:
            self._followed[topic] -= 1
            self._followed += Counter()  # keeps what is more than nothing
            self.heard = bool(self._followed)

    def tell(self, kind: str, key: str, change: Change, reason: str = "") -> None:
        """Tell that something happened to the actor `key` of a class, or with an empty key to the class."""
        topics = [topic for topic in (TOPIC, f"{TOPIC}/{kind}") if topic in self._followed]
        if not topics:
            return
        payload = ActorChanged(type=kind, key=key, change=change, reason=reason).model_dump_json().encode()
        at, name = self._clock.now(), new_id()
        self._fabric.publish([Stored(topic, 0, name, "ActorChanged", at, "", "0" * 32, payload) for topic in topics])
