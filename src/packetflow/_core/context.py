"""One call's circumstances: who calls, by which authority, under which trace, until when."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from packetflow._core.errors import DeclarationError
from packetflow._core.grant import Grant
from packetflow._core.meter import Meter, micros
from packetflow._core.names import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from decimal import Decimal

    from packetflow._core.letter import Letter
    from packetflow._core.outbox import Outbox
    from packetflow._core.ref import Ref

A = TypeVar("A")


class Door(Protocol):
    """The one door, seen from inside a call; the engine implements it."""

    def call(self, capability: object, inputs: Mapping[str, object], context: Context) -> Awaitable[Any]:
        """Call another capability under the same authority, trace and deadline."""
        ...

    def ref(self, kind: type[A], key: str, context: Context) -> Ref[A]:
        """Address an actor under the same authority, trace and deadline."""
        ...

    def saved(self, kind: type[object], context: Context) -> AsyncIterator[tuple[str, Any]]:
        """Read the committed states of all actors of a class, by key."""
        ...

    def now(self) -> datetime:
        """Give the present moment by the app's clock, UTC."""
        ...

    def report(self, context: Context, done: float, total: float | None, note: str) -> None:
        """Tell whoever follows the call how far it is."""
        ...

    def spend(self, context: Context, tokens: int, cost_micros: int) -> None:
        """Count what a call spent."""
        ...


_ids: Final = random.Random(os.urandom(32))  # noqa: S311 - ids are unique, never secret, and made several times a call
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _ids.seed(os.urandom(32)))


def new_id() -> str:
    """Make a 128-bit random id, 32 hex digits, as W3C trace ids are; unique, but no secret: it can be guessed."""
    return f"{_ids.getrandbits(128):032x}"


@dataclass(frozen=True, slots=True)
class Context:
    """What a capability knows of its call; injected where a first parameter is annotated with it.

    It never tells who asks (a person, a plan, a model): only under which principal and authority.
    """

    principal: str
    grant: Grant
    trace_id: str = field(default_factory=new_id)
    message_id: str | None = None
    """Names the message for good: the same id to the same actor, or for the same flow, gives the first reply again.

    It is for this one call. What a function calls in turn gets an id of its own, made of this one, the capability, the
    actor's key, the arguments, and how often the execution has made that same call: a function that is repeated under
    its id repeats its calls under theirs, in whatever order, and two calls within it are two. In the function's own
    context it is None, and so it is in that of a message handler, whose calls are named by nobody.
    """
    deadline: float | None = None
    """When the caller stops waiting, on the event loop's clock, seconds. None: the default of what is called."""
    run_id: str | None = None
    step: str | None = None
    confirmed: frozenset[str] = frozenset()
    """Digests of the calls that the caller has confirmed; they meet no caveat that wants somebody else's yes."""
    chain: tuple[str, ...] = ()
    """Topics of the actors that wait for this call, outermost first; asking one of them again would wait for ever."""
    sink: Callable[[object], Awaitable[None]] | None = field(default=None, repr=False)
    """Takes the partial outputs of a streaming capability as they come; waits when its reader is slow."""
    door: Door | None = field(default=None, repr=False)
    meter: Meter | None = field(default=None, repr=False, compare=False)
    """Counts what the call in hand spends."""
    outbox: Outbox | None = field(default=None, repr=False, compare=False)
    """Takes what the message in hand tells others, until that is committed."""
    letter: Letter | None = field(default=None, repr=False, compare=False)
    """What the message in hand came in, when that is kept in the store until it is done."""
    depth: int = field(default=0, repr=False)
    """How many events led to it, one setting off the next."""
    approved: frozenset[str] = frozenset()
    """Digests of the calls that somebody who may has approved, as the run in hand knows: for this one call."""
    names: Names | None = field(default=None, repr=False, compare=False)
    """Names the calls made with this context, when it is that of a function which was called with a message id."""

    def inside(self, topic: str, outbox: Outbox | None = None) -> Context:
        """Give the context that a message handler of the actor with this topic passes on."""
        return Context(
            self.principal,
            self.grant,
            self.trace_id,
            None,
            self.deadline,
            self.run_id,
            self.step,
            self.confirmed,
            (*self.chain, topic),
            None,
            self.door,
            self.meter,
            outbox,
            None,
            self.depth,
        )

    def within(self, door: Door, meter: Meter, deadline: float | None) -> Context:
        """Give the context that a message is sent with: the same but for these three."""
        return self._made(door, meter, deadline, self.message_id, None)

    def within_function(self, door: Door, meter: Meter, deadline: float | None) -> Context:
        """Give the context that a function is called with: its message id is not that of what it calls."""
        return self._made(door, meter, deadline, None, None if self.message_id is None else Names(self.message_id))

    def named(self, *call: object) -> Context:
        """Give the context of one call made with this one: with an id of its own, if there is one to be made."""
        if self.names is None:
            return self
        return replace(self, message_id=self.names.following(*call), names=None)

    def _made(
        self, door: Door, meter: Meter, deadline: float | None, message_id: str | None, names: Names | None
    ) -> Context:
        return Context(
            self.principal,
            self.grant,
            self.trace_id,
            message_id,
            deadline,
            self.run_id,
            self.step,
            self.confirmed,
            self.chain,
            self.sink,
            door,
            meter,
            self.outbox,
            self.letter,
            self.depth,
            names=names,
        )

    async def call(self, capability: object, /, **inputs: object) -> Any:  # noqa: ANN401 - the capability's own output
        """Call another capability (by declaration or id) under this call's authority, trace and deadline."""
        return await self._through().call(capability, inputs, self)

    def actor(self, kind: type[A], key: str) -> Ref[A]:
        """Address an actor under this call's authority, trace and deadline."""
        return self._through().ref(kind, key, self)

    def saved(self, kind: type[object]) -> AsyncIterator[tuple[str, Any]]:
        """Read the last committed state of every durable actor of `kind` as `(key, state)`, ordered by key.

        Needs the right to use one of the actor's `read` capabilities on any key; raises NotAllowed otherwise.
        """
        return self._through().saved(kind, self)

    def now(self) -> datetime:
        """Give the present moment by the app's clock, UTC; outside of an app the machine's."""
        return self.door.now() if self.door is not None else datetime.now(UTC)

    def report(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far a long call is: `done` of `total` (or a fraction of 1), and in words; costs nothing unheard."""
        if self.door is not None:
            self.door.report(self, done, total, note)

    def spend(self, *, tokens: int = 0, cost: Decimal | float = 0) -> None:
        """Tell what this call spent: tokens of a language model, money in the currency the app counts in.

        It is written into the record of the call in hand; outside of an app it is dropped. Raises ValueError for less
        than nothing.
        """
        if tokens < 0:
            message = f"{tokens} tokens cannot be spent"
            raise ValueError(message)
        if self.door is not None:
            self.door.spend(self, tokens, micros(cost))

    def sees(self, principal: str) -> bool:
        """Whether what is done in the name of `principal` is this holder's to see: its own and that of its delegates.

        Whoever holds all authority sees all.
        """
        return self.grant.whole or principal == self.principal or principal.startswith(f"{self.principal}/")

    def acting_for(self, principal: str) -> Context:
        """Give this context in the name of `principal`; raises NotAllowed unless the grant may act for them."""
        grant = self.grant.acting_for(principal)
        return (
            self
            if grant is self.grant and principal == self.principal
            else replace(self, principal=principal, grant=grant)
        )

    def _through(self) -> Door:
        if self.door is None:
            message = "this context belongs to no running app: enter the App and call through its client"
            raise DeclarationError(message)
        return self.door


def bare_context() -> Context:
    """Make the context of a capability that is called directly, as a plain function: no app, no authority."""
    return Context("nobody", Grant.none(), trace_id="0" * 32)
