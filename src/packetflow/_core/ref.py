"""The location-transparent address of an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

from packetflow._core.reminder import check_name, rule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping
    from datetime import datetime, timedelta

    from packetflow._core.reminder import ReminderInfo, Rule

A = TypeVar("A")
A_contra = TypeVar("A_contra", contravariant=True)
P = ParamSpec("P")
R = TypeVar("R")


class Message(Generic[A_contra, P, R]):
    """What an actor of class `A` can be asked with parameters `P`, answering `R`. `ActorCapability` is the only one."""

    __slots__ = ()

    def rebound(self, owner: type[Any]) -> Message[Any, P, R]:
        """Give the same message for a subclass of its actor."""
        raise NotImplementedError


class Mail(Protocol):
    """Delivery to the actors of one class under one caller's authority; the runtime implements it."""

    def ask(
        self, key: str, message: Message[Any, ..., R], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Awaitable[R]:
        """Deliver and wait for the reply."""
        ...

    def tell(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> Awaitable[None]:
        """Deliver; done once the message is in the mailbox, or for a durable actor in the store."""
        ...

    def stream(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> AsyncIterator[Any]:
        """Deliver and give the partial outputs as they come."""
        ...

    def now(self) -> datetime:
        """Give the present moment by the app's clock, UTC."""
        ...

    def remind(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], when: Rule, /
    ) -> Awaitable[None]:
        """Deliver when its moment comes; done once it is in the store, or in the outbox of the message in hand."""
        ...

    async def forget_reminder(self, key: str, name: str, /) -> bool:
        """Let a reminder not come; False when there is none of that name."""
        ...

    async def reminders(self, key: str, /) -> list[ReminderInfo]:
        """List the reminders that wait for their moment, the next one first."""
        ...


class Ref(Generic[A]):
    """The address of one actor under one caller's authority.

    Cheap to make and to keep; it does not tell whether the actor is awake, and stays good when it sleeps or moves.
    """

    __slots__ = ("_mail", "key")

    def __init__(self, mail: Mail, key: str) -> None:
        """Bind a key to the delivery of its class."""
        self._mail = mail
        self.key = key

    def ask(self, message: Message[A, P, R], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        """Send a message and wait for its reply, typed.

        Messages of one caller to one actor are handled in the order they were sent. Cancelling the wait cancels the
        handler if it is already running, and its effects are rolled back; a message still in the mailbox is dropped.

        Raises NotAllowed, Overloaded (mailbox full), CallCycle (the actor waits for this very call), DeadlineExceeded,
        ActorStopped, or CapabilityFailed with the handler's exception as `__cause__`.
        """
        return self._mail.ask(self.key, message, args, kwargs)

    def tell(self, message: Message[A, P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[None]:
        """Send a message and do not wait for its reply.

        To a durable actor, unless the message only reads: it is in the store when this returns, survives the death of
        the process, is delivered at least once and takes effect once; one that keeps failing becomes a dead letter.
        Told by the handler of an actor that is saved, it leaves with the commit of the message in hand, or not at all.
        To any other actor: it is in the mailbox when this returns, and ends with the process; a failure of its handler
        is counted and logged, and reaches nobody.

        Raises NotAllowed, Overloaded and, to a durable actor, InvalidInput.
        """
        return self._mail.tell(self.key, message, args, kwargs)

    def stream(self, message: Message[A, P, list[R]], /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
        """Send a message whose handler is an async generator and receive its partial outputs as they come."""
        return self._mail.stream(self.key, message, args, kwargs)

    def remind(
        self,
        *,
        at: datetime | None = None,
        after: timedelta | None = None,
        every: timedelta | None = None,
        cron: str | None = None,
        name: str | None = None,
        tz: str | None = None,
    ) -> Reminder[A]:
        """Say when a message shall be told; `.tell(...)` on what this gives says which.

        `at` (with a time zone) or `after` come once; with `every` again from there, at fixed distances; `every` alone
        begins one interval from now. `cron` has five fields, or six beginning with the second, in the zone `tz` (an
        IANA name, UTC unless given). A reminder with a `name` takes the place of the actor's earlier one of that name.

        It survives restarts. Of occurrences that were missed while nothing ran, one comes, late, for them all.
        Raises InvalidInput for a rule that cannot be.
        """
        when = rule(self._mail.now(), at=at, after=after, every=every, cron=cron, name=name, tz=tz)
        return Reminder(self._mail, self.key, when)

    def forget_reminder(self, name: str) -> Awaitable[bool]:
        """Let the actor's reminder of that name not come; False when there is none.

        One whose message is in hand already is undone, unless it was committed before. Raises NotAllowed unless it is
        one's own, or one may send the message that it would tell.
        """
        return self._mail.forget_reminder(self.key, check_name(name))

    def reminders(self) -> Awaitable[list[ReminderInfo]]:
        """List the actor's reminders, the next one first: one's own, and those whose message one may send."""
        return self._mail.reminders(self.key)

    def __repr__(self) -> str:
        """Show the address, not the authority."""
        return f"Ref({self._mail!r}, {self.key!r})"


class Reminder(Generic[A]):
    """A moment, or a rule of moments, for a message to one actor."""

    __slots__ = ("_key", "_mail", "when")

    def __init__(self, mail: Mail, key: str, when: Rule) -> None:
        """Bind a rule to an address."""
        self._mail, self._key, self.when = mail, key, when

    def tell(self, message: Message[A, P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[None]:
        """Keep a message until its moment, then tell it; it is in the store when this returns.

        Made by the handler of an actor that is saved, it is kept with the commit of the message in hand, or not at all;
        awaiting it is not needed then. Raises NotAllowed, InvalidInput and Overloaded.
        """
        return self._mail.remind(self._key, message, args, kwargs, self.when)
