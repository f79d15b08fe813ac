"""One run under way: its record, what it may do and spend, and the questions it waits to have answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.approval import Answer, Question
from packetflow._core.errors import ApprovalExpired, CallCancelled, Conflict, StoreError
from packetflow._core.meter import MICROS
from packetflow._core.run import (
    Failure,
    RunEnding,
    RunWaits,
    StepAnswered,
    StepFailed,
    StepSpent,
    StepStarted,
    StepUncertain,
    StepWaits,
)

if TYPE_CHECKING:
    from packetflow._core.context import Context
    from packetflow._core.event import Event
    from packetflow._core.ports import Clock
    from packetflow._core.run import Run, StepRecord
    from packetflow._runtime.authority import Terms
    from packetflow._runtime.engine import Engine
    from packetflow._runtime.run_journal import RunJournal

_ROUNDS: Final = re.compile(r"(\[\d+\])+$")
_SETTLING: Final = 2000
"""Rounds of the event loop that a resumed run may take to come to its questions; what is recalled waits for nothing."""

_HOPS: Final = 20
"""Rounds of the event loop after which a run in which nothing goes on is known to wait: what ended a step's wait has
reached whatever needs it by then, through as many blocks as a plan may have within each other."""

_BEATS: Final = 10
"""How often a run tells, within the time it may be under way, that it is."""

_STOPPED: Final = Failure(code=CallCancelled.code, message="the step was cancelled before it ended")
CANCELLED: Final = Failure(code=CallCancelled.code, message="the run was cancelled")


@dataclass(eq=False, slots=True)
class Live:
    """What the steps of one run under way share."""

    run: Run[Any]
    engine: Engine
    clock: Clock
    context: Context
    terms: Terms
    journal: RunJournal
    recalls: bool = False
    """Whether the record holds what an earlier life of the run, or the run it continues, has done."""
    stopping: bool = False
    """Whether the app is being left: what is cancelled now goes on at the next start."""
    winding: bool = False
    """Whether no more calls are begun, for the app is about to be left."""
    hands: int = 0
    """Calls under way that cannot be repeated."""
    _free: asyncio.Future[None] | None = None
    closed: bool = False
    """Whether nothing new is started, because it was decided how the run ends."""
    undoing: bool = False
    payer: Live | None = None
    """The run under way whose step called this one: what is spent here is spent there as well."""
    used: set[str] = field(default_factory=set[str])
    """Digests of confirmed calls that were made: a confirmation holds once."""
    task: asyncio.Task[None] | None = None
    active: int = 0
    """Nodes that go on by themselves; those that wait for others or for a person are none."""
    questions: dict[str, tuple[Question, asyncio.Future[Answer]]] = field(
        default_factory=dict[str, "tuple[Question, asyncio.Future[Answer]]"]
    )
    fresh: set[str] = field(default_factory=set[str])
    """Of a run that recalls: the loops and other patterns within which something new has begun in this life."""
    _paused: asyncio.Future[None] | None = None
    _taking: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _pulse: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """Give the present moment by the app's clock."""
        return self.clock.now()

    def tell(self, event: Event) -> None:
        """Take an event of the run."""
        self.journal.tell(event)
        if self.payer is not None and isinstance(event, StepStarted) and event.capability_id is not None:
            self.charge(calls=1)

    def began(self, path: str) -> None:
        """Note that a step began in this life of the run."""
        if self.recalls:
            self.fresh.update(_around(path))

    def known(self, path: str) -> StepRecord | None:
        """Give what an earlier life of the run left of a node; None when nothing is known of it."""
        return self.run.find(path) if self.recalls else None

    def failed(self, path: str, failure: Failure) -> None:
        """Tell that a node failed."""
        self.tell(StepFailed(run_id=self.run.id, node=path, failure=failure, at=self.now()))

    def cancelled(self, path: str) -> None:
        """Tell that a node was cancelled, unless it goes on at the next start."""
        if not self.stopping:
            self.failed(path, _STOPPED)

    # -- how it ends --------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Decide that the run is cancelled, and stop what it does; undoing what it did is not stopped."""
        if self.run.ending is None:
            self.end("cancelled", CANCELLED)
            self._stop()

    # -- when the app is left -----------------------------------------------------------------------------------------

    async def may_begin(self) -> None:
        """Return when a call may be made; never while the app is being left, until the run is interrupted."""
        if self.winding:
            await asyncio.get_running_loop().create_future()

    @contextmanager
    def in_hand(self) -> Generator[None]:
        """Hold a call that cannot be repeated: leaving the app waits for its end, for a while."""
        self.hands += 1
        try:
            yield
        finally:
            self.hands -= 1
            if not self.hands and self._free is not None and not self._free.done():
                self._free.set_result(None)

    def wind_down(self) -> asyncio.Future[None]:
        """Begin no more calls; the future is done when no call is under way that cannot be repeated."""
        self.winding = True
        self._free = asyncio.get_running_loop().create_future()
        if not self.hands:
            self._free.set_result(None)
        return self._free

    def interrupt(self) -> None:
        """Stop what the run does; it goes on at the next start."""
        self.stopping = True
        self.journal.hurry()
        self._stop()

    def end(self, status: str, failure: Failure) -> None:
        """Decide how the run ends."""
        ending = RunEnding.model_validate(
            {"run_id": self.run.id, "status": status, "failure": failure, "at": self.now()}
        )
        self.tell(ending)

    def _stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    # -- what it may spend --------------------------------------------------------------------------------------------

    def afford(self) -> None:
        """Raise BudgetExceeded unless this run, and whichever called it, may make one more call.

        Undoing is always affordable.
        """
        if self.undoing:
            return
        if self.run.budget.bounded:
            self.run.spent.check(self.run.budget, self.run.seconds(self.now()))
        if self.payer is not None:
            self.payer.afford()

    def seconds_left(self) -> float | None:
        """How much time under way is left; None when that is not bounded."""
        limit = self.run.budget.seconds
        return None if limit is None or self.undoing else limit - self.run.seconds(self.now())

    def beat(self) -> None:
        """Where time under way is bounded, tell every tenth of the bound that the run is: a kill forgets no more."""
        limit, task = self.run.budget.seconds, self.task
        if limit is None or task is None or self._pulse is not None:
            return
        self._pulse = pulse = asyncio.get_running_loop().call_later(limit / _BEATS, self._tell_time)
        task.add_done_callback(lambda _: pulse.cancel())

    def _tell_time(self) -> None:
        self._pulse = None
        at_work = [step.node for step in self.run.steps if step.status == "running" and step.capability_id]
        if at_work and self.run.status == "running" and not self.stopping:
            self.tell(StepSpent(run_id=self.run.id, node=at_work[0], at=self.now()))
            self.beat()

    def spend(self, node: str, tokens: int, cost_micros: int) -> None:
        """Count what a call of a node spent."""
        cost = cost_micros / MICROS
        self.tell(StepSpent(run_id=self.run.id, node=node, tokens=tokens, cost=cost, at=self.now()))
        self.charge(tokens=tokens, cost=cost)

    def charge(self, *, calls: int = 0, tokens: int = 0, cost: float = 0.0) -> None:
        """Have whichever run called this one spend what this one did."""
        payer, place = self.payer, self.terms.payer
        if payer is None or place is None or payer.run.status not in {"running", "waiting"}:
            return
        spent = StepSpent(run_id=payer.run.id, node=place[1], calls=calls, tokens=tokens, cost=cost, at=self.now())
        payer.tell(spent)
        payer.charge(calls=calls, tokens=tokens, cost=cost)

    # -- what it asks -------------------------------------------------------------------------------------------------

    async def ask(self, question: Question, *, told: bool) -> Answer:
        """Wait for a person's answer; a question that was not `told` before is stored first.

        Raises ApprovalExpired when nobody answered in time, StoreError when the question could not be stored.
        """
        if not told:
            kind = StepWaits if question.asks == "approval" else StepUncertain
            self.tell(kind(run_id=self.run.id, node=question.node, question=question, at=self.now()))
            await self.journal.flush()
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.questions[question.digest] = question, answered
        self.rest()
        try:
            await self._answered_or_expired(question, answered)
        finally:
            self.questions.pop(question.digest, None)
            self.go_on()
        return answered.result()

    async def settle(self) -> None:
        """Let a run that was just resumed come to the questions it had asked before."""
        for _ in range(_SETTLING):
            if all(question.digest in self.questions for question in self.run.questions):
                return
            await asyncio.sleep(0)

    async def answer(self, answer: Answer) -> None:
        """Give an answer to the step that waits for it; it is stored when this returns, and taken once.

        Cancelled, it is stored and taken all the same.
        Raises Conflict when the question was answered already or has expired.
        """
        question, answered = self.questions.get(answer.digest, (None, None))
        if question is None or answered is None or answered.done() or self._expired(question):
            message = f"run {self.run.id} does not wait for an answer to {answer.digest!r} (any more)"
            raise Conflict(message, run_id=self.run.id, digest=answer.digest)
        del self.questions[answer.digest]
        self.tell(StepAnswered(run_id=self.run.id, node=question.node, answer=answer, at=self.now()))
        taking = asyncio.get_running_loop().create_task(self._taken(answered, answer))
        self._taking.add(taking)  # it goes on when whoever answers goes away: what is being stored will hold
        taking.add_done_callback(self._taking.discard)
        taking.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(taking)

    async def _taken(self, answered: asyncio.Future[Answer], answer: Answer) -> None:
        try:
            await self.journal.flush()
        except StoreError as error:
            _settle(answered, error)
            raise
        _settle(answered, answer)

    async def _answered_or_expired(self, question: Question, answered: asyncio.Future[Answer]) -> None:
        if question.expires_at is None:
            await asyncio.wait([answered])
            return
        expiring = asyncio.ensure_future(self.clock.wait_until(question.expires_at))
        try:
            await asyncio.wait([answered, expiring], return_when=asyncio.FIRST_COMPLETED)
            if question.digest in self.questions and not answered.done():
                message = f"nobody agreed to {question.capability_id!r} before {question.expires_at.isoformat()}"
                raise ApprovalExpired(message, digest=question.digest, capability_id=question.capability_id)
            await asyncio.wait([answered])  # the answer came in time and is being stored
        finally:
            expiring.cancel()

    def _asks(self) -> bool:
        return any(not self._expired(question) for question, _ in self.questions.values())

    def _expired(self, question: Question) -> bool:
        return question.expires_at is not None and self.now() >= question.expires_at

    # -- whether anything goes on -------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Count one more node that goes on by itself."""
        self.active += 1

    def rest(self) -> None:
        """Count one less; when none is left and a person is asked, the run waits."""
        self.active -= 1
        if self.active == 0 and self.questions:
            asyncio.get_running_loop().call_soon(self._look, _HOPS)

    def _look(self, hops: int) -> None:
        if self.active or not self.questions or self.run.status not in {"running", "waiting"}:
            return
        if hops:
            asyncio.get_running_loop().call_soon(self._look, hops - 1)
            return
        if self.run.status == "running":
            self.tell(RunWaits(run_id=self.run.id, at=self.now()))
        if self._paused is not None and not self._paused.done():
            self._paused.set_result(None)

    async def pause(self) -> None:
        """Return when the run waits for a person or has ended; cancelling the wait changes nothing."""
        if self.task is None or self.task.done() or (self.run.status == "waiting" and self._asks()):
            return
        if self._paused is None or self._paused.done():
            self._paused = asyncio.get_running_loop().create_future()
        await asyncio.wait([self.task, self._paused], return_when=asyncio.FIRST_COMPLETED)


def _settle(answered: asyncio.Future[Answer], outcome: Answer | StoreError) -> None:
    if answered.done():
        return
    if isinstance(outcome, Answer):
        answered.set_result(outcome)
    else:
        answered.set_exception(outcome)


def _around(path: str) -> Iterator[str]:
    """Name the nodes that a node stands in: of `each[2]/try[1]/post` they are `each` and `each[2]/try`."""
    for place, letter in enumerate(path):
        if letter == "/":
            yield _ROUNDS.sub("", path[:place])
