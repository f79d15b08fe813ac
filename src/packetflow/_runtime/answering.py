"""A person's side of a run that waits: what is asked, and who may answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import to_json

from packetflow._core.approval import ANSWERS, Answer, Question, Verdict
from packetflow._core.errors import Conflict, InvalidInput, NotAllowed, NotFound, Problem
from packetflow._core.policy import Decision, agreeable

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context
    from packetflow._runtime.engine import Engine
    from packetflow._runtime.live import Live
    from packetflow._runtime.runs import Runs


class Answering:
    """Lists the open questions of the runs that one holder may see, and takes answers to them."""

    def __init__(self, engine: Engine, runs: Runs, context: Context) -> None:
        """Answer with the authority of `context`."""
        self._engine, self._runs, self._context = engine, runs, context

    async def open(self) -> list[Question]:
        """List what the holder may answer, the oldest question first."""
        for live in self._runs.lives():
            await live.settle()
        asked = [question for live in self._runs.lives() for question, _ in live.questions.values()]
        mine = [question for question in asked if self._sees(question.principal) and not self._against(question)]
        return sorted(mine, key=lambda question: (question.asked_at, question.run_id, question.node))

    async def answer(self, run_id: str, digest: str, verdict: Verdict, *, reason: str = "", output: Any = None) -> None:  # noqa: ANN401 - JSON
        """Answer a question; the answer is stored when this returns.

        Raises NotFound for a run one may not see, Conflict for a question that is not open (any more), NotAllowed when
        the holder could not make that call without being asked, InvalidInput for an answer that does not fit.
        """
        _sayable(reason)
        live = self._runs.live(run_id)
        if live is None or not self._sees(live.run.principal):
            await self._absent(run_id)
            return
        await live.settle()
        question = self._question(live, digest)
        if verdict not in ANSWERS[question.asks]:
            allowed = tuple(sorted(ANSWERS[question.asks]))
            raise InvalidInput(
                f"the answer to {question.asks!r} is one of {', '.join(allowed)}",
                [Problem("wrong_value", "is no answer to that", ("verdict",), None, allowed)],
            )
        reasons = self._against(question)
        decision = Decision("deny" if reasons else "allow", f"{verdict}: {reasons or reason or 'by a person'}", digest)
        self._engine.audit(decision, question.capability_id, replace(self._context, run_id=run_id))
        if reasons:
            message = f"{self._context.principal!r} may not answer for {question.capability_id!r}: {reasons}"
            raise NotAllowed(message, capability_id=question.capability_id, principal=self._context.principal)
        given = self._checked(question, output) if verdict == "done" else None
        by = self._context.principal
        await live.answer(Answer(digest=digest, verdict=verdict, by=by, reason=reason, output=given))

    def _question(self, live: Live, digest: str) -> Question:
        question, _ = live.questions.get(digest, (None, None))
        if question is None:
            message = f"run {live.run.id} does not wait for an answer to {digest!r} (any more)"
            raise Conflict(message, run_id=live.run.id, digest=digest)
        return question

    async def _absent(self, run_id: str) -> None:
        run = await self._runs.get(run_id)
        if not self._sees(run.principal):
            message = f"there is no run {run_id!r}"
            raise NotFound(message, run_id=run_id)
        message = f"run {run_id} is {run.status} and waits for no answer"
        raise Conflict(message, run_id=run_id, status=run.status)

    def _against(self, question: Question) -> str:
        """Say why the holder may not answer; empty when it may.

        Whoever answers takes the call on themselves: their own grant must allow it, and not only after another's yes.
        """
        declared = self._engine.registry.get(question.capability_id)
        if declared is None:
            return "there is no such capability (any more)"
        decision = agreeable(declared, question.arguments, self._context, self._engine.now())
        return "" if decision.verdict == "allow" else decision.reason

    def _checked(self, question: Question, output: Any) -> Any:  # noqa: ANN401 - JSON
        declared: Declaration = self._engine.registry[question.capability_id]
        try:
            return declared.output.as_json(declared.output.from_json(to_json(output)))
        except ValidationError as error:
            problems = [Problem("wrong_value", one["msg"], ("output", *one["loc"])) for one in error.errors()]
            raise InvalidInput(f"that is no output of {declared.id!r}", problems) from error
        except ValueError as error:
            problem = Problem("not_json", "cannot be written as JSON", ("output",))
            raise InvalidInput(f"that is no output of {declared.id!r}: {problem}", [problem]) from error

    def _sees(self, principal: str) -> bool:
        return self._context.sees(principal)


def _sayable(reason: str) -> None:
    try:
        reason.encode()
    except UnicodeEncodeError as error:
        problem = Problem("not_json", "holds half a character", ("reason",))
        raise InvalidInput(f"the answer cannot be kept: {problem}", [problem]) from error
