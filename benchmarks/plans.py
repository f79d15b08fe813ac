"""How long a plan takes to be proven, beside a peer that does the least one would write by hand.

Ours: `prove` on a 100-step plan (known capabilities, no cycle, inputs present, every wire compared as JSON Schema). The
peer: networkx finds the order, then jsonschema validates an example of every input against the declared schema, with
the validators made beforehand; it does not look at what a step promises. Prints JSON lines.
"""

import statistics
import time
from collections.abc import Callable

import jsonschema
import networkx as nx
from pydantic import BaseModel
from report import figure, header

from packetflow._core.capability import capability
from packetflow._core.plan import Plan, StepNode, needs
from packetflow._core.proof import prove
from packetflow._core.registry import Registry

STEPS = 100
GOAL_MS = 2.0


class Note(BaseModel):
    """What every step gives and takes."""

    author: str
    text: str
    score: float = 0.0


@capability(effect="read")
async def begin(text: str, limit: int = 5) -> Note:
    """Begin a note."""
    return Note(author="ada", text=text * limit)


@capability(effect="read")
async def join(left: Note, right: Note, title: str, limit: int = 5) -> Note:
    """Join two notes."""
    return Note(author=left.author, text=title + left.text + right.text[:limit])


def plan_of(steps: int) -> Plan[Note]:
    """Write a plan in which each step takes two earlier outputs and a part of one."""
    made = [begin.step("a"), begin.step("b")]
    while len(made) < steps:
        one, other = made[-1], made[len(made) // 2]
        made.append(join.step(left=one.output, right=other.output, title=other.output.text))
    return Plan(made[-1], *made)


def milliseconds(work: Callable[[], object], rounds: int = 200) -> float:
    """Give the median time of one call."""
    taken: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def peer(plan: Plan[Note], validators: dict[str, jsonschema.Draft202012Validator]) -> Callable[[], None]:
    """Prove by hand: order, then an example for each input."""
    example = {"author": "ada", "text": "a", "score": 0.0}
    inputs = {"left": example, "right": example, "title": "a", "text": "a"}

    def work() -> None:
        graph = nx.DiGraph((name, node.id) for node in plan.nodes for name in needs(node))
        graph.add_nodes_from(node.id for node in plan.nodes)
        assert len(list(nx.topological_sort(graph))) == STEPS
        for node in plan.nodes:
            if isinstance(node, StepNode):
                validators[node.capability_id].validate({name: inputs[name] for name in node.inputs})

    return work


def main() -> None:
    """Measure the first and every later proof, reading a plan from JSON, and writing one."""
    plan = plan_of(STEPS)
    text = plan.model_dump_json()
    registry = Registry([begin, join])
    assert len(plan.nodes) == STEPS
    started = time.perf_counter()
    assert not prove(plan, registry)
    first = (time.perf_counter() - started) * 1000
    ours = milliseconds(lambda: prove(plan, registry))
    schemas = {name: declared.input_schema for name, declared in registry.items()}
    theirs = milliseconds(peer(plan, {n: jsonschema.Draft202012Validator(s) for n, s in schemas.items()}), 50)
    header("networkx", "jsonschema", "pydantic")
    naive = "networkx + jsonschema"
    goal = f"<= {GOAL_MS:g} ms for {STEPS} steps"
    figure("plan.prove.again", ours, "ms", peer=naive, theirs=theirs, goal=goal, met=ours <= GOAL_MS)
    figure("plan.prove.first", first, "ms", peer=naive, theirs=theirs)
    figure("plan.read", milliseconds(lambda: Plan[Note].model_validate_json(text)), "ms")
    figure("plan.write", milliseconds(lambda: plan_of(STEPS)), "ms")


if __name__ == "__main__":
    main()
