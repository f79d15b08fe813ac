"""What a run of a plan would do, told without doing any of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from packetflow._core.binding import Literally
from packetflow._core.effect import Effect
from packetflow._core.errors import InvalidInput
from packetflow._core.flow import Flow
from packetflow._core.node import Block, MapNode, Node, ParallelNode, ReduceNode, StepNode, blocks, needs
from packetflow._core.policy import Verdict, asking, decide
from packetflow._runtime.step_call import checked_arguments

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context
    from packetflow._core.plan import Plan
    from packetflow._core.ports import Store
    from packetflow._runtime.engine import Engine

_CALLS: Final = 50
"""Past calls of a capability that its typical duration is taken from."""


class DryStep(BaseModel):
    """What is known beforehand of one call of a plan."""

    model_config = ConfigDict(frozen=True)

    node: str
    """The node's id, within the ids of the patterns it stands in: `each/post`."""
    capability_id: str
    effect: Effect
    layer: int
    """Steps of one layer may run at the same time; a layer needs something of the one before."""
    needs: tuple[str, ...] = ()
    decision: Verdict
    reason: str
    digest: str | None = None
    """Names the call, where its arguments stand in the plan: what `within(confirmed=...)` takes, of one's own calls."""
    arguments_known: bool
    """Whether the decision holds for the very arguments; else limits on them are decided when it runs."""
    times: int | None = 1
    """How often it is called; None: as many times as a list has items that only the run can know."""
    attempts: int = 1
    """How often one call is tried at most, by the capability's own `retry`."""
    cached_for: float | None = None
    """Seconds for which a result is given again."""
    timeout: float | None = None
    """Seconds after which it is given up; None: the default of what is called."""
    undoable: bool = False
    seconds: float | None = None
    """How long it typically takes: the median of its latest calls; None when there were none."""


class DryRun(BaseModel):
    """What a plan would do; nothing of it was done."""

    model_config = ConfigDict(frozen=True)

    plan_id: str
    steps: list[DryStep] = Field(default_factory=list[DryStep])
    """Every call, undoing not included, in the order of their layers."""
    layers: list[list[str]] = Field(default_factory=list[list[str]])
    seconds: float = 0.0
    """Along the critical path, by typical durations; what has none counts as nothing, loops of unknown length once."""
    guesses: list[str] = Field(default_factory=list[str])
    """Capabilities without past calls, for which `seconds` counts nothing."""

    @property
    def allowed(self) -> bool:
        """Whether nothing in it is denied."""
        return all(step.decision != "deny" for step in self.steps)

    @property
    def asks(self) -> list[DryStep]:
        """The calls that need a person's yes."""
        return [step for step in self.steps if step.decision == "confirm"]


class DryRunner:
    """Looks ahead under one authority."""

    def __init__(self, engine: Engine, store: Store, context: Context) -> None:
        """Decide as for `context`."""
        self._engine, self._store, self._context = engine, store, context
        self._steps: list[DryStep] = []
        self._seconds: dict[str, float | None] = {}

    async def report(self, plan: Plan[Any]) -> DryRun:
        """Look at a proven plan."""
        for name in dict.fromkeys(self._called(plan)):
            self._seconds[name] = await self._typical(name)
        taken = self._block(plan.nodes, 0, "", 1)
        steps = sorted(self._steps, key=lambda step: step.layer)
        layers: list[list[str]] = [[] for _ in range(max((step.layer for step in steps), default=-1) + 1)]
        for step in steps:
            layers[step.layer].append(step.node)
        guesses = [name for name, seconds in self._seconds.items() if seconds is None]
        return DryRun(plan_id=plan.id, steps=steps, layers=layers, seconds=round(taken, 6), guesses=guesses)

    def _called(self, plan: Plan[Any]) -> Iterator[str]:
        for step in plan.steps():
            declared = self._engine.registry[step.capability_id]
            yield from (
                [one.id for one in declared.uses if not isinstance(one, Flow)]
                if isinstance(declared, Flow)
                else [declared.id]
            )

    async def _typical(self, capability_id: str) -> float | None:
        calls = await self._store.calls(capability_id=capability_id, limit=_CALLS)
        taken = [call.seconds for call in calls if call.outcome == "ok" and not call.cache_hit]
        return median(taken) if taken else None

    def _block(self, nodes: Iterable[Node], layer: int, prefix: str, times: int | None) -> float:
        """Look at the nodes of a block that begins in a layer; gives the seconds of its longest way."""
        levels: dict[str, int] = {}
        ends: dict[str, float] = {}
        rest = list(nodes)
        while rest:
            here = {node.id for node in rest}
            ready = [node for node in rest if not needs(node) & here]
            for node in ready or rest:
                before = needs(node) & levels.keys()
                levels[node.id] = max((levels[name] for name in before), default=layer - 1) + 1
                begins = max((ends[name] for name in before), default=0.0)
                deepest = self._deepest()
                ends[node.id] = begins + self._node(node, levels[node.id], prefix, times)
                if self._deepest() > deepest:
                    levels[node.id] = max(levels[node.id], self._last(f"{prefix}{node.id}/"))
            rest = [node for node in rest if node.id not in levels]
        return max(ends.values(), default=0.0)

    def _deepest(self) -> int:
        return len(self._steps)

    def _last(self, prefix: str) -> int:
        return max((step.layer for step in self._steps if step.node.startswith(prefix)), default=-1)

    def _node(self, node: Node, layer: int, prefix: str, times: int | None) -> float:
        path = f"{prefix}{node.id}"
        if isinstance(node, StepNode):
            flow: object = self._engine.registry[node.capability_id]
            if isinstance(flow, Flow):  # nobody is asked about a flow itself, only about its steps
                return self._inside(cast("Flow[..., Any]", flow).body, layer, f"{path}/", times)
            return self._step(node, layer, path, times)
        rounds, together = _rounds(node)
        inner = None if rounds is None or times is None else rounds * times
        taken = [self._inside(block, layer, f"{path}/", inner) for block in blocks(node)]
        longest = max(taken, default=0.0)
        return longest * (1 if rounds is None else ceil(rounds / together))

    def _inside(self, block: Block, layer: int, prefix: str, times: int | None) -> float:
        return self._block(block.nodes, layer, prefix, times)

    def _step(self, node: StepNode, layer: int, path: str, times: int | None) -> float:
        declared = self._engine.registry[node.capability_id]
        arguments = _arguments(node, declared)
        verdict, reason, digest = self._decided(declared, arguments)
        options = declared.options
        limits = [node.timeout, None if options.timeout is None else options.timeout.total_seconds()]
        self._steps.append(
            DryStep(
                node=path,
                capability_id=declared.id,
                effect=declared.effect,
                layer=layer,
                needs=tuple(sorted(needs(node))),
                decision=verdict,
                reason=reason,
                digest=digest,
                arguments_known=arguments is not None,
                times=times,
                attempts=options.retry.attempts if options.retry is not None else 1,
                cached_for=options.cache.ttl.total_seconds() if options.cache is not None else None,
                timeout=min((limit for limit in limits if limit is not None), default=None),
                undoable=node.undo is not None,
                seconds=self._seconds[declared.id],
            )
        )
        return self._seconds[declared.id] or 0.0

    def _decided(self, declared: Declaration, arguments: Mapping[str, Any] | None) -> tuple[Verdict, str, str | None]:
        context, now = self._context, self._engine.now()
        if arguments is not None:
            decision = decide(declared, arguments, context, now)
            return decision.verdict, decision.reason, decision.digest
        named, checks, confirm = context.grant.reach(declared.id, declared.effect)
        if not named or (context.grant.expires is not None and now >= context.grant.expires):
            return "deny", "not granted", None
        if confirm or declared.options.confirm:
            return "confirm", asking(declared, context), None
        return "allow", "granted, within the limits on its arguments" if checks else "granted", None


def _arguments(node: StepNode, declared: Declaration) -> Mapping[str, Any] | None:
    """Give the arguments as policy will see them; None when they come from other steps."""
    given = {name: one.literal for name, one in node.inputs.items() if isinstance(one, Literally)}
    if len(given) < len(node.inputs):
        return None
    try:
        return checked_arguments(declared, given)
    except InvalidInput:
        return None


def _rounds(node: Node) -> tuple[int | None, int]:
    """Say how often the blocks of a node run, where that is known, and how many at once."""
    if isinstance(node, MapNode | ReduceNode):
        count = len(node.over.literal) if isinstance(node.over, Literally) else None
        if isinstance(node, ReduceNode):
            return count, 1
        return None if count is None else ceil(count / (node.chunk or 1)), node.concurrency
    if isinstance(node, ParallelNode) and node.concurrency is not None:
        return 1, 1
    return (None if node.kind == "repeat" else 1), 1
