"""What one holder of a grant can do with an app."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from packetflow._core.actor import Actor
from packetflow._core.capability import Declaration
from packetflow._core.context import Context, new_id
from packetflow._core.effect import RISKY
from packetflow._core.errors import NotAllowed, NotFound, NotUnderstood
from packetflow._core.event import Event, decode
from packetflow._core.proof import proven
from packetflow._runtime.inspection import Inspection
from packetflow._runtime.stream import Sink, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
    from datetime import datetime

    from packetflow._core.constraint import Constraint
    from packetflow._core.effect import Effect
    from packetflow._core.grant import Grant
    from packetflow._core.json import Json
    from packetflow._core.plan import Plan
    from packetflow._core.ports import Fabric, RunRow, Store
    from packetflow._core.ref import Ref
    from packetflow._core.registry import Registry
    from packetflow._core.run import Run
    from packetflow._runtime.engine import Engine, Result
    from packetflow._runtime.inspection import ActorInfo, ActorView
    from packetflow._runtime.line import Line
    from packetflow._runtime.planning import Planning
    from packetflow._runtime.runs import Runs

A = TypeVar("A")
R = TypeVar("R")

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Parts:
    """The running parts of an app that its clients share."""

    engine: Engine
    runs: Runs
    planning: Planning
    store: Store
    fabric: Fabric


class Client:
    """The authority of one holder over a running app; entering an App gives the first, with all authority.

    `delegate` gives narrower ones. Everything a client does is decided by its grant and recorded under its holder.
    """

    def __init__(self, parts: Parts, grant: Grant, context: Context | None = None) -> None:
        """Hold a grant; `context` carries the trace, deadline and confirmations of a call that is under way."""
        self._parts = parts
        self.grant = grant
        self._given = context
        self._lines: dict[type[object], Line] = {}

    @property
    def principal(self) -> str:
        """In whose name it acts."""
        return self._given.principal if self._given is not None else self.grant.holder

    @property
    def capabilities(self) -> Registry:
        """The capabilities it may call, as a registry to look up and search."""
        return self._parts.engine.registry.view(self.grant)

    def delegate(
        self,
        holder: str,
        *,
        only: Iterable[object] | None = None,
        effects: Iterable[Effect] | None = None,
        limits: Mapping[str, Mapping[str, Constraint]] | None = None,
        expires: datetime | None = None,
        confirm: Iterable[Effect] = (),
    ) -> Client:
        """Give a client with a part of this one's authority, never more.

        `only` names capabilities, actor classes (all their messages) or ids (`room.*` for all that begin so). `limits`
        bounds arguments by capability id. The holder acts in its own name alone.
        """
        ids = None if only is None else [name for part in only for name in _ids(part)]
        grant = self.grant.delegate(holder, only=ids, effects=effects, limits=limits, expires=expires, confirm=confirm)
        return Client(self._parts, grant)

    def within(
        self,
        *,
        trace_id: str | None = None,
        message_id: str | None = None,
        deadline: float | None = None,
        confirmed: Iterable[str] = (),
    ) -> Client:
        """Give the same client for one request: its trace, its idempotency key, its deadline, what was confirmed.

        `deadline` is in seconds from now.
        """
        due = None if deadline is None else asyncio.get_running_loop().time() + deadline
        context = Context(
            self.principal, self.grant, trace_id or new_id(), message_id, due, confirmed=frozenset(confirmed)
        )
        return Client(self._parts, self.grant, context)

    def acting_for(self, principal: str) -> Client:
        """Act in the name of somebody else; raises NotAllowed unless the grant may."""
        grant = self.grant.acting_for(principal)
        given = replace(self._given, principal=principal, grant=grant) if self._given is not None else None
        return Client(self._parts, grant, given)

    @property
    def context(self) -> Context:
        """The context of the next call; a new trace each time, unless `within` gave one."""
        if self._given is not None:
            return self._given
        return Context(self.grant.holder, self.grant)

    # -- calls --------------------------------------------------------------------------------------------------------

    async def call(self, capability: object, /, **inputs: object) -> Any:  # noqa: ANN401 - the capability's own output
        """Call a capability, by declaration or id, with inputs by name; gives its typed output."""
        return (await self.perform(capability, inputs)).value

    async def perform(self, capability: object, inputs: Mapping[str, object]) -> Result:
        """Call a capability with a mapping of inputs; gives the output typed and as JSON."""
        return await self._parts.engine.perform(capability, inputs, self.context)

    async def stream(self, capability: object, /, **inputs: object) -> AsyncIterator[Any]:
        """Call a streaming capability and receive its partial outputs as they come; a slow reader slows it."""

        def call(sink: Sink) -> Awaitable[Result]:
            return self._parts.engine.perform(capability, inputs, replace(self.context, sink=sink))

        async for part in streamed(call):
            yield part

    def actor(self, kind: type[A], key: str) -> Ref[A]:
        """Address an actor. What was decided for one actor of a class, for good, holds for the others."""
        line = self._lines.get(kind)
        if line is None or self._parts.engine.telemetry.traced:
            line = self._lines[kind] = self._parts.engine.line(kind, self.context)
        return self._parts.engine.address(line, key)

    # -- a look at actors ---------------------------------------------------------------------------------------------

    async def actors(self, kind: str | None = None, *, after: str = "", limit: int = 100) -> list[ActorInfo]:
        """List actors that are awake or saved, by type and key, beginning behind the id `after` (`type:key`)."""
        return await self._inspection().actors(kind, after, limit)

    async def actor_info(self, actor_id: str) -> ActorView:
        """Give an actor with its state, by its id `type:key`; raises NotFound when there is none that one may read."""
        return await self._inspection().actor(actor_id)

    async def stop_actor(self, actor_id: str) -> bool:
        """Cancel what an actor does and put it to sleep, its memory kept; False when it was not awake."""
        return await self._inspection().stop(actor_id)

    async def forget_actor(self, actor_id: str) -> bool:
        """Stop an actor and delete its memory for good; False when it had none."""
        return await self._inspection().forget(actor_id)

    def _inspection(self) -> Inspection:
        return Inspection(self._parts.engine, self._parts.store, self.context)

    # -- plans and runs -----------------------------------------------------------------------------------------------

    async def plan(self, intent: str, /, **hints: Json) -> Plan[Any]:
        """Turn a sentence into a proven plan; nothing runs. `hints` are facts at hand, such as `room_id="lobby"`.

        Raises NotUnderstood with up to three candidates when no plan is found.
        """
        if not intent.strip():
            message = "the request is empty; say what should be done"
            raise NotUnderstood(message)
        return await self._parts.planning.plan(intent, self.capabilities, self.context, hints)

    def prove(self, plan: Plan[Any]) -> None:
        """Raise PlanRejected, with every problem, unless the plan can run under this client's grant."""
        proven(plan, self.capabilities, self.grant)

    async def run(self, plan: Plan[R], *, careful: bool = False) -> Run[R]:
        """Prove a plan, run it and wait for its end; cancelling the wait cancels the run.

        A failed run is returned, not raised: look at `succeeded`, `failure` and `steps`. With `careful`, steps that
        delete, spend, reach outside or execute code need a confirmation of exactly that call.
        Raises PlanRejected when the plan does not fit; nothing has run then.
        """
        return await self._parts.runs.finish(await self.start(plan, careful=careful))

    async def start(self, plan: Plan[R], *, careful: bool = False) -> Run[R]:
        """Prove a plan and begin to run it; the app runs it to its end. The record is live."""
        self.prove(plan)
        context = self.context
        if careful:
            context = replace(context, grant=self.grant.confirming(RISKY))
        return await self._parts.runs.start(plan, context)

    async def finish(self, run: Run[R]) -> Run[R]:
        """Wait for the end of a run that was started here."""
        return await self._parts.runs.finish(run)

    async def found(self, run_id: str) -> Run[Any]:
        """Give one of the holder's runs, live or finished; whoever may act for everybody sees all. Raises NotFound."""
        run = await self._parts.runs.get(run_id)
        if not self._sees(run.principal):
            message = f"there is no run {run_id!r}"
            raise NotFound(message, run_id=run_id)
        return run

    async def runs(self, *, status: str | None = None, before: datetime | None = None, limit: int = 50) -> list[RunRow]:
        """List the holder's runs, the latest first; whoever may act for everybody sees all."""
        principal = None if self.grant.whole else self.principal
        return await self._parts.store.runs(principal=principal, status=status, before=before, limit=limit)

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run and wait until its capabilities have ended; False when it had ended before. Raises NotFound."""
        await self.found(run_id)
        return await self._parts.runs.cancel(run_id)

    # -- events -------------------------------------------------------------------------------------------------------

    async def subscribe(self, kind: type[Actor[Any]], key: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Receive an actor's events with a `seq` greater than `after`: first those stored, then live ones, no gap.

        Needs the right to use a `read` message of that actor; raises NotAllowed otherwise.
        """
        if not await self._parts.engine.readable(kind, key, self.context):
            message = f"{self.principal!r} may not read {kind.actor_type.name}:{key}"
            raise NotAllowed(message, principal=self.principal)
        async for event in self._follow(kind.actor_type.topic(key), after, kind.__module__):
            yield event

    async def events(self, topic: str, *, after: int = 0, module: str = "") -> AsyncIterator[Event]:
        """Follow a topic from `after` on, stored events first; what the fabric drops is read from the store.

        The topic `run/<id>` is open to whoever may see that run, every other topic to the holder of all authority;
        `subscribe` follows an actor. Raises NotFound and NotAllowed.
        """
        if topic.startswith("run/"):
            await self.found(topic.removeprefix("run/"))
        elif not self.grant.whole:
            message = f"{self.principal!r} may not follow the topic {topic!r}"
            raise NotAllowed(message, principal=self.principal, topic=topic)
        async for event in self._follow(topic, after, module):
            yield event

    async def _follow(self, topic: str, after: int, module: str) -> AsyncIterator[Event]:
        async with self._parts.fabric.listen(topic) as live:
            while page := await self._parts.store.read(topic, after=after, limit=_PAGE):
                for stored in page:
                    yield decode(stored, module)
                after = page[-1].seq
            async for stored in live:
                if stored.seq == 0:
                    yield decode(stored, module)
                    continue
                while after < stored.seq - 1:
                    missed = await self._parts.store.read(topic, after=after, limit=_PAGE)
                    for earlier in missed:
                        if earlier.seq < stored.seq:
                            yield decode(earlier, module)
                    after = min(missed[-1].seq, stored.seq - 1) if missed else stored.seq - 1
                if stored.seq > after:
                    after = stored.seq
                    yield decode(stored, module)

    def _sees(self, principal: str) -> bool:
        return principal == self.principal or self.grant.whole


def _ids(part: object) -> list[str]:
    if isinstance(part, Declaration):
        return [part.id]
    if isinstance(part, type) and issubclass(part, Actor):
        return cast("type[Actor[Any]]", part).capability_ids()
    return [str(cast("object", part))]
