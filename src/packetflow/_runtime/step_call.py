"""One step of a run: recalled, asked about, afforded, stored, and then called."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json, to_jsonable_python

from packetflow._core.approval import Asks, Question, question_digest
from packetflow._core.errors import ApprovalRefused, BudgetExceeded, CallError, DeadlineExceeded, PacketFlowError
from packetflow._core.policy import Decision, decide
from packetflow._core.run import Failure, StepProgressed, StepStarted, StepSucceeded
from packetflow._runtime.result import Result
from packetflow._runtime.scope import BlockFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packetflow._core.approval import Answer
    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context
    from packetflow._core.plan import StepNode
    from packetflow._core.run import StepRecord
    from packetflow._runtime.live import Live

_LONGEST = 10_000
_ENDED = frozenset({"succeeded", "undone", "failed", "cancelled"})


class Uncertain(CallError):
    """A person was asked what became of a call, and let its step fail."""

    code = "uncertain"


class StepCall:
    """The call that one step of a run makes.

    What an earlier life of the run has finished is given again and not called. A call that cannot be repeated without
    harm is in the store before it is made, so that a process that dies is known to have begun it.
    """

    def __init__(self, live: Live, node: StepNode, inputs: Mapping[str, Any], path: str) -> None:
        """Prepare the call; `path` names the step within the run."""
        self._live, self._node, self._inputs, self._path = live, node, dict(inputs), path
        self._declared: Declaration | None = live.engine.registry.get(node.capability_id)
        self._context: Context = replace(
            live.context, step=path, run_id=live.run.id, message_id=f"{live.run.id}/{path}", sink=self._sink()
        )

    async def result(self) -> Result:
        """Give the step's output; raises BlockFailed, after it is told, when there is none."""
        live, known = self._live, self._live.known(self._path)
        if known is not None and known.status in _ENDED:
            return self._recalled(known)
        if live.closed and live.run.ending is not None:
            raise BlockFailed(live.run.ending.failure, self._path)
        try:
            result = await self._made(known)
        except PacketFlowError as error:
            failure = failure_of(error)
            live.failed(self._path, failure)
            raise BlockFailed(failure, self._path) from error
        except asyncio.CancelledError:
            live.cancelled(self._path)
            raise
        live.tell(StepSucceeded(run_id=live.run.id, node=self._path, output=result.json, at=live.now()))
        return result

    def _recalled(self, known: StepRecord) -> Result:
        if known.status in {"failed", "cancelled"}:
            failure = known.failure or Failure(code="cancelled", message="the step was cancelled")
            raise BlockFailed(failure, self._path)
        return typed(self._declared, known.output)

    async def _made(self, known: StepRecord | None) -> Result:
        told = await self._outcome(known)
        if told is not None and told.verdict == "done":
            return typed(self._declared, told.output)
        if told is not None and told.verdict == "fail":
            message = (
                f"what became of {self._node.capability_id!r} is not known; {told.by!r} let it fail: {told.reason}"
            )
            raise Uncertain(message, capability_id=self._node.capability_id, by=told.by)
        context = await self._permitted(known, agreed=told is not None)
        self._live.afford()
        if context.deadline is not None and context.deadline <= asyncio.get_running_loop().time():
            message = f"the time of the run was up before {self._node.capability_id!r} was called"
            raise DeadlineExceeded(message, capability_id=self._node.capability_id)
        await self._live.may_begin()
        self._begin()
        if repeatable(self._declared):
            return await self._call(context)
        with self._live.in_hand():
            await self._live.journal.flush()
            return await self._call(context)

    def _begin(self) -> None:
        live = self._live
        live.began(self._path)
        live.tell(
            StepStarted(
                run_id=live.run.id,
                node=self._path,
                capability_id=self._node.capability_id,
                inputs=self._inputs,
                at=live.now(),
            )
        )
        live.beat()

    async def _call(self, context: Context) -> Result:
        now = asyncio.get_running_loop().time()
        left = self._live.seconds_left()
        ends = [
            end for end in (context.deadline, _after(now, self._node.timeout), _after(now, left)) if end is not None
        ]
        context = replace(context, deadline=min(ends, default=None))
        try:
            return await self._live.engine.perform(self._node.capability_id, self._inputs, context)
        except DeadlineExceeded as error:
            if left is None or context.deadline != now + left:
                raise
            limit = self._live.run.budget.seconds
            message = f"the run may be under way for {limit:g} seconds; {self._node.capability_id!r} was cancelled then"
            raise BudgetExceeded(message, budget="seconds", limit=limit, spent=limit) from error

    # -- what a person is asked ---------------------------------------------------------------------------------------

    async def _outcome(self, known: StepRecord | None) -> Answer | None:
        """Have it said what became of a call that had begun; None when it may simply be made."""
        if known is None:
            return None
        if known.answer is not None and known.answer.verdict in {"again", "done", "fail"}:
            return known.answer
        if known.status == "uncertain" and known.question is not None:
            return await self._live.ask(known.question, told=True)
        if known.status != "running" or self._declared is None or repeatable(self._declared):
            return None
        why = "it had begun when the app stopped, and doing it again might do it twice"
        return await self._live.ask(self._question("outcome", self._inputs, why), told=False)

    async def _permitted(self, known: StepRecord | None, *, agreed: bool) -> Context:
        """Give the context the call may be made under, with a person's yes where one is needed."""
        decision, arguments = self._decision()
        if decision is None or decision.verdict != "confirm" or self._declared is None:
            if not agreed and (decision is None or decision.verdict == "allow"):
                self._heed(await self._asked_before(known))
            return self._confirmed(decision)
        if not agreed:
            asked = self._question("approval", arguments, decision.reason)
            self._heed(await self._approval(asked, decision, known))
        return replace(self._context, approved=frozenset({decision.digest}))

    def _confirmed(self, decision: Decision | None) -> Context:
        if decision is None or decision.verdict != "allow":
            return self._context
        self._live.used.add(decision.digest)  # the caller's yes is taken now, before another step can
        return replace(self._context, approved=frozenset({decision.digest}))

    async def _asked_before(self, known: StepRecord | None) -> Answer | None:
        """Give the answer to a question that was asked when a yes was needed still: what was asked stays asked."""
        if known is None:
            return None
        if known.question is not None and known.question.asks == "approval":
            return await self._live.ask(known.question, told=True)
        return known.answer

    def _heed(self, answer: Answer | None) -> None:
        if answer is not None and answer.verdict == "refuse":
            name = self._node.capability_id
            message = f"{answer.by!r} refused {name!r}" + (f": {answer.reason}" if answer.reason else "")
            raise ApprovalRefused(message, capability_id=name, by=answer.by, reason=answer.reason)

    def _decision(self) -> tuple[Decision | None, dict[str, Any]]:
        declared, context = self._declared, self._live.engine.unused(self._context)
        if declared is None or not self._live.terms.waits:
            return None, {}
        if not declared.options.confirm and not context.grant.reach(declared.id, declared.effect)[2]:
            return None, {}
        arguments = checked_arguments(declared, self._inputs)
        return decide(declared, arguments, context, self._live.now()), arguments

    async def _approval(self, asked: Question, decision: Decision, known: StepRecord | None) -> Answer:
        if known is not None and known.answer is not None and known.answer.digest == asked.digest:
            return known.answer
        earlier = known.question if known is not None else None
        if earlier is not None and earlier.digest == asked.digest:
            return await self._live.ask(earlier, told=True)
        self._live.engine.audit(Decision("confirm", decision.reason, asked.digest), asked.capability_id, self._context)
        return await self._live.ask(asked, told=False)

    def _question(self, asks: Asks, arguments: dict[str, Any], why: str) -> Question:
        live, declared, now = self._live, self._declared, self._live.now()
        if declared is None:
            raise AssertionError(asks)
        return Question(
            asks=asks,
            digest=question_digest(asks, declared.id, arguments, live.run.plan.id, self._context),
            run_id=live.run.id,
            node=self._path,
            principal=self._context.principal,
            capability_id=declared.id,
            effect=declared.effect,
            arguments=arguments,
            why=why,
            asked_at=now,
            expires_at=now + timedelta(seconds=live.terms.expires.total_seconds()) if asks == "approval" else None,
        )

    def _sink(self) -> Callable[[object], Any]:
        count = 0

        async def heard(part: object) -> None:
            nonlocal count
            count += 1
            event = StepProgressed(run_id=self._live.run.id, node=self._path, done=count, partial=part)
            self._live.engine.progress(event, self._live.context)

        return heard


def repeatable(declared: Declaration | None) -> bool:
    """Whether a call may be made again without harm when its end was not seen.

    It reads; or it is a message that the actor's inbox takes once, however often it comes; or it says so itself, by a
    `retry`. What is unknown is not called at all.
    """
    if declared is None or declared.effect == "read" or declared.options.retry is not None:
        return True
    return declared.owner is not None and declared.owner.actor_type.durability != "volatile"


def checked_arguments(declared: Declaration, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the inputs as policy sees them: checked, in JSON form, an actor's key included; raises InvalidInput."""
    rest = dict(inputs)
    key: dict[str, Any] = {}
    if declared.owner is not None:
        name = declared.owner.actor_type.key
        key[name] = rest.pop(name, None)
    shown: dict[str, Any] = to_jsonable_python(declared.input.check(rest))
    return {**shown, **key}


def typed(declared: Declaration | None, output: Any) -> Result:  # noqa: ANN401 - JSON
    """Give an output that was kept as JSON the type it had, where that is still known."""
    if declared is None:
        return Result(output, output)
    try:
        return Result(declared.output.from_json(to_json(output)), output)
    except ValueError:
        return Result(output, output)


def failure_of(error: PacketFlowError) -> Failure:
    """Write down why something failed: half characters are replaced, and what JSON has no form for is left out."""
    problems = [problem.as_json() for problem in getattr(error, "problems", ())]
    details = {**error.details, **({"problems": problems} if problems else {})}
    message = error.message.encode("utf-8", "replace").decode()[:_LONGEST]
    return Failure(code=error.code, message=message, details=_kept(details))


def _kept(details: dict[str, Any]) -> dict[str, Any]:
    try:
        to_json(details)
    except ValueError:
        return {}
    return details


def _after(now: float, seconds: float | None) -> float | None:
    return None if seconds is None else now + seconds
