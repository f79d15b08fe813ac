"""The letters on their way to one actor: in order, and none overtakes one that has to be tried again.

While the first one waits for another try it alone is in memory; those behind it are left in the store until it is over.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from packetflow._core.errors import (
    ActorStopped,
    CallCancelled,
    InvalidInput,
    NotAllowed,
    PacketFlowError,
    StoreError,
    UnknownCapability,
)
from packetflow._runtime.mailbox import Waiter
from packetflow._runtime.transaction import SaidOtherwise

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from packetflow._core.outbox import Parcel

log = logging.getLogger("packetflow.post")

HELD: Final = 1000
"""Letters of one actor that are kept in memory beside its mailbox; the rest stays in the store until they are done."""

HOPELESS: Final = (InvalidInput, NotAllowed, SaidOtherwise, UnknownCapability)
"""What will be the same at every further try."""

PAUSES: Final = (1.0, 5.0, 60.0, 120.0)
"""Seconds before each further try, the last for all that follow: a message that always crashes its actor never brings
it over the default restart limit."""


class Ways(Protocol):
    """What a lane needs of the post."""

    def put(self, parcel: Parcel, delivery: Delivery) -> None:
        """Put a letter into its receiver's mailbox; raises what the receiver refuses with."""
        ...

    def delivered(self, lane: Lane, parcel: Parcel) -> None:
        """Note that a letter took effect."""
        ...

    def failed(self, lane: Lane, parcel: Parcel, error: PacketFlowError) -> None:
        """Note that a delivery failed and counts as a try."""
        ...

    def released(self, letter_ids: Sequence[str]) -> None:
        """Note that letters are left in the store again."""
        ...

    def later(self, lane: Lane, seconds: float) -> None:
        """Call `lane.go_on` after a pause."""
        ...

    def emptied(self, lane: Lane) -> None:
        """Bring what is left in the store, or forget the lane."""
        ...


class Delivery(Waiter):
    """Waits in a mailbox for the end of one delivery; told of it at once, before the actor takes its next message."""

    __slots__ = ("_lane", "over", "parcel")

    def __init__(self, lane: Lane, parcel: Parcel) -> None:
        """Deliver that letter for that lane."""
        super().__init__(cast("asyncio.Future[Any]", self))
        self._lane, self.parcel = lane, parcel
        self.over = False
        """Whether it has ended, or was taken back; the mailbox passes it over then."""

    def done(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.over

    def cancelled(self) -> bool:
        """Whether it was cancelled; it never is."""
        return False

    def set_result(self, reply: object) -> None:
        """Hear that the handler has returned, and what it did is committed."""
        del reply
        self.over = True
        self._lane.done(self)

    def refuse(self, why: PacketFlowError) -> None:
        """Hear that it failed."""
        if not self.over:
            self.over = True
            self._lane.fail(self, why)


class Lane:
    """One actor's letters: those in its mailbox (`flying`), those behind (`queue`), and those only in the store."""

    __slots__ = (
        "_away",
        "_flying",
        "_queue",
        "_said",
        "_ways",
        "address",
        "blocked",
        "left",
        "news",
        "troubles",
        "turn",
    )

    def __init__(self, ways: Ways, address: tuple[str, str]) -> None:
        """Begin empty; `address` is the actor's type and key."""
        self._ways, self.address = ways, address
        self._flying: deque[Delivery] = deque()
        self._queue: deque[Parcel] = deque()
        self._said: dict[str, str] = {}  # the ids of those whose senders named the message, by what is named
        self.blocked = False
        """Whether the first letter waits for another try, and all others for it."""
        self.left = 0
        """Letters that are in the store alone, as far as is known."""
        self.news = False
        """Whether a letter was left in the store since somebody began to read it."""
        self.turn = 0
        """Counts the failures, so that a pause that was overtaken by another is told from it."""
        self._away = 0  # failed letters that are being written down
        self.troubles = 0
        """Times in a row that nothing could be delivered, for no fault of the letter's."""

    def __len__(self) -> int:
        """Count the letters that are known to wait."""
        return len(self._flying) + len(self._queue) + self.left

    @property
    def idle(self) -> bool:
        """Whether nothing of it is in memory."""
        return not (self._flying or self._queue or self.blocked or self._away)

    def take(self, parcel: Parcel) -> bool:
        """Deliver a letter behind all others; False when it has to stay in the store for now."""
        self.know(parcel.letter.id)
        if self.left or self.blocked or len(self._queue) >= HELD:
            return False
        self._queue.append(parcel)
        self._fly()
        return True

    def leave(self, letter_id: str) -> None:
        """Know of one more letter that is in the store alone."""
        self.know(letter_id)
        self.left += 1
        self.news = True

    def know(self, letter_id: str) -> None:
        """Know that a letter waits, wherever it is."""
        if named := _named(letter_id):
            self._said.setdefault(named, letter_id)

    def contradicts(self, letter_id: str) -> bool:
        """Whether a message of the same name waits that says something else."""
        named = _named(letter_id)
        return bool(named) and self._said.get(named, letter_id) != letter_id

    def refill(self, parcels: Sequence[Parcel], left: int) -> None:
        """Take what was left in the store, in order, and know how many are left there still."""
        self.left = max(left, int(self.news))
        self._queue.extend(parcels)
        for parcel in parcels:
            self.know(parcel.letter.id)
        self._fly()

    def withdraw(self, name: str, but: str) -> list[str]:
        """Take back the reminder of that name, other than `but`, unless it is in hand; gives the ids of what it was."""
        waiting = [each.parcel.letter for each in self._flying] + [parcel.letter for parcel in self._queue]
        named = [letter.id for letter in waiting if letter.name == name and letter.id != but]
        return [letter_id for letter_id in named if self.drop(letter_id)]

    def drop(self, letter_id: str) -> bool:
        """Take back a letter unless it is in hand; False when it is, or is not here."""
        self._unsay(letter_id)
        for delivery in self._flying:
            if delivery.parcel.letter.id == letter_id and not delivery.served:
                delivery.over = True
                self._flying.remove(delivery)
                return True
        for parcel in self._queue:
            if parcel.letter.id == letter_id:
                self._queue.remove(parcel)
                return True
        return False

    def ids(self) -> list[str]:
        """Name the letters in memory that are not in hand."""
        flying = [each.parcel.letter.id for each in self._flying if not each.served]
        return flying + [parcel.letter.id for parcel in self._queue]

    def clear(self) -> None:
        """Take back all letters that are not in hand, here and in the store."""
        for letter_id in self.ids():
            self.drop(letter_id)
        self.left, self.news = 0, False
        self._said.clear()

    def done(self, delivery: Delivery) -> None:
        """Go on behind a letter that took effect."""
        self._flying.remove(delivery)
        self._unsay(delivery.parcel.letter.id)
        self.troubles = 0
        self._ways.delivered(self, delivery.parcel)
        self._fly()

    def fail(self, delivery: Delivery, why: PacketFlowError) -> None:
        """Hold back this letter and those behind it until it may be tried again."""
        held, self.blocked = self.blocked, True
        self.turn += 1
        place = self._flying.index(delivery)
        while len(self._flying) > place + 1:
            behind = self._flying.pop()
            behind.over = True
            self._queue.appendleft(behind.parcel)
        self._flying.pop()
        if self._blameless(delivery, why):
            self._queue.appendleft(delivery.parcel)
            self.troubles += not held
            self._shed(1)
            self._wait(why)
        else:
            self._shed(0)
            self._away += 1
            self._ways.failed(self, delivery.parcel, why)

    def again(self, parcel: Parcel, seconds: float) -> None:
        """Try a failed letter again after a pause, before all others."""
        self._away -= 1
        self._queue.appendleft(parcel)
        self._ways.later(self, seconds)

    def without(self, letter_id: str) -> None:
        """Go on without a failed letter."""
        self._unsay(letter_id)
        self._away -= 1
        self.troubles = 0
        self.go_on()

    def go_on(self) -> None:
        """Deliver again, unless a failed letter is still being written down."""
        if not self._away:
            self.blocked = False
            self._fly()

    def _fly(self) -> None:
        """Fill the mailbox as far as there is room."""
        while self._queue and not self.blocked:
            delivery = Delivery(self, self._queue[0])
            try:
                self._ways.put(delivery.parcel, delivery)
            except HOPELESS as error:
                self._flying.append(delivery)
                self._queue.popleft()
                delivery.refuse(error)
                return
            except PacketFlowError as error:
                if not self._flying:  # else the end of one of those tries it again
                    self.troubles += 1
                    self.blocked = True
                    self.turn += 1
                    self._shed(1)
                    self._wait(error)
                return
            self._queue.popleft()
            self._flying.append(delivery)
        if self.idle:
            self._ways.emptied(self)

    def _blameless(self, delivery: Delivery, why: PacketFlowError) -> bool:
        """Whether a delivery failed for no fault of the letter's: its actor was stopped, or its state is not readable.

        A handler may fail by the same errors, of another actor that it asked.
        """
        own = why.details.get("actor") == ":".join(self.address)
        if isinstance(why, CallCancelled | ActorStopped):
            return own or not delivery.served
        return own and type(why) is StoreError

    def _shed(self, kept: int) -> None:
        """Leave all but the first letters in the store, so that what waits for long fills no memory."""
        shed: list[str] = []
        while len(self._queue) > kept:
            shed.append(self._queue.pop().letter.id)
        if shed:
            self.left += len(shed)
            self.news = True
            self._ways.released(shed)

    def _unsay(self, letter_id: str) -> None:
        if self._said and self._said.get(named := _named(letter_id)) == letter_id:
            del self._said[named]

    def _wait(self, why: PacketFlowError) -> None:
        if type(why) is StoreError:
            if self.troubles == 1:
                log.error("letters to %s wait until its state can be read: %s", ":".join(self.address), why.message)
            self._ways.later(self, PAUSES[-1])
            return
        told = why.details.get("retry_after")
        self._ways.later(self, float(told) if isinstance(told, int | float) else pause(self.troubles))


def _named(letter_id: str) -> str:
    """Give what a letter's id says of whose message it is, for whom, without what it says; empty when it has no name.

    See `Letters`: a message that its sender named has a JSON list as its id, the digest of its arguments last.
    """
    return letter_id.rpartition(", ")[0] if letter_id.startswith("[") else ""


def pause(times: int) -> float:
    """Give the seconds to wait after so many failures in a row."""
    return PAUSES[min(times, len(PAUSES)) - 1]
