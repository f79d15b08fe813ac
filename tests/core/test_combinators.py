"""Each combinator writes the node it says, puts every step where it runs once, and what cannot be is refused."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest
from pydantic import BaseModel, ValidationError
from tests.core.random_plans import Author, random_registry

from packetflow._core.capability import capability
from packetflow._core.combinators import (
    Backoff,
    branch,
    each,
    fallback,
    fold,
    grouped,
    map_reduce,
    pipe,
    repeat,
    retry,
    when,
)
from packetflow._core.errors import Problem
from packetflow._core.node import Block, FallbackNode, MapNode, ParallelNode, RetryNode, StepNode, blocks, rebuilt
from packetflow._core.parallel import together
from packetflow._core.plan import Literally, Plan, walk
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow._core.retry import Breaker
from packetflow._core.step import Step


class Message(BaseModel):
    author: str
    text: str
    tags: list[str] = []


@capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@capability(effect="read")
async def maybe(a: int | None, b: int | None = None) -> int:
    """Add what is there."""
    return (a or 0) + (b or 0)


@capability(effect="read")
async def history() -> list[Message]:
    """Give messages."""
    return []


@capability(effect="read")
async def say(text: str) -> str:
    """Say a text."""
    return text


@capability(effect="read")
async def total(parts: list[int]) -> int:
    """Sum numbers up."""
    return sum(parts)


REGISTRY = Registry([numbers, add, maybe, history, say, total])


def problems(plan: Plan[Any]) -> list[Problem]:
    return prove(plan, REGISTRY)


def ids(plan: Plan[Any]) -> list[str]:
    return [node.id for node in walk(plan.nodes)]


def outer(plan: Plan[Any]) -> list[str]:
    return [node.id for node in plan.nodes]


def test_a_plan_written_before_there_were_more_nodes_keeps_its_id() -> None:
    def block(name: str) -> dict[str, Any]:
        return {"nodes": [{"kind": "step", "id": name, "capability_id": "x"}], "output": {"step": name}}

    plan = Plan[Any](
        nodes=[
            {"kind": "step", "id": "a", "capability_id": "list"},
            {"kind": "map", "id": "m", "over": {"step": "a"}, "each": block("b")},
            {"kind": "reduce", "id": "r", "over": {"step": "m"}, "initial": {"literal": 0}, "each": block("c")},
            {"kind": "retry", "id": "t", "attempt": block("d"), "otherwise": block("e")},
            {"kind": "branch", "id": "w", "cases": [{"when": {"value": {"step": "a"}}, "then": block("f")}]},
        ],
        output={"step": "w"},
    )
    assert plan.id == "7e109477bac84991caf685ec54b7bb25"
    assert Plan[Any].model_validate_json(plan.model_dump_json()).id == plan.id


def _mapped(more: dict[str, Any]) -> Step[Any]:
    mapped = each(numbers.step(3).output, lambda n: add.step(n, 1))
    return Step("map", {**mapped.fields, **more})


def test_what_a_node_newly_says_changes_the_id_of_its_plan() -> None:
    plain = Plan(each(numbers.step(3).output, lambda n: add.step(n, 1)))
    ids_ = {
        Plan(_mapped(more)).id for more in ({"failed": "omit"}, {"tries": 2}, {"failed": "null"}, {"concurrency": 5})
    }
    assert len({*ids_, plain.id, Plan(add.step(1, 1).within(3)).id, Plan(add.step(1, 1)).id}) == 7


def test_a_pipe_wires_each_step_to_the_one_before() -> None:
    plan = Plan(pipe(numbers.step(3), total.step, lambda sum_: add.step(sum_, 1)))
    assert not problems(plan)
    assert outer(plan) == ["numbers", "total", "add"]


def test_what_one_branch_alone_uses_stands_in_it_and_what_two_use_runs_once_before() -> None:
    shared = numbers.step(3)
    own = total.step(numbers.step(5).output)
    plan = Plan(together(a=add.step(own.output, 1), b=total.step(shared.output), c=add.step(shared.output[0], 1)))
    assert outer(plan) == ["numbers", "parallel"]
    node = plan.nodes[1]
    assert isinstance(node, ParallelNode)
    assert {name: [inner.id for inner in block.nodes] for name, block in node.branches.items()} == {
        "a": ["numbers_2", "total", "add"],
        "b": ["total_2"],
        "c": ["add_2"],
    }
    assert [p.code for p in problems(plan)] == ["unknown_path"]  # a list may be too short, and says so


def test_what_a_branch_gives_has_its_own_type_and_may_be_absent_where_some_may_fail() -> None:
    number, text = add.step(1, 2), say.step("x")
    both = together(number=number, text=text)
    assert not problems(Plan(add.step(both.of(number), 1)))
    assert not problems(Plan(say.step(both.of(text))))
    some = together(number=number, text=text, partial="continue")
    assert not problems(Plan(maybe.step(some.of(number))))
    assert [p.code for p in problems(Plan(add.step(some.of(number), 1)))] == ["type_mismatch"]  # pyright: ignore[reportArgumentType]
    told = each(some.failures, lambda failed: say.step(failed["message"]))
    assert not problems(Plan(told))
    with pytest.raises(ValueError, match="no branch of it"):
        both.of(add.step(1, 1))


def test_together_takes_at_least_one_branch_and_none_called_failures_where_some_may_fail() -> None:
    with pytest.raises(ValueError, match="at least one branch"):
        together()
    with pytest.raises(ValueError, match="none is called 'failures'"):
        together(failures=add.step(1, 1), partial="continue")
    assert not problems(Plan(together(failures=add.step(1, 1))))


def test_an_item_of_a_map_in_chunks_is_a_list() -> None:
    assert not problems(Plan(each(numbers.step(5).output, total.step, chunk=2)))
    wrong = each(numbers.step(5).output, lambda n: add.step(n, 1), chunk=2)  # pyright: ignore[reportArgumentType]
    assert [p.code for p in problems(Plan(wrong))] == ["type_mismatch"]


def test_failed_items_that_give_null_are_in_the_type_of_the_list() -> None:
    left = each(numbers.step(5).output, lambda n: add.step(n, 1), failed="omit")
    assert not problems(Plan(total.step(left.output)))
    null = each(numbers.step(5).output, lambda n: add.step(n, 1), failed="null")
    assert [p.code for p in problems(Plan(total.step(null.output)))] == ["type_mismatch"]  # pyright: ignore[reportArgumentType]
    assert not problems(Plan(each(null.output, lambda n: maybe.step(n))))  # noqa: PLW0108 - overloads


def test_the_end_of_a_fold_is_proven_over_what_it_carries_and_the_item() -> None:
    other = add.step(3, 4)
    good = fold(numbers.step(3).output, 0, add.step, until=lambda sum_, _: when(sum_, "gt", other.output))
    plan = Plan(good)
    assert not problems(plan)
    assert outer(plan) == ["numbers", "add", "reduce"] or set(outer(plan)) == {"numbers", "add", "reduce"}
    bad = fold(numbers.step(3).output, 0, add.step, until=lambda sum_, _: when(sum_, "gt", "x"))
    assert [(p.code, p.path) for p in problems(Plan(bad))] == [("type_mismatch", ("until",))]


def test_a_repetition_has_a_bound_and_a_condition_over_what_it_carries() -> None:
    plan = Plan(repeat(0, lambda n: add.step(n, 1), so_long=lambda n: when(n, "lt", 5), most=7))
    assert not problems(plan)
    bad = Plan(repeat("", say.step, so_long=lambda text: when(text, "lt", 5)))
    assert [(p.code, p.step, p.path) for p in problems(bad)] == [("type_mismatch", "repeat", ("condition",))]
    with pytest.raises(ValidationError):
        Plan(repeat(0, lambda n: add.step(n, 1), so_long=lambda n: when(n, "lt", 5), most=100_000))


def test_items_are_grouped_by_a_part_that_each_surely_has_and_that_can_be_compared() -> None:
    messages = history.step()
    groups = grouped(messages.output, by=lambda message: message.author)
    named = each(groups.output, lambda group: say.step(group["key"]))
    assert not problems(Plan(named))
    by_list = grouped(messages.output, by=lambda message: message.tags)
    assert [(p.code, p.path) for p in problems(Plan(by_list))] == [("type_mismatch", ("by",))]
    ghost = grouped(messages.output, by=lambda message: cast("Any", message).ghost)
    assert [(p.code, p.allowed) for p in problems(Plan(ghost))] == [("unknown_path", ("author", "text", "tags"))]
    with pytest.raises(ValueError, match="by a part of them"):
        grouped(messages.output, by=lambda _: "x")


def test_map_reduce_gives_one_value_or_one_for_each_key() -> None:
    whole = map_reduce(numbers.step(3).output, lambda n: add.step(n, 1), add.step, 0)
    assert not problems(Plan(add.step(whole.output, 1)))
    parts = map_reduce(
        history.step().output,
        lambda message: say.step(message.author),
        lambda count, _: add.step(count, 1),
        0,
        partition_by=lambda author: author,
    )
    assert not problems(Plan(each(parts.output, lambda part: add.step(part["value"], 1))))
    assert not problems(Plan(each(parts.output, lambda part: say.step(part["key"]))))


def test_a_fallback_gives_what_any_of_its_steps_gives_and_each_sees_why_the_one_before_failed() -> None:
    plan = Plan(fallback(say.step("a"), lambda error: say.step(error.message), lambda error: say.step(error.code)))
    assert not problems(plan)
    node = plan.nodes[0]
    assert isinstance(node, FallbackNode)
    assert node.choices[1].model_dump()["nodes"][0]["inputs"]["text"] == {
        "step": "fallback.error",
        "path": ("message",),
    }
    mixed = fallback(cast("Step[Any]", say.step("a")), add.step(1, 1))
    assert [p.code for p in problems(Plan(add.step(mixed.output, 1)))] == ["type_mismatch"]
    with pytest.raises(ValueError, match="at least one other"):
        fallback(say.step("a"))


def test_the_error_of_a_fallback_is_unknown_outside_of_it() -> None:
    kept: list[Any] = []
    tried = fallback(say.step("a"), lambda error: kept.append(error) or say.step("b"))
    with pytest.raises(ValueError, match="used outside"):
        Plan(say.step(kept[0].message), tried)


def test_a_retry_is_written_with_its_waits_its_codes_and_its_breaker() -> None:
    plan = Plan(
        retry(say.step("a"), backoff=Backoff(first=1, most=9), when=["not_found"], breaker=Breaker(threshold=2))
    )
    node = plan.nodes[0]
    assert isinstance(node, RetryNode)
    assert (node.backoff, node.max_wait, node.jitter, node.when) == (1, 9, True, ("not_found",))
    assert node.breaker is not None
    assert (node.breaker.name, node.breaker.threshold, node.breaker.recovery, node.breaker.half_open) == (
        "say",
        2,
        30,
        3,
    )
    with pytest.raises(ValueError, match="give this branch one"):
        retry(branch((when(say.step("a").output), say.step("b"))), breaker=Breaker())


def test_a_whole_retry_repeats_what_only_its_step_uses() -> None:
    plan = Plan(retry(pipe(numbers.step(3), total.step), whole=True))
    assert outer(plan) == ["retry"]
    assert ids(plan) == ["retry", "numbers", "total"]


def test_what_takes_a_call_back_sees_its_output_and_stands_with_it() -> None:
    prepared = say.step("prepared")
    done = add.step(1, 2).undone_by(lambda sum_: add.step(sum_, total.step([1]).output).following(prepared))
    plan = Plan(add.step(done.output, 1))
    assert not problems(plan)
    assert outer(plan) == ["add", "add_3"] or len(outer(plan)) == 2
    node = plan.nodes[0]
    assert isinstance(node, StepNode)
    assert node.undo is not None
    assert {inner.id for inner in node.undo.nodes} >= {"total", "say"}
    assert node.undo.model_dump()["nodes"][-1]["inputs"]["a"] == {"step": node.id, "path": ()}
    wrong = Plan(say.step("x").undone_by(lambda text: add.step(text, 1)))  # pyright: ignore[reportArgumentType]
    assert [p.code for p in problems(wrong)] == ["type_mismatch"]


def test_only_calls_have_a_limit_of_their_own_or_are_taken_back() -> None:
    tried = retry(say.step("a"))
    with pytest.raises(ValueError, match="this is a retry"):
        tried.within(3)
    with pytest.raises(ValueError, match="this is a retry"):
        tried.undone_by(say.step)
    with pytest.raises(ValidationError):
        Plan(say.step("a").within(0))


def test_loops_within_branches_within_loops_find_their_variables() -> None:
    plan = Plan(
        each(
            numbers.step(3).output,
            lambda a: together(
                x=each(numbers.step(2).output, lambda b: add.step(a, b)),
                y=fallback(
                    add.step(a, 1), lambda error: total.step(numbers.step(1).output).following(say.step(error.code))
                ),
            ),
        )
    )
    assert not problems(plan)
    assert isinstance(plan.nodes[-1], MapNode)


BLOCK: dict[str, Any] = {"nodes": list[Any](), "output": {"literal": 1}}
BOUNDS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "parallel", "branches": {}}, "branches"),
    ({"kind": "parallel", "branches": {"a b": BLOCK}}, "branches"),
    ({"kind": "fallback", "choices": [BLOCK]}, "choices"),
    ({"kind": "step", "capability_id": "x", "timeout": -1}, "timeout"),
    ({"kind": "group", "over": {"literal": []}}, "by"),
    ({"kind": "map", "over": {"literal": []}, "each": BLOCK, "chunk": 0}, "chunk"),
    ({"kind": "retry", "attempt": BLOCK, "breaker": {"name": "", "threshold": 0}}, "breaker"),
]


@pytest.mark.parametrize(("node", "field"), BOUNDS)
def test_a_node_out_of_bounds_is_no_plan(node: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Plan[Any](nodes=[{"id": "n", **node}], output={"step": "n"})


def test_a_node_is_rebuilt_with_every_block_of_its_own_changed() -> None:
    rng = Random(5)  # noqa: S311 - chooses examples, keeps no secret
    registry = random_registry(rng)
    for _ in range(300):
        for node in walk(Plan[Any](**Author(registry, rng).plan()).nodes):
            seen: list[Block] = []

            def note(block: Block, seen: list[Block] = seen) -> Block:
                seen.append(block)
                return block.model_copy(update={"output": Literally(literal=len(seen))})

            changed = rebuilt(node, note)
            assert sorted(map(id, seen)) == sorted(map(id, blocks(node)))
            assert all(isinstance(block.output, Literally) for block in blocks(changed))
            assert rebuilt(node, lambda block: block) == node
