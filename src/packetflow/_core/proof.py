"""Whether a plan can run: the one validator that planner, API and executor share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from packetflow._core.binding import Binding, Fields, Items, Literally, Reference, references
from packetflow._core.body import INPUT
from packetflow._core.compatibility import misfit
from packetflow._core.effort import NODE, Effort, TooComplex
from packetflow._core.errors import PlanRejected, Problem
from packetflow._core.literal import MOST, at_most, literals, schema_of
from packetflow._core.node import Block, Node, StepNode, walk
from packetflow._core.order import circles, ordered
from packetflow._core.pattern import UNKNOWN, Path, Patterns, Scope, object_of, shown
from packetflow._core.plan import Plan
from packetflow._core.shape import Schema, either, properties, together, types

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.grant import Grant
    from packetflow._core.registry import Registry

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
    if not at_most(literals(plan.nodes, plan.output), MOST):
        return [Problem("too_large", f"the values in a plan are at most {MOST:,}, this one has more", ("nodes",))]
    prover = _Prover(registry, grant)
    prover.whole(Block.model_construct(nodes=plan.nodes, output=plan.output), {})
    return prover.problems


def proven(plan: Plan[Any], registry: Registry, grant: Grant | None = None) -> None:
    """Raise PlanRejected with every problem unless the plan can run."""
    if problems := prove(plan, registry, grant):
        message = "the plan cannot run: " + "; ".join(map(str, problems))
        raise PlanRejected(message, problems, plan_id=plan.id)


def prove_block(block: Block, given: Schema, registry: Registry) -> tuple[list[Problem], Schema]:
    """Prove the steps of a flow, which is given values of the schema `given` as `input`.

    Gives every problem, and the schema of its output.
    """
    prover = _Prover(registry, None)
    output = prover.whole(block, {INPUT: ("", given)})
    return prover.problems, output


class _Prover:
    def __init__(self, registry: Registry, grant: Grant | None) -> None:
        self._registry, self._grant = registry, grant
        self.problems: list[Problem] = []
        self.ids: set[str] = set()
        self._depth = 0
        self._patterns = Patterns(self)
        self._effort = Effort()
        self._literals: dict[int, Schema] = {}
        self._misfits: dict[tuple[int, int], tuple[str | None, Schema, Schema]] = {}

    def whole(self, block: Block, outer: Scope) -> Schema:
        """Prove all there is, unless that costs too much."""
        try:
            return self.block(block, outer, None, ("output",))
        except (TooComplex, RecursionError):
            message = "what its nodes give is too complex to be proven: use fewer nodes, loops or parts within parts"
            self.problems.append(Problem("too_complex", message, ("nodes",)))
            return UNKNOWN

    def block(self, block: Block, outer: Scope, step: str | None, path: Path) -> Schema:
        """Prove the nodes and the output of a block of `step` and give the schema of the output."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self.add("too_deep", f"blocks stand within blocks at most {_DEEPEST} deep", step, path)
            self._depth -= 1
            return UNKNOWN
        order, waiting = ordered(block.nodes)
        for node in block.nodes:
            if node.id in self.ids:
                self.add("duplicate_id", "another node has this id", node.id, ("id",))
            self.ids.add(node.id)
        scope = dict(outer)
        for node in waiting:
            scope[node.id] = "", UNKNOWN
        for node, circle in zip(waiting, circles(waiting), strict=True):
            if circle:
                self.add(
                    "cycle", f"it waits for itself, by way of {', '.join(circle[:_NAMED])}", node.id, ("depends_on",)
                )
        for node in (*order, *waiting):
            scope[node.id] = node.capability_id if isinstance(node, StepNode) else "", self._node(node, scope)
        given = self.binding(block.output, scope, step, path)
        self._depth -= 1
        return given

    def _node(self, node: Node, scope: Scope) -> Schema:
        self._effort.spend(NODE)
        for name in node.depends_on:
            if name not in scope:
                message = f"there is no node {name!r} before it"
                self.add("unknown_step", message, node.id, ("depends_on",), sorted(scope))
        if not isinstance(node, StepNode):
            made = self._patterns.given(node, scope)
            self._effort.weigh(made)
            return made
        given = self._step(node, scope)
        if node.undo is not None:
            self.block(node.undo, {**scope, node.id: (node.capability_id, given)}, node.id, ("undo", "output"))
        return given

    def _step(self, node: StepNode, scope: Scope) -> Schema:
        declared = self._registry.get(node.capability_id)
        if declared is None or not self._may_name(declared):
            few = len(self.problems) < _TOLD
            found = self._registry.index.search(node.capability_id, limit=3) if few else []
            near = [self._registry[name] for name, _ in found]
            message = f"there is no capability {node.capability_id!r} you may use"
            allowed = [known.id for known in near if self._may_name(known)]
            self.add("unknown_capability", message, node.id, ("capability_id",), allowed)
            for field, binding in node.inputs.items():
                self.binding(binding, scope, node.id, ("inputs", field))
            return UNKNOWN
        fields: Mapping[str, Any] = declared.input_schema["properties"]
        for field in declared.requires:
            if field not in node.inputs:
                about = fields[field].get("description", "")
                message = f"input {field!r} is missing{f' ({about})' if about else ''}"
                self.add("missing_input", message, node.id, ("inputs", field), sorted(types(fields[field])))
        for field, binding in node.inputs.items():
            if field not in fields:
                message = f"{declared.id!r} has no input {field!r}"
                self.add("unknown_input", message, node.id, ("inputs", field), [*fields])
                self.binding(binding, scope, node.id, ("inputs", field))
            else:
                self._input(node, declared, field, binding, scope)
        return declared.output_schema

    def _input(self, node: StepNode, declared: Declaration, field: str, binding: Binding, scope: Scope) -> None:
        literal, value = _literal(binding)
        if literal:
            self._literal_input(node, declared, field, value)
            return
        path = ("inputs", field)
        given = self.binding(binding, scope, node.id, path)
        if given is UNKNOWN:
            return
        if isinstance(binding, Reference) and (giver := scope[binding.step][0]):
            why = self._registry.fit((giver, binding.path, given), (declared.id, field, declared.field_schema(field)))
        else:
            why = self.misfit(given, declared.field_schema(field))
        if why:
            message = f"{shown(binding)} does not fit input {field!r}: {why}"
            self.add("type_mismatch", message, node.id, path, sorted(types(declared.field_schema(field))))

    def _literal_input(self, node: StepNode, declared: Declaration, field: str, value: object) -> None:
        path = ("inputs", field)
        if declared.owner is not None and field == declared.owner.actor_type.key:
            if not isinstance(value, str) or not value:
                message = f"the key of {declared.owner.actor_type.name!r} is a text that is not empty"
                self.add("wrong_value", message, node.id, path, ["string"])
        elif problem := declared.input.check_field(field, value):
            allowed = sorted(types(declared.field_schema(field)))
            self.add("wrong_value", problem.message, node.id, ("inputs", *problem.path), allowed)
        if self._grant is not None:
            _, checks, _ = self._grant.reach(declared.id, declared.effect)
            facts = {"principal": self._grant.holder}
            if any(name == field and not check(value, facts) for name, check in checks):
                self.add("not_allowed", f"the grant does not allow this value for {field!r}", node.id, path)

    def binding(self, binding: Binding, scope: Scope, step: str | None, path: Path) -> Schema:
        """Give the schema of what a binding will be, noting references that lead nowhere."""
        self._effort.spend(1)
        match binding:
            case Literally():
                if id(binding) not in self._literals:  # the plan holds it, so that no identity comes twice
                    self._literals[id(binding)] = schema_of(binding.literal)
                return self._literals[id(binding)]
            case Items():
                found = [self.binding(one, scope, step, (*path, n)) for n, one in enumerate(binding.items)]
                made = UNKNOWN if any(one is UNKNOWN for one in found) else _array(found)
            case Fields():
                named = {name: self.binding(one, scope, step, (*path, name)) for name, one in binding.fields.items()}
                made = UNKNOWN if any(one is UNKNOWN for one in named.values()) else object_of(named)
            case Reference():
                return self._referred(binding, scope, step, path)
        self._effort.weigh(made)
        return made

    def misfit(self, source: Schema, target: Schema) -> str | None:
        """Say why what keeps `source` may be refused by `target`; asked once for the same two."""
        pair = id(source), id(target)
        if pair not in self._misfits:
            self._misfits[pair] = misfit(source, target, self._effort), source, target
        return self._misfits[pair][0]

    def one_of(self, schemas: Sequence[Schema]) -> Schema:
        """Give the schema of a value that keeps one of these; nothing is known of it when that is so of one of them."""
        if any(one is UNKNOWN for one in schemas):
            return UNKNOWN
        distinct = [*{id(one): one for one in schemas}.values()]
        if len(distinct) == 1:
            return distinct[0]
        for one in distinct:
            self._effort.weigh(one)
        return either(distinct)

    def _referred(self, binding: Reference, scope: Scope, step: str | None, path: Path) -> Schema:
        if binding.step not in scope:
            self.add("unknown_step", f"there is no node {binding.step!r} to refer to", step, path, sorted(scope))
            return UNKNOWN
        giver, schema = scope[binding.step]
        if schema is UNKNOWN or not binding.path:
            return schema
        if not giver:
            self._effort.spend(NODE * len(binding.path))
            self._effort.weigh(schema)
        found = self._registry.part(giver, binding.path, schema)
        if found is None:
            message = f"{shown(binding)} is not promised by {binding.step!r}"
            self.add("unknown_path", message, step, path, properties(schema))
            return UNKNOWN
        return found

    def _may_name(self, declared: Declaration) -> bool:
        return self._grant is None or declared.open_to(self._grant)

    def add(self, code: str, message: str, step: str | None, path: Path, allowed: Sequence[str] = ()) -> None:
        """Note a problem."""
        if len(self.problems) < _TOLD:
            self.problems.append(Problem(code, message, path, step, tuple(allowed[:_NAMED])))


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


def _array(places: Sequence[Schema]) -> Schema:
    own, carried = together(places)
    return {"type": "array", "prefixItems": own, "minItems": len(own), "maxItems": len(own), **carried}
