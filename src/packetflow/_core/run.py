"""One execution of a plan, told by its events and folded into a record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from packetflow._core.event import Event
from packetflow._core.plan import Plan

R = TypeVar("R")

RunStatus: TypeAlias = Literal["running", "waiting", "succeeded", "failed", "cancelled", "interrupted"]
"""`waiting` means that nothing goes on until a person has answered. `interrupted` means that the process ended before the run did; it is found when the store is opened again."""

StepStatus: TypeAlias = Literal["pending", "running", "succeeded", "failed", "skipped", "cancelled"]


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

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it has not ended."""
        return (self.ended_at - self.started_at).total_seconds() if self.started_at and self.ended_at else None


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
    _typed: Any = PrivateAttr(default=None)
    _places: dict[str, int] = PrivateAttr(default_factory=dict[str, int])

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
        return self._typed if self._typed is not None else self.result

    def keep(self, value: object) -> None:
        """Hold the output as the typed value it was, where the run ended in this process."""
        self._typed = value

    @property
    def done(self) -> int:
        """How many steps have ended."""
        return sum(step.status not in {"pending", "running"} for step in self.steps)

    def step(self, node: str) -> StepRecord:
        """Give the record of a node; raises KeyError when the run has not come to it."""
        place = self._places.get(node)
        if place is None or place >= len(self.steps) or self.steps[place].node != node:
            self._places = {record.node: number for number, record in enumerate(self.steps)}
            place = self._places[node]
        return self.steps[place]

    def apply(self, event: Event) -> None:
        """Take one event of this run into the record."""
        match event:
            case StepStarted():
                record = self._record(event.node)
                record.capability_id, record.inputs = event.capability_id, event.inputs
                record.status, record.started_at = "running", event.at
                record.output, record.failure, record.ended_at, record.because = None, None, None, ""
            case StepSucceeded():
                record = self._record(event.node)
                record.status, record.output, record.ended_at = "succeeded", event.output, event.at
            case StepFailed():
                record = self._record(event.node)
                record.status = "cancelled" if event.failure.code == "cancelled" else "failed"
                record.failure, record.ended_at = event.failure, event.at
            case StepSkipped():
                record = self._record(event.node)
                record.status, record.because = "skipped", event.because
            case RunFinished():
                self.status, self.result, self.failure = event.status, event.output, event.failure
                self.ended_at = event.at
                self._close()
            case _:
                pass

    def _close(self) -> None:
        """Leave no step under way in a run that has ended."""
        for record in self.steps:
            if record.status == "running":
                record.status, record.ended_at = "cancelled", self.ended_at
                record.because = f"the run ended before it: {self.status}"
            elif record.status == "pending":
                record.status, record.because = "skipped", f"the run ended before it: {self.status}"

    def _record(self, node: str) -> StepRecord:
        if len(self._places) != len(self.steps):
            self._places = {record.node: number for number, record in enumerate(self.steps)}
        if node not in self._places:
            self._places[node] = len(self.steps)
            self.steps.append(StepRecord(node=node))
        return self.step(node)


def begin(event: RunStarted) -> Run[Any]:
    """Make the record of a run that just started, every step of its plan pending."""
    steps = [StepRecord(node=node.id, capability_id=getattr(node, "capability_id", None)) for node in event.plan.nodes]
    return Run(
        id=event.run_id,
        plan=event.plan,
        principal=event.principal,
        intent=event.intent,
        trace_id=event.trace_id,
        started_at=event.at,
        steps=steps,
    )


def folded(events: Iterable[Event]) -> Run[Any] | None:
    """Read a run back from its events, in order; None when there are none."""
    run: Run[Any] | None = None
    for event in events:
        if isinstance(event, RunStarted):
            run = begin(event)
        elif run is not None:
            run.apply(event)
    return run
