"""The one door: every call from anywhere is decided, checked, bounded and recorded here."""

from __future__ import annotations

import asyncio
import functools
import unicodedata
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
import anyio.to_thread
from pydantic_core import to_jsonable_python

from packetflow._core.actor import Actor
from packetflow._core.capability import Declaration, reading_of
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
    UnknownCapability,
)
from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord, Decision, decide, unconditional
from packetflow._core.ports import CallRecord
from packetflow._core.ref import Ref
from packetflow._core.run import StepProgressed
from packetflow._runtime.activation import Activations
from packetflow._runtime.line import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from packetflow._core.capability import ActorCapability
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
_THREADS = 64
"""Plain functions that run at once; the edges have worker threads of their own."""

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
        self._threads = anyio.CapacityLimiter(_THREADS)
        self.tables = {name: Activations(kind, *ports, timer) for name, kind in registry.actors.items()}

    def now(self) -> datetime:
        """Give the present moment by the app's clock."""
        return self._clock.now()

    async def close(self) -> None:
        """Stop every actor."""
        for table in self.tables.values():
            await table.close()

    # -- the door, for inputs by name ---------------------------------------------------------------------------------

    async def call(self, capability: object, inputs: Mapping[str, object], context: Context) -> Any:  # noqa: ANN401
        """Call a capability (declaration or id) with inputs by name and give its typed output."""
        return (await self.perform(capability, inputs, context)).value

    async def perform(self, capability: object, inputs: Mapping[str, object], context: Context) -> Result:
        """Call a capability and give its output typed and as JSON.

        Raises UnknownCapability, InvalidInput, NotAllowed, ConfirmationRequired, DeadlineExceeded, CapabilityFailed
        (the cause chained), ContractBroken, or whatever CallError the capability itself refuses with. Cancelling
        cancels the capability; a `def` function in its thread cannot be stopped, its result is dropped.
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
            key = _key(declared.owner, rest.pop(declared.owner.actor_type.key, None))
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
        try:
            decision = decide(declared, shown, context, self._clock.now())
        except UnicodeEncodeError as error:
            message = f"the input of {declared.id!r} holds half a character and cannot be sent"
            raise InvalidInput(message, [Problem("not_json", str(error))], capability_id=declared.id) from error
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

    async def _invoke(self, declared: Declaration, key: str | None, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401 - typed by the declaration
        context = context if context.door is self else replace(context, door=self)
        if declared.owner is not None and key is not None:
            table = self.tables[declared.owner.actor_type.name]
            with self.telemetry.span(f"actor {table.declared.name}", context.trace_id, {}):
                message = cast("ActorCapability[Any, ..., Any]", declared)
                return await table.ask(key, message, (), arguments, context)
        timeout = declared.options.timeout.total_seconds() if declared.options.timeout is not None else _TIMEOUT
        due = asyncio.get_running_loop().time() + timeout
        due = min(due, context.deadline) if context.deadline is not None else due
        bound = asyncio.timeout_at(due)
        try:
            async with bound:
                return await self._run(declared, arguments, replace(context, deadline=due))
        except TimeoutError as error:
            if not bound.expired():
                raise
            message = f"{declared.id!r} did not answer in time"
            raise DeadlineExceeded(message, capability_id=declared.id) from error

    async def _run(self, declared: Declaration, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401
        first = (context,) if declared.takes_context else ()
        if declared.kind == "async":
            return await declared.function(*first, **arguments)
        if declared.kind == "def":
            call = functools.partial(declared.function, *first, **arguments)
            return await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._threads)
        parts: list[Any] = []
        async with aclosing(declared.function(*first, **arguments)) as stream:
            async for part in stream:
                parts.append(part)
                if context.sink is not None:
                    await context.sink(part)
        return parts

    # -- the door, for typed messages ---------------------------------------------------------------------------------

    def ref(self, kind: type[A], key: str, context: Context) -> Ref[A]:
        """Address an actor under a context's authority."""
        return self.address(self.line(kind, context), key)

    def address(self, line: Line, key: str) -> Ref[Any]:
        """Address an actor of a line's class; raises InvalidInput for a key that cannot be."""
        return Ref(line, _key(line.table.kind, key))

    def line(self, kind: type[object], context: Context) -> Line:
        """Give the delivery to the actors of one class under one context."""
        table = self.tables.get(kind.actor_type.name) if issubclass(kind, Actor) else None
        if table is None or table.kind is not kind:
            message = f"{kind.__name__} is no actor of this app; pass it to App(...)"
            raise DeclarationError(message)
        return Line(self, table, context if context.door is self else replace(context, door=self))

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
        self._decide(declared, {**arguments, declared.owner.actor_type.key: key}, line.context)
        if unconditional(declared, line.context) and not self.telemetry.traced:
            line.allowed.add(message)

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
    if isinstance(key, str) and 0 < len(key) <= KEY_LIMIT and not any(unicodedata.category(c) == "Cc" for c in key):
        return key
    missing = key is None or key == ""
    wrong = "is missing" if missing else f"must be a text of at most {KEY_LIMIT} characters without control characters"
    message = f"the key {field!r} of {owner.actor_type.name!r} {wrong}"
    raise InvalidInput(message, [Problem("missing" if missing else "wrong_value", wrong, (field,))])


def _code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return error.code if isinstance(error, PacketFlowError) else "error"
