"""What one holder of a grant can do with an app."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from packetflow._core.actor import Actor
from packetflow._core.capability import Declaration
from packetflow._core.context import Context, new_id
from packetflow._core.effect import RISKY
from packetflow._core.errors import NotAllowed, NotFound, NotUnderstood
from packetflow._core.event import Event, decode
from packetflow._core.json import sayable
from packetflow._core.proof import proven
from packetflow._core.suffix import unfinished
from packetflow._runtime.answering import Answering
from packetflow._runtime.dry_run import DryRun, DryRunner
from packetflow._runtime.inspection import Inspection
from packetflow._runtime.replanning import Replanning
from packetflow._runtime.statistics import Statistics, statistics
from packetflow._runtime.stream import Sink, streamed
from packetflow._runtime.undelivered import LetterInfo, Undelivered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping

    from packetflow._core.approval import Question
    from packetflow._core.budget import Budget
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
    from packetflow._runtime.runs import Beginning, Runs

A = TypeVar("A")
R = TypeVar("R")

_PAGE = 500
_MOST = 2**31
"""More runs than any list has, and no more than a store can count to."""


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

    async def start_actor(self, actor_id: str) -> bool:
        """Let an actor that crashed too often take messages again at once; False when it was not stopped.

        The id of a class, `type` alone, lets all of its actors. Raises NotFound.
        """
        return self._inspection().start(actor_id)

    def statistics(self) -> Statistics:
        """Take stock of actors, runs and queues; raises NotAllowed unless the holder has all authority."""
        if not self.grant.whole:
            message = f"{self.principal!r} may not see the statistics of the app"
            raise NotAllowed(message, principal=self.principal)
        return statistics(self._parts.engine, self._parts.runs, self._parts.store)

    async def forget_actor(self, actor_id: str) -> bool:
        """Stop an actor and delete its memory for good; False when it had none."""
        return await self._inspection().forget(actor_id)

    # -- letters ------------------------------------------------------------------------------------------------------

    async def letters(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the word of an actor's id
        key: str | None = None,
        dead: bool | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[LetterInfo]:
        """List letters on their way, reminders and dead letters, in the order of sending, behind the number `after`.

        One's own; whoever holds all authority sees all. `dead=True` gives only those that failed for good.
        """
        if not sayable(f"{type}{key}"):
            return []
        return await self._undelivered().letters((type, key), after, limit, dead=dead)

    async def replay_letter(self, letter_id: str) -> bool:
        """Deliver a dead letter again, its failures forgotten; False when there is none that one may see.

        Raises NotAllowed, or ConfirmationRequired, unless one may make that very call now; the letter stays dead then.
        """
        return await self._undelivered().replay(letter_id)

    async def drop_letter(self, letter_id: str) -> bool:
        """Delete a letter for good, dead or not; False when there is none that one may see."""
        return await self._undelivered().drop(letter_id)

    def _undelivered(self) -> Undelivered:
        return Undelivered(self._parts.engine, self._parts.store, self.context)

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

    async def run(
        self, plan: Plan[R], *, careful: bool = False, waits: bool = True, budget: Budget | None = None
    ) -> Run[R]:
        """Prove a plan, run it, and wait until it has ended or waits for a person; cancelling the wait cancels the run.

        A failed run is returned, not raised: look at `succeeded`, `failure` and `steps`. With `careful`, steps that
        delete, spend, reach outside or execute code need a person's yes to exactly that call. A step that needs one
        waits for it (`approvals`, `approve`, then `finish`); with `waits=False` it fails with `confirmation_required`.
        `budget` narrows the app's; that of a holder of all authority takes its place. Raises PlanRejected when the plan
        does not fit, Overloaded when the holder has too many runs under way; nothing has run then.
        """
        return await self.finish(await self.start(plan, careful=careful, waits=waits, budget=budget))

    async def start(
        self,
        plan: Plan[R],
        *,
        careful: bool = False,
        waits: bool = True,
        budget: Budget | None = None,
        continues: str = "",
    ) -> Run[R]:
        """Prove a plan and begin to run it; the app runs it to its end, over restarts. The record is live.

        `continues` names a run of which `plan` is the rest (`replan` gives it): what that run finished inside loops and
        other patterns which are the same in both plans is not done again.
        """
        self.prove(plan)
        done = unfinished(await self.found(continues)).inherited(plan) if continues else {}
        beginning = self._beginning(waits=waits, budget=budget)
        return await self._parts.runs.start(
            plan, self._careful(careful), replace(beginning, continues=continues, done=done)
        )

    async def retry(
        self, run_id: str, *, from_step: str | None = None, careful: bool = False, budget: Budget | None = None
    ) -> Run[Any]:
        """Do what a run left undone, as a new run that names it in `continues`, and wait as `run` does.

        With `from_step` that step of the plan and all that needs it is done again, though it had succeeded. Raises
        NotFound, Conflict for a run that is under way or has nothing left to do, InvalidInput for a step that is none.
        """
        return await self.finish(await self.restart(run_id, from_step=from_step, careful=careful, budget=budget))

    async def restart(
        self,
        run_id: str,
        *,
        from_step: str | None = None,
        careful: bool = False,
        waits: bool = True,
        budget: Budget | None = None,
    ) -> Run[Any]:
        """Begin what `retry` does, without waiting for its end."""
        rest = unfinished(await self.found(run_id), from_step)
        self.prove(rest.plan)
        beginning = self._beginning(waits=waits, budget=budget)
        return await self._parts.runs.start(
            rest.plan, self._careful(careful), replace(beginning, continues=run_id, done=rest.done)
        )

    async def replan(self, run_id: str, *, intent: str | None = None) -> Plan[Any]:
        """Plan what a run left undone: outputs of finished steps as literals, what failed replaced where that fits.

        The planners are asked, for the sentence of the run or for `intent`, what could stand in for a capability that
        failed; it is taken when it is proven to fit and does not more to the world. Nothing runs: `start` the plan with
        `continues=run_id`. Raises as `retry`, and PlanRejected when the rest cannot run.
        """
        run = await self.found(run_id)
        rest = unfinished(run)
        planning = Replanning(self._parts.planning, self.capabilities, self.context)
        return await planning.replaced(rest.plan, run, intent)

    async def dry_run(self, plan: Plan[Any], *, careful: bool = False) -> DryRun:
        """Prove a plan and tell what a run of it would do: order, effects, decisions, durations; nothing is done."""
        self.prove(plan)
        return await DryRunner(self._parts.engine, self._parts.store, self._careful(careful)).report(plan)

    def _beginning(self, *, waits: bool, budget: Budget | None) -> Beginning:
        self._parts.runs.room(self.principal)
        return self._parts.runs.beginning(waits=waits, budget=budget, free=self.grant.whole)

    def _careful(self, careful: bool) -> Context:  # noqa: FBT001 - passes on the option of that name
        return replace(self.context, grant=self.grant.confirming(RISKY)) if careful else self.context

    async def finish(self, run: Run[R]) -> Run[R]:
        """Wait until a run has ended or waits for a person."""
        return await self._parts.runs.finish(run)

    async def found(self, run_id: str) -> Run[Any]:
        """Give a run of the holder's or of its delegates, live or finished; who holds all authority sees all.

        Raises NotFound.
        """
        run = await self._parts.runs.get(run_id)
        if not self._sees(run.principal):
            message = f"there is no run {run_id!r}"
            raise NotFound(message, run_id=run_id)
        return run

    async def runs(
        self, *, status: str | None = None, before: datetime | tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[RunRow]:
        """List the holder's runs, the latest first; whoever may act for everybody sees all.

        `before` leaves out what started then or later; given as the start and the id of the last run of a page, it
        begins right behind that run, which may have started at the same moment as the next.
        """
        principal = None if self.grant.whole else self.principal
        place = (before, "") if isinstance(before, datetime) else before
        return await self._parts.runs.listed(principal, status, place, min(limit, _MOST))

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run and wait until its capabilities have ended; False when it had ended before. Raises NotFound."""
        await self.found(run_id)
        return await self._parts.runs.cancel(run_id)

    # -- what runs ask people -----------------------------------------------------------------------------------------

    async def approvals(self) -> list[Question]:
        """List what runs wait for a person to say, and this holder may answer, the oldest first.

        They are one's own runs and those of one's delegates; whoever holds all authority sees all.
        """
        return await self._answering().open()

    async def approve(self, run_id: str, digest: str) -> None:
        """Agree to the one call that a question of a run names; it is made at once, and this yes is used up.

        Raises NotFound, Conflict when it is not asked (any more) or has expired, and NotAllowed for whoever could not
        make that call without being asked.
        """
        await self._answering().answer(run_id, digest, "approve")

    async def refuse(self, run_id: str, digest: str, reason: str = "") -> None:
        """Refuse the call that a question of a run names.

        Its step fails with `approval_refused`. Raises as `approve`.
        """
        await self._answering().answer(run_id, digest, "refuse", reason=reason)

    async def answer(
        self,
        run_id: str,
        digest: str,
        verdict: Literal["again", "done", "fail"],
        *,
        output: Json = None,
        reason: str = "",
    ) -> None:
        """Say what became of a call that had begun when its process ended: make it `again`, it is `done`, or `fail`.

        `done` comes with the `output` it gave, as JSON; it is held against the capability's promise. Raises as
        `approve`, and InvalidInput for an output that does not keep the promise.
        """
        await self._answering().answer(run_id, digest, verdict, output=output, reason=reason)

    def _answering(self) -> Answering:
        return Answering(self._parts.engine, self._parts.runs, self.context)

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
        `subscribe` follows an actor. On `actors` and `actors/<type>` ActorChanged tells live what becomes of actors:
        awake, asleep, restarted, stopped. Raises NotFound and NotAllowed.
        """
        if topic.startswith("run/"):
            await self.found(topic.removeprefix("run/"))
        elif not self.grant.whole:
            message = f"{self.principal!r} may not follow the topic {topic!r}"
            raise NotAllowed(message, principal=self.principal, topic=topic)
        with self._parts.engine.lifecycle.following(topic):
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
        return self.context.sees(principal)


def _ids(part: object) -> list[str]:
    if isinstance(part, Declaration):
        return [part.id]
    if isinstance(part, type) and issubclass(part, Actor):
        return cast("type[Actor[Any]]", part).capability_ids()
    return [str(cast("object", part))]
