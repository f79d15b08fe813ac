"""The planner that asks a language model, and believes it nothing that is not proven."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self

from packetflow._core.errors import PlannerUnavailable, Problem
from packetflow._core.explanation import Candidate
from packetflow._core.plan import Plan
from packetflow._core.ports import Proposal, Request
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow.models.errors import AnswerRejected, ModelDeclined, ModelUnavailable
from packetflow.models.model import Model
from packetflow.models.question import Answer, Form, Limits, Question
from packetflow.planners.llm.conversion import converted
from packetflow.planners.llm.draft import NoPlan, PlanDraft
from packetflow.planners.llm.prompt import INSTRUCTIONS, correction, prompt
from packetflow.planners.llm.shortlist import shortlist

CANDIDATES = 12
PLAN_LIMITS = Limits(seconds=30, corrections=2, answer_tokens=8192, total_tokens=60_000, cost=Decimal("0.10"))
LONGEST_INTENT = 20_000

_FORMS = (
    Form(PlanDraft, "submit_plan", "Hand in the plan that does what the request asks for"),
    Form(NoPlan, "no_plan", "Say why there is no plan, and what to ask the person"),
)


class LLMPlanner:
    """Asks a language model for a plan over the likeliest capabilities of a view, until the plan is proven.

    The model is shown at most `candidates` capabilities and can use no other. Every problem that the prover finds goes
    back to it, at most `limits.corrections` times.
    """

    def __init__(self, model: Model, *, candidates: int = CANDIDATES, limits: Limits = PLAN_LIMITS) -> None:
        """Take the model to ask; nothing is connected or imported yet."""
        self._model, self._candidates, self._limits = model, candidates, limits

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self | None:
        """Make the planner of the models that the environment configures; None when it configures none."""
        model = Model.from_environment(env)
        return cls(model) if model is not None else None

    @property
    def name(self) -> str:
        """`llm:` and the model that is asked first; a plan names the one that answered."""
        return f"llm:{self._model.choices[0].model}"

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        """Propose a plan that is proven for `registry`, or say why there is none.

        There is none when the model says so, declines, or hands in only plans that cannot run. Raises
        PlannerUnavailable for an outage of every model and for a limit that was reached.
        """
        if problem := _unaskable(request, registry):
            return Proposal(None, 0.0, reason=problem, planner=self.name)
        shown = shortlist(registry, request.intent, request.hints, self._candidates)
        case = _Case(request, shown, registry)
        try:
            answer = await self._model.ask(case.question(), self._limits)
        except AnswerRejected:
            return self._without_plan(shown, case.rejection())
        except ModelDeclined as error:
            return self._without_plan(shown, error.message)
        except ModelUnavailable as error:
            raise PlannerUnavailable(error.message, **error.details) from error
        return case.proposal(answer)

    async def close(self) -> None:
        """Close the connections to the models."""
        await self._model.close()

    def _without_plan(self, shown: Sequence[Candidate], reason: str) -> Proposal:
        return Proposal(None, 0.0, candidates=tuple(shown), reason=reason, planner=self.name)


class _Case:
    """One request on its way through questions and corrections."""

    def __init__(self, request: Request, shown: Sequence[Candidate], registry: Registry) -> None:
        self._request, self._shown = request, shown
        self._offered = Registry([registry[one.capability_id] for one in shown], registry.actors.values())
        self._plan: Plan[Any] | None = None
        self._problems: Sequence[Problem] = ()

    def question(self) -> Question[PlanDraft | NoPlan]:
        return Question(INSTRUCTIONS, prompt(self._request, self._shown, self._offered), _FORMS, self._check)

    def proposal(self, answer: Answer[PlanDraft | NoPlan]) -> Proposal:
        planner = f"llm:{answer.model.partition(':')[2]}"
        if isinstance(answer.value, NoPlan) or self._plan is None:
            return self._declined(answer, planner)
        plan = self._plan.model_copy(update={"planner": planner})
        return Proposal(plan, plan.confidence, tuple(self._shown), reason=_effort(answer), planner=planner)

    def rejection(self) -> str:
        """Say what was wrong with the last plan."""
        last = "; ".join(problem.message for problem in self._problems[:3]) or "its answers were no plans at all"
        return f"the model found no plan that can run: {last}"

    def _check(self, value: PlanDraft | NoPlan) -> str | None:
        if isinstance(value, NoPlan):
            return None
        self._plan, self._problems = converted(value, self._request, self._shown, self._offered, "llm")
        if self._plan is not None:
            self._problems = [self._told(problem) for problem in prove(self._plan, self._offered)]
        return correction(self._problems) if self._problems else None

    def _told(self, problem: Problem) -> Problem:
        """Name every capability that could have been meant: the model sees no more than these anyway."""
        return replace(problem, allowed=tuple(self._offered)) if problem.code == "unknown_capability" else problem

    def _declined(self, answer: Answer[PlanDraft | NoPlan], planner: str) -> Proposal:
        value = answer.value if isinstance(answer.value, NoPlan) else NoPlan(reason="")
        inputs = {name for declared in self._offered.values() for name in declared.requires}
        missing = tuple(name for name in value.missing if name in inputs)
        reason = value.question.strip() or value.reason.strip()
        return Proposal(None, 0.0, tuple(self._shown), missing, reason or "the model gave no reason", planner)


def _unaskable(request: Request, registry: Registry) -> str:
    if not request.intent.strip():
        return "the request is empty"
    if len(request.intent) > LONGEST_INTENT:
        return f"the request is longer than {LONGEST_INTENT} characters"
    return "" if len(registry) else "there is no capability you may use"


def _effort(answer: Answer[Any]) -> str:
    requests = "1 request" if answer.requests == 1 else f"{answer.requests} requests"
    return f"{answer.model}, {requests}, {answer.input_tokens} tokens in, {answer.output_tokens} out"
