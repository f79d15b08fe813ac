"""Whether a plan can run: the one validator that planner, API and executor share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from packetflow._core.compatibility import misfit
from packetflow._core.errors import PlanRejected, Problem
from packetflow._core.plan import (
    Binding,
    Block,
    BranchNode,
    Condition,
    Fields,
    Items,
    Literally,
    MapNode,
    Node,
    Plan,
    ReduceNode,
    Reference,
    RetryNode,
    StepNode,
    needs,
    references,
    walk,
)
from packetflow._core.shape import Schema, either, items, listed, properties, together, types

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.grant import Grant
    from packetflow._core.registry import Registry

Scope: TypeAlias = Mapping[str, tuple[str, Schema]]
"""What can be referred to: for a node id, the capability that gives it (or nothing), and the schema of its output."""
Path: TypeAlias = tuple[str | int, ...]

_UNKNOWN: Final[Schema] = {"$comment": "nothing is known of it, because of a problem that was already told"}
_NULL: Final[Schema] = {"type": "null"}
LARGEST: Final = 1000
"""Nodes of a plan, those of its blocks included."""

_TOLD = 200
"""Problems that are listed; whoever has more begins with these."""

_NAMED = 20
"""Things that are named where something else would be right."""

_DEEPEST = 8
"""Blocks within blocks."""


def prove(plan: Plan[Any], registry: Registry, grant: Grant | None = None) -> list[Problem]:
    """List everything that keeps `plan` from running, in the order of its nodes; an empty list is the proof.

    `registry` is the view of whoever will run it: a capability outside the view is unknown. With `grant`, so is one
    that the grant does not name, and literal arguments are held against its limits. Proven means: known capabilities,
    no cycle, every required input present and of a type its source always gives. What only the run can know (a list too
    short, a text too long, a crash) remains. A problem names the node and the path in it; one without a node is about
    the plan's own output.
    """
    if sum(1 for _ in islice(walk(plan.nodes), LARGEST + 1)) > LARGEST:
        return [Problem("too_large", f"a plan has at most {LARGEST:,} nodes, this one has more", ("nodes",))]
    prover = _Prover(registry, grant)
    prover.block(Block.model_construct(nodes=plan.nodes, output=plan.output), {}, None, ("output",))
    return prover.problems


def proven(plan: Plan[Any], registry: Registry, grant: Grant | None = None) -> None:
    """Raise PlanRejected with every problem unless the plan can run."""
    if problems := prove(plan, registry, grant):
        message = "the plan cannot run: " + "; ".join(map(str, problems))
        raise PlanRejected(message, problems, plan_id=plan.id)


class _Prover:
    def __init__(self, registry: Registry, grant: Grant | None) -> None:
        self._registry, self._grant = registry, grant
        self.problems: list[Problem] = []
        self._ids: set[str] = set()
        self._depth = 0

    def block(self, block: Block, outer: Scope, step: str | None, path: Path) -> Schema:
        """Prove the nodes and the output of a block of `step` and give the schema of the output."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self._add("too_deep", f"blocks stand within blocks at most {_DEEPEST} deep", step, path)
            self._depth -= 1
            return _UNKNOWN
        order, waiting = _ordered(block.nodes)
        for node in block.nodes:
            if node.id in self._ids:
                self._add("duplicate_id", "another node has this id", node.id, ("id",))
            self._ids.add(node.id)
        scope = dict(outer)
        for node in waiting:
            scope[node.id] = "", _UNKNOWN
        for node, circle in zip(waiting, _circles(waiting), strict=True):
            if circle:
                self._add(
                    "cycle", f"it waits for itself, by way of {', '.join(circle[:_NAMED])}", node.id, ("depends_on",)
                )
        for node in (*order, *waiting):
            scope[node.id] = node.capability_id if isinstance(node, StepNode) else "", self._node(node, scope)
        given = self._binding(block.output, scope, step, path)
        self._depth -= 1
        return given

    def _node(self, node: Node, scope: Scope) -> Schema:
        for name in node.depends_on:
            if name not in scope:
                message = f"there is no node {name!r} before it"
                self._add("unknown_step", message, node.id, ("depends_on",), sorted(scope))
        match node:
            case StepNode():
                return self._step(node, scope)
            case BranchNode():
                return self._branch(node, scope)
            case MapNode():
                item = self._over(node, scope)
                inner = {**scope, f"{node.id}.item": ("", item)}
                given = self.block(node.each, inner, node.id, ("each", "output"))
                return _UNKNOWN if given is _UNKNOWN else listed(given)
            case ReduceNode():
                return self._reduce(node, scope)
            case RetryNode():
                tried = self.block(node.attempt, scope, node.id, ("attempt", "output"))
                return _one_of([tried, *self._otherwise(node, scope)])

    def _step(self, node: StepNode, scope: Scope) -> Schema:
        declared = self._registry.get(node.capability_id)
        if declared is None or not self._may_name(declared):
            near = [self._registry[name] for name, _ in self._registry.index.search(node.capability_id, limit=3)]
            message = f"there is no capability {node.capability_id!r} you may use"
            allowed = [known.id for known in near if self._may_name(known)]
            self._add("unknown_capability", message, node.id, ("capability_id",), allowed)
            for field, binding in node.inputs.items():
                self._binding(binding, scope, node.id, ("inputs", field))
            return _UNKNOWN
        fields: Mapping[str, Any] = declared.input_schema["properties"]
        for field in declared.requires:
            if field not in node.inputs:
                about = fields[field].get("description", "")
                message = f"input {field!r} is missing{f' ({about})' if about else ''}"
                self._add("missing_input", message, node.id, ("inputs", field), sorted(types(fields[field])))
        for field, binding in node.inputs.items():
            if field not in fields:
                message = f"{declared.id!r} has no input {field!r}"
                self._add("unknown_input", message, node.id, ("inputs", field), [*fields])
                self._binding(binding, scope, node.id, ("inputs", field))
            else:
                self._input(node, declared, field, binding, scope)
        return declared.output_schema

    def _input(self, node: StepNode, declared: Declaration, field: str, binding: Binding, scope: Scope) -> None:
        literal, value = _literal(binding)
        if literal:
            self._literal_input(node, declared, field, value)
            return
        path = ("inputs", field)
        given = self._binding(binding, scope, node.id, path)
        if given is _UNKNOWN:
            return
        if isinstance(binding, Reference) and (giver := scope[binding.step][0]):
            why = self._registry.fit((giver, binding.path, given), (declared.id, field, declared.field_schema(field)))
        else:
            why = misfit(given, declared.field_schema(field))
        if why:
            message = f"{_shown(binding)} does not fit input {field!r}: {why}"
            self._add("type_mismatch", message, node.id, path, sorted(types(declared.field_schema(field))))

    def _literal_input(self, node: StepNode, declared: Declaration, field: str, value: object) -> None:
        path = ("inputs", field)
        if declared.owner is not None and field == declared.owner.actor_type.key:
            if not isinstance(value, str) or not value:
                message = f"the key of {declared.owner.actor_type.name!r} is a text that is not empty"
                self._add("wrong_value", message, node.id, path, ["string"])
        elif problem := declared.input.check_field(field, value):
            allowed = sorted(types(declared.field_schema(field)))
            self._add("wrong_value", problem.message, node.id, ("inputs", *problem.path), allowed)
        if self._grant is not None:
            _, checks, _ = self._grant.reach(declared.id, declared.effect)
            facts = {"principal": self._grant.holder}
            if any(name == field and not check(value, facts) for name, check in checks):
                self._add("not_allowed", f"the grant does not allow this value for {field!r}", node.id, path)

    def _branch(self, node: BranchNode, scope: Scope) -> Schema:
        found: list[Schema] = []
        for number, case in enumerate(node.cases):
            path = "cases", number
            self._condition(node, case.when, scope, (*path, "when"))
            found.append(self.block(case.then, scope, node.id, (*path, "then", "output")))
        return _one_of([*found, *(self._otherwise(node, scope) or [_NULL])])

    def _otherwise(self, node: BranchNode | RetryNode, scope: Scope) -> list[Schema]:
        if node.otherwise is None:
            return []
        return [self.block(node.otherwise, scope, node.id, ("otherwise", "output"))]

    def _condition(self, node: BranchNode, when: Condition, scope: Scope, path: Path) -> None:
        left = self._binding(when.value, scope, node.id, (*path, "value"))
        alone = when.op in {"truthy", "empty"}
        if alone != (when.to is None):
            message = f"{when.op!r} takes {'one value' if alone else 'a value to compare with'}"
            self._add("wrong_value", message, node.id, (*path, "to"))
            return
        right = self._binding(when.to, scope, node.id, (*path, "to")) if when.to is not None else _UNKNOWN
        if left is _UNKNOWN or right is _UNKNOWN:
            return
        have, other = types(left), types(right)
        if when.op in {"lt", "le", "gt", "ge"}:
            both = have | other
            if not (both <= {"integer", "number"} or both <= {"string"}):
                message = "only two numbers or two texts have an order"
                self._add("type_mismatch", message, node.id, path, ["number", "string"])
        elif when.op == "in":
            if not other <= {"array", "string", "object"}:
                message = "'in' looks into a list, a text or an object"
                self._add("type_mismatch", message, node.id, (*path, "to"), ["array", "object", "string"])
            elif not other <= {"array"} and not have <= {"string"}:
                self._add("type_mismatch", "only a text is in a text or object", node.id, (*path, "value"), ["string"])

    def _over(self, node: MapNode | ReduceNode, scope: Scope) -> Schema:
        over = self._binding(node.over, scope, node.id, ("over",))
        if over is _UNKNOWN:
            return _UNKNOWN
        if not types(over) <= {"array"}:
            self._add("type_mismatch", f"{_shown(node.over)} is no list", node.id, ("over",), ["array"])
            return _UNKNOWN
        return items(over)

    def _reduce(self, node: ReduceNode, scope: Scope) -> Schema:
        """Prove a fold: a round must bear what it begins with and what the round before gave."""
        inner = {**scope, f"{node.id}.item": ("", self._over(node, scope))}
        first = self._binding(node.initial, scope, node.id, ("initial",))
        known, ids = len(self.problems), set(self._ids)
        given = self._round(node, inner, first)
        if _UNKNOWN in (first, given) or not misfit(given, first):
            return _one_of([first, given])
        del self.problems[known:]
        self._ids = ids
        carried = _one_of([first, given])
        given = self._round(node, inner, carried)
        if given is not _UNKNOWN and (why := misfit(given, carried)):
            message = f"what it carries on does not fit what it began with: {why}"
            self._add("type_mismatch", message, node.id, ("each", "output"), sorted(types(carried)))
        return _one_of([carried, given])

    def _round(self, node: ReduceNode, inner: Scope, carried: Schema) -> Schema:
        return self.block(node.each, {**inner, f"{node.id}.accumulator": ("", carried)}, node.id, ("each", "output"))

    def _binding(self, binding: Binding, scope: Scope, step: str | None, path: Path) -> Schema:
        """Give the schema of what a binding will be, noting references that lead nowhere."""
        match binding:
            case Literally():
                return {"const": binding.literal}
            case Items():
                found = [self._binding(one, scope, step, (*path, n)) for n, one in enumerate(binding.items)]
                return _UNKNOWN if _UNKNOWN in found else _array(found)
            case Fields():
                named = {name: self._binding(one, scope, step, (*path, name)) for name, one in binding.fields.items()}
                return _UNKNOWN if _UNKNOWN in named.values() else _object(named)
            case Reference():
                return self._referred(binding, scope, step, path)

    def _referred(self, binding: Reference, scope: Scope, step: str | None, path: Path) -> Schema:
        if binding.step not in scope:
            self._add("unknown_step", f"there is no node {binding.step!r} to refer to", step, path, sorted(scope))
            return _UNKNOWN
        giver, schema = scope[binding.step]
        if schema is _UNKNOWN or not binding.path:
            return schema
        found = self._registry.part(giver, binding.path, schema)
        if found is None:
            message = f"{_shown(binding)} is not promised by {binding.step!r}"
            self._add("unknown_path", message, step, path, properties(schema))
            return _UNKNOWN
        return found

    def _may_name(self, declared: Declaration) -> bool:
        return self._grant is None or self._grant.may_name(declared.id, declared.effect)

    def _add(self, code: str, message: str, step: str | None, path: Path, allowed: Sequence[str] = ()) -> None:
        if len(self.problems) < _TOLD:
            self.problems.append(Problem(code, message, path, step, tuple(allowed[:_NAMED])))


def _ordered(nodes: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Put nodes behind what they need; the second list holds those that wait for ever."""
    here = {node.id for node in nodes}
    waits = [needs(node) & here for node in nodes]
    done: set[str] = set()
    order: list[Node] = []
    rest = list(range(len(nodes)))
    while rest:
        later: list[int] = []
        for number in rest:
            if waits[number] <= done:
                done.add(nodes[number].id)
                order.append(nodes[number])
            else:
                later.append(number)
        if len(later) == len(rest):
            break
        rest = later
    return order, [nodes[number] for number in rest]


def _circles(waiting: Sequence[Node]) -> list[list[str]]:
    """For each node, name the nodes of a circle it stands in; none for one that only waits for a circle."""
    waits = {node.id: needs(node) & {other.id for other in waiting} for node in waiting}
    reach: dict[str, set[str]] = {}
    for node in waiting:
        todo, found = [*waits[node.id]], set[str]()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += waits[name]
        reach[node.id] = found
    return [sorted(n for n in reach[node.id] if node.id in reach[n]) for node in waiting]


def _literal(binding: Binding) -> tuple[bool, object]:
    """Whether a binding refers to nothing, and the value it is then."""
    if next(references(binding), None) is not None:
        return False, None
    return True, _value(binding)


def _value(binding: Binding) -> object:
    match binding:
        case Literally():
            return binding.literal
        case Items():
            return [_value(one) for one in binding.items]
        case Fields():
            return {name: _value(one) for name, one in binding.fields.items()}
        case Reference():
            message = f"{binding.step!r} is known only when the plan runs"
            raise ValueError(message)


def _one_of(schemas: Iterable[Schema]) -> Schema:
    found = list(schemas)
    return _UNKNOWN if any(one is _UNKNOWN for one in found) else either(found)


def _array(places: Sequence[Schema]) -> Schema:
    own, carried = together(places)
    return {"type": "array", "prefixItems": own, "minItems": len(own), "maxItems": len(own), **carried}


def _object(fields: Mapping[str, Schema]) -> Schema:
    own, carried = together([*fields.values()])
    named = dict(zip(fields, own, strict=True))
    return {"type": "object", "properties": named, "required": [*fields], "additionalProperties": False, **carried}


def _shown(binding: Binding) -> str:
    return ".".join(map(str, (binding.step, *binding.path))) if isinstance(binding, Reference) else "the value"
