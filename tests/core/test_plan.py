"""A plan is data: named by what it does, the same after any round trip, written by hand without surprises."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError
from tests.core.random_plans import Author, random_registry

from packetflow._core.capability import capability
from packetflow._core.combinators import branch, each, fold, retry, when
from packetflow._core.explanation import Candidate, Explanation
from packetflow._core.plan import Literally, Plan, StepNode, walk
from packetflow._core.step import Pointer


@capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@capability
async def note(description: str, why: str) -> str:
    """Take inputs with the names of what explains."""
    return description + why


def ids(plan: Plan[Any]) -> list[str]:
    return [node.id for node in walk(plan.nodes)]


def outer(plan: Plan[Any]) -> list[str]:
    return [node.id for node in plan.nodes]


def test_a_thousand_plans_keep_their_id_through_json_pickle_and_copies() -> None:
    rng = Random(3)  # noqa: S311 - chooses examples, keeps no secret
    registry = random_registry(rng)
    seen: dict[str, object] = {}
    for _ in range(1_000):
        plan = Plan[Any](**Author(registry, rng).plan())
        again = Plan[Any].model_validate_json(plan.model_dump_json())
        assert again == plan
        assert again.id == plan.id == Plan[Any].model_validate(plan.model_dump()).id == plan.model_copy().id
        assert seen.setdefault(plan.id, plan) == plan
        assert pickle.loads(pickle.dumps(plan)).id == plan.id  # noqa: S301 - our own
    assert len(seen) > 900


def test_the_id_is_of_what_a_plan_does_and_not_of_why() -> None:
    plan = Plan(add.step(1, 2))
    told = Explanation(chosen=Candidate(capability_id="add", score=1))
    explained = plan.nodes[0].model_copy(update={"why": told, "description": "adds"})
    assert plan.model_copy(update={"nodes": (explained,), "intent": "add", "planner": "rules"}).id == plan.id
    assert Plan(add.step(1, 3)).id != plan.id
    assert plan.model_copy(update={"output": Literally(literal=3)}).id != plan.id


def test_inputs_named_like_explanations_count() -> None:
    assert Plan(note.step("a", "b")).id != Plan(note.step("c", "b")).id != Plan(note.step("a", "d")).id


def test_a_copy_with_other_fields_is_checked() -> None:
    plan = Plan(add.step(1, 2))
    _ = plan.id
    with pytest.raises(ValidationError):
        plan.model_copy(update={"nodes": ()})
    with pytest.raises(ValidationError):
        plan.model_copy(update={"colour": "red"})


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}, object(), "\ud800"])
def test_a_value_without_a_json_form_cannot_stand_in_a_plan(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Literally(literal=value)


def test_a_value_in_a_plan_does_not_change_with_the_list_it_was_made_of() -> None:
    given = [1]
    plan = Plan[Any](nodes=[{"kind": "step", "id": "a", "capability_id": "x"}], output={"literal": given})
    given.append(2)
    assert plan.output == Literally(literal=[1])


def test_what_is_no_binding_says_what_one_is() -> None:
    with pytest.raises(ValidationError, match="one of literal, step"):
        Plan[Any](nodes=[{"kind": "step", "id": "a", "capability_id": "x", "inputs": {"a": 5}}], output={"literal": 1})
    wrongs: list[object] = [5, None, [], "x", {"nodes": []}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            Plan[Any].model_validate(wrong)


def test_a_step_used_twice_is_one_node() -> None:
    first = add.step(1, 2)
    assert outer(Plan(add.step(first.output, first.output))) == ["add", "add_2"]


def test_a_long_chain_and_a_wide_diamond_are_written_in_no_time() -> None:
    last = add.step(1, 1)
    for _ in range(1_500):
        last = add.step(last.output, last.output)
    assert len(Plan(last).nodes) == 1_501


def test_what_a_loop_does_not_need_stands_outside_and_runs_once() -> None:
    fixed = add.step(1, 2)
    plan = Plan(each(numbers.step(3).output, lambda n: add.step(n, fixed.output)))
    assert outer(plan) == ["numbers", "add", "map"]
    assert ids(plan) == ["numbers", "add", "map", "add_2"]


def test_an_inner_loop_may_use_the_item_of_the_outer() -> None:
    some = numbers.step(3)
    plan = Plan(each(some.output, lambda a: each(some.output, lambda b: add.step(a, add.step(b, 1).output))))
    inner = plan.nodes[1].model_dump()["each"]["nodes"][0]
    assert [node["id"] for node in inner["each"]["nodes"]] == ["add", "add_2"]
    assert inner["each"]["nodes"][1]["inputs"]["a"] == {"step": "map.item", "path": ()}
    assert inner["each"]["nodes"][0]["inputs"]["a"] == {"step": "map_2.item", "path": ()}


def test_only_what_is_retried_is_repeated() -> None:
    plan = Plan(retry(add.step(numbers.step(3).output[0], 1)))
    assert outer(plan) == ["numbers", "retry"]


def test_what_only_a_branch_uses_runs_only_when_it_is_chosen() -> None:
    asked, used = numbers.step(3), add.step(5, 5)
    plan = Plan(branch((when(asked.output), add.step(used.output, 1)), otherwise=add.step(used.output, 2)))
    assert outer(plan) == ["numbers", "branch"]
    assert sorted(ids(plan)[2:]) == ["add", "add_2", "add_3", "add_4"]


def test_what_is_also_used_outside_of_a_branch_runs_once_before() -> None:
    used = add.step(5, 5)
    chosen = branch((when(used.output), add.step(used.output, 1)), otherwise=add.step(2, 2))
    plan = Plan(add.step(chosen.output, used.output))
    assert outer(plan) == ["add", "branch", "add_4"] or len(outer(plan)) == 3
    assert sum(node.inputs.get("a") == Literally(literal=5) for node in plan.steps()) == 1


def test_a_step_that_two_branches_share_must_be_given_a_place() -> None:
    shared = add.step(1, 1)
    one, two = (branch((when(numbers.step(n).output), add.step(shared.output, n))) for n in (1, 2))
    final = note.step(one.output, two.output)  # pyright: ignore[reportArgumentType] - nothing is proven here
    with pytest.raises(ValueError, match="used in two blocks"):
        Plan(final)
    assert len(Plan(final, shared).steps()) == 6


def test_a_step_that_is_retried_cannot_be_used_on_its_own_as_well() -> None:
    tried = add.step(1, 1)
    with pytest.raises(ValueError, match="is repeated and also used on its own"):
        Plan(add.step(retry(tried).output, tried.output))


def test_a_fold_gives_each_round_what_the_round_before_gave() -> None:
    plan = Plan(fold(numbers.step(3).output, 0, lambda total, number: add.step(number, total)))
    (inner,) = plan.nodes[1].model_dump()["each"]["nodes"]
    assert inner["inputs"] == {
        "b": {"step": "reduce.accumulator", "path": ()},
        "a": {"step": "reduce.item", "path": ()},
    }


def test_steps_may_have_names_and_follow_each_other() -> None:
    first = add.step(1, 1).named("first")
    plan = Plan(add.step(2, 2).named("add").following(first))
    assert [(node.id, node.depends_on) for node in plan.nodes] == [("first", ()), ("add", ("first",))]
    with pytest.raises(ValueError, match="two steps are named 'x'"):
        Plan(add.step(1, 1).named("x"), add.step(2, 2).named("x"))


def test_steps_that_wait_for_each_other_cannot_be_written() -> None:
    one, two = add.step(1, 1), add.step(2, 2)
    one.following(two)
    two.following(one)
    with pytest.raises(ValueError, match="form a cycle"):
        Plan(one)


def test_a_loop_variable_cannot_leave_its_loop() -> None:
    kept: list[int] = []
    mapped = each(numbers.step(3).output, lambda n: kept.append(n) or add.step(n, 1))
    with pytest.raises(ValueError, match="used outside"):
        Plan(add.step(kept[0], 1), mapped)


def test_an_output_that_does_not_exist_yet_refuses_to_be_used_as_a_value() -> None:
    output: Any = numbers.step(3).output
    uses: list[Callable[[Any], object]] = [
        iter,
        bool,
        str,
        lambda it: f"{it}",
        lambda it: it[1:2],
        lambda it: it < 3,
        len,
    ]
    for use in uses:
        with pytest.raises(TypeError):
            use(output)
    assert repr(output) == "Pointer('step', ())"
    assert isinstance(output, Pointer)


def test_lists_and_objects_may_hold_outputs() -> None:
    plan = Plan(note.step_of({"description": [numbers.step(1).output, 2], "why": {"a": numbers.step(2).output[0]}}))
    last = plan.nodes[-1]
    assert isinstance(last, StepNode)
    assert last.inputs["description"].model_dump() == {"items": ({"step": "numbers", "path": ()}, {"literal": 2})}
    assert last.inputs["why"].model_dump() == {"fields": {"a": {"step": "numbers_2", "path": (0,)}}}
