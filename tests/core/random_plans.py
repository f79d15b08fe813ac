"""Random registries, random plans over them that must be accepted, ways to spoil a plan, and an interpreter.

The interpreter knows nothing of the prover: it wires and calls, and whatever does not fit makes it raise.
"""

# ruff: noqa: ANN401 - any JSON, and any type, is what this is about

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal
from enum import Enum
from random import Random
from types import GenericAlias
from typing import Any, Literal, cast
from uuid import UUID

from pydantic import BaseModel

from packetflow._core.capability import Declaration, capability
from packetflow._core.plan import (
    Binding,
    Block,
    BranchNode,
    Composite,
    Condition,
    FallbackNode,
    Fields,
    GroupNode,
    Items,
    Literally,
    MapNode,
    ParallelNode,
    Plan,
    ReduceNode,
    Reference,
    RepeatNode,
    RetryNode,
    StepNode,
    blocks,
    needs,
)
from packetflow._core.registry import Registry


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Person(BaseModel):
    name: str
    age: int | None = None


class Room(BaseModel):
    title: str
    owner: Person
    tags: list[str] = []


class Tree(BaseModel):
    value: int
    children: list[Tree] = []


Slot = tuple[str, tuple[str | int, ...], Any]
Json = dict[str, Any]
TYPES: list[Any] = [
    int,
    float,
    str,
    bool,
    Color,
    Person,
    Room,
    Tree,
    date,
    UUID,
    Decimal,
    int | None,
    int | str,
    Literal["on", "off"],
    tuple[int, str],
    dict[str, int],
    list[int],
    list[str],
    list[Person],
    list[list[int]],
]


def value_of(kind: Any, rng: Random) -> Any:
    """Make a random value of one of the types, as a capability would return it."""
    simple: dict[Any, Any] = {
        int: rng.randint(-9, 9),
        float: rng.random(),
        str: rng.choice(["", "a", "long text", "ä"]),
        bool: rng.random() < 0.5,
        Color: rng.choice([*Color]),
        date: date(2026, 1, rng.randint(1, 28)),
        UUID: UUID(int=rng.getrandbits(128)),
        Decimal: Decimal(rng.randint(0, 99)) / 10,
        int | None: rng.choice([None, 3]),
        int | str: rng.choice([3, "three"]),
        Literal["on", "off"]: rng.choice(["on", "off"]),
        tuple[int, str]: (rng.randint(0, 9), "second"),
        dict[str, int]: {"a": 1, "b": rng.randint(0, 9)},
    }
    if kind in simple:
        return simple[kind]
    if kind is Person:
        return Person(name="ada", age=rng.choice([None, 36]))
    if kind is Room:
        return Room(title="lobby", owner=value_of(Person, rng), tags=["x"])
    if kind is Tree:
        return Tree(value=1, children=[Tree(value=2)] if rng.random() < 0.5 else [])
    return [value_of(kind.__args__[0], rng) for _ in range(rng.randint(0, 2))]


def random_registry(rng: Random, size: int = 24) -> Registry:
    """Declare that many capabilities with random inputs and outputs."""
    return Registry([_declare(f"c{number}", rng) for number in range(size)])


def _declare(name: str, rng: Random) -> Declaration:
    kinds = [rng.choice(TYPES) for _ in range(rng.randint(0, 3))]
    given = rng.choice(TYPES)
    parameters = [
        inspect.Parameter(f"p{number}", inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for number, kind in enumerate(kinds)
    ]
    if rng.random() < 0.3:
        parameters.append(
            inspect.Parameter("extra", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=int | None)
        )

    def run(**_: Any) -> Any:
        return value_of(given, rng)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"Do {name}."
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": given}
    cast("Any", run).__signature__ = inspect.Signature(parameters, return_annotation=given)
    return cast("Declaration", capability(effect="read")(run))


class Author:
    """Writes plans in which every input is a literal of its type, or refers to something of exactly its type."""

    def __init__(self, registry: Registry, rng: Random) -> None:
        self._capabilities, self._rng = [*registry.values()], rng
        self._count = 0

    def plan(self) -> Json:
        nodes, slots = self._nodes([], self._rng.randint(1, 6), depth=0)
        return {"nodes": nodes, "output": self._refer(self._rng.choice(slots))}

    def _nodes(self, around: list[Slot], count: int, depth: int) -> tuple[list[Json], list[Slot]]:
        nodes: list[Json] = []
        own: list[Slot] = []
        for _ in range(count):
            composed = [self._map, self._reduce, self._branch, self._retry, self._parallel, self._fallback]
            composed += [self._repeat, self._group]
            makers = [self._step] * 8 + (composed if depth < 2 else [])
            node, given = self._rng.choice(makers)([*around, *own], depth)
            nodes.append(node)
            own += _slots(node["id"], given)
        self._rng.shuffle(nodes)  # the order of the nodes says nothing
        return nodes, own

    def _name(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def _refer(self, slot: Slot) -> Json:
        return {"step": slot[0], "path": list(slot[1])}

    def _bind(self, kind: Any, slots: Sequence[Slot]) -> Json:
        fitting = [slot for slot in slots if slot[2] == kind]
        if fitting and self._rng.random() < 0.7:
            return self._refer(self._rng.choice(fitting))
        if kind == list[int] and (numbers := [slot for slot in slots if slot[2] is int]) and self._rng.random() < 0.5:
            return {"items": [self._refer(self._rng.choice(numbers)), {"literal": 7}]}
        if kind is Person and (names := [slot for slot in slots if slot[2] is str]):
            return {"fields": {"name": self._refer(self._rng.choice(names))}}
        return {"literal": value_of(kind, self._rng)}

    def _step(self, slots: list[Slot], _: int, kind: Any = None) -> tuple[Json, Any]:
        able = [d for d in self._capabilities if kind is None or d.function.__annotations__["return"] == kind]
        declared = self._rng.choice(able)
        hints = dict(declared.function.__annotations__)
        given = hints.pop("return")
        inputs = {n: self._bind(k, slots) for n, k in hints.items() if n != "extra" or self._rng.random() < 0.5}
        node: Json = {"kind": "step", "id": self._name(), "capability_id": declared.id, "inputs": inputs}
        if self._rng.random() < 0.05:
            node |= {"timeout": 60, "undo": self._block([*slots, *_slots(node["id"], given)], 2)[0]}
        return node, given

    def _block(self, slots: list[Slot], depth: int, kind: Any = None) -> tuple[Json, Any]:
        nodes, own = self._nodes(slots, self._rng.randint(0, 1), depth + 1)
        last, given = self._step([*slots, *own], depth, kind)
        return {"nodes": [*nodes, last], "output": {"step": last["id"]}}, given

    def _list(self, slots: list[Slot]) -> tuple[Json, Any]:
        lists = [slot for slot in slots if isinstance(slot[2], GenericAlias) and slot[2].__origin__ is list]
        if lists:
            slot = self._rng.choice(lists)
            return self._refer(slot), slot[2].__args__[0]
        return {"literal": [1, 2]}, int

    def _map(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        name = self._name()
        over, item = self._list(slots)
        node: Json = {"kind": "map", "id": name, "over": over, "tries": self._rng.randint(1, 2)}
        if self._rng.random() < 0.3:
            node["chunk"], item = self._rng.randint(1, 3), GenericAlias(list, (item,))
        block, given = self._block([*slots, *_slots(f"{name}.item", item)], depth)
        if self._rng.random() < 0.3:
            node["failed"] = "omit"
        return {**node, "each": block}, GenericAlias(list, (given,))

    def _reduce(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        name = self._name()
        over, item = self._list(slots)
        kind = self._rng.choice(self._capabilities).function.__annotations__["return"]
        inner = [*slots, *_slots(f"{name}.item", item), *_slots(f"{name}.accumulator", kind)]
        block, _ = self._block(inner, depth, kind)
        node = {"kind": "reduce", "id": name, "over": over, "initial": self._exact(kind, slots), "each": block}
        if self._rng.random() < 0.3:
            node |= {"until": {"value": {"step": f"{name}.accumulator"}}, "skip_failed": True}
        return node, kind

    def _repeat(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        if not any(d.function.__annotations__["return"] is int for d in self._capabilities):
            return self._step(slots, 2)
        name = self._name()
        block, _ = self._block([*slots, *_slots(f"{name}.accumulator", int)], depth, int)
        ends = {"value": {"step": f"{name}.accumulator"}, "op": "lt", "to": {"literal": -100}}
        return {"kind": "repeat", "id": name, "initial": self._exact(int, slots), "condition": ends, "each": block}, int

    def _group(self, slots: list[Slot], _: int) -> tuple[Json, Any]:
        fitting = [slot for slot in slots if slot[2] in (GenericAlias(list, (t,)) for t in (int, str, Person))]
        if not fitting:
            return self._step(slots, 2)
        slot = self._rng.choice(fitting)
        by = ["name"] if slot[2].__args__[0] is Person else []
        return {"kind": "group", "id": self._name(), "over": self._refer(slot), "by": by}, None

    def _parallel(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        blocks_ = {name: self._block(slots, depth)[0] for name in ("a", "b")[: self._rng.randint(1, 2)]}
        partial = self._rng.choice(["fail", "continue"])
        return {"kind": "parallel", "id": self._name(), "branches": blocks_, "partial": partial, "timeout": 60}, None

    def _fallback(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        name = self._name()
        first, given = self._block(slots, depth)
        inner = [*slots, (f"{name}.error", ("message",), str)]
        return {"kind": "fallback", "id": name, "choices": [first, self._block(inner, depth, given)[0]]}, given

    def _exact(self, kind: Any, slots: list[Slot]) -> Json:
        fitting = [slot for slot in slots if slot[2] == kind]
        if kind in (Person, Room, Tree):  # as a literal it lacks the fields that have defaults
            return self._refer(fitting[0]) if fitting else {"literal": value_of(kind, self._rng).model_dump()}
        return self._bind(kind, fitting) if fitting else {"literal": value_of(kind, self._rng)}

    def _branch(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        then, given = self._block(slots, depth)
        otherwise, _ = self._block(slots, depth, given)
        value = self._refer(self._rng.choice(slots)) if slots else {"literal": True}
        case = {"when": {"value": value, "op": self._rng.choice(["truthy", "empty"])}, "then": then}
        return {"kind": "branch", "id": self._name(), "cases": [case], "otherwise": otherwise}, given

    def _retry(self, slots: list[Slot], depth: int) -> tuple[Json, Any]:
        block, given = self._block(slots, depth)
        return {"kind": "retry", "id": self._name(), "attempt": block, "attempts": 2, "backoff": 0}, given


def _slots(name: str, kind: Any) -> list[Slot]:
    found: list[Slot] = [(name, (), kind)]
    if kind is Room:
        found += [(name, ("title",), str), (name, ("owner",), Person), (name, ("owner", "name"), str)]
    if kind is Person:
        found.append((name, ("name",), str))
    if kind == tuple[int, str]:
        found += [(name, (0,), int), (name, (1,), str)]
    return found


def _all_nodes(nodes: Sequence[Json]) -> Iterator[Json]:
    for node in nodes:
        yield node
        inner = [node.get(name) for name in ("each", "attempt", "otherwise", "undo")]
        inner += [*node.get("branches", {}).values(), *node.get("choices", ())]
        for block in [*inner, *(case["then"] for case in node.get("cases", ()))]:
            yield from _all_nodes(block["nodes"] if block else [])


def _references(value: Any) -> Iterator[Json]:
    if isinstance(value, Mapping):
        found = cast("Json", value)
        if "step" in found and isinstance(found["step"], str):
            yield found
        for key, inner in found.items():
            if key != "literal":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _references(inner)


SPOILS = ("unknown", "missing", "type", "cycle", "ghost", "path", "twice", "inside", "extra")


def spoiled(plan: Json, how: str, rng: Random, registry: Registry) -> Json | None:
    """Give the plan with one thing wrong; None when it has no place for that."""
    plan = deepcopy(plan)
    steps = [node for node in _all_nodes(plan["nodes"]) if node["kind"] == "step"]
    step, top = rng.choice(steps), rng.choice(plan["nodes"])
    references = [*_references(plan["nodes"])]
    required = [name for name in step["inputs"] if name != "extra"]
    match how:
        case "unknown":
            step["capability_id"] = "ghost"
        case "extra":
            step["inputs"]["ghost"] = {"literal": 1}
        case "cycle":
            top["depends_on"] = [rng.choice(plan["nodes"])["id"], top["id"]]
        case "missing" if required:
            del step["inputs"][rng.choice(required)]
        case "type" if required:
            step["inputs"][rng.choice(required)] = {"literal": {"ghost": [None]}}
        case "ghost" if references:
            rng.choice(references)["step"] = "ghost"
        case "path" if references:
            one = rng.choice(references)
            one["path"] = [*one.get("path", []), "ghost"]
        case "twice" if len(nodes := [*_all_nodes(plan["nodes"])]) > 1:
            one, other = rng.sample(nodes, 2)
            one["id"] = other["id"]
        case "inside" if inner := [n for n in _all_nodes(plan["nodes"]) if n not in plan["nodes"]]:
            plan["output"] = {"step": rng.choice(inner)["id"]}
        case _:
            return None
    assert registry
    return plan


def interpret(plan: Plan[Any], registry: Registry) -> Any:
    """Run a plan in the plainest way; anything that does not fit raises."""
    return _run_block(Block(nodes=plan.nodes, output=plan.output), {}, registry)


def _run_block(block: Block, outer: Mapping[str, Any], registry: Registry) -> Any:
    known = dict(outer)
    rest = list(block.nodes)
    own = {node.id for node in rest}
    while rest:
        node = next(node for node in rest if needs(node) & own <= known.keys())
        assert needs(node) <= known.keys()
        known[node.id] = _run_node(node, known, registry)
        rest.remove(node)
    return _given(block.output, known)


def _run_node(node: StepNode | Composite, known: Mapping[str, Any], registry: Registry) -> Any:
    match node:
        case StepNode():
            declared = registry[node.capability_id]
            arguments = declared.input.check({name: _given(one, known) for name, one in node.inputs.items()})
            return declared.output.as_json(declared.output.check(declared.function(**arguments)))
        case ParallelNode():
            told = {"failures": list[Any]()} if node.partial == "continue" else {}
            return {name: _run_block(block, known, registry) for name, block in node.branches.items()} | told
        case MapNode() | GroupNode():
            return _run_over(node, cast("list[Any]", _given(node.over, known)), known, registry)
        case ReduceNode() | RepeatNode():
            return _run_rounds(node, known, registry)
        case BranchNode():
            chosen = next((case.then for case in node.cases if _holds(case.when, known)), node.otherwise)
            return None if chosen is None else _run_block(chosen, known, registry)
        case RetryNode() | FallbackNode():
            return _run_block(blocks(node)[0], known, registry)


def _run_over(node: MapNode | GroupNode, items: list[Any], known: Mapping[str, Any], registry: Registry) -> Any:
    if isinstance(node, MapNode):
        size = node.chunk
        chunks = items if size is None else [items[start : start + size] for start in range(0, len(items), size)]
        return [_run_block(node.each, {**known, f"{node.id}.item": item}, registry) for item in chunks]
    groups: list[Json] = []
    for item in items:
        key = item["name"] if node.by else item
        group = next((group for group in groups if group["key"] == key), None)
        if group is None:
            groups.append(group := {"key": key, "items": []})
        group["items"].append(item)
    return groups


def _run_rounds(node: ReduceNode | RepeatNode, known: Mapping[str, Any], registry: Registry) -> Any:
    carried = _given(node.initial, known)
    if isinstance(node, RepeatNode):
        assert carried >= -100
        return carried
    for item in cast("list[Any]", _given(node.over, known)):
        inner = {**known, f"{node.id}.item": item, f"{node.id}.accumulator": carried}
        carried = _run_block(node.each, inner, registry)
        if node.until is not None and carried:
            break
    return carried


def _holds(when: Condition, known: Mapping[str, Any]) -> bool:
    return bool(_given(when.value, known)) is (when.op == "truthy")


def _given(binding: Binding, known: Mapping[str, Any]) -> Any:
    match binding:
        case Literally():
            return binding.literal
        case Items():
            return [_given(one, known) for one in binding.items]
        case Fields():
            return {name: _given(one, known) for name, one in binding.fields.items()}
        case Reference():
            found = known[binding.step]
            for key in binding.path:
                found = found[key]
            return found
