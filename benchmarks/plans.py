"""How long a plan takes to be proven, and to run, beside peers that do the least one would write by hand.

Proof. Ours: `prove` on a 100-step plan (known capabilities, no cycle, inputs present, every wire compared as JSON
Schema). The peer: networkx finds the order, then jsonschema validates an example of every input against the declared
schema, with the validators made beforehand; it does not look at what a step promises.

Execution. Plans of 100 and 5 steps that wait 50 to 150 ms, random wiring, every step decided, checked, recorded and its
events stored in SQLite. Peers: the plan's critical path (no executor can be faster), the same waits as bare asyncio
tasks wired by hand, and level by level with a barrier between, as superstep engines do. Prints JSON lines.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import jsonschema
import networkx as nx
from pydantic import BaseModel
from report import figure, header

from packetflow._core.capability import capability
from packetflow._core.plan import Plan, StepNode, needs
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow.app import App
from packetflow.stores.sqlite.store import SQLiteStore

STEPS = 100
GOAL_MS = 2.0
GOAL_PATH = 1.02
FEW = 5
GOAL_FEW = 1.05


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


@capability(effect="read")
async def wait(seconds: float, after: list[float]) -> float:
    """Wait, once the others are there."""
    del after
    await asyncio.sleep(seconds)
    return seconds


Wiring = list[tuple[float, list[int]]]
"""For each step: how long it waits, and which earlier steps it needs."""


def wiring_of(steps: int) -> Wiring:
    """Wire steps at random, each to up to three of the fifteen before it."""
    rng = Random(20261122)
    return [
        (rng.uniform(0.05, 0.15), sorted(rng.sample(range(max(0, n - 15), n), min(n, rng.randint(1, 3)))))
        for n in range(steps)
    ]


def depths(wiring: Wiring) -> tuple[float, list[list[int]]]:
    """Give the critical path in seconds, and the steps by level."""
    ends: list[float] = []
    levels: list[int] = []
    for seconds, before in wiring:
        ends.append(seconds + max((ends[n] for n in before), default=0.0))
        levels.append(1 + max((levels[n] for n in before), default=-1))
    return max(ends), [[n for n, one in enumerate(levels) if one == level] for level in range(max(levels) + 1)]


def written(wiring: Wiring) -> Plan[float]:
    """Write the plan of a wiring."""
    made = []
    for seconds, before in wiring:
        made.append(wait.step(seconds, [made[n].output for n in before]))
    return Plan(made[-1], *made[:-1])


async def bare(wiring: Wiring) -> None:
    """Do the same waits with nothing around them."""
    tasks: list[asyncio.Task[None]] = []

    async def one(seconds: float, before: list[int]) -> None:
        for n in before:
            await asyncio.shield(tasks[n])
        await asyncio.sleep(seconds)

    for seconds, before in wiring:
        tasks.append(asyncio.create_task(one(seconds, before)))
    await asyncio.gather(*tasks)


async def by_level(wiring: Wiring) -> None:
    """Do the same waits level by level."""
    for level in depths(wiring)[1]:
        await asyncio.gather(*(asyncio.sleep(wiring[n][0]) for n in level))


async def elapsed(work: Callable[[], Awaitable[object]], rounds: int = 5) -> float:
    """Give the median seconds of one run."""
    taken: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


async def execution(name: str, steps: int, goal_path: float) -> None:
    """Measure the executor against the critical path."""
    wiring = wiring_of(steps)
    critical, _ = depths(wiring)
    plan = written(wiring)
    with tempfile.TemporaryDirectory() as folder:
        async with App(wait, store=SQLiteStore(Path(folder) / "store.db"), planners=[]) as root:

            async def ours() -> None:
                assert (await root.run(plan)).succeeded

            await ours()
            took = await elapsed(ours)
    by_hand = await elapsed(lambda: bare(wiring))
    barriers = await elapsed(lambda: by_level(wiring))
    goal = f"<= {goal_path:g}x the critical path of {steps} steps"
    figure(
        f"{name}.path", took, "s", peer="critical path", theirs=critical, goal=goal, met=took <= goal_path * critical
    )
    figure(f"{name}.bare", took, "s", peer="bare asyncio tasks", theirs=by_hand)
    figure(f"{name}.levels", took, "s", peer="level by level", theirs=barriers)


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
    asyncio.run(execution("plan.run", STEPS, GOAL_PATH))
    asyncio.run(execution("plan.run.few", FEW, GOAL_FEW))


if __name__ == "__main__":
    main()
