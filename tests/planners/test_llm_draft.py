"""What a model's draft becomes: a plan that means the same, or problems; and a form that every vendor accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_ai.models._anthropic_schema_limits import exceeded_limit
from pydantic_ai.profiles.openai import OpenAIJsonSchemaTransformer
from pydantic_ai.providers.anthropic import AnthropicJsonSchemaTransformer
from tests.planners.llm_cases import INTENT, REGISTRY, REQUEST, draft, link, mail_draft, step, value

from packetflow._core.capability import Capability, capability
from packetflow._core.errors import Problem
from packetflow._core.plan import Items, Literally, MapNode, Plan, Reference, StepNode
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow.planners.llm.conversion import converted
from packetflow.planners.llm.draft import NoPlan, PlanDraft
from packetflow.planners.llm.shortlist import shortlist


def plan_of(written: dict[str, Any], registry: Registry = REGISTRY) -> tuple[Plan[Any] | None, list[Problem]]:
    read = PlanDraft.model_validate_json(json.dumps(written))
    plan, problems = converted(read, REQUEST, shortlist(registry, INTENT), registry, "llm:test")
    return plan, problems or (prove(plan, registry) if plan else [])


def proven(written: dict[str, Any], registry: Registry = REGISTRY) -> Plan[Any]:
    plan, problems = plan_of(written, registry)
    assert problems == []
    assert plan is not None
    return plan


def test_values_links_and_order_arrive_in_the_plan() -> None:
    written = mail_draft()
    written["steps"].append(
        step("again", "forecast", value("city", "Rome"), value("day", "2026-11-23"), after=["mail"])
    )
    plan = proven(written)
    assert plan.nodes[0].model_dump()["inputs"] == {"city": {"literal": "Paris"}, "day": {"literal": "2026-11-23"}}
    assert plan.nodes[2].depends_on == ("mail",)
    assert plan.output == Reference(step="mail")


def test_the_output_is_the_named_step_or_else_the_last() -> None:
    unnamed = {**mail_draft(), "output_step": ""}
    assert proven(unnamed).output == Reference(step="mail")
    assert proven({**unnamed, "output_step": "weather"}).output == Reference(step="weather")


def test_ids_that_a_plan_cannot_have_are_replaced_everywhere() -> None:
    written = draft(
        step("1", "forecast", value("city", "Paris"), value("day", "2026-11-23")),
        step("the mail", "send_mail", value("to", "ann@example.org"), link("text", "1", "summary"), after=["1"]),
    )
    plan = proven(written)
    assert [node.id for node in plan.nodes] == ["step_1", "step_2"]
    assert plan.steps()[1].inputs["text"] == Reference(step="step_1", path=("summary",))
    assert plan.nodes[1].depends_on == ("step_1",)
    assert plan.output == Reference(step="step_2")


def test_a_list_is_put_together_from_several_steps() -> None:
    both = {
        "name": "texts",
        "items": [{"from_step": "a", "path": ["summary"]}, {"from_step": "b", "path": ["summary"]}],
    }
    plan = proven(
        draft(
            step("a", "forecast", value("city", "Paris"), value("day", "2026-11-23")),
            step("b", "forecast", value("city", "Rome"), value("day", "2026-11-23")),
            step("all", "digest", both),
        )
    )
    assert isinstance(plan.steps()[2].inputs["texts"], Items)


def test_a_step_over_a_list_becomes_a_map() -> None:
    plan = proven(
        draft(
            step("weather", "forecast", value("city", "Paris"), value("day", "2026-11-23")),
            step(
                "mails",
                "send_mail",
                value("to", "ann@example.org"),
                link("text", "item"),
                for_each={"from_step": "weather", "path": ["alerts"]},
            ),
            step("sum", "digest", link("texts", "mails")),
        )
    )
    mapped = plan.nodes[1]
    assert isinstance(mapped, MapNode)
    assert mapped.over == Reference(step="weather", path=("alerts",))
    inner = mapped.each.nodes[0]
    assert isinstance(inner, StepNode)
    assert inner.inputs["text"] == Reference(step="mails.item")


@pytest.mark.parametrize(
    "written",
    [
        {"name": "texts", "json_text": '["a", "b"]'},
        {"name": "texts", "value": ["a", "b"]},
        {"name": "texts", "value": '["a", "b"]'},
        {"name": "texts", "value": ["a", "b"], "from_step": None, "path": None, "json_text": None},
    ],
)
def test_a_list_may_be_written_in_any_way_a_model_writes_it(written: dict[str, Any]) -> None:
    plan = proven(draft(step("sum", "digest", written)))
    assert plan.steps()[0].inputs["texts"] == Literally(literal=["a", "b"])


def test_a_text_that_looks_like_json_stays_a_text_where_a_text_is_wanted() -> None:
    plan = proven(draft(step("m", "send_mail", value("to", "a@example.org"), value("text", '["a"]'))))
    assert plan.steps()[0].inputs["text"] == Literally(literal='["a"]')


@pytest.mark.parametrize("text", ["[1,", "NaN", "[" * 100_000])
def test_json_that_is_none_is_a_problem_with_its_step_and_path(text: str) -> None:
    _, problems = plan_of(draft(step("sum", "digest", {"name": "texts", "json_text": text})))
    assert [(problem.code, problem.step, problem.path) for problem in problems] == [
        ("not_json", "sum", ("inputs", "texts"))
    ]


@dataclass(frozen=True)
class Wrong:
    written: dict[str, Any]
    code: str
    step: str | None


WRONG = {
    "unknown capability": Wrong(draft(step("a", "forcast")), "unknown_capability", "a"),
    "missing input": Wrong(draft(step("a", "digest")), "missing_input", "a"),
    "unknown input": Wrong(draft(step("a", "digest", value("texts", ["x"]), value("x", 1))), "unknown_input", "a"),
    "wrong type": Wrong(draft(step("a", "digest", value("texts", 5))), "wrong_value", "a"),
    "wrong date": Wrong(draft(step("a", "forecast", value("city", "x"), value("day", "soon"))), "wrong_value", "a"),
    "unknown step": Wrong(draft(step("a", "digest", link("texts", "b"))), "unknown_step", "a"),
    "cycle": Wrong(draft(step("a", "digest", link("texts", "a"))), "cycle", "a"),
    "doubled id": Wrong(draft(*[step("a", "digest", value("texts", ["x"]))] * 2), "duplicate_id", "a"),
    "item outside a list": Wrong(draft(step("a", "digest", link("texts", "item"))), "unknown_step", "a"),
    "unknown step to come after": Wrong(
        draft(step("a", "digest", value("texts", ["x"]), after=["1"])), "unknown_step", "a"
    ),
    "input given twice": Wrong(
        draft(step("a", "digest", value("texts", ["x"]), value("texts", ["y"]))), "duplicate_input", "a"
    ),
    "unknown output": Wrong(draft(step("a", "digest", value("texts", ["x"])), output="b"), "unknown_step", None),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_draft_is_told_by_code_and_step(wrong: Wrong) -> None:
    _, problems = plan_of(wrong.written)
    assert (wrong.code, wrong.step) in {(problem.code, problem.step) for problem in problems}


@pytest.mark.parametrize("answer", [PlanDraft, NoPlan])
def test_the_form_is_one_that_the_strict_modes_accept_as_it_is(answer: type[BaseModel]) -> None:
    schema = answer.model_json_schema()
    openai = OpenAIJsonSchemaTransformer(schema, strict=None)
    openai.walk()
    assert openai.is_strict_compatible
    strict = AnthropicJsonSchemaTransformer(answer.model_json_schema(), strict=True).walk()
    assert exceeded_limit([strict], None) is None
    assert "additionalProperties" in strict


def test_both_forms_together_stay_within_the_limits_of_one_request() -> None:
    strict = [
        AnthropicJsonSchemaTransformer(form.model_json_schema(), strict=True).walk() for form in (PlanDraft, NoPlan)
    ]
    assert exceeded_limit(strict, None) is None


names = st.sampled_from([*REGISTRY, "nothing", "", "a b"])
ids = st.sampled_from(["a", "b", "c", "1", "", "item", "a.item", "x" * 80])
fields = st.sampled_from(["city", "day", "to", "text", "texts", "copies", "archive", "other"])
paths = st.lists(st.sampled_from(["summary", "high", "alerts", "result", 0, -1]), max_size=2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
inputs = st.one_of(
    st.fixed_dictionaries({"name": fields, "value": json_values}),
    st.fixed_dictionaries({"name": fields, "json_text": st.text(max_size=6)}),
    st.fixed_dictionaries({"name": fields, "from_step": ids, "path": paths}),
    st.fixed_dictionaries(
        {"name": fields, "items": st.lists(st.fixed_dictionaries({"from_step": ids, "path": paths}), max_size=2)}
    ),
)
steps = st.fixed_dictionaries(
    {"id": ids, "capability_id": names, "inputs": st.lists(inputs, max_size=4), "after": st.lists(ids, max_size=2)},
    optional={
        "for_each": st.none() | st.fixed_dictionaries({"from_step": ids, "path": paths}),
        "why": st.text(max_size=9),
    },
)
drafts = st.fixed_dictionaries(
    {"steps": st.lists(steps, min_size=1, max_size=4), "output_step": ids, "confidence": st.floats(-1, 2)}
)


@given(drafts)
def test_whatever_a_model_writes_becomes_a_proven_plan_or_problems_that_say_where(written: dict[str, Any]) -> None:
    plan, problems = plan_of(written)
    assert plan is not None or problems
    assert all(problem.message for problem in problems)
    if plan is not None and not problems:
        assert {step.capability_id for step in plan.steps()} <= set(REGISTRY)
        assert Plan[Any].model_validate_json(plan.model_dump_json()).id == plan.id
        assert 0 <= plan.confidence <= 1


def test_an_actors_key_is_an_input_like_any_other() -> None:
    def post(room: str, text: str) -> str:
        """Post a message to a room."""
        return room + text

    declared: Capability[..., str, str] = capability(effect="write", name="room.post")(post)
    plan = proven(draft(step("p", "room.post", value("room", "lobby"), value("text", "hi"))), Registry([declared]))
    assert [node.id for node in plan.nodes] == ["p"]
