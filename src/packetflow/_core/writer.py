"""From steps under construction to the nodes of a plan: each gets an id, and a place where it runs once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from packetflow._core.json import JsonObject, plain
from packetflow._core.step import Loop, Pointer, Step, Variable, origin


@dataclass(frozen=True, eq=False)
class _Part:
    """What a step runs as a block: the steps that one output rests on."""

    label: tuple[str, int]
    output: object
    kind: Literal["each", "attempt", "choice"]
    variables: tuple[Variable, ...] = ()


@dataclass(eq=False)
class _Region:
    """A block, or the plan itself, while it is written."""

    outer: _Region | None = None
    place: tuple[tuple[int, tuple[str, int]], ...] = ()
    ids: dict[int, str] = field(default_factory=dict[int, str])

    def find(self, step: Step[Any]) -> str | None:
        """Give the id of a step that is written here or around here."""
        return self.ids.get(id(step)) or (self.outer.find(step) if self.outer else None)


class Writer:
    """Writes one plan.

    A step stands in the outermost block it can: within a map or fold only when it rests on the loop's variables, within
    a retry only when it is what is retried; otherwise outside, so that it runs once. What only a branch uses stands in
    the branch, so that it runs only when chosen; so it is with what is tried in turn, and with what takes a call back.
    What only one block of a parallel uses stands in it; what two of them use runs once, before.
    """

    def __init__(self, steps: Sequence[Step[Any]], reserved: Iterable[str] = ()) -> None:
        """Look through all steps; raises ValueError when they form a cycle or two have the same id of their own.

        No step gets one of the `reserved` ids.
        """
        self._steps = steps
        self._free: dict[int, frozenset[int]] = {}
        self._names: dict[int, str] = {}
        self._places: dict[int, list[_Region]] = {}
        self._parts: dict[int, list[_Part]] = {}
        self._taken: set[str] = set(reserved)
        for step in self._survey(steps):
            if step.id is not None and step.id in self._taken:
                message = f"two steps are named {step.id!r}, or the name is not free"
                raise ValueError(message)
            self._taken |= {step.id} if step.id is not None else set()

    def plan(self) -> JsonObject:
        """Give the nodes, and the output of the first step; raises ValueError for a step shared by separate blocks."""
        region = _Region()
        block = self._block(region, tuple(self._steps))
        return {"nodes": block["nodes"], "output": self._binding(self._steps[0], region)}

    def _survey(self, steps: Sequence[Step[Any]]) -> Iterator[Step[Any]]:
        """Go over all steps, what they rest on first, and note which loop variables each rests on."""
        opened: set[int] = set()
        stack = [(step, False) for step in reversed(steps)]
        while stack:
            step, done = stack.pop()
            if done:
                self._free[id(step)] = self._variables_of(step)
                yield step
            elif id(step) not in self._free:
                if id(step) in opened:
                    message = "the steps form a cycle"
                    raise ValueError(message)
                opened.add(id(step))
                self._parts[id(step)] = _parts(step)
                stack.append((step, True))
                below = [*_steps(part.output for part in self._parts[id(step)]), *_steps(_plain(step))]
                stack += [(one, False) for one in below if id(one) not in self._free]

    def _variables_of(self, step: Step[Any]) -> frozenset[int]:
        found = {id(one) for value in _plain(step) for one in _variables(value)}
        found = found.union(*(self._free[id(one)] for one in _steps(_plain(step))))
        found -= {id(variable) for part in self._parts[id(step)] for variable in part.variables}
        for part in self._parts[id(step)]:
            inside = {id(one) for one in _variables(part.output)}
            inside = inside.union(*(self._free[id(one)] for one in _steps([part.output])))
            found |= inside - {id(variable) for variable in part.variables}
        return frozenset(found)

    def _block(self, region: _Region, output: object) -> JsonObject:
        members = self._members(region, output)
        for step in members:
            self._claim(step, region)
            region.ids[id(step)] = self._name(step)
        nodes = [self._node(step, region) for step in members]
        return {"nodes": nodes, "output": self._binding(output, region)}

    def _members(self, region: _Region, output: object) -> list[Step[Any]]:
        """List the steps that stand in this region, what they rest on first."""
        found: list[Step[Any]] = []
        seen: set[tuple[int, tuple[_Part, ...]]] = set()
        stack: list[tuple[Step[Any], tuple[_Part, ...], bool]] = [(s, (), False) for s in _steps([output])][::-1]
        while stack:
            step, inside, done = stack.pop()
            if done:
                found.append(step)
                continue
            if (id(step), inside) in seen or region.find(step) is not None:
                continue
            if not any(self._owns(part, step) for part in inside):
                inside = ()  # what any block within this region only uses stands here
                if (id(step), ()) in seen:
                    continue
                stack.append((step, (), True))
            seen.add((id(step), inside))
            for part in self._parts[id(step)]:
                if part.kind != "choice":
                    stack += [(one, (*inside, part), False) for one in _steps([part.output])]
            stack += [(one, inside, False) for one in self._shared(step)]
            stack += [(one, inside, False) for one in _steps(_plain(step))][::-1]
        return found

    def _shared(self, step: Step[Any]) -> list[Step[Any]]:
        """List the steps that more than one block of a parallel uses."""
        if step.kind != "parallel":
            return []
        counted = Counter(one for part in self._parts[id(step)] for one in self._below([part.output]))
        return [one for one, count in counted.items() if count > 1]

    def _below(self, values: Iterable[object]) -> dict[Step[Any], None]:
        """Go over all steps that values rest on, in whichever block."""
        found: dict[Step[Any], None] = {}
        stack = _steps(values)
        while stack:
            one = stack.pop()
            if one not in found:
                found[one] = None
                stack += [*_steps(part.output for part in self._parts[id(one)]), *_steps(_plain(one))]
        return found

    def _owns(self, part: _Part, step: Step[Any]) -> bool:
        own = {id(variable) for variable in part.variables}
        return step is part.output or not own.isdisjoint(self._free[id(step)])

    def _claim(self, step: Step[Any], region: _Region) -> None:
        """Note where a step stands; twice is right only in blocks of one node, of which one runs."""
        for other in self._places.setdefault(id(step), []):
            here, there = next(pair for pair in zip(region.place, other.place, strict=False) if pair[0] != pair[1])
            if here[0] != there[0]:
                message = f"step {_title(step)!r} is used in two blocks; let the plan run it first: Plan(..., step)"
                raise ValueError(message)
        self._places[id(step)].append(region)

    def _node(self, step: Step[Any], region: _Region) -> JsonObject:
        name = region.ids[id(step)]
        after = dict.fromkeys(cast("str", region.find(earlier)) for earlier in step.after)
        node: JsonObject = {"kind": step.kind, "id": name, "depends_on": list(after)}
        written = {part.label: self._part(step, part, region) for part in self._parts[id(step)]}
        for key, value in step.fields.items():
            if key == "inputs":
                node[key] = {field: self._binding(inner, region) for field, inner in value.items()}
            elif key in {"over", "initial"}:
                node[key] = self._binding(value, region)
            elif key in {"until", "condition"}:
                node[key] = self._condition(value, region)
            elif key == "cases":
                node[key] = [
                    {"when": self._condition(condition, region), "then": written[key, number]}
                    for number, (condition, _) in enumerate(value)
                ]
            elif key == "branches":
                node[key] = {branch: written[key, number] for number, branch in enumerate(value)}
            elif key == "choices":
                node[key] = [written[key, number] for number in range(len(value))]
            elif (key, 0) in written:
                node[key] = written[key, 0]
            elif key not in _FOR_THE_WRITER:
                node[key] = value
        return node

    def _part(self, step: Step[Any], part: _Part, outer: _Region) -> JsonObject:
        name = outer.ids[id(step)]
        for variable in part.variables:
            self._names[id(variable)] = name if variable.name == "output" else f"{name}.{variable.name}"
        output = part.output
        if part.kind != "choice" and isinstance(output, Step):
            repeated = cast("Step[Any]", output)
            if outer.find(repeated) is not None:
                message = f"step {_title(repeated)!r} is repeated and also used on its own; use the output of {name!r}"
                raise ValueError(message)
        return self._block(_Region(outer, (*outer.place, (id(step), part.label))), part.output)

    def _condition(self, condition: Mapping[str, Any], region: _Region) -> JsonObject:
        return {name: value if name == "op" else self._binding(value, region) for name, value in condition.items()}

    def _binding(self, value: object, region: _Region) -> JsonObject:
        """Write a value as a binding."""
        if isinstance(value, Step):
            return self._binding(Pointer(cast("Step[Any]", value)), region)
        if isinstance(value, Pointer):
            start, path = origin(value)
            if isinstance(start, Step):
                return {"step": region.find(start), "path": path}
            return {"step": start if isinstance(start, str) else self._named(start), "path": path}
        if not any(True for _ in _starts(value)):
            return {"literal": plain(value)}
        if isinstance(value, Mapping):
            fields = cast("Mapping[str, object]", value)
            return {"fields": {name: self._binding(inner, region) for name, inner in fields.items()}}
        return {"items": [self._binding(inner, region) for inner in cast("Sequence[object]", value)]}

    def _named(self, variable: Variable) -> str:
        if id(variable) not in self._names:
            message = f"the {variable.name} of a loop is used outside of it"
            raise ValueError(message)
        return self._names[id(variable)]

    def _name(self, step: Step[Any]) -> str:
        wanted = _title(step)
        if step.id is not None and len(self._places[id(step)]) == 1:
            return wanted
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def _title(step: Step[Any]) -> str:
    return step.id or str(step.fields.get("capability_id", step.kind)).replace(".", "_")[:48]


_FOR_THE_WRITER: Final = frozenset({"whole"})
"""Fields of steps that say where something stands, and are no fields of the node."""


def _plain(step: Step[Any]) -> list[object]:
    """List what a step reads before it runs: inputs, lists, conditions, and what it follows."""
    fields = step.fields
    names = ("inputs", "over", "initial", "until", "condition")
    found: list[object] = [fields[name] for name in names if name in fields]
    return [*found, *(condition for condition, _ in fields.get("cases", ())), *step.after]


def _parts(step: Step[Any]) -> list[_Part]:
    fields = step.fields
    found = [_choice("cases", number, then) for number, (_, then) in enumerate(fields.get("cases", ()))]
    found += [_choice("branches", number, one) for number, one in enumerate(fields.get("branches", {}).values())]
    found += [_choice("choices", number, one) for number, one in enumerate(fields.get("choices", ()))]
    if isinstance(loop := fields.get("each"), Loop):
        found.append(_Part(("each", 0), loop.output, "each", loop.variables))
    if "attempt" in fields:
        found.append(_Part(("attempt", 0), fields["attempt"], "choice" if fields.get("whole") else "attempt"))
    found += [_choice(name, 0, fields[name]) for name in ("otherwise", "undo") if fields.get(name) is not None]
    return found


def _choice(name: str, number: int, output: object) -> _Part:
    variables = output.variables if isinstance(output, Loop) else ()
    return _Part((name, number), output.output if isinstance(output, Loop) else output, "choice", variables)


def _starts(value: object) -> Iterator[Step[Any] | Variable | str]:
    """Go over what a value points at."""
    if isinstance(value, Pointer):
        yield origin(value)[0]
    elif isinstance(value, Step):
        yield cast("Step[Any]", value)
    elif isinstance(value, Mapping):
        for inner in cast("Mapping[str, object]", value).values():
            yield from _starts(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("Sequence[object]", value):
            yield from _starts(inner)


def _steps(values: Iterable[object]) -> list[Step[Any]]:
    return [start for value in values for start in _starts(value) if isinstance(start, Step)]


def _variables(value: object) -> list[Variable]:
    return [start for start in _starts(value) if isinstance(start, Variable)]
