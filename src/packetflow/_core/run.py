"""One execution of a plan, told by its events and folded into a record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from packetflow._core.approval import Answer, Question
from packetflow._core.budget import Budget, Spent, Stopwatch
from packetflow._core.event import Event
from packetflow._core.plan import Plan

R = TypeVar("R")

RunStatus: TypeAlias = Literal["running", "waiting", "succeeded", "failed", "cancelled", "interrupted"]
"""`waiting` means that nothing goes on until a person has answered. `interrupted` means that the process ended before
the run did; it goes on when an app is started on its store."""

StepStatus: TypeAlias = Literal[
    "pending", "running", "waiting", "uncertain", "succeeded", "failed", "skipped", "cancelled", "undone"
]
"""`waiting` for a person's yes; `uncertain`: it had begun when the process ended, and a person must say what became of
it; `undone`: it had succeeded, and was taken back when the run did not."""

_OPEN = frozenset({"pending", "running", "waiting", "uncertain"})


class Failure(BaseModel):
    """Why something failed, in the words every edge uses."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    details: dict[str, Any] = Field(default_factory=dict[str, Any])


class RunStarted(Event):
    """A plan was proven and began to run."""

    run_id: str
    plan: Plan[Any]
    principal: str
    intent: str
    trace_id: str
    at: datetime
    budget: Budget = Field(default_factory=Budget)
    continues: str = ""
    """The run whose results this one rests on; empty for a run of its own."""


class RunInterrupted(Event):
    """The app was left while the run was under way; it goes on at the next start."""

    run_id: str
    at: datetime


class RunResumed(Event):
    """The run goes on in another process or at another start of the app."""

    run_id: str
    at: datetime


class RunContinued(Event):
    """Another run does the rest of this one, which had ended."""

    run_id: str
    by: str
    """The other run. It is told before that run's start is stored; one that is nowhere never began."""
    at: datetime


class RunWaits(Event):
    """Nothing of the run goes on until a person has answered."""

    run_id: str
    at: datetime


class RunEnding(Event):
    """It was decided how the run ends; nothing more is started but what undoes finished steps."""

    run_id: str
    status: Literal["failed", "cancelled"]
    failure: Failure
    at: datetime


class StepStarted(Event):
    """A node began; `inputs` are what it was really given."""

    run_id: str
    node: str
    """The node's id; inside a map or reduce with the item's number, such as `each[2]/post`."""
    capability_id: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    at: datetime


class StepSucceeded(Event):
    """A node gave its output."""

    run_id: str
    node: str
    output: Any
    at: datetime


class StepFailed(Event):
    """A node failed."""

    run_id: str
    node: str
    failure: Failure
    at: datetime


class StepSkipped(Event):
    """A node was not started, because something it needs did not succeed."""

    run_id: str
    node: str
    because: str
    at: datetime


class StepWaits(Event):
    """A node wants a person's yes before it begins."""

    run_id: str
    node: str
    question: Question
    at: datetime


class StepUncertain(Event):
    """A node had begun when the process ended, and doing it again might do it twice: a person must say."""

    run_id: str
    node: str
    question: Question
    at: datetime


class StepAnswered(Event):
    """A person answered what a node waited for."""

    run_id: str
    node: str
    answer: Answer
    at: datetime


class StepSpent(Event):
    """A running node told what it spent."""

    run_id: str
    node: str
    tokens: int = 0
    cost: float = 0.0
    calls: int = 0
    """Calls by the steps of a flow that it called, which ran as a run of its own."""
    at: datetime


class StepUndone(Event):
    """A node that had succeeded was taken back."""

    run_id: str
    node: str
    at: datetime


class StepUndoFailed(Event):
    """A node that had succeeded could not be taken back: what it did is kept."""

    run_id: str
    node: str
    failure: Failure
    at: datetime


class StepProgressed(Event):
    """A running node told how far it is. Published, never stored."""

    run_id: str
    node: str
    done: float
    total: float | None = None
    note: str = ""
    partial: Any = None
    """One partial output of a streaming capability."""


class RunFinished(Event):
    """A run ended."""

    run_id: str
    status: RunStatus
    output: Any = None
    failure: Failure | None = None
    at: datetime


class StepRecord(BaseModel):
    """What is known of one node of a run."""

    node: str
    capability_id: str | None = None
    status: StepStatus = "pending"
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    output: Any = None
    failure: Failure | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    because: str = ""
    question: Question | None = None
    """What it waits for a person to say."""
    answer: Answer | None = None
    """What a person said, until the node begins."""
    undo_failure: Failure | None = None
    """Why it could not be taken back."""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it has not ended."""
        return (self.ended_at - self.started_at).total_seconds() if self.started_at and self.ended_at else None


@dataclass(slots=True)
class _Kept:
    """What a record holds beside its fields."""

    typed: Any = None
    places: dict[str, int] = field(default_factory=dict[str, int])
    watch: Stopwatch = field(default_factory=Stopwatch)


class Run(BaseModel, Generic[R]):
    """One execution of a plan: the record, live or from the store."""

    id: str
    status: RunStatus = "running"
    plan: Plan[Any]
    principal: str
    intent: str = ""
    trace_id: str
    started_at: datetime
    ended_at: datetime | None = None
    steps: list[StepRecord] = Field(default_factory=list[StepRecord])
    result: Any = None
    """The plan's output as JSON; None unless the run succeeded."""
    failure: Failure | None = None
    budget: Budget = Field(default_factory=Budget)
    spent: Spent = Field(default_factory=Spent)
    continues: str = ""
    """The run whose results this one rests on."""
    continued: str = Field(default="", exclude=True, repr=False)
    """The latest run that does the rest of this one."""
    ending: RunEnding | None = Field(default=None, exclude=True, repr=False)
    """How it ends, once that is decided while finished steps are being undone."""
    finished: dict[str, int] = Field(default_factory=dict[str, int], exclude=True, repr=False)
    """The nodes that succeeded, with their place in the order of success."""
    _kept: _Kept = PrivateAttr(default_factory=_Kept)

    if not TYPE_CHECKING:

        def __class_getitem__(cls, output: object) -> type[Run[Any]]:
            """Give the same class: the type of the output is known to the type checker only."""
            return cls

    @property
    def succeeded(self) -> bool:
        """Whether every node the output rests on succeeded."""
        return self.status == "succeeded"

    @property
    def output(self) -> R:
        """The plan's output, typed as the step that gave it; raises RuntimeError unless the run succeeded."""
        if not self.succeeded:
            reason = f": {self.failure.message}" if self.failure else ""
            message = f"run {self.id} has no output, it is {self.status}{reason}"
            raise RuntimeError(message)
        typed = self._kept.typed
        return typed if typed is not None else self.result

    def keep(self, value: object) -> None:
        """Hold the output as the typed value it was, where the run ended in this process."""
        self._kept.typed = value

    @property
    def done(self) -> int:
        """How many steps have ended."""
        return sum(step.status not in _OPEN for step in self.steps)

    @property
    def questions(self) -> list[Question]:
        """What its steps wait for a person to say."""
        return [step.question for step in self.steps if step.question is not None]

    def seconds(self, now: datetime) -> float:
        """How long it has been under way: without the time it waited for a person, or the app was down."""
        return self.spent.seconds + self._kept.watch.ahead(now)

    def step(self, node: str) -> StepRecord:
        """Give the record of a node; raises KeyError when the run has not come to it."""
        found = self.find(node)
        if found is None:
            raise KeyError(node)
        return found

    def find(self, node: str) -> StepRecord | None:
        """Give the record of a node; None when the run has not come to it."""
        places, steps = self._kept.places, self.steps
        place = places.get(node)
        if place is None or place >= len(steps) or steps[place].node != node:
            if len(places) == len(steps):
                return None
            places.clear()
            places.update((record.node, number) for number, record in enumerate(steps))
            place = places.get(node)
        return steps[place] if place is not None else None

    def tick(self, at: datetime) -> None:
        """Count the time under way from here."""
        self.spent.seconds += self._kept.watch.lap(at)

    def apply(self, event: Event) -> None:
        """Take one event of this run into the record."""
        watch = self._kept.watch
        if isinstance(event, RunResumed):
            watch.since = None  # the app was down
        fields = event.__dict__
        if (at := fields.get("at")) is not None:
            self.spent.seconds += watch.lap(at)
        if (node := fields.get("node")) is not None:
            self._apply_to(self._record(node), event)
            return
        match event:
            case RunFinished():
                self.status, self.result, self.failure = event.status, event.output, event.failure
                self.ended_at = event.at
                self._close()
                watch.since = None
            case RunContinued():
                self.continued, watch.since = event.by, None
            case RunWaits():
                self.status, watch.since = "waiting", None
            case RunInterrupted():
                self.status = "waiting" if self.status == "waiting" else "interrupted"
                watch.since = None
            case RunResumed() if self.status != "waiting":
                self._go_on(event.at)
            case RunEnding():
                self.ending = event
                self._go_on(event.at)
            case _:
                pass

    def _apply_to(self, record: StepRecord, event: Event) -> None:
        match event:
            case StepStarted():
                self._go_on_if_waiting(event.at)
                record.capability_id, record.inputs = event.capability_id, event.inputs
                record.status, record.started_at = "running", event.at
                record.output, record.failure, record.ended_at, record.because = None, None, None, ""
                record.question, record.answer = None, None
                self.spent.calls += event.capability_id is not None
            case StepSucceeded():
                record.status, record.output, record.ended_at = "succeeded", event.output, event.at
                record.question, record.answer = None, None
                self.finished[record.node] = len(self.finished)
            case StepFailed():
                self._go_on_if_waiting(event.at)
                record.status = "cancelled" if event.failure.code == "cancelled" else "failed"
                record.failure, record.ended_at = event.failure, event.at
                record.question, record.answer = None, None
            case StepSkipped():
                record.status, record.because = "skipped", event.because
            case StepSpent():
                self.spent.calls += event.calls
                self.spent.tokens += event.tokens
                self.spent.cost = round(self.spent.cost + event.cost, 6)
            case StepUndone():
                record.status = "undone"
            case StepUndoFailed():
                record.undo_failure = event.failure
            case _:
                self._asked(record, event)

    def _asked(self, record: StepRecord, event: Event) -> None:
        match event:
            case StepWaits() | StepUncertain():
                record.status = "waiting" if isinstance(event, StepWaits) else "uncertain"
                record.capability_id = event.question.capability_id
                record.question, record.answer = event.question, None
            case StepAnswered():
                record.status, record.question, record.answer = "pending", None, event.answer
                self._go_on(event.at)
            case _:
                pass

    def _go_on(self, at: datetime) -> None:
        """Be under way again, unless it never stood still."""
        if self.status in {"waiting", "interrupted", "running"}:
            self.status, self._kept.watch.since = "running", at

    def _go_on_if_waiting(self, at: datetime) -> None:
        if self.status == "waiting":
            self._go_on(at)

    def _close(self) -> None:
        """Leave no step under way in a run that has ended."""
        for record in self.steps:
            record.question = None
            if record.status in {"running", "waiting", "uncertain"}:
                record.status, record.ended_at = "cancelled", self.ended_at
                record.because = f"the run ended before it: {self.status}"
            elif record.status == "pending":
                record.status, record.because = "skipped", f"the run ended before it: {self.status}"

    def _record(self, node: str) -> StepRecord:
        found = self.find(node)
        if found is None:
            found = StepRecord(node=node)
            self._kept.places[node] = len(self.steps)
            self.steps.append(found)
        return found


def begin(event: RunStarted) -> Run[Any]:
    """Make the record of a run that just started, every step of its plan pending."""
    steps = [StepRecord(node=node.id, capability_id=getattr(node, "capability_id", None)) for node in event.plan.nodes]
    run = Run[Any](
        id=event.run_id,
        plan=event.plan,
        principal=event.principal,
        intent=event.intent,
        trace_id=event.trace_id,
        started_at=event.at,
        steps=steps,
        budget=event.budget,
        continues=event.continues,
    )
    run.tick(event.at)
    return run


def folded(events: Iterable[Event]) -> Run[Any] | None:
    """Read a run back from its events, in order; None when there are none."""
    run: Run[Any] | None = None
    for event in events:
        if isinstance(event, RunStarted):
            run = begin(event)
        elif run is not None:
            run.apply(event)
    return run
