"""What nodes give that are no single call, and what keeps them from running."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from packetflow._core.binding import Binding, Condition, Reference
from packetflow._core.errors import Problem
from packetflow._core.node import (
    ERROR,
    Block,
    BranchNode,
    Composite,
    FallbackNode,
    GroupNode,
    MapNode,
    ParallelNode,
    ReduceNode,
    RepeatNode,
    RetryNode,
    needs,
)
from packetflow._core.shape import Schema, at_path, items, listed, properties, together, types

Scope: TypeAlias = Mapping[str, tuple[str, Schema]]
"""What can be referred to: for a node id, the capability that gives it (or nothing), and the schema of its output."""
Path: TypeAlias = tuple[str | int, ...]

UNKNOWN: Final[Schema] = {"$comment": "nothing is known of it, because of a problem that was already told"}
_NULL: Final[Schema] = {"type": "null"}
_SCALAR: Final = frozenset({"string", "integer", "number", "boolean", "null"})
_FAILURES: Final[Schema] = listed(
    {
        **ERROR,
        "properties": {"name": {"type": "string"}, **ERROR["properties"]},
        "required": ["name", *ERROR["required"]],
    }
)


class Judge(Protocol):
    """The proof of a whole plan, as its patterns see it."""

    problems: list[Problem]
    ids: set[str]

    def block(self, block: Block, outer: Scope, step: str | None, path: Path) -> Schema:
        """Prove a block of `step` and give the schema of its output."""
        ...

    def binding(self, binding: Binding, scope: Scope, step: str | None, path: Path) -> Schema:
        """Give the schema of what a binding will be, noting references that lead nowhere."""
        ...

    def misfit(self, source: Schema, target: Schema) -> str | None:
        """Say why what keeps `source` may be refused by `target`."""
        ...

    def one_of(self, schemas: Sequence[Schema]) -> Schema:
        """Give the schema of a value that keeps one of these."""
        ...

    def add(self, code: str, message: str, step: str | None, path: Path, allowed: Sequence[str] = ()) -> None:
        """Note a problem."""
        ...


class Patterns:
    """Proves the nodes that are no single call."""

    def __init__(self, judge: Judge) -> None:
        """Tell `judge` of every problem."""
        self._judge = judge
        self._kinds: Mapping[str, Callable[[Any, Scope], Schema]] = {
            "branch": self._branch,
            "parallel": self._parallel,
            "map": self._map,
            "reduce": self._reduce,
            "repeat": self._repeat,
            "group": self._group,
            "retry": self._retry,
            "fallback": self._fallback,
        }
        self._items: dict[int, tuple[Schema, Schema]] = {}
        self._needs: dict[str, tuple[int, list[str]]] = {}
        self._known: dict[tuple[int, ...], tuple[Schema, Schema, list[Problem], set[str], list[Schema]]] = {}
        """What loops give that were proven, by what they see: one within another is asked again and again."""

    def given(self, node: Composite, scope: Scope) -> Schema:
        """Prove a node and give the schema of its output."""
        return self._kinds[node.kind](node, scope)

    def _retry(self, node: RetryNode, scope: Scope) -> Schema:
        tried = self._judge.block(node.attempt, scope, node.id, ("attempt", "output"))
        if node.otherwise is None:
            return tried
        return self._judge.one_of([tried, self._after_failure(node, node.otherwise, scope, ("otherwise", "output"))])

    def _fallback(self, node: FallbackNode, scope: Scope) -> Schema:
        given = [self._judge.block(node.choices[0], scope, node.id, ("choices", 0, "output"))]
        for number, block in enumerate(node.choices[1:], 1):
            given.append(self._after_failure(node, block, scope, ("choices", number, "output")))
        return self._judge.one_of(given)

    def _after_failure(self, node: RetryNode | FallbackNode, block: Block, scope: Scope, path: Path) -> Schema:
        return self._judge.block(block, {**scope, f"{node.id}.error": ("", ERROR)}, node.id, path)

    def _branch(self, node: BranchNode, scope: Scope) -> Schema:
        found: list[Schema] = []
        for number, case in enumerate(node.cases):
            path = "cases", number
            self._condition(node.id, case.when, scope, (*path, "when"))
            found.append(self._judge.block(case.then, scope, node.id, (*path, "then", "output")))
        if node.otherwise is None:
            return self._judge.one_of([*found, _NULL])
        return self._judge.one_of([*found, self._judge.block(node.otherwise, scope, node.id, ("otherwise", "output"))])

    def _parallel(self, node: ParallelNode, scope: Scope) -> Schema:
        given = {
            name: self._judge.block(block, scope, node.id, ("branches", name, "output"))
            for name, block in node.branches.items()
        }
        if node.partial == "continue":
            if "failures" in given:
                self._judge.add("wrong_value", "no branch can be called 'failures' here", node.id, ("branches",))
                return UNKNOWN
            given = {name: self._judge.one_of([schema, _NULL]) for name, schema in given.items()}
            given["failures"] = _FAILURES
        return UNKNOWN if any(one is UNKNOWN for one in given.values()) else object_of(given)

    def _map(self, node: MapNode, scope: Scope) -> Schema:
        item = self._over(node, scope)
        if node.chunk is not None and item is not UNKNOWN:
            item = listed(item)
        inner = {**scope, f"{node.id}.item": ("", item)}
        given = self._judge.block(node.each, inner, node.id, ("each", "output"))
        if node.failed == "null":
            given = self._judge.one_of([given, _NULL])
        return UNKNOWN if given is UNKNOWN else listed(given)

    def _over(self, node: MapNode | ReduceNode | GroupNode, scope: Scope) -> Schema:
        over = self._judge.binding(node.over, scope, node.id, ("over",))
        if over is UNKNOWN:
            return UNKNOWN
        if not types(over) <= {"array"}:
            self._judge.add("type_mismatch", f"{shown(node.over)} is no list", node.id, ("over",), ["array"])
            return UNKNOWN
        if id(over) not in self._items:
            self._items[id(over)] = items(over), over
        return self._items[id(over)][0]

    def _group(self, node: GroupNode, scope: Scope) -> Schema:
        item = self._over(node, scope)
        if item is UNKNOWN:
            return UNKNOWN
        key = at_path(item, node.by)
        if key is None:
            message = f"not every item has {'.'.join(map(str, node.by))!r}"
            self._judge.add("unknown_path", message, node.id, ("by",), properties(item))
            return UNKNOWN
        if not types(key) <= _SCALAR:
            message = "items are grouped by a text, a number, a boolean or null"
            self._judge.add("type_mismatch", message, node.id, ("by",), sorted(_SCALAR))
            return UNKNOWN
        return listed(object_of({"key": key, "items": listed(item)}))

    def _reduce(self, node: ReduceNode, scope: Scope) -> Schema:
        inner = {**scope, f"{node.id}.item": ("", self._over(node, scope))}
        first = self._judge.binding(node.initial, scope, node.id, ("initial",))
        given, carried = self._rounds(node, inner, first)
        if node.until is not None:
            self._condition(node.id, node.until, {**inner, f"{node.id}.accumulator": ("", given)}, ("until",))
        return carried

    def _repeat(self, node: RepeatNode, scope: Scope) -> Schema:
        first = self._judge.binding(node.initial, scope, node.id, ("initial",))
        _, carried = self._rounds(node, scope, first)
        self._condition(node.id, node.condition, {**scope, f"{node.id}.accumulator": ("", carried)}, ("condition",))
        return carried

    def _rounds(self, node: ReduceNode | RepeatNode, inner: Scope, first: Schema) -> tuple[Schema, Schema]:
        """Prove that a round bears what it begins with and what the round before gave.

        Gives the schema of what a round gives, and of that and what was there before the first.
        """
        if node.id not in self._needs:
            self._needs[node.id] = id(node), sorted(needs(node) | {f"{node.id}.item"})
        whose, names = self._needs[node.id]
        if whose != id(node):  # two nodes of one id, which is a problem anyway
            return self._proven(node, inner, first)
        seen = [inner[name][1] for name in names if name in inner]
        key = id(node), id(first), *map(id, seen)
        if key not in self._known:
            before, ids = len(self._judge.problems), set(self._judge.ids)
            found = self._proven(node, inner, first)
            self._known[key] = *found, self._judge.problems[before:], self._judge.ids - ids, [first, *seen]
            return found
        given, carried, problems, new, _ = self._known[key]
        for problem in problems:
            self._judge.add(problem.code, problem.message, problem.step, problem.path, problem.allowed)
        self._judge.ids |= new
        return given, carried

    def _proven(self, node: ReduceNode | RepeatNode, inner: Scope, first: Schema) -> tuple[Schema, Schema]:
        judge = self._judge
        known, ids = len(judge.problems), set(judge.ids)
        given = self._round(node, inner, first)
        if UNKNOWN in (first, given) or not self._judge.misfit(given, first):
            return given, self._judge.one_of([first, given])
        del judge.problems[known:]
        judge.ids = ids
        carried = self._judge.one_of([first, given])
        given = self._round(node, inner, carried)
        if given is not UNKNOWN and (why := self._judge.misfit(given, carried)):
            message = f"what it carries on does not fit what it began with: {why}"
            judge.add("type_mismatch", message, node.id, ("each", "output"), sorted(types(carried)))
        return given, self._judge.one_of([carried, given])

    def _round(self, node: ReduceNode | RepeatNode, inner: Scope, carried: Schema) -> Schema:
        scope = {**inner, f"{node.id}.accumulator": ("", carried)}
        return self._judge.block(node.each, scope, node.id, ("each", "output"))

    def _condition(self, node: str, when: Condition, scope: Scope, path: Path) -> None:
        judge = self._judge
        left = judge.binding(when.value, scope, node, (*path, "value"))
        alone = when.op in {"truthy", "empty"}
        if alone != (when.to is None):
            message = f"{when.op!r} takes {'one value' if alone else 'a value to compare with'}"
            judge.add("wrong_value", message, node, (*path, "to"))
            return
        right = judge.binding(when.to, scope, node, (*path, "to")) if when.to is not None else UNKNOWN
        if left is UNKNOWN or right is UNKNOWN:
            return
        have, other = types(left), types(right)
        if when.op in {"lt", "le", "gt", "ge"}:
            both = have | other
            if not (both <= {"integer", "number"} or both <= {"string"}):
                message = "only two numbers or two texts have an order"
                judge.add("type_mismatch", message, node, path, ["number", "string"])
        elif when.op == "in":
            if not other <= {"array", "string", "object"}:
                message = "'in' looks into a list, a text or an object"
                judge.add("type_mismatch", message, node, (*path, "to"), ["array", "object", "string"])
            elif not other <= {"array"} and not have <= {"string"}:
                judge.add("type_mismatch", "only a text is in a text or object", node, (*path, "value"), ["string"])


def object_of(fields: Mapping[str, Schema]) -> Schema:
    """Give the schema of an object with exactly these fields."""
    own, carried = together([*fields.values()])
    named = dict(zip(fields, own, strict=True))
    return {"type": "object", "properties": named, "required": [*fields], "additionalProperties": False, **carried}


def shown(binding: Binding) -> str:
    """Name what a binding refers to."""
    return ".".join(map(str, (binding.step, *binding.path))) if isinstance(binding, Reference) else "the value"
