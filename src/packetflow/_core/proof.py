"""Whether a plan can run: the one validator that planner, API and executor share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from packetflow._core.compatibility import at_path, misfit, types
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
)

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.grant import Grant
    from packetflow._core.registry import Registry

Schema: TypeAlias = Mapping[str, Any]
Scope: TypeAlias = Mapping[str, tuple[str, Schema]]
"""What can be referred to: for a node id, a name that stands for its schema, and the schema."""

_ANY: Schema = {}


def prove(plan: Plan[Any], registry: Registry, grant: Grant | None = None) -> list[Problem]:
    """List everything that keeps `plan` from running, in the order of its nodes; an empty list is the proof.

    `registry` is the view of whoever will run it: a capability outside the view is unknown. With `grant`, literal
    arguments are held against its limits, too. Proven means: known capabilities, no cycle, every required input present
    and of a type its source always gives. What only the run can know (an empty list, a text too long, a crash) remains.
    """
    prover = _Prover(registry, grant)
    prover.block(plan.nodes, plan.output, {})
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

    def block(self, nodes: Sequence[Node], output: Binding, scope: Scope) -> Schema:
        """Prove nodes and output of one block and give the schema of the output."""
        inner = dict(scope)
        order, stuck = _ordered(nodes)
        for node in nodes:
            if node.id in self._ids:
                self._add("duplicate_id", "another node has this id", node.id)
            self._ids.add(node.id)
        names = {node.id for node in nodes} | scope.keys()
        for node in stuck:
            missing = sorted(needs(node) - names)
            if not missing:
                cycle = sorted(other.id for other in stuck)
                self._add("cycle", f"it waits for itself, by way of {', '.join(cycle)}", node.id)
        for node in order:
            inner[node.id] = (self._source(node), self._node(node, inner, names))
        for node in stuck:
            self._node(node, {**inner, **{other.id: ("", _ANY) for other in stuck}}, names)
            inner[node.id] = ("", _ANY)
        return self._schema(output, inner, names, None, "output")

    def _source(self, node: Node) -> str:
        return node.capability_id if isinstance(node, StepNode) else ""

    def _node(self, node: Node, scope: Scope, names: Iterable[str]) -> Schema:
        for name in node.depends_on:
            if name not in names:
                self._add("unknown_step", f"there is no node {name!r} before it", node.id, ("depends_on",), sorted(scope))
        match node:
            case StepNode():
                return self._step(node, scope, names)
            case BranchNode():
                return self._branch(node, scope, names)
            case MapNode() | ReduceNode():
                return self._loop(node, scope, names)
            case RetryNode():
                found = [self.block(node.attempt.nodes, node.attempt.output, scope)]
                return _either([*found, *self._optional(node.otherwise, scope)])

    def _step(self, node: StepNode, scope: Scope, names: Iterable[str]) -> Schema:
        declared = self._registry.get(node.capability_id)
        if declared is None:
            near = [name for name, _ in self._registry.index.search(node.capability_id, limit=3)]
            message = f"there is no capability {node.capability_id!r} you may use"
            self._add("unknown_capability", message, node.id, ("capability_id",), near)
            for field, binding in node.inputs.items():
                self._schema(binding, scope, names, node.id, field)
            return _ANY
        schema = declared.input_schema
        properties: Mapping[str, Any] = schema["properties"]
        for field in schema.get("required", ()):
            if field not in node.inputs:
                about = properties[field].get("description", "")
                self._add("missing_input", f"input {field!r} is missing{f' ({about})' if about else ''}", node.id, ("inputs", field))
        for field, binding in node.inputs.items():
            if field not in properties:
                self._add("unknown_input", f"{declared.id!r} has no input {field!r}", node.id, ("inputs", field), list(properties))
            else:
                self._input(node, declared, field, binding, (scope, names))
        return declared.output_schema

    def _input(
        self, node: StepNode, declared: Declaration, field: str, binding: Binding, seen: tuple[Scope, Iterable[str]]
    ) -> None:
        if isinstance(binding, Literally):
            self._literal(node, declared, field, binding.literal)
            return
        source = self._schema(binding, *seen, node.id, field)
        wanted = {**declared.input_schema["properties"][field], "$defs": declared.input_schema.get("$defs", {})}
        named = seen[0].get(binding.step, ("", _ANY))[0] if isinstance(binding, Reference) else ""
        if named and isinstance(binding, Reference):
            why = self._registry.fit((named, binding.path, source), (declared.id, field, wanted))
        else:
            why = misfit(source, wanted) if source else None
        if why:
            self._add("type_mismatch", f"{_shown(binding)} does not fit input {field!r}: {why}", node.id, ("inputs", field), sorted(types(wanted)))

    def _literal(self, node: StepNode, declared: Declaration, field: str, value: object) -> None:
        if declared.owner is not None and field == declared.owner.actor_type.key:
            if not isinstance(value, str) or not value:
                self._add("wrong_value", f"the key of {declared.owner.actor_type.name!r} is a text that is not empty", node.id, ("inputs", field), ["string"])
        elif problem := declared.input.check_field(field, value):
            wanted = sorted(types(declared.input_schema["properties"][field], declared.input_schema))
            self._add("wrong_value", problem.message, node.id, ("inputs", *problem.path), wanted)
        if self._grant is not None:
            _, checks, _ = self._grant.reach(declared.id, declared.effect)
            facts = {"principal": self._grant.holder}
            if any(name == field and not check(value, facts) for name, check in checks):
                self._add("not_allowed", f"the grant does not allow this value for {field!r}", node.id, ("inputs", field))

    def _branch(self, node: BranchNode, scope: Scope, names: Iterable[str]) -> Schema:
        found: list[Schema] = []
        for case in node.cases:
            self._condition(node, case.when, scope, names)
            found.append(self.block(case.then.nodes, case.then.output, scope))
        rest = self._optional(node.otherwise, scope) or [cast("Schema", {"type": "null"})]
        return _either([*found, *rest])

    def _condition(self, node: BranchNode, when: Condition, scope: Scope, names: Iterable[str]) -> None:
        left = self._schema(when.value, scope, names, node.id, "when")
        alone = when.op in {"truthy", "empty"}
        if alone != (when.to is None):
            self._add("wrong_value", f"{when.op!r} takes {'one value' if alone else 'a value to compare with'}", node.id, ("when", "to"))
            return
        right = self._schema(when.to, scope, names, node.id, "to") if when.to is not None else _ANY
        if when.op in {"lt", "le", "gt", "ge"}:
            self._ordered_types(node, types(left), types(right))
        if when.op == "in" and not types(right) <= {"array", "string", "object"}:
            self._add("type_mismatch", "'in' looks into a list, a text or an object", node.id, ("when", "to"), ["array", "object", "string"])

    def _ordered_types(self, node: BranchNode, left: frozenset[str], right: frozenset[str]) -> None:
        numbers = frozenset({"integer", "number"})
        if not (left | right <= numbers or left | right == {"string"}):
            self._add("type_mismatch", "only two numbers or two texts have an order", node.id, ("when",), ["number", "string"])

    def _loop(self, node: MapNode | ReduceNode, scope: Scope, names: Iterable[str]) -> Schema:
        over = self._schema(node.over, scope, names, node.id, "over")
        if over and types(over) != {"array"}:
            self._add("type_mismatch", f"{_shown(node.over)} is no list", node.id, ("over",), ["array"])
        item = _items(over)
        inner = {**scope, f"{node.id}.item": ("", item)}
        if isinstance(node, ReduceNode):
            carried = self._schema(node.initial, scope, names, node.id, "initial")
            result = self.block(node.each.nodes, node.each.output, {**inner, f"{node.id}.accumulator": ("", _loose(carried))})
            if carried and (why := misfit(result, _loose(carried))):
                self._add("type_mismatch", f"what it carries on does not fit what it began with: {why}", node.id, ("each",))
            return _either([_loose(carried), result])
        return _listed(self.block(node.each.nodes, node.each.output, inner))

    def _optional(self, block: Block | None, scope: Scope) -> list[Schema]:
        return [self.block(block.nodes, block.output, scope)] if block is not None else []

    def _schema(self, binding: Binding, scope: Scope, names: Iterable[str], step: str | None, field: str) -> Schema:
        """Give the schema of what a binding will be, noting references that lead nowhere."""
        match binding:
            case Literally():
                return {"const": binding.literal}
            case Items():
                return {"type": "array", "prefixItems": [self._schema(b, scope, names, step, field) for b in binding.items]}
            case Fields():
                found = {name: self._schema(b, scope, names, step, field) for name, b in binding.fields.items()}
                return {"type": "object", "properties": found, "required": list(found)}
            case Reference():
                return self._referred(binding, scope, names, step, field)

    def _referred(self, binding: Reference, scope: Scope, names: Iterable[str], step: str | None, field: str) -> Schema:
        if binding.step not in scope:
            if binding.step not in names or step is None:
                self._add("unknown_step", f"there is no node {binding.step!r} to refer to", step, ("inputs", field), sorted(scope))
            return _ANY
        schema = scope[binding.step][1]
        if not schema:
            return _ANY
        found = at_path(schema, binding.path)
        if found is None:
            allowed = [".".join(map(str, name)) for name in _fields(schema)]
            self._add("unknown_path", f"{_shown(binding)} is not promised by {binding.step!r}", step, ("inputs", field), allowed)
            return _ANY
        return found

    def _add(
        self, code: str, message: str, step: str | None, path: Sequence[str | int] = (), allowed: Sequence[str] = ()
    ) -> None:
        self.problems.append(Problem(code, message, tuple(path), step, tuple(allowed)))


def _ordered(nodes: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Put nodes behind what they need; the second list holds those that wait for ever."""
    waiting = {node.id: needs(node) & {other.id for other in nodes} for node in nodes}
    order: list[Node] = []
    rest = list(nodes)
    while rest:
        ready = [node for node in rest if not waiting[node.id] & {other.id for other in rest}]
        if not ready:
            return order, rest
        order += ready
        rest = [node for node in rest if node not in ready]
    return order, []


def _either(schemas: Sequence[Schema]) -> Schema:
    found = [schema for number, schema in enumerate(schemas) if schema not in schemas[:number]]
    if any(not schema for schema in found):
        return _ANY
    return found[0] if len(found) == 1 else {"anyOf": [_inlined(schema) for schema in found]}


def _items(over: Schema) -> Schema:
    if "const" in over and isinstance(over["const"], list):
        return _either([{"const": value} for value in cast("list[Any]", over["const"])]) if over["const"] else _ANY
    if "prefixItems" in over:
        return _either(over["prefixItems"]) if over["prefixItems"] else _ANY
    item = over.get("items", _ANY)
    return {**item, "$defs": over["$defs"]} if item and "$defs" in over else item


def _listed(item: Schema) -> Schema:
    if not item:
        return {"type": "array"}
    return {"type": "array", "items": {k: v for k, v in item.items() if k != "$defs"}} | (
        {"$defs": item["$defs"]} if "$defs" in item else {}
    )


def _loose(schema: Schema) -> Schema:
    """Read a literal as an example of its type: a sum that begins with 0 is any number."""
    if "const" not in schema:
        return schema
    found = sorted(types(schema))
    return {"type": "number" if found == ["integer"] else found[0]}


def _inlined(schema: Schema) -> Schema:
    """Make a schema independent of its `$defs`, so that two can stand side by side; recursion is cut to anything."""
    definitions: Mapping[str, Any] = schema.get("$defs", {})

    def inline(value: Any, open_names: tuple[str, ...]) -> Any:  # noqa: ANN401 - any part of a schema
        if isinstance(value, Mapping):
            part = cast("Mapping[str, Any]", value)
            if "$ref" in part:
                name = str(part["$ref"]).rsplit("/", 1)[-1]
                return {} if name in open_names else inline(definitions[name], (*open_names, name))
            return {key: inline(inner, open_names) for key, inner in part.items() if key != "$defs"}
        return [inline(inner, open_names) for inner in cast("list[Any]", value)] if isinstance(value, list) else value

    return inline(schema, ())


def _fields(schema: Schema) -> list[tuple[str, ...]]:
    found = at_path(schema, ())
    return [(name,) for name in (found or {}).get("properties", {})]


def _shown(binding: Binding) -> str:
    return ".".join(map(str, (binding.step, *binding.path))) if isinstance(binding, Reference) else "the value"
