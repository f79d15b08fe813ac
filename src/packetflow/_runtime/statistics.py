"""How full every queue of an app is, how its actors fare, and what is at work."""

# ruff: noqa: SLF001 - the slots of an actor belong to the runtime
# pyright: reportPrivateUsage=false

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.ports import Store
    from packetflow._runtime.activation import Activations
    from packetflow._runtime.breaker import BreakerState
    from packetflow._runtime.engine import Engine
    from packetflow._runtime.runs import Runs
    from packetflow._runtime.supervision import ClassState


@dataclass(frozen=True, slots=True)
class ActorStatistics:
    """The actors of one class since the app started, as they are now."""

    type: str
    state: ClassState
    """`running`; `stopped` when too many of its actors crashed, and no actor of it takes messages; `trial` after that,
    when the first that is stopped stops them all again."""
    awake: int
    busy: int
    """Awake actors that have a message in hand or in their mailbox, or pause after a crash."""
    waiting: int
    """Messages in their mailboxes."""
    largest_mailbox: int
    """Messages that wait for the actor for which most do."""
    handled: int
    failed: int
    """Messages whose handler raised, or did not end in time."""
    restarts: int
    """Crashes that were followed by a restart."""
    stopped: int
    """Actors that crashed too often, and take no messages for now."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """An app as it is now."""

    actors: tuple[ActorStatistics, ...]
    """By class, in the order of their names."""
    runs: int
    """Under way."""
    threads: int
    """Worker threads in use, by capabilities that are plain functions."""
    records: int
    """Call and audit records that wait for the store."""
    records_lost: int
    """Records that could not be kept."""
    store: int | None
    """Writes that wait in the store; None when it does not tell."""
    breakers: Mapping[str, BreakerState]
    """Circuit breakers that have been asked, by the name of what they guard: `capability tides`."""

    @property
    def health(self) -> Literal["ok", "degraded"]:
        """`degraded` while a class of actors is stopped or on trial."""
        return "ok" if all(each.state == "running" for each in self.actors) else "degraded"


def statistics(engine: Engine, runs: Runs, store: Store) -> Statistics:
    """Take stock; costs as much as there are actors with something to do, not as there are actors."""
    waiting = getattr(store, "waiting", None)
    return Statistics(
        actors=tuple(_of_class(engine.tables[name]) for name in sorted(engine.tables)),
        runs=runs.alive,
        threads=engine.threads,
        records=engine.records.waiting,
        records_lost=engine.records.lost,
        store=waiting if isinstance(waiting, int) else None,
        breakers=engine.attempts.breakers.statistics(),
    )


def busy(engine: Engine, runs: Runs) -> list[str]:
    """Name the runs and actors that are at work; may be called from any thread."""
    actors = [
        table.address(key)
        for _, table in sorted(engine.tables.items())
        for key, actor in table.awake.copy().items()
        if actor._busy is not None
    ]
    return [*(f"run {live.run.id}" for live in runs.lives()), *(f"actor {actor}" for actor in actors)]


def _of_class(table: Activations) -> ActorStatistics:
    mailboxes, supervision = table.mailboxes, table.supervision
    return ActorStatistics(
        type=table.declared.name,
        state=supervision.state(table.tick),
        awake=len(table.awake),
        busy=len(table.busy()),
        waiting=mailboxes.waiting,
        largest_mailbox=mailboxes.largest,
        handled=table.handled,
        failed=table.failed,
        restarts=supervision.restarts,
        stopped=supervision.stopped(table.tick),
    )
