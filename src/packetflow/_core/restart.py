"""What is done about an actor that crashes, and about its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, TypeAlias, get_args

from packetflow._core.errors import DeclarationError

Course: TypeAlias = Literal["resume", "restart", "stop"]
"""What follows an exception: go on as if the message had been refused, begin again, or take no more messages."""

_NONE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Restart:
    """How an actor goes on after a crash, how often, and when its whole class is stopped.

    More than `times` crashes within `within`, and the actor is stopped for that long: it refuses messages with
    ActorStopped. A stopped actor concerns no other, until more than `actors` different ones of a class are stopped at
    once: then the fault is not theirs, and the class is stopped, for `within` too. After that it is on trial for as
    long: the first of its actors that is stopped stops the class again.
    """

    times: int = 3
    within: timedelta = timedelta(minutes=1)
    backoff: timedelta = _NONE
    """How long an actor waits before its next message after its first crash; twice as long after each further one
    within `within`. Its mailbox is kept. None at all, unless given."""
    longest: timedelta = timedelta(seconds=30)
    """No pause is longer."""
    on: Mapping[type[Exception], Course] = field(default_factory=dict[type[Exception], Course], hash=False)
    """What to do by class of exception; the nearest parent counts.

    `restart`, for a crash unless said otherwise, is counted and begins at the last commit (a `volatile` actor afresh).
    `resume` is not counted: the message is undone as if the actor had refused it, so that a durable actor goes on from
    its last commit, and any other with its state as the handler left it. `stop` stops the actor at once.
    A refusal (CallError) or the failure of something else (StoreError) is no crash, and is meant only by its own class
    or a parent that is an error of PacketFlow's, too.
    """
    actors: int = 100
    """How many actors of a class may be stopped at once before the class is."""

    def verify(self, name: str) -> None:
        """Raise DeclarationError for what cannot be, in the words of the actor class `name`."""
        if self.times < 0 or self.actors < 0 or min(self.within, self.longest) <= _NONE or self.backoff < _NONE:
            message = f"actor {name!r}: restart needs positive times and durations"
            raise DeclarationError(message)
        for kind, course in self.on.items():
            if not (isinstance(kind, type) and issubclass(kind, Exception)) or course not in get_args(Course):  # pyright: ignore[reportUnnecessaryIsInstance] - not everybody checks types
                message = f"actor {name!r}: restart.on maps classes of exceptions to resume, restart or stop"
                raise DeclarationError(message)
