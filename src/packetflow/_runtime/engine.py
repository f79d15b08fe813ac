"""The one door: every call from anywhere is decided, checked, bounded and recorded here."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from pydantic_core import to_jsonable_python

from packetflow._core.actor import Actor
from packetflow._core.capability import Declaration, reading_of
from packetflow._core.context import new_id
from packetflow._core.errors import (
    CallCancelled,
    CapabilityFailed,
    ConfirmationRequired,
    DeclarationError,
    InvalidInput,
    NotAllowed,
    PacketFlowError,
    Problem,
    UnknownCapability,
)
from packetflow._core.event import Stored
from packetflow._core.flow import Flow
from packetflow._core.meter import Meter
from packetflow._core.policy import Decision, decide, unconditional
from packetflow._core.run import StepProgressed
from packetflow._runtime.activation import Activations
from packetflow._runtime.address import Address
from packetflow._runtime.attempts import Attempts
from packetflow._runtime.cache import ResultCache
from packetflow._runtime.failure import ENDS, ends
from packetflow._runtime.functions import Functions
from packetflow._runtime.keys import KEY_LIMIT, addressable
from packetflow._runtime.letters import DurableLine, Letters
from packetflow._runtime.lifecycle import Lifecycle
from packetflow._runtime.line import Line
from packetflow._runtime.post import Post
from packetflow._runtime.records import audited, called
from packetflow._runtime.result import Result
from packetflow._runtime.transaction import SetsOff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
    from datetime import datetime

    from packetflow._core.capability import ActorCapability
    from packetflow._core.context import Context
    from packetflow._core.ports import Clock, Fabric, Letter, Store
    from packetflow._core.ref import Message, Ref
    from packetflow._core.registry import Registry
    from packetflow._runtime.records import Records
    from packetflow._runtime.telemetry import Telemetry
    from packetflow._runtime.timer import Timer

A = TypeVar("A")
R = TypeVar("R")

_PAGE = 500
_NO_ATTRIBUTES: Final[dict[str, str]] = {}


class Engine:
    """Decides, validates, delivers and records calls; holds no lock and queues nothing."""

    def __init__(self, registry: Registry, ports: tuple[Store, Fabric, Clock], timer: Timer, records: Records) -> None:
        """Serve the capabilities of `registry` and the actors of its classes."""
        self.registry = registry
        self._store, self._fabric, self._clock = ports
        self.records = records
        self.telemetry: Telemetry = records.telemetry
        self.attempts = Attempts(self._clock, self.telemetry)
        self._functions = Functions(self)
        self.flows: Callable[[Flow[..., Any], Mapping[str, object], Context], Awaitable[Result]] = _no_flows
        """Runs a flow that is called directly, each time as a run of its own."""
        self._caches = {
            declared.id: ResultCache(declared, declared.options.cache, self._clock.now)
            for declared in registry.values()
            if declared.options.cache is not None
        }
        timer.listen(self.telemetry.look)
        self.spending: dict[str, Callable[[str, int, int], None]] = {}
        """Who counts what a run spends, by the run's id: told the step, tokens, and millionths of money."""
        self.used: dict[str, set[str]] = {}
        """The confirmations that a run under way has used up, by its id."""
        self.lifecycle = Lifecycle(self._fabric, self._clock)
        """Tells who listens what happens to actors."""
        self.tables = {name: Activations(kind, ports, timer, self.lifecycle) for name, kind in registry.actors.items()}
        self.post = Post(registry, self.tables, ports, self)
        """Delivers letters."""
        self.letters = Letters(registry, self._store, self._clock, self.post)

    def set_off(self, triggers: Triggers) -> None:
        """Let the events of durable actors set off what these say."""
        self.post.flows = triggers.start
        for table in self.tables.values():
            table.transactions.triggers = triggers

    def now(self) -> datetime:
        """Give the present moment by the app's clock."""
        return self._clock.now()

    @property
    def threads(self) -> int:
        """How many functions run in a thread now."""
        return self._functions.threads

    async def close(self) -> None:
        """End the executions that callers share, then stop every actor."""
        for cache in self._caches.values():
            await cache.close()
        for table in self.tables.values():
            await table.close()

    # -- the door, for inputs by name ---------------------------------------------------------------------------------

    async def call(self, capability: object, inputs: Mapping[str, object], context: Context) -> Any:  # noqa: ANN401
        """Call a capability (declaration or id) with inputs by name and give its typed output."""
        return (await self.perform(capability, inputs, context)).value

    async def perform(self, capability: object, inputs: Mapping[str, object], context: Context) -> Result:
        """Call a capability and give its output typed and as JSON.

        Raises UnknownCapability, InvalidInput, NotAllowed, ConfirmationRequired, DeadlineExceeded, CircuitOpen,
        CapabilityFailed (the cause chained), ContractBroken, or whatever CallError the capability itself refuses with.
        Cancelling cancels the capability and waits for its end; a `def` function in its thread cannot be stopped, its
        result is dropped; an execution that others wait for, too, goes on. A capability that was cancelled by something
        else than its caller is CallCancelled. KeyboardInterrupt and SystemExit pass as they are.
        """
        declared = self._find(capability, context)
        started, at, meter = perf_counter(), self._clock.now(), Meter()
        telemetry = self.telemetry
        attributes = _attributes(declared, context) if telemetry.traced else _NO_ATTRIBUTES
        code, cache_hit = None, False
        with telemetry.span(f"capability {declared.id}", context.trace_id, attributes):
            try:
                result = await self._perform(declared, inputs, context, meter, at)
                cache_hit = result.cache_hit
            except BaseException as error:
                code = _code(error)
                raise
            else:
                return result
            finally:
                seconds = perf_counter() - started
                telemetry.count(declared.id, code or "ok", seconds)
                self.records.call(partial(called, declared.id, context, at, seconds, code, cache_hit, meter))

    async def _perform(
        self, declared: Declaration, inputs: Mapping[str, object], context: Context, meter: Meter, at: datetime
    ) -> Result:
        context = context.named("call", declared.id, inputs)
        if isinstance(declared, Flow):
            return await self.flows(cast("Flow[..., Any]", declared), inputs, context)
        rest = dict(inputs)
        key: str | None = None
        if declared.owner is not None:
            key = _key(declared.owner, rest.pop(declared.owner.actor_type.key, None))
        arguments = declared.input.check(rest)
        shown: dict[str, Any] = to_jsonable_python(arguments)
        if declared.owner is not None:
            shown[declared.owner.actor_type.key] = key
        decision = self._decide(declared, shown, context, at)
        if context.confirmed or context.approved:  # a person's yes is for this call, and for none that it makes
            context = replace(context, confirmed=context.confirmed - {decision.digest}, approved=frozenset[str]())
        if declared.options.cache is None:
            return await self._repeated(declared, key, arguments, meter, context)
        cache = self._caches[declared.id]
        try:
            name = cache.key(shown, context)
        except Exception as error:
            raise _failed(declared, error) from error
        result = await cache.get(name, context, partial(self._repeated, declared, key, arguments, meter))
        if result.cache_hit:
            self.telemetry.cache_hits[declared.id] += 1
        return result

    def _repeated(
        self, declared: Declaration, key: str | None, arguments: dict[str, Any], meter: Meter, context: Context
    ) -> Coroutine[Any, Any, Result]:
        """Call once, or as often as `retry` says: every attempt with the same message id and arguments of its own."""
        retry = declared.options.retry
        if retry is None:
            return self._once(declared, key, arguments, meter, context)
        if context.message_id is None and declared.owner is not None:
            context = replace(context, message_id=new_id())

        def once() -> Awaitable[Result]:
            return self._once(declared, key, deepcopy(arguments), meter, context)

        return self.attempts.make(declared, retry, context, once)

    async def _once(
        self, declared: Declaration, key: str | None, arguments: dict[str, Any], meter: Meter, context: Context
    ) -> Result:
        try:
            if key is None:
                value = await self._functions.run(declared, arguments, context, meter)
            else:
                value = await self._send(declared, key, arguments, meter, context)
        except PacketFlowError:
            raise
        except ENDS as error:
            if not isinstance(error, asyncio.CancelledError) or _being_cancelled():
                raise
            message = f"what {declared.id!r} waited for was cancelled"
            raise CallCancelled(message, capability_id=declared.id) from error
        except BaseException as error:
            if ends(error):
                raise
            raise _failed(declared, error) from error
        checked = declared.output.check(value)
        return Result(checked, declared.output.as_json(checked))

    def _find(self, capability: object, context: Context) -> Declaration:
        name = capability.id if isinstance(capability, Declaration) else str(capability)
        declared = self.registry.get(name)
        if declared is not None and declared.open_to(context.grant):
            return declared
        if declared is not None:
            self.audit(Decision("deny", "not granted", ""), declared.id, context)
        self.registry.view(context.grant).need(name)
        raise UnknownCapability(f"there is no capability {name!r} you may use", capability_id=name)

    def _decide(
        self,
        declared: Declaration,
        shown: Mapping[str, object],
        context: Context,
        at: datetime,
        *,
        foreign: bool = False,
    ) -> Decision:
        """Decide a call and audit it; raises what it was refused with. `foreign` arguments have never been JSON."""
        context = self.unused(context)
        try:
            decision = decide(declared, shown, context, at)
            _ = foreign and decision.digest
        except UnicodeEncodeError as error:
            message = f"the input of {declared.id!r} holds half a character and cannot be sent"
            raise InvalidInput(message, [Problem("not_json", str(error))], capability_id=declared.id) from error
        self._audit(decision, declared.id, context, at)
        if decision.verdict == "deny":
            message = f"{context.principal!r} may not call {declared.id!r}: {decision.reason}"
            raise NotAllowed(message, capability_id=declared.id, principal=context.principal)
        if decision.verdict == "confirm":
            other = context.grant.reach(declared.id, declared.effect)[2] == "other"
            how = (
                "only a run can wait for that" if other else f"confirm {decision.digest} to let exactly this call pass"
            )
            message = f"{decision.reason}; {how}"
            raise ConfirmationRequired(
                message, capability_id=declared.id, digest=decision.digest, arguments=cast("Any", dict(shown))
            )
        if context.confirmed and context.run_id in self.used and decision.digest in context.confirmed:
            self.used[context.run_id].add(decision.digest)
        return decision

    def unused(self, context: Context) -> Context:
        """Give the context without the confirmations that its run has used up: each holds once."""
        used = self.used.get(context.run_id or "") if context.confirmed else None
        return replace(context, confirmed=context.confirmed - used) if used else context

    def permit(self, declared: Declaration, shown: Mapping[str, object], context: Context) -> None:
        """Decide and audit a call that is not made here; raises NotAllowed, ConfirmationRequired or InvalidInput.

        `shown` are its arguments in JSON form, the actor's key included.
        """
        self._decide(declared, shown, context, self._clock.now())

    def audit(self, decision: Decision, capability_id: str, context: Context) -> None:
        """Keep a decision; its record is made soon after."""
        self._audit(decision, capability_id, context, self._clock.now())

    def _audit(self, decision: Decision, capability_id: str, context: Context, at: datetime) -> None:
        self.telemetry.decisions[decision.verdict] += 1
        self.records.audit(partial(audited, decision, capability_id, context, at))

    async def _send(
        self, declared: Declaration, key: str, arguments: dict[str, Any], meter: Meter, context: Context
    ) -> Any:  # noqa: ANN401 - typed by the message
        message = cast("ActorCapability[Any, ..., Any]", declared)
        table = self.tables[cast("type[Actor[Any]]", message.owner).actor_type.name]
        with self.telemetry.span(f"actor {table.declared.name}", context.trace_id, _NO_ATTRIBUTES):
            return await table.ask(key, message, (), arguments, context.within(self, meter, context.deadline))

    def spend(self, context: Context, tokens: int, cost_micros: int) -> None:
        """Count what a call spent; a typed message to an actor spends in the name of the call it was sent in."""
        if context.meter is not None:
            context.meter.add(tokens, cost_micros)
        if (spent := self.spending.get(context.run_id or "")) is not None:
            spent(context.step or "", tokens, cost_micros)

    # -- the door, for typed messages ---------------------------------------------------------------------------------

    def ref(self, kind: type[A], key: str, context: Context) -> Ref[A]:
        """Address an actor under a context's authority."""
        return self.address(self.line(kind, context), key)

    def address(self, line: Line, key: str) -> Ref[Any]:
        """Address an actor of a line's class; raises InvalidInput for a key that cannot be."""
        return Address(line, _key(line.table.kind, key))

    def line(self, kind: type[object], context: Context) -> Line:
        """Give the delivery to the actors of one class under one context."""
        table = self.tables.get(kind.actor_type.name) if issubclass(kind, Actor) else None
        if table is None or table.kind is not kind:
            message = f"{kind.__name__} is no actor of this app; pass it to App(...)"
            raise DeclarationError(message)
        delivery = DurableLine if table.declared.durability == "durable" else Line
        return delivery(self, table, context if context.door is self else replace(context, door=self))

    def admit(
        self, line: Line, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        """Decide a typed message; a decision that cannot change is remembered by the line, and audited once."""
        declared = cast("ActorCapability[Any, ..., Any]", message)
        if declared.owner is None or self.registry.get(declared.id) is not declared:
            problem = f"{declared.id!r} is no message of this app's {line.table.declared.name!r}"
            raise DeclarationError(problem)
        defaults = {p.name: p.default for p in declared.parameters if p.default is not p.empty}
        given = {**defaults, **declared.named_arguments(args, kwargs)}
        arguments: dict[str, Any] = to_jsonable_python(given, fallback=repr)
        shown = {**arguments, declared.owner.actor_type.key: key}
        self._decide(declared, shown, line.context, self._clock.now(), foreign=True)
        if unconditional(declared, line.context) and not self.telemetry.traced and declared.options.retry is None:
            line.allowed.add(message)

    async def repeated(
        self, message: Message[Any, ..., Any], context: Context, once: Callable[[Context], Awaitable[R]]
    ) -> R:
        """Send a typed message once, or as often as its `retry` says, every time with the same message id."""
        declared = cast("ActorCapability[Any, ..., Any]", message)
        retry = declared.options.retry
        if retry is None:
            return await once(context)
        named = context if context.message_id is not None else replace(context, message_id=new_id())
        return await self.attempts.make(declared, retry, named, lambda: once(named))

    async def readable(self, kind: type[object], key: str, context: Context) -> bool:
        """Whether the caller may follow an actor: its grant names a read of it, and the actor agrees."""
        line = self.line(kind, context)
        owner = line.table.kind
        key = _key(owner, key)
        shown = {owner.actor_type.key: key}
        reads = [one for one in self.registry.values() if one.owner is owner and one.effect == "read"]
        if not any(decide(one, shown, line.context, self._clock.now()).verdict == "allow" for one in reads):
            return False
        return bool(await line.table.ask(key, reading_of(owner), (), {}, line.context))

    async def saved(self, kind: type[object], context: Context) -> AsyncIterator[tuple[str, Any]]:
        """Read the committed states of all actors of a class, by key."""
        table = self.line(kind, context).table
        reads = [m for m in self.registry.values() if m.owner is kind and m.effect == "read"]
        if not any(unconditional(m, context) for m in reads):
            message = f"{context.principal!r} may not read every {table.declared.name!r}"
            raise NotAllowed(message, principal=context.principal)
        after = (table.declared.name, "")
        while page := await self._store.saved(table.declared.name, after=after, limit=_PAGE):
            for saved in page:
                if saved.state is not None:
                    yield saved.key, table.declared.read(saved.state, saved.version)
            after = (table.declared.name, page[-1].key)
            if len(page) < _PAGE:
                return

    def report(self, context: Context, done: float, total: float | None, note: str) -> None:
        """Publish how far a step of a run is; nothing is stored."""
        if context.run_id is not None and context.step is not None:
            self.progress(
                StepProgressed(run_id=context.run_id, node=context.step, done=done, total=total, note=note), context
            )

    def progress(self, event: StepProgressed, context: Context) -> None:
        """Publish a progress event on its run's topic."""
        payload = event.model_dump_json().encode()
        stored = Stored(
            f"run/{event.run_id}",
            0,
            new_id(),
            "StepProgressed",
            self._clock.now(),
            context.principal,
            context.trace_id,
            payload,
        )
        self._fabric.publish([stored])


def _key(owner: type[Actor[Any]], key: object) -> str:
    """Check the key of an actor; raises InvalidInput."""
    field = owner.actor_type.key
    if isinstance(key, str) and addressable(key):
        return key
    missing = key is None or key == ""
    wrong = "is missing" if missing else f"must be a text of at most {KEY_LIMIT} characters without control characters"
    message = f"the key {field!r} of {owner.actor_type.name!r} {wrong}"
    raise InvalidInput(message, [Problem("missing" if missing else "wrong_value", wrong, (field,))])


def _attributes(declared: Declaration, context: Context) -> dict[str, str]:
    attributes = {"packetflow.capability": declared.id, "packetflow.principal": context.principal}
    if context.run_id is not None:
        attributes |= {"packetflow.run": context.run_id, "packetflow.step": context.step or ""}
    return attributes


def _failed(declared: Declaration, error: BaseException) -> CapabilityFailed:
    message = f"{declared.id!r} failed: {type(error).__name__}: {error}"
    return CapabilityFailed(message, capability_id=declared.id)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _code(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return error.code if isinstance(error, PacketFlowError) else "error"


class Triggers(SetsOff, Protocol):
    """What events set off: the letters, and what becomes of those that are for no actor."""

    async def start(self, letter: Letter, context: Context) -> None:
        """Begin what a letter stands for, once for each occurrence of it."""
        ...


async def _no_flows(flow: Flow[..., Any], inputs: Mapping[str, object], context: Context) -> Result:
    del inputs, context
    message = f"flow {flow.id!r} can be called only in a running app"
    raise DeclarationError(message)
