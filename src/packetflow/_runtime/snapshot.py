"""Saves actors that are not committed with each message: every ten seconds, and before they sleep."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.errors import CapabilityFailed, PacketFlowError, StoreConflict
from packetflow._runtime.condition import COLD
from packetflow._runtime.timer import TICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from packetflow._core.actor import Actor, ActorType
    from packetflow._runtime.timer import Timer
    from packetflow._runtime.transaction import Transactions

log = logging.getLogger("packetflow.actor")

SAVE_EVERY: Final = 10.0
"""Seconds after which a `snapshot` actor that has changed is saved, at the latest."""


class Snapshots:
    """Knows which actors of one class hold changes that are not saved; none, unless the class is `snapshot`."""

    def __init__(self, declared: ActorType, transactions: Transactions, timer: Timer) -> None:
        """Save with `transactions`."""
        self._declared = declared
        self._transactions = transactions
        self._unsaved: dict[str, Actor[Any]] = {}
        self._due: set[str] = set()
        self._listening: Callable[[Actor[Any]], object] | None = None
        self._next = timer.tick + round(SAVE_EVERY / TICK)
        if declared.durability == "snapshot":
            timer.listen(self._on_tick)

    def __contains__(self, key: str) -> bool:
        """Whether that actor holds changes that are not saved."""
        return key in self._unsaved

    def changed(self, actor: Actor[Any]) -> None:
        """Remember to save an actor."""
        if self._declared.durability == "snapshot" and self._declared.state is not None:
            self._unsaved[actor.key] = actor

    def saved(self, actor: Actor[Any]) -> None:
        """Forget what is saved, or lost."""
        self._unsaved.pop(actor.key, None)
        self._due.discard(actor.key)

    def when_due(self, save_soon: Callable[[Actor[Any]], object]) -> None:
        """Call `save_soon(actor)` for each actor that waited for long enough; it calls `save` between two messages."""
        self._listening = save_soon

    async def save(self, actor: Actor[Any]) -> None:
        """Save an actor that has changed.

        When the store fails it stays unsaved, and is tried again later. When somebody else wrote it, or its state is no
        state of its type, it goes back to what is stored.
        """
        self._due.discard(actor.key)
        if actor.key not in self._unsaved:
            return
        try:
            await self._transactions.save(actor)
        except (CapabilityFailed, StoreConflict) as error:
            log.error("actor %s:%s goes back to what is stored: %s", self._declared.name, actor.key, error)  # noqa: TRY400
            actor._revision = COLD
        except PacketFlowError as error:
            log.error("actor %s:%s was not saved: %s", self._declared.name, actor.key, error)  # noqa: TRY400
            return
        self.saved(actor)

    def _on_tick(self, tick: int) -> None:
        if self._listening is not None and tick >= self._next:
            self._next = tick + round(SAVE_EVERY / TICK)
            due = [actor for key, actor in self._unsaved.items() if key not in self._due]
            self._due.update(actor.key for actor in due)
            for actor in due:
                self._listening(actor)
