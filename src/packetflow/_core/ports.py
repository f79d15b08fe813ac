"""The seams to the world: Store, Fabric, Planner and Clock. The contract suites in `packetflow.testing` hold them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from packetflow._core.event import Stored
from packetflow._core.letter import Letter, Settled
from packetflow._core.policy import AuditRecord

if TYPE_CHECKING:
    from packetflow._core.explanation import Candidate
    from packetflow._core.json import Json
    from packetflow._core.plan import Plan
    from packetflow._core.registry import Registry


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way into the journal."""

    topic: str
    id: str
    """Unique in its topic. An event whose id is there already is left out, and takes no `seq`."""
    kind: str
    at: datetime
    principal: str
    trace_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one message of one actor changed: stored together or not at all."""

    kind: str
    """The actor's type."""
    key: str
    revision: int
    """The revision the actor had read; 0 when it was never saved. Another one in the store is a StoreConflict."""
    state: bytes | None
    """The new state as JSON; None leaves it as it is. The revision rises by one in either case."""
    events: tuple[NewEvent, ...] = ()
    message_id: str | None = None
    """With an id, `reply` is kept for whoever repeats the message."""
    reply: bytes | None = None
    version: int = 1
    """Of the state's shape, as the actor's class declares it."""
    letters: tuple[Letter, ...] = ()
    """Messages and reminders to others, or to itself; they leave once this is stored."""
    settles: Settled | None = None
    """The letter that this message came in."""
    cancels: tuple[str, ...] = ()
    """Names of this actor's own reminders that shall not come; applied before `letters`."""
    at: datetime | None = None
    """When it was made, by the app's clock: by this a kept reply grows old. None: the moment it is stored."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit became."""

    revision: int
    events: tuple[Stored, ...]
    """The events that were new, with their places in their topics."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An actor as the store has it."""

    kind: str
    key: str
    revision: int
    state: bytes | None
    saved_at: datetime
    version: int = 1
    """Of the state's shape when it was saved."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """What is listed of a run; all else is in its events, on the topic `run/<id>`."""

    id: str
    status: str
    principal: str
    plan_id: str
    intent: str
    trace_id: str
    started_at: datetime
    ended_at: datetime | None = None
    error_code: str | None = None
    authority: bytes = b""
    """What the run may do, as JSON; it goes on under this after a restart. Empty for a run that cannot go on."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call through the door, as it is kept."""

    id: str
    at: datetime
    capability_id: str
    principal: str
    seconds: float
    outcome: str
    """`ok` or `error`."""
    error_code: str | None
    trace_id: str
    run_id: str | None = None
    step: str | None = None
    cache_hit: bool = False
    """Whether an earlier result was given again."""
    tokens: int = 0
    """Of language models, in and out."""
    cost_micros: int = 0
    """Money spent, in millionths of the currency the app counts in."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is old enough to be deleted: all that is older than its moment; None keeps it."""

    replies: datetime | None = None
    calls: datetime | None = None
    audits: datetime | None = None
    runs: datetime | None = None
    """Runs that have ended, with their events."""
    journals: tuple[tuple[str, datetime], ...] = ()
    """For an actor type, events of its topics. The newest event of a topic is never deleted: `seq` goes on from it."""


class Store(Protocol):
    """Durable state and event journal; commits both together or not at all.

    Every method may be cancelled; a cancelled commit is stored whole or not at all. When a method returns, what it
    stored survives the death of the process (and, for stores on disk, of the machine's power). Methods raise
    StoreUnavailable when the store is closed or cannot be reached.
    """

    async def open(self) -> None:
        """Connect and bring the schema up to date; runs that were running are marked `interrupted`."""
        ...

    async def close(self) -> None:
        """Finish the commits that were accepted, then let go."""
        ...

    async def load(self, kind: str, key: str) -> Saved | None:
        """Read an actor; None when it was never saved."""
        ...

    async def commit(self, commit: Commit) -> Committed:
        """Store one message's changes in one transaction; concurrent commits may share it.

        Raises StoreConflict when the revision is not the one expected; commits that share the transaction are not
        harmed by it.
        """
        ...

    async def reply(self, kind: str, key: str, message_id: str) -> bytes | None:
        """Give the reply that was committed for a message; None when the message is new."""
        ...

    async def saved(
        self, kind: str | None = None, *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Saved]:
        """List saved actors ordered by (type, key), beginning behind `after`."""
        ...

    async def forget(self, kind: str, key: str) -> bool:
        """Delete an actor's state, replies, journal and the letters to it; False when there was nothing."""
        ...

    async def post(self, letters: Sequence[Letter]) -> None:
        """Keep letters that belong to no actor's commit, in order, in one transaction.

        One whose id is there already is left out, before its name could displace another. No number is given twice.
        """
        ...

    async def letters(
        self,
        *,
        kind: str | None = None,
        key: str | None = None,
        due: datetime | None = None,
        dead: bool | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        """List letters in the order of sending, beginning behind the number `after`; with `due` those due by then."""
        ...

    async def next_due(self, after: datetime) -> datetime | None:
        """Give the first moment later than `after` at which a letter that is not dead is due."""
        ...

    async def settle(self, settled: Settled) -> bool:
        """End a letter, or one occurrence of it, outside of a commit; False when there is no such (any more).

        A letter that comes again keeps its number; its failures are forgotten, and it is not dead any more.
        """
        ...

    async def fail_letter(self, letter_id: str, *, code: str, error: str, dead: bool) -> bool:
        """Note one more failed delivery, and whether it was the last; False when there is no such letter."""
        ...

    async def revive(self, letter_id: str) -> bool:
        """Let a dead letter be delivered again; False when there is no such dead letter.

        Its attempts are forgotten; why it failed the last time is kept.
        """
        ...

    async def drop(self, letter_id: str) -> bool:
        """Delete a letter; False when there was none."""
        ...

    async def cancel_reminder(self, kind: str, key: str, name: str) -> bool:
        """Delete an actor's reminder by name; False when there was none."""
        ...

    async def prune(self, horizon: Horizon, *, limit: int = 1000) -> int:
        """Delete what is older than the horizon, the oldest first, at most `limit` of each sort; give how many.

        Asked again until it gives 0, it has deleted all. A run counts once, with all its events. A journal loses its
        beginning up to the first event that is young enough, so that no gap appears in it; its last event always stays.
        """
        ...

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events that belong to no actor's commit, in order, in one transaction."""
        ...

    async def read(
        self,
        topic: str,
        *,
        after: int = 0,
        limit: int = 1000,
        newest: bool = False,
        kinds: Collection[str] | None = None,
        ids: Collection[str] | None = None,
    ) -> list[Stored]:
        """Read a topic in the order of `seq`: the first `limit` behind `after`, or with `newest` the last `limit`."""
        ...

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Insert or replace a run's row and append its events, in one transaction."""
        ...

    async def run(self, run_id: str) -> RunRow | None:
        """Read a run's row."""
        ...

    async def runs(
        self,
        *,
        principal: str | None = None,
        status: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """List runs, the latest start first; those that started together by id, backwards.

        With `before`, the start and id of a run, only those behind that place; an empty id leaves out all of its
        moment.
        """
        ...

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        """Keep call and audit records, in one transaction."""
        ...

    async def calls(
        self, *, capability_id: str | None = None, trace_id: str | None = None, limit: int = 100
    ) -> list[CallRecord]:
        """List call records, the latest first."""
        ...

    async def audits(
        self, *, principal: str | None = None, verdict: str | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """List audit records, the latest first."""
        ...

    async def remember(self, space: str, key: str, value: bytes) -> None:
        """Keep a small value under a name, replacing an earlier one."""
        ...

    async def recall(self, space: str, key: str) -> bytes | None:
        """Read a small value; None when it was never kept."""
        ...


class Fabric(Protocol):
    """Transport between those who publish on a topic and those who listen; soft state, at most once.

    Nothing acknowledged depends on it: whoever misses an event reads it from the store by its `seq`.
    """

    def publish(self, events: Sequence[Stored]) -> None:
        """Hand events to the listeners of their topics, in order; never blocks. A `seq` of 0 marks one not stored."""
        ...

    def listen(self, topic: str, *, limit: int = 1000) -> AbstractAsyncContextManager[AsyncIterator[Stored]]:
        """Receive what is published on a topic from now on.

        A listener that lags by more than `limit` events loses the oldest; it sees that by a gap in `seq`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a planner is asked."""

    intent: str
    """The sentence, as the person wrote it."""
    now: datetime
    hints: Mapping[str, Json] = field(default_factory=dict[str, Any])
    """Facts at hand, such as the room one is in; used for inputs of the same name that the sentence leaves open."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a planner answers: a plan, or what keeps it from one."""

    plan: Plan[Any] | None
    confidence: float
    """From 0 to 1; only proposals of one planner compare."""
    candidates: tuple[Candidate, ...] = ()
    """The nearest capabilities, best first."""
    missing: tuple[str, ...] = ()
    """Required inputs of the best candidate that the request gives no value for."""
    reason: str = ""
    planner: str = ""


class Planner(Protocol):
    """Turns a sentence into a plan over the capabilities of a registry view; runs nothing.

    The plan is proven against the view by whoever asked. Raises PlannerUnavailable when what it rests on fails.
    """

    @property
    def name(self) -> str:
        """Which planner this is, for the plan's `planner` field."""
        ...

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        """Propose a plan for a request; a proposal without a plan says why, and what comes nearest."""
        ...

    async def close(self) -> None:
        """Let go of connections; it can be asked again afterwards."""
        ...


class Clock(Protocol):
    """Where time comes from, and the one way to wait for a moment of it.

    Whatever waits for a date (a reminder, an expiry) waits by `wait_until`, never by a sleep of its own, so that a test
    moves all of it by moving its clock.
    """

    def now(self) -> datetime:
        """Give the present moment, UTC."""
        ...

    async def wait_until(self, moment: datetime) -> None:
        """Return once `now()` is at `moment` or later, at once when it is already; a cancelled wait leaves nothing."""
        ...
