"""What requests carry and answers hold, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from packetflow._core.approval import Question, Verdict
from packetflow._core.budget import Budget
from packetflow._core.effect import Effect
from packetflow._core.json import Json
from packetflow._core.run import Failure, RunStatus
from packetflow._runtime.dry_run import DryRun

Inputs = dict[str, Any]
UserId = Annotated[str, Field(min_length=1, max_length=256, description="Act in the name of this user, if one may.")]
Sentence = Annotated[str, Field(max_length=10_000, description="What shall be done, in your own words.")]
Confirmed = Annotated[
    list[str],
    Field(max_length=100, description="Digests of calls that a person agreed to; `confirmation_required` names them."),
]


Waits = Annotated[
    bool,
    Field(
        description="Whether a risky step waits for a person's answer, over restarts, instead of failing with "
        "`confirmation_required`. A run that waits answers 202 with its questions."
    ),
]
Spending = Annotated[Budget | None, Field(description="The most the run may spend; by default what the app allows.")]


class Hints(BaseModel):
    """Facts at hand, such as `room_id`: they fill inputs of the same name that the sentence leaves open."""

    model_config = ConfigDict(extra="allow", strict=True)

    user_id: UserId | None = None

    @property
    def facts(self) -> dict[str, Json]:
        """What may fill inputs; a user who may be acted for is one of them."""
        known: dict[str, Json] = {name: value for name, value in (self.model_extra or {}).items() if value is not None}
        return known if self.user_id is None else {"user_id": self.user_id, **known}


class _Body(BaseModel):
    model_config = ConfigDict(strict=True)


class NaturalRequest(_Body):
    """A sentence to plan and to run."""

    message: Sentence
    context: Hints = Field(default_factory=Hints)
    confirmed: Confirmed = Field(default_factory=list[str])
    waits: Waits = False
    budget: Spending = None


class IntentRequest(_Body):
    """A sentence to plan; nothing runs."""

    intent: Sentence
    context: Hints = Field(default_factory=Hints)


class ExecuteRequest(_Body):
    """A plan to run."""

    plan: Inputs = Field(description="A plan, as /api/ai/plan gives it or as you wrote it.")
    payload: Inputs = Field(
        default_factory=dict[str, Any], description="Values for required inputs that the plan leaves open, by name."
    )
    context: Hints = Field(default_factory=Hints)
    confirmed: Confirmed = Field(default_factory=list[str])
    waits: Waits = False
    budget: Spending = None
    continues: Annotated[
        str, Field(max_length=200, description="The run whose rest this plan is, as /replan gives it.")
    ] = ""


class AnswerRequest(_Body):
    """What a person says to a question of a run."""

    model_config = ConfigDict(strict=True, extra="forbid")

    digest: Annotated[str, Field(min_length=1, max_length=200, description="Which question; /api/approvals names it.")]
    verdict: Verdict = Field(
        description="`approve` or `refuse` a call that waits; of one that had begun when its process ended: make it "
        "`again`, it is `done` (with `output`), or it shall `fail`."
    )
    reason: Annotated[str, Field(max_length=2000)] = ""
    output: Any = Field(default=None, description="With `done`: what the call gave.")


class RestRequest(_Body):
    """What of a run shall be done again."""

    model_config = ConfigDict(strict=True, extra="forbid")

    from_step: Annotated[str | None, Field(max_length=200, description="This step, and all that needs it.")] = None
    waits: bool = Field(default=True, description="Whether risky steps wait for a person, instead of failing.")


class ReplanRequest(_Body):
    """In which words the rest of a run shall be planned."""

    model_config = ConfigDict(strict=True, extra="forbid")

    intent: Annotated[str | None, Field(max_length=10_000, description="By default the run's own.")] = None


class CallRequest(_Body):
    """One call of a capability. Its inputs belong into `payload`; any other name here is a mistake, and told."""

    model_config = ConfigDict(strict=True, extra="forbid")

    payload: Inputs = Field(default_factory=dict[str, Any], description="Its inputs, by name.")
    context: Hints = Field(default_factory=Hints)
    confirmed: Confirmed = Field(default_factory=list[str])


class MessageRequest(_Body):
    """A message to an actor."""

    message: Any = Field(description="For `receive` its input `message`; with `capability`, that capability's inputs.")
    capability: str | None = Field(default=None, description="Which message of the actor; `receive` when left out.")
    context: Hints = Field(default_factory=Hints)
    confirmed: Confirmed = Field(default_factory=list[str])


class Results(BaseModel):
    """What a run gave so far."""

    execution_id: str
    results: dict[str, Any] = Field(description="The output of each step that succeeded.")
    status: RunStatus
    output: Any = None


class NaturalAnswer(BaseModel):
    """What came of a sentence."""

    success: bool = True
    message: str
    plan: Inputs | None = None
    execution_id: str | None = None
    trace_id: str
    result: Results | None = None
    capabilities: list[Inputs] = Field(default_factory=list[Inputs], description="For `help`: what can be asked here.")
    examples: list[str] = Field(default_factory=list[str])
    processed_at: datetime


class PlanAnswer(BaseModel):
    """A proven plan."""

    success: bool = True
    plan: Inputs
    trace_id: str
    generated_at: datetime


class ExecuteAnswer(BaseModel):
    """What came of a plan."""

    success: bool = True
    message: str
    execution_id: str
    trace_id: str
    result: Results
    executed_at: datetime


class CallAnswer(BaseModel):
    """What a capability gave."""

    success: bool = True
    capability_id: str
    result: Any
    cache_hit: bool = Field(default=False, description="Whether an earlier result was given again.")
    trace_id: str
    executed_at: datetime


class Found(BaseModel):
    """Capabilities, best first."""

    success: bool = True
    capabilities: list[Inputs]
    count: int


class Entity(BaseModel):
    """Something the sentence names."""

    name: str
    value: Any
    capability_id: str


class Action(BaseModel):
    """Something the sentence asks for."""

    capability_id: str
    intent: str
    effect: Effect


class Analysis(BaseModel):
    """How a sentence is understood."""

    understood: bool
    intent_type: str = Field(description="query, action, creation, analysis, transformation or unknown.")
    entities: list[Entity]
    actions: list[Action]
    capabilities: list[Inputs] = Field(description="What was weighed, with score and reason, best first.")
    complexity: str = Field(description="simple, moderate or complex.")
    confidence: float
    missing: list[str] = Field(description="Required inputs that the sentence says nothing of.")
    reason: str = ""


class AnalysisAnswer(BaseModel):
    """The analysis of a sentence."""

    success: bool = True
    analysis: Analysis
    trace_id: str
    analyzed_at: datetime


class ExecutionStatus(BaseModel):
    """How far a run is."""

    id: str
    plan: Inputs
    status: RunStatus
    started_at: datetime
    completed_at: datetime | None
    steps_completed: int
    total_steps: int
    steps: list[Inputs]
    context: Inputs
    message: str = Field(description="What the run came to, in words.")
    output: Any = None
    failure: Failure | None = None


class ExecutionAnswer(BaseModel):
    """How far a run is."""

    success: bool = True
    execution_id: str
    status: ExecutionStatus


class RunList(BaseModel):
    """Runs, the latest first."""

    success: bool = True
    runs: list[Inputs]
    count: int
    before: datetime | None = Field(description="Pass it on as `before` for the next page; null on the last.")
    before_id: str | None = Field(description="Pass it on beside `before`: several runs may start at one moment.")


class RunAnswer(BaseModel):
    """A run with every step."""

    success: bool = True
    run: Inputs


class CancelAnswer(BaseModel):
    """Whether a run was cancelled."""

    success: bool = True
    execution_id: str
    cancelled: bool = Field(description="False when it had ended before.")
    status: RunStatus


class QuestionList(BaseModel):
    """What runs ask."""

    success: bool = True
    questions: list[Question]
    count: int


class AnsweredAnswer(BaseModel):
    """That a question was answered."""

    success: bool = True
    run_id: str
    digest: str
    verdict: Verdict
    status: RunStatus = Field(description="Of the run, right after the answer.")


class LetterList(BaseModel):
    """Letters, in the order in which they were sent."""

    success: bool = True
    letters: list[Inputs]
    count: int
    after: int | None = Field(description="Pass it on as `after` for the next page; null on the last.")


class LetterAnswer(BaseModel):
    """That something was done to a letter."""

    success: bool = True
    letter_id: str


class DryRunAnswer(BaseModel):
    """What a plan would do; nothing of it was done."""

    success: bool = True
    report: DryRun
    trace_id: str


class StatisticsAnswer(BaseModel):
    """How full every queue is, and how actors fare."""

    success: bool = True
    health: str
    statistics: Inputs


class StartAnswer(BaseModel):
    """Whether an actor, or a class of actors, was stopped and takes messages again."""

    success: bool = True
    actor_id: str
    started: bool


class ActorList(BaseModel):
    """Actors, ordered by type and key."""

    success: bool = True
    actors: list[Inputs]
    count: int
    after: str | None = Field(description="Pass it on as `after` for the next page; null on the last.")


class ActorAnswer(BaseModel):
    """One actor."""

    success: bool = True
    actor: Inputs
    state: Any
    capabilities: list[str] = Field(description="What it can be asked.")


class ReplyAnswer(BaseModel):
    """What an actor replied."""

    success: bool = True
    actor_id: str
    capability_id: str
    result: Any
    trace_id: str
    executed_at: datetime


class EndAnswer(BaseModel):
    """What became of an actor."""

    success: bool = True
    actor_id: str
    stopped: bool = Field(description="Whether it was awake.")
    forgotten: bool
