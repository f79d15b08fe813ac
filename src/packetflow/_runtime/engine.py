"""The one door: every call from anywhere is decided, checked, bounded and recorded here."""

from __future__ import annotations

import asyncio
import functools
import unicodedata
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio.to_thread
from pydantic_core import to_jsonable_python

from packetflow._core.actor import Actor
from packetflow._core.capability import ActorCapability, Declaration
from packetflow._core.context import new_id
from packetflow._core.errors import (
    CapabilityFailed,
    ConfirmationRequired,
    DeadlineExceeded,
    DeclarationError,
    InvalidInput,
    NotAllowed,
    PacketFlowError,
    Problem,
    StoreError,
    UnknownCapability,
)
from packetflow._core.policy import AuditRecord, Decision, decide, unconditional
from packetflow._core.ports import CallRecord, NewEvent
from packetflow._core.event import Stored
from packetflow._core.ref import Ref
from packetflow._core.run import StepProgressed
from packetflow._runtime.activation import Activations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping
    from datetime import datetime

    from packetflow._core.context import Context
    from packetflow._core.json import Json
    from packetflow._core.ports import Clock, Fabric, Store
    from packetflow._core.ref import Message
    from packetflow._core.registry import Registry
    from packetflow._runtime.records import Records
    from packetflow._runtime.telemetry import Telemetry
    from packetflow._runtime.timer import Timer

A = TypeVar("A")

KEY_LIMIT = 256
"""Characters in an actor's key, at most."""

_TIMEOUT = 60.0
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gave: the typed value and its JSON form."""

    value: Any
    json: Json


class Engine:
    """Decides, validates, delivers and records calls; holds no lock and queues nothing."""

    def __init__(self, registry: Registry, ports: tuple[Store, Fabric, Clock], timer: Timer, records: Records) -> None:
        """Serve the capabilities of `registry` and the actors of its classes."""
        self.registry = registry
        self._store, self._fabric, self._clock = ports
        self.records = records
        self.telemetry: Telemetry = records.telemetry
        self.tables = {name: Activations(kind, *ports, timer) for name, kind in registry.actors.items()}

    def now(self) -> datetime:
        """The present moment by the app's clock."""
        return self._clock.now()

    async def close(self) -> None:
        """Stop every actor."""
        for table in self.tables.values():
            await table.close()

    # -- the door, for inputs by name -----------------------------------------------------------------------------------

    async def call(self, capability: object, inputs: Mapping[str, object], context: Context) -> Any:  # noqa: ANN401
        """Call a capability (declaration or id) with inputs by name and give its typed output."""
        return (await self.perform(capability, inputs, context)).value

    async def perform(self, capability: object, inputs: Mapping[str, object], context: Context) -> Result:
        """Call a capability and give its output typed and as JSON.

        Raises UnknownCapability, InvalidInput, NotAllowed, ConfirmationRequired, DeadlineExceeded, CapabilityFailed (the
        cause chained), ContractBroken, or whatever CallError the capability itself refuses with. Cancelling cancels the
        capability; a `def` function in its thread cannot be stopped, its result is dropped.
        """
        declared = self._find(capability, context)
        started, at = perf_counter(), self._clock.now()
        error: BaseException | None = None
        attributes = {"packetflow.capability": declared.id, "packetflow.principal": context.principal}
        if context.run_id is not None:
            attributes |= {"packetflow.run": context.run_id, "packetflow.step": context.step or ""}
        with self.telemetry.span(f"capability {declared.id}", context.trace_id, attributes):
            try:
                return await self._perform(declared, inputs, context)
            except BaseException as caught:
                error = caught
                raise
            finally:
                code = _code(error)
                seconds = perf_counter() - started
                self.telemetry.count(declared.id, code or "ok", seconds)
                self.records.call(
                    CallRecord(
                        id=new_id(),
                        at=at,
                        capability_id=declared.id,
                        principal=context.principal,
                        seconds=seconds,
                        outcome="ok" if code is None else "error",
                        error_code=code,
                        trace_id=context.trace_id,
                        run_id=context.run_id,
                        step=context.step,
                    )
                )

    async def _perform(self, declared: Declaration, inputs: Mapping[str, object], context: Context) -> Result:
        rest = dict(inputs)
        key: str | None = None
        if declared.owner is not None:
            key = _key(declared, rest.pop(declared.owner.actor_type.key, None))
        arguments = declared.input.check(rest)
        shown: dict[str, Any] = to_jsonable_python(arguments)
        if declared.owner is not None:
            shown[declared.owner.actor_type.key] = key
        self._decide(declared, shown, context)
        try:
            value = await self._invoke(declared, key, arguments, context)
        except PacketFlowError:
            raise
        except Exception as error:
            message = f"{declared.id!r} failed: {type(error).__name__}: {error}"
            raise CapabilityFailed(message, capability_id=declared.id) from error
        checked = declared.output.check(value)
        return Result(checked, declared.output.as_json(checked))

    def _find(self, capability: object, context: Context) -> Declaration:
        name = capability.id if isinstance(capability, Declaration) else str(capability)
        declared = self.registry.get(name)
        if declared is not None and context.grant.may_name(declared.id, declared.effect):
            return declared
        if declared is not None:
            self.audit(Decision("deny", "not granted", ""), declared.id, context)
        self.registry.view(context.grant).need(name)
        raise UnknownCapability(f"there is no capability {name!r} you may use", capability_id=name)

    def _decide(self, declared: Declaration, shown: Mapping[str, object], context: Context) -> None:
        decision = decide(declared, shown, context, self._clock.now())
        self.audit(decision, declared.id, context)
        if decision.verdict == "deny":
            message = f"{context.principal!r} may not call {declared.id!r}: {decision.reason}"
            raise NotAllowed(message, capability_id=declared.id, principal=context.principal)
        if decision.verdict == "confirm":
            message = f"{decision.reason}; confirm {decision.digest} to let exactly this call pass"
            raise ConfirmationRequired(
                message, capability_id=declared.id, digest=decision.digest, arguments=cast("Any", dict(shown))
            )

    def audit(self, decision: Decision, capability_id: str, context: Context) -> None:
        self.telemetry.decisions[decision.verdict] += 1
        self.records.audit(
            AuditRecord(
                at=self._clock.now(),
                principal=context.principal,
                grant_id=context.grant.id,
                capability_id=capability_id,
                verdict=decision.verdict,
                reason=decision.reason,
                digest=decision.digest,
                trace_id=context.trace_id,
                run_id=context.run_id,
            )
        )

    async def _invoke(self, declared: Declaration, key: str | None, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401
        context = context if context.door is self else replace(context, door=self)
        if isinstance(declared, ActorCapability) and key is not None:
            message = cast("ActorCapability[Any, ..., Any]", declared)
            table = self.tables[declared.owner.actor_type.name]  # pyright: ignore[reportOptionalMemberAccess] - has a key
            with self.telemetry.span(f"actor {table.declared.name}", context.trace_id, {}):
                return await table.ask(key, message, (), arguments, context)
        loop = asyncio.get_running_loop()
        timeout = declared.options.timeout.total_seconds() if declared.options.timeout is not None else _TIMEOUT
        due = loop.time() + timeout
        due = min(due, context.deadline) if context.deadline is not None else due
        try:
            async with asyncio.timeout_at(due) as bound:
                return await self._run(declared, arguments, replace(context, deadline=due))
        except TimeoutError as error:
            if not bound.expired():
                raise
            message = f"{declared.id!r} did not answer within {timeout:g} s"
            raise DeadlineExceeded(message, capability_id=declared.id) from error

    async def _run(self, declared: Declaration, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401
        first = (context,) if declared.takes_context else ()
        if declared.kind == "async":
            return await declared.function(*first, **arguments)
        if declared.kind == "def":
            call = functools.partial(declared.function, *first, **arguments)
            return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        parts: list[Any] = []
        async for part in declared.function(*first, **arguments):
            parts.append(part)
            if context.sink is not None:
                await context.sink(part)
        return parts

    # -- the door, for typed messages -----------------------------------------------------------------------------------

    def ref(self, kind: type[A], key: str, context: Context) -> Ref[A]:
        """Address an actor under a context's authority."""
        return Ref(self.line(cast("type[Actor[Any]]", kind), context), _key(None, key, kind))

    def line(self, kind: type[Actor[Any]], context: Context) -> Line:
        """Give the delivery to the actors of one class under one context."""
        table = self.tables.get(kind.actor_type.name) if issubclass(kind, Actor) else None
        if table is None or table.kind is not kind:
            message = f"{kind.__name__} is no actor of this app; pass it to App(...)"
            raise DeclarationError(message)
        return Line(self, table, context if context.door is self else replace(context, door=self))

    def admit(self, line: Line, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Decide a typed message; a decision that cannot change is remembered by the line, and audited once."""
        declared = cast("ActorCapability[Any, ..., Any]", message)
        if declared.owner is None or self.registry.get(declared.id) is not declared:
            problem = f"{declared.id!r} is no message of this app's {line.table.declared.name!r}"
            raise DeclarationError(problem)
        arguments: dict[str, Any] = to_jsonable_python(declared.named_arguments(args, kwargs), fallback=repr)
        self._decide(declared, {**arguments, declared.owner.actor_type.key: key}, line.context)
        if unconditional(declared, line.context) and not self.telemetry.traced:
            line.allowed.add(message)

    async def saved(self, kind: type[object], context: Context) -> AsyncIterator[tuple[str, Any]]:
        """Read the committed states of all actors of a class, by key."""
        table = self.line(cast("type[Actor[Any]]", kind), context).table
        reads = [m for m in self.registry.values() if m.owner is kind and m.effect == "read"]
        if not any(unconditional(m, context) for m in reads):
            message = f"{context.principal!r} may not read every {table.declared.name!r}"
            raise NotAllowed(message, principal=context.principal)
        after = (table.declared.name, "")
        while page := await self._store.saved(table.declared.name, after=after, limit=_PAGE):
            for saved in page:
                if saved.state is not None:
                    yield saved.key, table.declared.adapter.validate_json(saved.state)
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
            f"run/{event.run_id}", 0, new_id(), "StepProgressed", self._clock.now(), context.principal, context.trace_id, payload
        )
        self._fabric.publish([stored])


class Line:
    """Delivery to the actors of one class under one caller's authority (see `Mail`)."""

    __slots__ = ("_engine", "allowed", "context", "table")

    def __init__(self, engine: Engine, table: Activations, context: Context) -> None:
        """Begin with nothing decided."""
        self._engine, self.table, self.context = engine, table, context
        self.allowed: set[Message[Any, ..., Any]] = set()

    def ask(self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
        """Deliver and wait for the reply."""
        if message in self.allowed:
            return self.table.ask(key, cast("Any", message), args, kwargs, self.context)
        return self._admitted(key, message, args, kwargs)

    async def _admitted(self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401
        self._engine.admit(self, key, message, args, kwargs)
        with self._engine.telemetry.span(f"actor {self.table.declared.name}", self.context.trace_id, {}):
            return await self.table.ask(key, cast("Any", message), args, kwargs, self.context)

    def tell(self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Awaitable[None]:
        """Deliver; the message is in the mailbox when this returns."""
        if message not in self.allowed:
            self._engine.admit(self, key, message, args, kwargs)
        self.table.tell(key, cast("Any", message), args, kwargs, self.context)
        return _DONE

    async def stream(self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Deliver and give the partial outputs as they come; a slow reader slows the handler."""
        if message not in self.allowed:
            self._engine.admit(self, key, message, args, kwargs)
        parts: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue(maxsize=16)
        context = replace(self.context, sink=lambda part: parts.put((part,)))
        asked = asyncio.ensure_future(self.table.ask(key, cast("Any", message), args, kwargs, context))
        async for part in drained(parts, asked):
            yield part

    def __repr__(self) -> str:
        """Show the class of actors."""
        return self.table.declared.name


async def drained(parts: asyncio.Queue[tuple[Any, ...]], asked: asyncio.Future[Any]) -> AsyncIterator[Any]:
    """Give what comes through a queue until the call that fills it ends; closing the iterator cancels the call."""
    asked.add_done_callback(lambda _: parts._put(()))  # noqa: SLF001 - the end must be told to a full queue, too
    try:
        while True:
            if asked.done() and parts.empty():
                break
            getter = asyncio.ensure_future(parts.get())
            await asyncio.wait({getter, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not getter.done():
                getter.cancel()
                continue
            if part := getter.result():
                yield part[0]
        await asked
    finally:
        asked.cancel()


class _Done:
    """Something to await that is done."""

    __slots__ = ()

    def __await__(self) -> Any:  # noqa: ANN401 - an empty generator
        return iter(())


_DONE: Awaitable[None] = _Done()


def _key(declared: Declaration | None, key: object, kind: type[object] | None = None) -> str:
    owner = cast("type[Actor[Any]]", kind or (declared.owner if declared else None))
    field = owner.actor_type.key
    if isinstance(key, str) and 0 < len(key) <= KEY_LIMIT and not any(unicodedata.category(c) == "Cc" for c in key):
        return key
    wrong = "is missing" if key is None or key == "" else f"must be a text of at most {KEY_LIMIT} characters, none of them a control character"
    message = f"the key {field!r} of {owner.actor_type.name!r} {wrong}"
    code = "missing" if key is None or key == "" else "wrong_value"
    raise InvalidInput(message, [Problem(code, wrong, (field,))], capability_id=declared.id if declared else None)


def _code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return error.code if isinstance(error, PacketFlowError) else "error"


