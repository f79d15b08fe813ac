from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planners.rules_cases import (
    COUNT,
    FIND_USER,
    FORECAST,
    HISTORY,
    HOUSE,
    MAIL,
    POST,
    SUMMARIZE,
    TEXT,
    gives,
    tool,
)

from packetflow.planners.rules.building import Step, Value
from packetflow.planners.rules.choice import ToolBox
from packetflow.planners.rules.draft import Draft, draft
from packetflow.planners.rules.links import Link
from packetflow.planners.rules.tool import PlainTool, inputs_of

DAY = date(2026, 3, 4)
BOX = ToolBox(HOUSE)


def plan(text: str) -> list[tuple[str, dict[str, Value]]]:
    made = draft(text, BOX, today=DAY)
    return [(step.tool, dict(step.arguments)) for step in made.steps]


def test_one_clause_makes_one_step() -> None:
    assert plan("summarize room attic") == [("room.summarize", {"room_id": "attic"})]


def test_clauses_that_need_nothing_of_each_other_make_independent_steps() -> None:
    assert plan("analyze room attic and summarize room cellar") == [
        ("room.analyze", {"room_id": "attic"}),
        ("room.summarize", {"room_id": "cellar"}),
    ]


def test_the_summary_of_one_room_is_posted_in_another() -> None:
    assert plan("Summarize room attic and post the summary in room cellar") == [
        ("room.summarize", {"room_id": "attic"}),
        ("room.post", {"room_id": "cellar", "text": Link("summarize", ("summary",))}),
    ]


def test_both_results_are_posted_one_by_one_where_one_text_is_asked_for() -> None:
    made = plan("analyze room attic, summarize room cellar and post both in room hall")
    assert made[2:] == [
        ("room.post", {"room_id": "hall", "text": Link("analyze", ("analysis",))}),
        ("room.post", {"room_id": "hall", "text": Link("summarize", ("summary",))}),
    ]


def test_both_results_are_one_list_where_a_list_is_asked_for() -> None:
    texts = {"texts": {"type": "array", "items": TEXT}}
    merge = tool("texts.merge", "Merge several texts.", texts, "texts")
    made = draft("analyze room attic, summarize room cellar and merge both", [*HOUSE, merge])
    assert made.steps[-1].arguments == {
        "texts": [Link("analyze", ("analysis",)), Link("summarize", ("summary",))],
    }


def test_it_means_the_latest_result() -> None:
    made = plan("Summarize room attic, translate the summary to German, and then email it to ann@example.org")
    assert [name for name, _ in made] == ["room.summarize", "translate", "mail.send"]
    assert made[1][1] == {"text": Link("summarize", ("summary",)), "language": "German"}
    assert made[2][1] == {"to": "ann@example.org", "body": Link("translate", ("translation",))}


def test_a_request_inside_a_request_becomes_its_own_step() -> None:
    assert plan("post the weather in Oslo to the attic") == [
        ("weather.forecast", {"city": "Oslo"}),
        ("room.post", {"room_id": "attic", "text": Link("forecast", ("summary",))}),
    ]


def test_one_tool_over_several_items_makes_a_step_each() -> None:
    assert plan("What is the weather in Oslo and Rome tomorrow?") == [
        ("weather.forecast", {"city": "Oslo", "day": "2026-03-05"}),
        ("weather.forecast", {"city": "Rome", "day": "2026-03-05"}),
    ]


def test_parts_that_state_an_input_anew_make_a_call_each_and_inherit_the_rest() -> None:
    cylinder = tool(
        "cylinder.volume",
        "Calculate the volume of a cylinder.",
        {"radius": {"type": "number"}, "height": {"type": "number"}},
        "radius height",
    )
    text = "Calculate the volume of a cylinder with a radius of 2 and a height of 5, then with a height of 9."
    made = draft(text, [cylinder], one_step=True)
    assert [dict(step.arguments) for step in made.steps] == [{"radius": 2, "height": 5}, {"radius": 2, "height": 9}]


def test_an_input_without_a_value_is_looked_up_first() -> None:
    made = draft("count the words in room attic", [COUNT, HISTORY, POST])
    assert [(step.tool, dict(step.arguments)) for step in made.steps] == [
        ("room.history", {"room_id": "attic"}),
        ("words.count", {"messages": Link("history")}),
    ]


def test_a_name_is_looked_up_where_an_identity_is_asked_for() -> None:
    assert plan("invite Ann to the attic") == [
        ("user.find", {"name": "Ann"}),
        ("room.invite", {"room_id": "attic", "user_id": Link("find", ("user_id",))}),
    ]


def test_only_reading_tools_are_put_into_a_plan_unasked() -> None:
    writing = replace(HISTORY, effect="write")
    made = draft("count the words in room attic", [COUNT, writing])
    assert made.refused
    assert made.missing == {"words.count": ("messages",)}


def test_hints_of_the_surroundings_fill_what_is_left_open() -> None:
    made = draft("summarize this room", BOX, hints={"room_id": "attic"})
    assert [dict(step.arguments) for step in made.steps] == [{"room_id": "attic"}]
    stated = draft("summarize room cellar", BOX, hints={"room_id": "attic"})
    assert [dict(step.arguments) for step in stated.steps] == [{"room_id": "cellar"}]


@pytest.mark.parametrize("text", ["", "?", "the", "bake a cake", "how are you?", "delete everything", "42"])
def test_what_no_tool_can_do_is_refused(text: str) -> None:
    made = draft(text, BOX)
    assert made.refused
    assert made.steps == ()
    assert len(made.candidates) <= 3


def test_a_request_over_no_tools_is_refused() -> None:
    assert draft("summarize room attic", []).refused


def test_a_refusal_names_what_is_missing_and_the_nearest_tools() -> None:
    made = draft("get the weather forecast", BOX)
    assert made.missing == {"weather.forecast": ("city",)}
    assert made.candidates[0].tool == "weather.forecast"


def test_a_plan_with_a_part_that_no_tool_can_do_is_refused_and_says_which() -> None:
    made = draft("Summarize room attic and bake it into a cake", [SUMMARIZE, POST])
    assert made.refused
    assert made.unmet == ("bake it into a cake",)
    assert [step.tool for step in made.partial] == ["room.summarize"]


def test_every_step_says_why_and_what_else_was_weighed() -> None:
    (step,) = draft("get the weather forecast for Oslo", BOX).steps
    assert 0 < step.why.score <= 1
    assert step.why.reasons
    assert all(other.score <= step.why.score and other.reasons for other in step.rejected)


def test_a_clear_request_is_surer_than_a_vague_one() -> None:
    clear = draft("get the weather forecast for the city Oslo", BOX).confidence
    vague = draft("weather in Oslo then mail it to Ann", BOX).confidence
    assert 0 < vague < clear <= 1


def test_an_identity_is_never_taken_from_another_text() -> None:
    made = draft("Summarize room attic and post it", [SUMMARIZE, POST])
    assert made.refused
    assert made.missing == {"room.post": ("room_id",)}


def test_an_output_is_linked_only_where_its_type_is_welcome() -> None:
    square = tool("number.square", "Square a number.", {"number": {"type": "number"}}, "number")
    length = tool("text.length", "Measure a text.", {"text": TEXT}, "text", output=gives(length={"type": "integer"}))
    made = draft("measure the text 'hello' and square the length", [square, length])
    assert made.steps[-1].arguments == {"number": Link("length", ("length",))}
    text_only = replace(length, output_schema=gives(length=TEXT))
    assert draft("measure the text 'hello' and square the length", [square, text_only]).refused


WORDS = "summarize post find the a room Attic Bob it summary weather in and then to 7 'x' , . both mail".split()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14), st.permutations(HOUSE))
def test_any_words_give_the_same_sound_draft_again(words: list[str], tools: list[PlainTool]) -> None:
    text = " ".join(words)
    made = draft(text, BOX, today=DAY)
    again = draft(text, ToolBox(HOUSE), today=DAY)
    assert as_bytes(made) == as_bytes(again)
    known = {one.id: one for one in tools}
    seen: set[str] = set()
    for step in made.steps:
        fields = {item.name: item for item in inputs_of(known[step.tool].input_schema)}
        assert set(step.arguments) <= set(fields)
        assert {name for name, item in fields.items() if item.required} <= set(step.arguments)
        assert {link.label for value in step.arguments.values() for link in links_in(value)} <= seen
        assert step.label not in seen
        seen.add(step.label)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_the_planner(text: str) -> None:
    assert 0 <= draft(text, [POST, FORECAST, MAIL, FIND_USER]).confidence <= 1


def links_in(value: Value) -> list[Link]:
    if isinstance(value, Link):
        return [value]
    return [item for item in value if isinstance(item, Link)] if isinstance(value, list) else []


def as_bytes(made: Draft) -> bytes:
    def plain(step: Step) -> object:
        arguments = {name: repr(value) for name, value in step.arguments.items()}
        return [step.label, step.tool, arguments, repr(step.why), repr(step.rejected)]

    body = [[plain(step) for step in made.steps], [plain(step) for step in made.partial], made.confidence]
    return json.dumps([body, repr(made.candidates), dict(made.missing), made.unmet]).encode()
