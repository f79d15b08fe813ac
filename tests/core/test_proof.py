"""The proof of a plan: what it accepts runs, and what it refuses is named, step and path."""

# ruff: noqa: ANN401 - any JSON, and any type, is what this is about

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel
from tests.core.random_plans import SPOILS, Author, interpret, random_registry, spoiled

from packetflow._core.capability import capability
from packetflow._core.combinators import branch, each, fold, retry, when
from packetflow._core.constraint import Constraint
from packetflow._core.errors import PlanRejected, Problem
from packetflow._core.grant import Grant
from packetflow._core.plan import Plan
from packetflow._core.proof import prove, proven
from packetflow._core.registry import Registry


class Reply(BaseModel):
    text: str
    score: float = 0.0


class Thread(BaseModel):
    first: Reply
    below: list[Thread] = []


@capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@capability(effect="read")
async def words(text: str) -> list[str]:
    """Split a text."""
    return text.split()


@capability(effect="read")
async def thread(text: str) -> Thread:
    """Begin a thread."""
    return Thread(first=Reply(text=text))


@capability(effect="read")
async def grow(thread: Thread, text: str) -> Thread:
    """Answer in a thread."""
    return Thread(first=Reply(text=text), below=[thread])


@capability(effect="read")
async def anything() -> Any:
    """Give something."""
    return 1


@capability
async def post(room: str, text: str) -> Reply:
    """Post a text."""
    return Reply(text=room + text)


@capability(effect="read")
async def append(to: list[int], item: int) -> list[int]:
    """Put a number behind others."""
    return [*to, item]


REGISTRY = Registry([numbers, add, words, thread, grow, anything, post, append])


def problems(plan: dict[str, Any]) -> list[Problem]:
    return prove(Plan[Any](**plan), REGISTRY)


def step(name: str, capability_id: str, **inputs: Any) -> dict[str, Any]:
    bound: dict[str, Any] = {n: v if isinstance(v, dict) else {"literal": v} for n, v in inputs.items()}
    return {"kind": "step", "id": name, "capability_id": capability_id, "inputs": bound}


def output_of(name: str, *path: str | int) -> dict[str, Any]:
    return {"step": name, "path": list(path)}


def test_ten_thousand_random_plans_are_accepted_only_if_they_run() -> None:
    rng = Random(20261122)  # noqa: S311 - chooses examples, keeps no secret
    counted: Counter[str] = Counter()
    for round_ in range(20):
        registry = random_registry(rng)
        for number in range(500):
            whole = Author(registry, rng).plan()
            how = SPOILS[number % len(SPOILS)] if number % 2 else ""
            bad = spoiled(whole, how, rng, registry) if how else None
            plan = Plan[Any](**(bad or whole))
            found = prove(plan, registry)
            counted[how if bad else "sound"] += 1
            if bad is None:
                assert not found, (round_, number, found)
                interpret(plan, registry)
            else:
                assert found, (how, plan)
                assert all(problem.path and problem.code for problem in found)
                assert all(problem.step or problem.path[0] == "output" for problem in found)
    assert counted.total() == 10_000
    assert counted["sound"] < 7_000
    assert all(counted[how] > 100 for how in SPOILS)


def test_whatever_is_wired_at_random_runs_once_it_is_accepted() -> None:
    rng = Random(7)  # noqa: S311 - chooses examples, keeps no secret
    accepted = 0
    for _ in range(10):
        registry = random_registry(rng)
        for _ in range(200):
            whole = Author(registry, rng).plan()
            names = [node["id"] for node in whole["nodes"]]
            for node in whole["nodes"]:
                for field in node.get("inputs", {}):
                    if rng.random() < 0.3:
                        node["inputs"][field] = {"step": rng.choice(names), "path": []}
            plan = Plan[Any](**whole)
            if not prove(plan, registry):
                accepted += 1
                interpret(plan, registry)
    assert accepted > 400


def test_every_problem_is_told_not_only_the_first() -> None:
    found = problems(
        {
            "nodes": [step("one", "add", a="x"), step("two", "nothing_known"), step("three", "words", text=1, more=2)],
            "output": output_of("four"),
        }
    )
    assert [(p.code, p.step, p.path) for p in found] == [
        ("missing_input", "one", ("inputs", "b")),
        ("wrong_value", "one", ("inputs", "a")),
        ("unknown_capability", "two", ("capability_id",)),
        ("wrong_value", "three", ("inputs", "text")),
        ("unknown_input", "three", ("inputs", "more")),
        ("unknown_step", None, ("output",)),
    ]
    assert found[5].allowed == ("one", "three", "two")


def test_a_rejected_plan_raises_with_its_problems_and_id() -> None:
    plan = Plan[Any](nodes=[step("one", "add", a=1)], output=output_of("one"))
    with pytest.raises(PlanRejected, match="input 'b' is missing") as raised:
        proven(plan, REGISTRY)
    assert raised.value.details["plan_id"] == plan.id
    assert len(raised.value.problems) == 1


def test_only_the_nodes_of_a_circle_are_told_of_it() -> None:
    found = problems(
        {
            "nodes": [
                step("a", "add", a=output_of("b"), b=1),
                step("b", "add", a=output_of("a"), b=1),
                step("after", "add", a=output_of("b"), b=1),
            ],
            "output": output_of("after"),
        }
    )
    assert [(p.code, p.step) for p in found] == [("cycle", "a"), ("cycle", "b")]
    assert "a, b" in found[0].message


def test_a_circle_through_a_block_is_found() -> None:
    inner = step("in", "add", a=output_of("m.item"), b=output_of("later", 0))
    found = problems(
        {
            "nodes": [
                step("list", "numbers", count=2),
                {
                    "kind": "map",
                    "id": "m",
                    "over": output_of("list"),
                    "each": {"nodes": [inner], "output": output_of("in")},
                },
                step("later", "append", to=output_of("m"), item=1),
            ],
            "output": output_of("later"),
        }
    )
    assert {(p.code, p.step) for p in found} == {("cycle", "m"), ("cycle", "later")}


def test_nodes_of_a_block_and_loop_variables_are_unknown_outside() -> None:
    block = {"nodes": [step("in", "add", a=output_of("m.item"), b=1)], "output": output_of("in")}
    nodes = [{"kind": "map", "id": "m", "over": {"literal": [1]}, "each": block}]
    for name in ("in", "m.item"):
        found = problems({"nodes": [*nodes, step("out", "add", a=output_of(name), b=1)], "output": output_of("m")})
        assert [(p.code, p.step, p.path) for p in found] == [("unknown_step", "out", ("inputs", "a"))]


def test_a_name_used_twice_in_different_blocks_is_a_problem() -> None:
    block = {"nodes": [step("a", "add", a=1, b=1)], "output": output_of("a")}
    retried = {"kind": "retry", "id": "r", "attempt": block}
    found = problems({"nodes": [step("a", "add", a=1, b=1), retried], "output": output_of("r")})
    assert [(p.code, p.step) for p in found] == [("duplicate_id", "a")]


def test_blocks_may_not_stand_within_blocks_without_end() -> None:
    node: dict[str, Any] = step("deep", "add", a=1, b=1)
    for number in range(12):
        node = {"kind": "retry", "id": f"r{number}", "attempt": {"nodes": [node], "output": output_of(node["id"])}}
    found = problems({"nodes": [node], "output": output_of(node["id"])})
    assert [problem.code for problem in found] == ["too_deep"]


def test_the_output_of_a_map_is_a_list_of_what_each_gives() -> None:
    mapped = each(numbers.step(3).output, lambda number: add.step(number, 1))
    assert not prove(Plan(append.step(to=mapped.output, item=1)), REGISTRY)
    texts = each(words.step("a b").output, lambda word: post.step("lobby", word))
    wrong = prove(Plan(append.step(to=texts.output, item=1)), REGISTRY)  # pyright: ignore[reportArgumentType] - the point
    assert [(p.code, p.path) for p in wrong] == [("type_mismatch", ("inputs", "to"))]


def test_mapping_over_what_is_no_list_is_a_problem_of_the_map() -> None:
    block: dict[str, Any] = {"nodes": [], "output": {"literal": 1}}
    node = {"kind": "map", "id": "m", "over": {"literal": "abc"}, "each": block}
    assert [(p.code, p.step, p.path) for p in problems({"nodes": [node], "output": output_of("m")})] == [
        ("type_mismatch", "m", ("over",))
    ]


def test_a_fold_may_begin_with_an_empty_list_or_a_number() -> None:
    listed = fold(numbers.step(3).output, list[int](), lambda found, number: append.step(to=found, item=number))
    assert not prove(Plan(append.step(to=listed.output, item=1)), REGISTRY)
    total = fold(numbers.step(3).output, 0, lambda sum_, number: add.step(number, sum_))
    assert not prove(Plan(add.step(total.output, 1)), REGISTRY)


def test_a_fold_that_cannot_go_on_from_what_it_gave_is_a_problem() -> None:
    block = {"nodes": [step("w", "words", text=output_of("f.accumulator"))], "output": output_of("w")}
    node = {"kind": "reduce", "id": "f", "over": {"literal": [1]}, "initial": {"literal": "a"}, "each": block}
    found = problems({"nodes": [node], "output": output_of("f")})
    assert [(p.code, p.step, p.path) for p in found] == [("type_mismatch", "w", ("inputs", "text"))]


def test_a_branch_without_otherwise_may_give_nothing() -> None:
    asked = when(add.step(1, 1).output, "gt", 1)
    some = branch((asked, add.step(1, 2)))
    found = prove(Plan(add.step(some.output, 1)), REGISTRY)  # pyright: ignore[reportArgumentType] - the point
    assert [(p.code, p.step) for p in found] == [("type_mismatch", "add_2")] or found[0].code == "type_mismatch"
    whole = branch((asked, add.step(1, 2)), otherwise=add.step(2, 2))
    assert not prove(Plan(add.step(whole.output, 1)), REGISTRY)


def test_values_without_an_order_cannot_be_compared() -> None:
    for value, op, to, code in (
        ({"literal": [1]}, "gt", {"literal": 1}, "type_mismatch"),
        ({"literal": 1}, "lt", {"literal": "a"}, "type_mismatch"),
        ({"literal": 1}, "in", {"literal": 2}, "type_mismatch"),
        ({"literal": 1}, "in", {"literal": "text"}, "type_mismatch"),
        ({"literal": 1}, "eq", None, "wrong_value"),
        ({"literal": 1}, "truthy", {"literal": 1}, "wrong_value"),
    ):
        case: dict[str, Any] = {
            "when": {"value": value, "op": op, "to": to},
            "then": {"nodes": [], "output": {"literal": 1}},
        }
        node = {"kind": "branch", "id": "b", "cases": [case]}
        found = problems({"nodes": [node], "output": output_of("b")})
        assert [(p.code, p.step, p.path[:3]) for p in found] == [(code, "b", ("cases", 0, "when"))]


def test_what_a_retry_gives_is_what_either_way_gives() -> None:
    tried = retry(add.step(1, 1), otherwise=add.step(2, 2))
    assert not prove(Plan(add.step(tried.output, 1)), REGISTRY)


def test_an_output_that_may_be_anything_fits_no_typed_input() -> None:
    found = prove(Plan(add.step(anything.step().output, 1)), REGISTRY)
    assert [(p.code, p.path) for p in found] == [("type_mismatch", ("inputs", "a"))]


def test_a_part_of_a_recursive_output_keeps_its_definitions() -> None:
    started = thread.step("hi")
    assert not prove(Plan(grow.step(thread=started.output, text=started.output.first.text)), REGISTRY)
    found = prove(Plan(grow.step(thread=started.output.first, text="x")), REGISTRY)  # pyright: ignore[reportArgumentType] - the point
    assert found[0].code == "type_mismatch"


def test_a_path_that_is_not_promised_names_what_is() -> None:
    plan = {"nodes": [step("t", "thread", text="a"), step("w", "words", text=output_of("t", "last"))]}
    found = problems({**plan, "output": output_of("w")})
    assert [(p.code, p.step, p.path, p.allowed) for p in found] == [
        ("unknown_path", "w", ("inputs", "text"), ("first", "below"))
    ]


def test_with_a_grant_its_limits_hold_for_what_stands_in_the_plan() -> None:
    plan = Plan(post.step("lobby", "hello"))
    limited = Grant.root().delegate("ada", limits={"post": {"room": Constraint(op="eq", value="garden")}})
    assert not prove(plan, REGISTRY)
    assert [(p.code, p.path) for p in prove(plan, REGISTRY, limited)] == [("not_allowed", ("inputs", "room"))]


def test_what_the_grant_does_not_name_is_as_unknown_as_what_does_not_exist() -> None:
    reader = Grant.root().delegate("ada", effects=["read"])
    found = prove(Plan(post.step("lobby", "hello")), REGISTRY, reader)
    assert [(p.code, p.message) for p in found] == [("unknown_capability", "there is no capability 'post' you may use")]
    assert "post" not in found[0].allowed


def reading(nodes: list[Any], output: object = None) -> Plan[Any]:
    return Plan[Any].model_validate({"nodes": nodes, "output": output or {"literal": 1}})


def folded(values: list[Any]) -> dict[str, Any]:
    each: dict[str, Any] = {"nodes": [], "output": {"step": "m.item"}}
    return {"kind": "reduce", "id": "m", "over": {"literal": values}, "initial": {"literal": 0}, "each": each}


def within(loops: int, node: dict[str, Any], output: Any) -> list[dict[str, Any]]:
    block: dict[str, Any] = {"nodes": [node], "output": output}
    for number in range(loops):
        never = {"value": {"literal": False}, "op": "truthy"}
        loop = {"kind": "repeat", "id": f"r{number}", "initial": {"literal": 0}, "condition": never, "each": block}
        block = {"nodes": [loop], "output": {"literal": "s"}}
    return block["nodes"]


def doubling(count: int) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    before: dict[str, Any] = {"literal": 1}
    for number in range(count):
        both: dict[str, Any] = {"nodes": [], "output": {"fields": {"a": before, "b": before}}}
        other: dict[str, Any] = {"nodes": [], "output": {"literal": number}}
        nodes.append({"kind": "fallback", "id": f"f{number}", "choices": [both, other]})
        before = {"step": f"f{number}"}
    return nodes


def carried_within(loops: int) -> list[dict[str, Any]]:
    block: dict[str, Any] = {"nodes": [], "output": {"fields": {"x": {"step": "r0.accumulator"}}}}
    for number in range(loops):
        first = {"step": f"r{number + 1}.accumulator"} if number < loops - 1 else {"literal": 1}
        loop = {**folded([1, 2, 3]), "id": f"r{number}", "initial": first, "each": block}
        block = {"nodes": [loop], "output": {"step": f"r{number}"}}
    return block["nodes"]


def differing(count: int) -> list[dict[str, Any]]:
    choices: list[dict[str, Any]] = [{"nodes": [], "output": {"literal": {"a": number}}} for number in range(count)]
    loop = {**folded([1]), "initial": {"step": "f"}}
    loop["each"] = {"nodes": [], "output": {"fields": {"x": {"step": "m.accumulator"}}}}
    return [{"kind": "fallback", "id": "f", "choices": choices}, loop]


@pytest.mark.parametrize(
    ("nodes", "code"),
    [
        ([folded([*range(60_000)])], None),
        ([folded([{f"a{n}": n} for n in range(30_000)])], None),
        (within(6, folded([*range(60_000)]), {"step": "m"}), None),
        ([folded([0] * 100_001)], "too_large"),
        ([folded([{"a": [[0] * 50_000, [1] * 50_000]}])], "too_large"),
        (doubling(8), None),
        (doubling(24), "too_complex"),
        (carried_within(7), "too_complex"),
        (differing(900), "too_complex"),
    ],
    ids=["ints", "objects", "nested", "many", "deep", "doubled", "doubling", "carried", "differing"],
)
def test_what_a_plan_says_costs_its_proof_only_so_much(nodes: list[dict[str, Any]], code: str | None) -> None:
    written = reading(nodes)
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        found = prove(written, Registry([]))
    finally:
        sys.setprofile(None)
    assert code == (found[-1].code if found else None)
    assert steps < 5_000_000


def test_the_items_of_a_long_literal_keep_what_is_known_of_them() -> None:
    registry = Registry([add, post, append])
    each_of = {"a": {"step": "m.item", "path": ["n"]}, "b": {"step": "m.item", "path": ["pair", 1]}}
    step = {"kind": "step", "id": "s", "capability_id": "add", "inputs": each_of}
    each_block = {"nodes": [step], "output": {"step": "s"}}

    def mapped(items: list[Any]) -> list[Problem]:
        return prove(reading([{"kind": "map", "id": "m", "over": {"literal": items}, "each": each_block}]), registry)

    good = [{"n": n, "pair": ["x", n]} for n in range(3000)]
    assert mapped(good) == []
    assert [one.code for one in mapped([*good, {"n": "1", "pair": ["x", 1]}])] == ["type_mismatch"]
    assert [one.code for one in mapped([*good, {"pair": ["x", 1]}])] == ["unknown_path"]
