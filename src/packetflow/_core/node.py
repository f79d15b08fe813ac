"""The nodes of a plan: calls of capabilities, and the patterns that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field

from packetflow._core.binding import Binding, Condition, Value, references
from packetflow._core.explanation import Explanation
from packetflow._core.json import JsonObject

NodeId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
_DAY: Final = 86_400.0

Seconds: TypeAlias = Annotated[float, Field(gt=0, le=_DAY)]
Pause: TypeAlias = Annotated[float, Field(ge=0, le=_DAY)]


class Block(Value):
    """Nodes that run as one, with one output. Sees the nodes around it; is not seen from outside."""

    nodes: tuple[Node, ...]
    output: Binding


class _Node(Value):
    id: NodeId
    description: str = ""
    depends_on: tuple[NodeId, ...] = ()
    """Nodes that must have succeeded before, besides those whose output is used."""


class StepNode(_Node):
    """One call of a capability."""

    kind: Literal["step"] = "step"
    capability_id: str
    inputs: dict[str, Binding] = Field(default_factory=dict[str, Binding])
    timeout: Seconds | None = None
    """Seconds after which this call has failed with `deadline_exceeded`; the capability's own limit holds as well."""
    undo: Block | None = None
    """What takes back what this call did, when it succeeded and the run fails later; sees the call's own output."""
    why: Explanation | None = None


class Case(Value):
    """What runs when a condition holds."""

    when: Condition
    then: Block


class BranchNode(_Node):
    """Runs the first case whose condition holds, else `otherwise`; without either its output is null."""

    kind: Literal["branch"]
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: Block | None = None


class ParallelNode(_Node):
    """Runs named blocks at once, at most `concurrency` of them; gives an object with the output of each.

    With `fail` the first that fails ends the others. With `continue` a block that failed, or did not end within
    `timeout` seconds, gives null, and `failures` lists it: name, node, code, message.
    """

    kind: Literal["parallel"]
    branches: dict[NodeId, Block] = Field(min_length=1)
    timeout: Seconds | None = None
    partial: Literal["fail", "continue"] = "fail"
    concurrency: int | None = Field(default=None, ge=1, le=1000)


class MapNode(_Node):
    """Runs a block for every item of a list, at most `concurrency` at once; outputs keep the order of the items.

    `tries` is how often an item is run before it has failed. `failed` says what becomes of a failed item: it fails the
    map once all others have ended, or is left out of the outputs, or gives null; the trace tells of each. With `chunk`
    an item is a list of up to so many of the items.
    """

    kind: Literal["map"]
    over: Binding
    each: Block
    concurrency: int = Field(default=4, ge=1, le=1000)
    failed: Literal["fail", "omit", "null"] = "fail"
    tries: int = Field(default=1, ge=1, le=100)
    chunk: int | None = Field(default=None, ge=1, le=10_000)


class ReduceNode(_Node):
    """Runs a block for every item of a list, one after another, carrying the output on.

    `until` is asked after every round, of the item and what is carried on; when it holds, the rest of the list is left.
    `delay` is the pause between two rounds in seconds. With `skip_failed` a round that fails changes nothing.
    """

    kind: Literal["reduce"]
    over: Binding
    initial: Binding
    each: Block
    until: Condition | None = None
    delay: Pause = 0
    skip_failed: bool = False


class RepeatNode(_Node):
    """Runs a block while a condition holds that is asked before each round, carrying the output on.

    Fails with `too_many_rounds` when it still holds after `most` rounds. `delay` is the pause between two rounds.
    """

    kind: Literal["repeat"]
    initial: Binding
    condition: Condition
    each: Block
    most: int = Field(default=100, ge=1, le=10_000)
    delay: Pause = 0


class GroupNode(_Node):
    """Groups the items of a list by what stands at the path `by`: a list of `{key, items}`, first come first."""

    kind: Literal["group"]
    over: Binding
    by: tuple[str | int, ...]


class NamedBreaker(Value):
    """A circuit breaker that all plans of one principal share by its name, within the app's process.

    After `threshold` failures in a row nothing is tried for `recovery` seconds; then `half_open` tries that succeed
    close it again, and one that fails opens it.
    """

    name: Annotated[str, Field(min_length=1, max_length=128)]
    threshold: int = Field(default=5, ge=1, le=10_000)
    recovery: Seconds = 30.0
    half_open: int = Field(default=3, ge=1, le=1000)


class RetryNode(_Node):
    """Runs a block until it succeeds, at most `attempts` times, waiting `backoff` seconds, doubled each time.

    No wait is longer than `max_wait` seconds; with `jitter` each is drawn from between nothing and that long ("full
    jitter", Brooker, AWS 2015). `when` names the error codes that are worth another attempt; empty means all but those
    that no attempt changes. While the `breaker` is open nothing is tried. `otherwise` runs when all of them failed, and
    sees why as `<id>.error`.
    """

    kind: Literal["retry"]
    attempt: Block
    attempts: int = Field(default=3, ge=1, le=100)
    backoff: float = Field(default=0.1, ge=0, le=3600)
    otherwise: Block | None = None
    jitter: bool = False
    max_wait: Seconds | None = None
    when: tuple[str, ...] = ()
    breaker: NamedBreaker | None = None


class FallbackNode(_Node):
    """Runs the first block; while one fails, the next, which sees why as `<id>.error`. Fails when the last one does."""

    kind: Literal["fallback"]
    choices: tuple[Block, ...] = Field(min_length=2)


Composite: TypeAlias = (
    BranchNode | ParallelNode | MapNode | ReduceNode | RepeatNode | GroupNode | RetryNode | FallbackNode
)
"""A node that is no single call."""

Node: TypeAlias = Annotated[StepNode | Composite, Field(discriminator="kind")]

ERROR: Final[JsonObject] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("node", "code", "message")},
    "required": ["node", "code", "message"],
    "additionalProperties": False,
}
"""What a block that runs after another has failed sees as `<id>.error`."""


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Go over nodes and the nodes of their blocks, outermost first."""
    for node in nodes:
        yield node
        for block in blocks(node):
            yield from walk(block.nodes)


def blocks(node: Node) -> tuple[Block, ...]:
    """List the blocks of a node, in the order they may run."""
    match node:
        case BranchNode():
            found = (*(case.then for case in node.cases), node.otherwise)
        case ParallelNode():
            found = tuple(node.branches.values())
        case MapNode() | ReduceNode() | RepeatNode():
            found = (node.each,)
        case RetryNode():
            found = (node.attempt, node.otherwise)
        case FallbackNode():
            found = node.choices
        case StepNode():
            found = (node.undo,)
        case GroupNode():
            found = ()
    return tuple(block for block in found if block is not None)


def rebuilt(node: Node, change: Callable[[Block], Block]) -> Node:
    """Give a node with every block of its own changed."""
    changed: dict[str, object] = {}
    match node:
        case BranchNode():
            changed["cases"] = tuple(case.model_copy(update={"then": change(case.then)}) for case in node.cases)
        case ParallelNode():
            changed["branches"] = {name: change(block) for name, block in node.branches.items()}
        case MapNode() | ReduceNode() | RepeatNode():
            changed["each"] = change(node.each)
        case RetryNode():
            changed["attempt"] = change(node.attempt)
        case FallbackNode():
            changed["choices"] = tuple(map(change, node.choices))
        case StepNode() if node.undo is not None:
            changed["undo"] = change(node.undo)
        case StepNode() | GroupNode():
            pass
    if isinstance(node, BranchNode | RetryNode) and node.otherwise is not None:
        changed["otherwise"] = change(node.otherwise)
    return node.model_copy(update=changed)


def bindings(node: Node) -> list[Binding]:
    """List the bindings a node itself reads, those of its blocks not included."""
    match node:
        case StepNode():
            return list(node.inputs.values())
        case BranchNode():
            return [binding for case in node.cases for binding in _compared(case.when)]
        case MapNode() | GroupNode():
            return [node.over]
        case ReduceNode():
            return [node.over, node.initial, *_compared(node.until)]
        case RepeatNode():
            return [node.initial, *_compared(node.condition)]
        case ParallelNode() | RetryNode() | FallbackNode():
            return []


def needs(node: Node) -> frozenset[str]:
    """Give the ids that must have succeeded before this node can run, loop variables of its own left out."""
    found = {reference.step for binding in bindings(node) for reference in references(binding)} | set(node.depends_on)
    own = {f"{node.id}.{name}" for name in ("item", "accumulator", "error")}
    found -= own
    if isinstance(node, StepNode):
        own.add(node.id)  # what takes it back sees its output
    for block in blocks(node):
        inside = [needs(inner) for inner in block.nodes]
        inside.append(frozenset(reference.step for reference in references(block.output)))
        found |= frozenset().union(*inside) - own - {inner.id for inner in block.nodes}
    return frozenset(found)


def acting(node: JsonObject) -> JsonObject:
    """Keep of a node (as JSON) what acts, and drop what explains, and what says what is so without it.

    So a plan keeps its id when nodes learn to say more.
    """
    kept = {name: _acting_part(name, value) for name, value in node.items() if name not in {"why", "description"}}
    return {name: value for name, value in kept.items() if name not in _LATER or value != _LATER[name]}


_LATER: Final[Mapping[str, object]] = {
    "timeout": None,
    "undo": None,
    "failed": "fail",
    "tries": 1,
    "chunk": None,
    "until": None,
    "delay": 0,
    "skip_failed": False,
    "jitter": False,
    "max_wait": None,
    "when": [],
    "breaker": None,
}
"""Fields that nodes did not have from the beginning, and what they are where they are not given."""


def _acting_part(name: str, value: Any) -> object:  # noqa: ANN401 - any JSON
    if value is None:
        return None
    if name in {"each", "attempt", "otherwise", "undo"}:
        return _acting_block(value)
    if name == "branches":
        return {branch: _acting_block(block) for branch, block in value.items()}
    if name == "choices":
        return [_acting_block(block) for block in value]
    if name == "cases":
        return [{**case, "then": _acting_block(case["then"])} for case in value]
    return value


def _acting_block(block: JsonObject) -> JsonObject:
    return {**block, "nodes": [acting(node) for node in block["nodes"]]}


def _compared(condition: Condition | None) -> list[Binding]:
    if condition is None:
        return []
    return [condition.value] if condition.to is None else [condition.value, condition.to]
