"""Delivers letters: those just stored from memory, all others from the store when they are due.

A letter is in the store until it took effect. What is here in memory is a copy; the death of the process loses none.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast

from packetflow._core.context import Context, Door, new_id
from packetflow._core.errors import (
    CapabilityFailed,
    Conflict,
    NotAllowed,
    Overloaded,
    PacketFlowError,
    StoreError,
    StoreUnavailable,
    UnknownCapability,
)
from packetflow._core.event import Event, Stored
from packetflow._core.ports import Settled
from packetflow._core.reminder import next_due
from packetflow._runtime.carry import Carrier
from packetflow._runtime.lane import HELD, HOPELESS, Lane, pause
from packetflow._runtime.letters import unpack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from packetflow._core.capability import ActorCapability
    from packetflow._core.outbox import Outbox, Parcel
    from packetflow._core.ports import Clock, Fabric, Letter, Store
    from packetflow._core.registry import Registry
    from packetflow._runtime.activation import Activations
    from packetflow._runtime.lane import Delivery

log = logging.getLogger("packetflow.post")

TOPIC: Final = "letters"
"""The topic on which dead letters are told to those who listen."""

WAITING: Final = 10_000
"""Letters that may wait for one actor; whoever sends one more is refused."""

_ROOM: Final = 10_000
_PAGE: Final = 500
_FLOW_TRIES: Final = 5


class LetterDied(Event):
    """A letter failed for the last time; it waits for somebody to replay or drop it. Told to listeners, not stored."""

    letter_id: str
    type: str
    key: str
    capability_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class PostStatistics:
    """How the post is doing since the app was started."""

    waiting: int
    """Letters in memory: in a mailbox, in hand, or behind those."""
    left: int
    """Letters known to be in the store alone, because their receivers have enough in memory."""
    paused: int
    """Receivers whose letters wait for another try."""
    delivered: int
    """Letters that took effect."""
    failed: int
    """Deliveries that failed and counted as a try."""
    died: int
    """Letters that failed for the last time."""


class Post:
    """Delivers the letters of one app."""

    def __init__(
        self, registry: Registry, tables: Mapping[str, Activations], ports: tuple[Store, Fabric, Clock], door: Door
    ) -> None:
        """Deliver to the actors of `tables`; what their commits store is delivered at once."""
        self._registry, self._tables, self._door = registry, tables, door
        self._store, self._fabric, self._clock = ports
        self._carrier = Carrier(self._store)
        self.flows: Callable[[Letter, Context], Awaitable[None]] | None = None
        """Runs what a letter without a receiver sets off; must do so once for one `Letter.occurrence`."""
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._known: set[str] = set()
        self._thirsty: dict[tuple[str, str], None] = {}
        self._pauses: list[tuple[datetime, int, Lane, int]] = []
        self._paused: set[tuple[str, str]] = set()
        self._posting: Counter[tuple[str, str]] = Counter()
        self._numbers = count()
        self._next: datetime | None = None
        self._before: datetime | None = None
        self._swept = self._full = self._closed = self._reading = False
        self._waking: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleeping: set[asyncio.Task[None]] = set()
        self._flowing: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()
        for table in tables.values():
            table.transactions.left = self.committed

    def statistics(self) -> PostStatistics:
        """Give how it is doing."""
        left = sum(lane.left for lane in self._lanes.values())
        paused = sum(lane.turn == turn for _, _, lane, turn in self._pauses)
        counts = self.counts
        return PostStatistics(len(self._known), left, paused, counts["delivered"], counts["failed"], counts["died"])

    @property
    def quiet(self) -> bool:
        """Whether everything that is due took effect, as far as is known here."""
        due = self._next is not None and self._next <= self._clock.now()
        reading = self._reading or bool(self._thirsty)
        return self._swept and not (due or reading or self._known or any(lane.left for lane in self._lanes.values()))

    async def start(self) -> None:
        """Begin to deliver; what waits in the store goes before anything that is sent from now on."""
        now = self._next = self._clock.now()
        self._swept = not await self._store.letters(due=now, dead=False, limit=1)
        self._running = asyncio.get_running_loop().create_task(self._run(), name="packetflow post")

    def stop(self) -> None:
        """Read no more letters from the store, and cancel what flows are doing; their letters stay."""
        self._closed = True
        for task in [*self._sleeping, *self._flowing, *([self._running] if self._running is not None else [])]:
            task.cancel()

    async def close(self) -> None:
        """Finish what has to be written down; to be called when the actors are stopped and the store is open still."""
        self.stop()
        if self._running is not None:
            await asyncio.wait([self._running])
        while self._tasks:
            await asyncio.wait(self._tasks)

    # -- sending ------------------------------------------------------------------------------------------------------

    def check_room(self, letter: Letter, before: int = 0) -> None:
        """Raise Overloaded when too many letters wait for the receiver of this one, `before` of them not stored yet.

        Raises Conflict when one waits that its sender gave the same message id, and that says something else.
        """
        address = (letter.kind, letter.key)
        lane = self._lanes.get(address)
        waiting = self._posting[address] + before + (len(lane) if lane is not None else 0)
        who = f"{letter.kind}:{letter.key}"
        if waiting >= WAITING:
            message = f"{WAITING} letters wait for actor {who}, its limit; try again later"
            raise Overloaded(message, actor=who, limit=WAITING)
        if lane is not None and lane.contradicts(letter.id):
            problem = f"the message id of a letter that waits for {who} cannot be used with other arguments"
            raise Conflict(problem, actor=who, capability_id=letter.capability_id)

    async def send(self, parcel: Parcel) -> None:
        """Store a letter, then deliver it; cancelled, it may have been stored, and is delivered then.

        Raises Overloaded and Conflict as `check_room` does: others may have been sent since that.
        """
        letter = parcel.letter
        self.check_room(letter)
        address = (letter.kind, letter.key)
        self._posting[address] += 1
        try:
            await self._carrier.carry(self._store.post([letter]), lambda _: self.sent([parcel]))
        finally:
            self._posting[address] -= 1
            if not self._posting[address]:
                del self._posting[address]

    def committed(self, kind: str, key: str, outbox: Outbox) -> None:
        """Deliver what a commit has stored, and take back what it has cancelled."""
        for name in outbox.cancels:
            self.withdraw(kind, key, name)
        self.sent(outbox.parcels)

    def sent(self, parcels: Sequence[Parcel]) -> None:
        """Deliver letters that are in the store."""
        for parcel in parcels:
            letter = parcel.letter
            if letter.name:
                self.withdraw(letter.kind, letter.key, letter.name, but=letter.id)
                self.expect(letter.due)
            elif not self._swept and not letter.kind:
                self.expect(letter.due)  # it has a lane of its own, which is found in the store by nothing
            elif not self._swept:
                self._lane(letter).leave(letter.id)  # those from before this start go first
            elif letter.id not in self._known and not self._take(parcel):
                self._lane(letter).leave(letter.id)

    def expect(self, due: datetime) -> None:
        """Look into the store at that moment, at the latest."""
        if self._next is None or due < self._next:
            self._next = due
            self._wake()

    def withdraw(self, kind: str, key: str, name: str, *, but: str = "") -> None:
        """Take back a reminder that shall not come any more; what is in hand already finds no letter to settle."""
        lane = self._lanes.get((kind, key))
        if lane is not None:
            for letter_id in lane.withdraw(name, but):
                self._forget(letter_id)

    def dropped(self, letter: Letter) -> None:
        """Take back a letter that was deleted; what is in hand already finds no letter to settle."""
        lane = self._lanes.get((letter.kind, letter.key or letter.id))
        if lane is not None and lane.drop(letter.id):
            self._forget(letter.id)

    def forgotten(self, kind: str, key: str) -> None:
        """Take back the letters to an actor whose memory was deleted, and they with it."""
        lane = self._lanes.get((kind, key))
        for letter_id in lane.ids() if lane is not None else ():
            self._forget(letter_id)
        if lane is not None:
            lane.clear()

    # -- what the lanes need ------------------------------------------------------------------------------------------

    def put(self, parcel: Parcel, delivery: Delivery) -> None:
        """Put a letter into its receiver's mailbox; raises what the receiver refuses with."""
        letter, grant = parcel.letter, parcel.grant
        now = self._clock.now()
        if grant.expires is not None and now >= grant.expires:
            message = f"{letter.principal!r} may not tell {letter.capability_id!r}: the grant ended at {grant.expires}"
            raise NotAllowed(message, principal=letter.principal, capability_id=letter.capability_id)
        context = Context(
            letter.principal, grant, letter.trace_id, parcel.message_id, door=self._door, depth=letter.depth
        )
        if not letter.kind:
            flow = self._spawn(self._flow(letter, replace(context, message_id=letter.occurrence), delivery))
            self._flowing.add(flow)
            flow.add_done_callback(self._flowing.discard)
            return
        table = self._tables.get(letter.kind)
        if table is None:
            raise UnknownCapability(
                f"there is no actor {letter.kind!r} in this app", capability_id=letter.capability_id
            )
        message = cast("ActorCapability[Any, ..., Any]", parcel.message)
        table.deliver(letter.key, (message, (), parcel.arguments, replace(context, letter=letter), delivery))

    def delivered(self, lane: Lane, parcel: Parcel) -> None:
        """Note that a letter took effect; what did not commit its end with it ends now."""
        del lane
        self.counts["delivered"] += 1
        letter = parcel.letter
        table = self._tables.get(letter.kind)
        committed = table is not None and table.declared.durability != "volatile"
        if committed and cast("ActorCapability[Any, ..., Any]", parcel.message).effect != "read":
            self._forget(letter.id)
            if letter.again:
                self.expect(self._clock.now())
        else:
            self._spawn(self._settle(letter))

    def failed(self, lane: Lane, parcel: Parcel, error: PacketFlowError) -> None:
        """Note a try that failed."""
        self._spawn(self._note(lane, parcel, error))

    def later(self, lane: Lane, seconds: float) -> None:
        """Let a lane go on after a pause."""
        when = self._clock.now() + timedelta(seconds=seconds)
        heappush(self._pauses, (when, next(self._numbers), lane, lane.turn))
        self._paused.add(lane.address)
        self._ease()
        self._wake()

    def released(self, letter_ids: Sequence[str]) -> None:
        """Note that letters are left in the store again."""
        self._known.difference_update(letter_ids)
        self._ease()

    def emptied(self, lane: Lane) -> None:
        """Bring what is left in the store, or forget the lane."""
        if lane.left:
            self._thirsty[lane.address] = None
            self._wake()
        else:
            self._lanes.pop(lane.address, None)

    # -- the end of a delivery ----------------------------------------------------------------------------------------

    async def _flow(self, letter: Letter, context: Context, delivery: Delivery) -> None:
        if self.flows is None:
            delivery.refuse(UnknownCapability(f"there is no flow {letter.capability_id!r} in this app"))
            return
        try:
            await self.flows(letter, context)
        except PacketFlowError as error:
            delivery.refuse(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the letter is tried again
            delivery.refuse(_failure(letter, error))
        else:
            delivery.set_result(None)

    async def _settle(self, letter: Letter) -> None:
        """End a letter that no commit has ended: its handler returned."""
        again = next_due(letter.again, letter.due, self._clock.now())
        if await self._insist(lambda: self._store.settle(Settled(letter.id, letter.due, again))) is None:
            return
        self._forget(letter.id)
        if again is not None:
            self.expect(again)

    async def _note(self, lane: Lane, parcel: Parcel, error: PacketFlowError) -> None:
        """Write a failed try down, and see that the letter is tried again, or is dead."""
        letter = parcel.letter
        if isinstance(error, StoreUnavailable) or self._closed:
            lane.troubles += 1
            lane.again(parcel, pause(lane.troubles))
            return
        table = self._tables.get(letter.kind)
        tries = table.declared.tries if table is not None else _FLOW_TRIES
        dead = isinstance(error, HOPELESS) or letter.attempts + 1 >= tries
        known = await self._write_down(letter, error, dead=dead)
        if not known:
            self._forget(letter.id)
            lane.without(letter.id)
        else:
            attempts = letter.attempts + 1
            lane.again(replace(parcel, letter=replace(letter, attempts=attempts)), pause(attempts))

    async def _bury(self, letter: Letter, error: PacketFlowError) -> None:
        """End a letter that cannot be delivered at all."""
        await self._write_down(letter, error, dead=True)
        self._forget(letter.id)

    async def _write_down(self, letter: Letter, error: PacketFlowError, *, dead: bool) -> bool:
        """Keep why a delivery failed; False when the letter is to be tried no more: it is dead, or gone."""
        reason = error.message if error.__cause__ is None else f"{error.message} ({error.__cause__!r})"
        noted = await self._insist(lambda: self._store.fail_letter(letter.id, code=error.code, error=reason, dead=dead))
        if noted is False:
            log.debug("letter %s to %s:%s was taken back", letter.id, letter.kind, letter.key)
            return False
        self.counts["failed"] += 1
        if not dead:
            log.warning("a message told to actor %s:%s failed: %s", letter.kind, letter.key, reason)
            return True
        self.counts["died"] += 1
        log.error(
            "letter %s to %s:%s is dead: %s", letter.id, letter.kind, letter.key, reason, exc_info=error.__cause__
        )
        died = LetterDied(
            letter_id=letter.id,
            type=letter.kind,
            key=letter.key,
            capability_id=letter.capability_id,
            code=error.code,
            reason=reason,
        )
        self._tell(died, letter)
        return False

    def _tell(self, died: LetterDied, letter: Letter) -> None:
        payload = died.model_dump_json().encode()
        at, name = self._clock.now(), new_id()
        self._fabric.publish([Stored(TOPIC, 0, name, "LetterDied", at, letter.principal, letter.trace_id, payload)])

    async def _insist(self, write: Callable[[], Coroutine[Any, Any, bool]]) -> bool | None:
        """Write until the store takes it; None when the app closes before."""
        for times in count(1):
            try:
                return await write()
            except StoreError as error:
                if self._closed:
                    return None
                log.warning("the store did not take the end of a delivery: %s", error)
                await self._rest(self._clock.now() + timedelta(seconds=pause(times)), wakes=False)
        return None

    # -- from the store -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        troubles = 0
        while not self._closed:
            self._waking = asyncio.get_running_loop().create_future()
            now = self._clock.now()
            self._turn_back(now)
            self._reading = True
            try:
                self._release(now)
                await self._refill(now)
                if self._next is not None and self._next <= now:
                    await self._sweep(now)
                self._reading, troubles = False, 0
            except StoreError as error:
                troubles += 1
                log.warning("letters could not be read: %s", error)
                await self._rest(now + timedelta(seconds=pause(troubles)), wakes=False)
                self.expect(now)
                continue
            pauses = [self._pauses[0][0]] if self._pauses else []
            await self._rest(min([*pauses, *([self._next] if self._next else [])], default=None))

    def _turn_back(self, now: datetime) -> None:
        """When the clock was set back: let pauses end as far from now as they would have, and look for what is due."""
        before, self._before = self._before, now
        if before is not None and now < before:
            self._pauses = [(when - (before - now), number, lane, turn) for when, number, lane, turn in self._pauses]
            self.expect(now)

    def _release(self, now: datetime) -> None:
        while self._pauses and self._pauses[0][0] <= now:
            _, _, lane, turn = heappop(self._pauses)
            if lane.turn == turn:
                self._paused.discard(lane.address)
                lane.go_on()

    async def _refill(self, now: datetime) -> None:
        """Bring the letters that lanes have left in the store."""
        for address in list(self._thirsty):
            del self._thirsty[address]
            lane = self._lanes.get(address)
            if lane is None or not lane.left:
                continue
            lane.news = False
            try:
                page = await self._store.letters(kind=address[0], key=address[1], due=now, dead=False, limit=HELD)
            except StoreError:
                self._thirsty[address] = None
                raise
            new = [parcel for letter in page if (parcel := self._opened(letter)) is not None]
            lane.refill(new, max(lane.left - len(new), 1) if len(page) == HELD else 0)
        await asyncio.sleep(0)

    async def _sweep(self, now: datetime) -> None:
        """Deliver what is due, in the order of sending."""
        self._next = None
        for lane in self._lanes.values():
            lane.news = False
        counted: Counter[tuple[str, str]] = Counter()
        after = 0
        while page := await self._store.letters(due=now, dead=False, after=after, limit=_PAGE):
            for letter in page:
                if self._busy() >= _ROOM:
                    self._full = True
                    return
                parcel = self._opened(letter)
                if parcel is not None and not self._take(parcel):
                    counted[letter.kind, letter.key] += 1
            after = page[-1].number
        self._swept = True
        for address, lane in list(self._lanes.items()):
            lane.left = max(counted[address], lane.left if lane.news else 0)
            if lane.left and lane.idle:
                self.emptied(lane)
            elif lane.idle and not len(lane):
                self._lanes.pop(address, None)
        following = await self._store.next_due(now)
        if following is not None:
            self.expect(following)

    def _opened(self, letter: Letter) -> Parcel | None:
        """Read a letter, unless it is on its way already; one that cannot be read is dead."""
        if letter.id in self._known:
            return None
        self._known.add(letter.id)
        try:
            return unpack(letter, self._registry)
        except PacketFlowError as error:
            self._spawn(self._bury(letter, error))
            return None

    def _take(self, parcel: Parcel) -> bool:
        self._known.add(parcel.letter.id)
        taken = self._lane(parcel.letter).take(parcel)
        if not taken:
            self._known.discard(parcel.letter.id)
        return taken

    def _lane(self, letter: Letter) -> Lane:
        address = (letter.kind, letter.key or letter.id)
        lane = self._lanes.get(address)
        if lane is None:
            lane = self._lanes[address] = Lane(self, address)
        return lane

    def _forget(self, letter_id: str) -> None:
        self._known.discard(letter_id)
        self._ease()

    def _busy(self) -> int:
        """Count the letters in memory but for those that wait for another try: these hold up nobody else's."""
        return len(self._known) - len(self._paused)

    def _ease(self) -> None:
        """Read on when there is room again."""
        if self._full and self._busy() < _ROOM // 2:
            self._full = False
            self.expect(self._clock.now())

    # -- waiting ------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)

    async def _rest(self, until: datetime | None, *, wakes: bool = True) -> None:
        """Wait for a moment, or, with `wakes`, for something to do before that; not at all once the app closes."""
        waiting: list[asyncio.Future[None]] = [self._waking] if wakes and self._waking is not None else []
        if until is None:
            await waiting[0]
        if until is None or self._closed:
            return
        sleeping = asyncio.get_running_loop().create_task(self._clock.wait_until(until))
        self._sleeping.add(sleeping)
        try:
            await asyncio.wait([*waiting, sleeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sleeping.discard(sleeping)
            sleeping.cancel()
            await asyncio.wait([sleeping])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _failure(letter: Letter, error: Exception) -> PacketFlowError:
    problem = f"{letter.capability_id!r} failed: {type(error).__name__}: {error}"
    failure = CapabilityFailed(problem, capability_id=letter.capability_id)
    failure.__cause__ = error
    return failure
