"""Which actors there are, how each one is, and how to end one: for whoever may address them."""

# ruff: noqa: SLF001 - the slots of an actor belong to the runtime
# pyright: reportPrivateUsage=false

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, TypeAlias

from packetflow._core.errors import ActorStopped, NotFound
from packetflow._core.json import sayable
from packetflow._core.policy import Decision
from packetflow._runtime.keys import addressable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packetflow._core.context import Context
    from packetflow._core.json import Json
    from packetflow._core.ports import Saved, Store
    from packetflow._runtime.activation import Activations
    from packetflow._runtime.engine import Engine

ActorStatus: TypeAlias = Literal["idle", "busy", "asleep", "stopped"]
"""`stopped`: crashed more often than its restart limit allows, and takes no messages for now."""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ActorInfo:
    """How one actor is."""

    id: str
    """`type:key`."""
    type: str
    key: str
    status: ActorStatus
    awake: bool
    waiting: int
    """Messages in its mailbox."""
    revision: int
    """How often it was committed; 0 when it was never saved."""
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActorView:
    """One actor and its state as JSON.

    Of a durable actor that is the last committed state, of any other that is awake the one it has in memory. None when
    it keeps no state of a declared type.
    """

    info: ActorInfo
    state: Json


class Inspection:
    """Looks at the actors of an app under the authority of one context.

    States, stopping and forgetting are the operator's: to whoever holds less than all authority there are no actors
    here. What others may know of an actor, they ask the actor.
    """

    def __init__(self, engine: Engine, store: Store, context: Context) -> None:
        """Look as the context's principal."""
        self._engine, self._store, self._context = engine, store, context

    async def actors(self, kind: str | None, after: str, limit: int) -> list[ActorInfo]:
        """List actors, awake or saved, ordered by type and key, beginning behind the id `after`."""
        names = sorted(self._engine.tables) if kind is None else [kind] if kind in self._engine.tables else []
        behind = _split(after) if after else ("", "")
        found: list[ActorInfo] = []
        for name in names:
            if name < behind[0] or len(found) >= limit or not self._context.grant.whole:
                continue
            start = behind[1] if name == behind[0] else ""
            found += await self._of_one(self._engine.tables[name], start, limit - len(found))
        return found

    async def actor(self, actor_id: str) -> ActorView:
        """Give one actor with its state; raises NotFound when it is neither awake nor saved, or is not to be seen."""
        table, key = self._seen(actor_id)
        saved = await self._store.load(table.declared.name, key)
        actor = table.awake.get(key)
        if saved is None and actor is None:
            raise _unknown(actor_id)
        info = self._info(table, key, saved)
        declared = table.declared
        kept = declared.durability == "durable" or actor is None or actor._revision < 0
        if declared.state is None:
            return ActorView(info, None)
        if kept and saved is not None and saved.state is not None:
            state = declared.read(saved.state, saved.version)
        else:
            state = declared.initial() if kept or actor is None else actor.state
        return ActorView(info, declared.adapter.dump_python(state, mode="json"))

    async def stop(self, actor_id: str) -> bool:
        """Put an actor out of the way now; its memory is kept. False when it was not awake.

        What it does is cancelled, what waits for it is refused. Raises NotFound.
        """
        table, key = self._seen(actor_id)
        self._record(f"{table.declared.name}.stop")
        stopped = await table.stop(key)
        if not stopped and await self._store.load(table.declared.name, key) is None:
            raise _unknown(actor_id)
        return stopped

    def start(self, actor_id: str) -> bool:
        """Let an actor, or with the type alone a class of them, take messages again at once.

        False for what was not stopped, be there such an actor or not. Raises NotFound for an id that none can have.
        """
        table = self._engine.tables.get(actor_id)
        if table is not None and self._context.grant.whole:
            self._record(f"{table.declared.name}.start")
            return table.start_all()
        table, key = self._seen(actor_id)
        if not addressable(key):
            raise _unknown(actor_id)
        self._record(f"{table.declared.name}.start")
        return table.start(key)

    async def forget(self, actor_id: str) -> bool:
        """Stop an actor and delete its state, replies and journal; False when nothing was saved.

        Raises NotFound.
        """
        table, key = self._seen(actor_id)
        self._record(f"{table.declared.name}.forget")
        awake = await table.stop(key)
        table.supervision.forgive(key)
        forgotten = await self._store.forget(table.declared.name, key)
        self._engine.post.forgotten(table.declared.name, key)
        if not forgotten and not awake:
            raise _unknown(actor_id)
        return forgotten

    async def _of_one(self, table: Activations, after: str, limit: int) -> list[ActorInfo]:
        name = table.declared.name
        awake = {key for key in table.awake if key > after}
        found: dict[str, ActorInfo] = {}
        behind = after
        while len(found) < limit:
            page = await self._store.saved(name, after=(name, behind), limit=_PAGE)
            page = [saved for saved in page if saved.kind == name]
            for saved in page:
                found[saved.key] = self._info(table, saved.key, saved)
            if len(page) < _PAGE:
                break
            behind = page[-1].key
        for key in awake - found.keys():
            if table.declared.durability == "durable" and table.awake[key]._busy is None:
                continue  # it was asked for and never became anything
            found[key] = self._info(table, key, None)
        return [found[key] for key in nsmallest(limit, found)]

    def _info(self, table: Activations, key: str, saved: Saved | None) -> ActorInfo:
        actor = table.awake.get(key)
        status: ActorStatus = "asleep" if actor is None else "idle" if actor._busy is None else "busy"
        try:
            table.supervision.admit(key, table.timer.tick)
        except ActorStopped:
            status = "stopped"
        return ActorInfo(
            id=f"{table.declared.name}:{key}",
            type=table.declared.name,
            key=key,
            status=status,
            awake=actor is not None,
            waiting=len(actor._box or ()) if actor is not None else 0,
            revision=saved.revision if saved is not None else 0,
            saved_at=saved.saved_at if saved is not None else None,
        )

    # -- authority ----------------------------------------------------------------------------------------------------

    def _seen(self, actor_id: str) -> tuple[Activations, str]:
        name, key = _split(actor_id)
        table = self._engine.tables.get(name)
        if table is None or not key or not sayable(key) or not self._context.grant.whole:
            raise _unknown(actor_id)
        return table, key

    def _record(self, what: str) -> None:
        self._engine.audit(Decision("allow", "granted", ""), what, self._context)


def waiting(tables: Iterable[Activations]) -> int:
    """Count the messages that wait for any actor."""
    return sum(table.mailboxes.waiting for table in tables)


def _split(actor_id: str) -> tuple[str, str]:
    name, _, key = actor_id.partition(":")
    return name, key


def _unknown(actor_id: str) -> NotFound:
    message = f"there is no actor {actor_id!r}: it is neither awake nor saved (an id reads type:key)"
    return NotFound(message, actor=actor_id)
