"""What the prover accepts, the executor runs: random plans over random capabilities."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.core.random_plans import Author, random_registry

from packetflow import App, Plan
from packetflow.stores.memory import MemoryStore


async def test_a_thousand_random_proven_plans_run_without_any_structural_error() -> None:
    rng = Random(20261122)  # noqa: S311 - chooses examples, keeps no secret
    for _ in range(10):
        registry = random_registry(rng)
        async with App(*registry.values(), store=MemoryStore(), planners=[]) as root:
            for _ in range(100):
                plan = Plan[Any](**Author(registry, rng).plan())
                run = await root.run(plan)
                assert run.succeeded, (run.failure, plan.model_dump_json())
                assert {record.status for record in run.steps if record.node in {n.id for n in plan.nodes}} == {
                    "succeeded"
                }
