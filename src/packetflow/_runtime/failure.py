"""What the exception of a message's handler is: whose fault, and what its caller is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from packetflow._core.errors import CallCancelled, CapabilityFailed, DeclarationError, InvalidInput, PacketFlowError

if TYPE_CHECKING:
    from types import CodeType

    from packetflow._core.capability import ActorCapability


ENDS: Final = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)
"""What ends whoever runs a handler, too: it is nobody's failure, and is never kept from the event loop."""


def ends(error: BaseException) -> bool:
    """Whether an exception, or one of the group that it is, ends whoever runs a handler."""
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).subgroup(ENDS) is not None
    return isinstance(error, ENDS)


CALLING: Final[set[CodeType]] = set()
"""The code of what calls handlers; who does adds itself."""


def is_crash(error: BaseException) -> bool:
    """Whether an exception that left a handler is the actor's own fault.

    It is not when the actor refused its caller (CallError), when the caller went away, or when what it rests on failed
    (a store, a language model): restarting the actor would mend none of these.
    """
    if isinstance(error, PacketFlowError):
        return isinstance(error, CapabilityFailed | DeclarationError)
    return not isinstance(error, ENDS)


def refusal(message: ActorCapability[Any, ..., Any], error: BaseException) -> BaseException:
    """Give InvalidInput for arguments that do not fit the parameters, any other exception as it is.

    A TypeError is of that kind when it came from the call itself, in one of the `CALLING` functions: the handler was
    never entered, and its actor did no wrong.
    """
    if type(error) is not TypeError:
        return error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code not in CALLING:
        return error
    return InvalidInput(f"{message.id!r}: {error}", capability_id=message.id)


def told(message: ActorCapability[Any, ..., Any], failure: BaseException) -> BaseException:
    """Give what the caller is told: an exception of the handler's own as CapabilityFailed, all else as it is."""
    if isinstance(failure, (PacketFlowError, *ENDS)):
        return failure
    problem = f"{message.id!r} failed: {type(failure).__name__}: {failure}"
    return CapabilityFailed(problem, capability_id=message.id)


def ended(message: ActorCapability[Any, ..., Any], error: BaseException) -> PacketFlowError:
    """Give what a caller elsewhere is told when a handler raised what ends the task it ran in."""
    if isinstance(error, asyncio.CancelledError):
        failure: PacketFlowError = CallCancelled(f"{message.id!r} was cancelled", capability_id=message.id)
    else:
        failure = CapabilityFailed(f"{message.id!r} ended by {type(error).__name__}", capability_id=message.id)
    failure.__cause__ = error
    return failure
