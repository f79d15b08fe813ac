"""A plan for a person's eyes: every kind of node is drawn with its blocks, and says what it does."""

from __future__ import annotations

from io import StringIO
from random import Random
from typing import Any

from rich.console import Console
from tests.core.random_plans import Author, random_registry

import packetflow as pf
from packetflow._core.plan import Plan, walk
from packetflow.cli.plan_view import plan_view


@pf.capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@pf.capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def drawn(plan: Plan[Any]) -> str:
    paper = StringIO()
    Console(width=200, file=paper).print(plan_view(plan))
    return paper.getvalue()


def test_every_node_of_a_random_plan_is_drawn() -> None:
    rng = Random(11)  # noqa: S311 - chooses examples, keeps no secret
    registry = random_registry(rng)
    for _ in range(200):
        plan = Plan[Any](**Author(registry, rng).plan())
        text = drawn(plan)
        assert all(f"{node.id}  " in text for node in walk(plan.nodes))


def test_a_pattern_says_what_it_does() -> None:
    many = pf.each(numbers.step(9).output, lambda some: add.step(some[0], 1), chunk=3, failed="omit")
    both = pf.together(
        a=add.step(1, 2).within(3).undone_by(lambda total: add.step(total, -3)),
        b=pf.fallback(add.step(1, 1), add.step(2, 2)),
        c=pf.repeat(0, lambda n: add.step(n, 1), so_long=lambda n: pf.when(n, "lt", 5)),
        d=pf.fold(many.output, 0, add.step, until=lambda total, _: pf.when(total, "gt", 9)),
        e=pf.grouped(numbers.step(2).output, by=lambda n: n),
        partial="continue",
        timeout=2,
    )
    text = drawn(pf.Plan(both))
    for said in (
        "all at once within 2 s; some may fail",
        "add within 3 s",
        "taken back by",
        "the first that succeeds",
        "while ← repeat.accumulator lt 5, starting with 0",
        "until ← reduce.accumulator gt 9",
        "for each 3 of ← numbers",
        "by itself",
    ):
        assert said in text
