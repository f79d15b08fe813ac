"""What a request denies, limits or repeats is never dropped in silence."""

from __future__ import annotations

from datetime import date

import pytest
from tests.planners.rules_cases import HOUSE, TEXT, tool

from packetflow.planners.rules.choice import ToolBox
from packetflow.planners.rules.draft import draft

LIKELY = 0.45
SURE = 0.6
NOTE = tool(
    "pin_note",
    "Pin a note to a plot.",
    {"plot_id": TEXT, "text": TEXT, "member_id": TEXT},
    "plot_id text",
    effect="write",
    examples=("pin hello in the orchard",),
)
OPEN = tool(
    "open_plot",
    "Open a garden plot.",
    {"plot_id": TEXT, "member_id": TEXT},
    "plot_id",
    effect="write",
    examples=("open plot roses",),
)
GARDEN = ToolBox([NOTE, OPEN])
DAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    "said",
    [
        "I was asked not to pin hello in the orchard",
        "open plot roses without me",
        "pin hello everywhere except the orchard",
        "pin hello in the orchard if it rains",
        "unless it rains, pin 'hello' in the orchard",
        "whenever it rains, pin 'hello' in the orchard",
        "when it rains, then pin 'hello' in the orchard",
        "pin 'hello' in the orchard in case it rains",
        "pin 'hello' in the orchard twice",
        "open plot roses three times",
        "pin 'hello' in the orchard every morning",
        "open either plot roses or plot herbs",
        "open plot roses tomorrow",
        "open plot roses at 17:00",
        "open plot roses on 2026-02-30",
    ],
)
def test_a_denial_a_condition_a_repetition_or_a_time_without_an_input_is_never_a_likely_step(said: str) -> None:
    assert draft(said, GARDEN, today=DAY).confidence < LIKELY


@pytest.mark.parametrize(
    "said",
    [
        "open plot roses and herbs",
        "open plot roses 'herbs'",
        "open plot roses, plot7x",
        "open plot roses and paint it",
        "open plot roses for bob",
    ],
)
def test_a_thing_that_is_named_and_taken_by_no_input_of_a_change_is_asked_about(said: str) -> None:
    made = draft(said, GARDEN, today=DAY)
    assert made.confidence < SURE or [step.arguments["plot_id"] for step in made.steps] == ["roses", "herbs"]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("pin 'if not now, never: twice every day' in the orchard", "if not now, never: twice every day"),
        ("pin 'closed on 2026-02-30' in the orchard", "closed on 2026-02-30"),
    ],
)
def test_what_is_quoted_denies_and_limits_nothing(said: str, text: str) -> None:
    made = draft(said, GARDEN, today=DAY)
    assert [dict(step.arguments) for step in made.steps] == [{"plot_id": "orchard", "text": text}]
    assert made.confidence >= SURE


@pytest.mark.parametrize(
    "said",
    [
        "show the first 5 messages of room 123",
        "show the latest messages of room 123 from 2026-02-30",
        "show the latest messages of room 123 since monday",
        "summarize room 123 but not room 5",
    ],
)
def test_a_limit_that_a_reading_tool_cannot_heed_is_asked_about(said: str) -> None:
    assert draft(said, HOUSE, today=DAY).confidence < LIKELY


def test_a_limit_that_has_an_input_is_heeded_surely() -> None:
    made = draft("get the weather forecast for Oslo on 2026-03-09", HOUSE, today=DAY)
    assert [dict(step.arguments) for step in made.steps] == [{"city": "Oslo", "day": "2026-03-09"}]
    assert made.confidence >= SURE


@pytest.mark.parametrize(
    ("said", "member"),
    [
        ("open plot roses as member bob", "bob"),
        ("open plot roses for member bob", "bob"),
        ("open plot roses, bob", None),
    ],
)
def test_an_optional_person_is_never_read_from_a_bare_name(said: str, member: str | None) -> None:
    steps = draft(said, GARDEN, today=DAY).steps
    assert [step.arguments.get("member_id") for step in steps] == [member]
