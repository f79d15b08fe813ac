"""The location-transparent address of an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

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
        """Deliver; done once the message is in the mailbox."""
        ...

    def stream(
        self, key: str, message: Message[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], /
    ) -> AsyncIterator[Any]:
        """Deliver and give the partial outputs as they come."""
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
        """Send a message and do not wait for its reply; done once it is in the mailbox.

        A failure of the handler is counted and logged, and reaches nobody. Raises NotAllowed and Overloaded.
        """
        return self._mail.tell(self.key, message, args, kwargs)

    def stream(self, message: Message[A, P, list[R]], /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
        """Send a message whose handler is an async generator and receive its partial outputs as they come."""
        return self._mail.stream(self.key, message, args, kwargs)

    def __repr__(self) -> str:
        """Show the address, not the authority."""
        return f"Ref({self._mail!r}, {self.key!r})"
