"""However hostile a request is, the rules answer it: with bounded work, and without an error."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planners.rules_cases import HOUSE

from packetflow._core.ports import Proposal, Request
from packetflow.planners.rules import planner
from packetflow.planners.rules.choice import ToolBox
from packetflow.planners.rules.draft import Draft, draft
from packetflow.planners.rules.planner import RulesPlanner
from packetflow_chat.app import app

if TYPE_CHECKING:
    from datetime import date

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
BOX = ToolBox(HOUSE)
UNITS = [
    *("(", "1,", "-", "@", '"', "'", ",", "1", "a", "A, ", "1-", "{a:", "[1,", "/a", "a.", "http://a", "x*", "é", "“"),
    *("quote' ", "post 'a' in ", "and ", "post it and ", "room 1 and ", "post the ", "one hundred ", "Paris, Rome, "),
    *("1 x 10^9", "in 9 days ", "last 1 ", "every a ", "‘a’ ", "sin(", "a@b.", "ask my a ", "key: 'v', "),
]


async def propose(said: str) -> Proposal:
    async with asyncio.timeout(10):
        return await RulesPlanner().propose(Request(said, NOW, {"user_id": "ada"}), app.registry)


@pytest.mark.parametrize("unit", UNITS)
async def test_a_hostile_request_of_the_longest_length_is_answered_at_once(unit: str) -> None:
    proposal = await propose((unit * 2_000)[:2_000])
    assert 0.0 <= proposal.confidence <= 1.0
    assert proposal.plan is not None or proposal.reason


@pytest.mark.parametrize("said", ["(" * 9_999, "1," * 5_000, "post 'a' in " * 800])
async def test_a_request_of_more_than_two_thousand_characters_is_refused_with_its_length(said: str) -> None:
    proposal = await propose(said)
    assert proposal.plan is None
    assert proposal.reason == f"the request is too long to plan: {len(said):,} characters, at most 2,000"


async def test_a_request_of_too_many_words_is_refused_with_their_number() -> None:
    proposal = await propose("a " * 500)
    assert proposal.plan is None
    assert proposal.reason == "the request is too long to plan: 500 words and marks, at most 320"


async def test_a_request_for_too_many_things_at_once_is_refused_with_their_number() -> None:
    proposal = await propose("join the lobby and then " * 30)
    assert proposal.plan is None
    assert proposal.reason == "the request asks for 30 things at once, at most 16"


@pytest.mark.parametrize(("words", "aside"), [(3, False), (120, True)])
async def test_a_long_request_is_planned_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, words: int, *, aside: bool
) -> None:
    where: list[int] = []

    def noted(text: str, box: ToolBox, *, today: date | None, hints: dict[str, str]) -> Draft:
        where.append(threading.get_ident())
        return draft(text, box, today=today, hints={**hints})

    monkeypatch.setattr(planner, "draft", noted)
    await propose("post '" + "word " * words + "' in the lobby")
    assert [place != threading.get_ident() for place in where] == [aside]


@pytest.mark.parametrize("said", ["9" * 400, "1e999", "in 99999999999 days", "hundred " * 200, "show 1e400 notes"])
def test_a_number_beyond_all_measure_is_no_number(said: str) -> None:
    assert 0.0 <= draft(said, BOX, today=NOW.date()).confidence <= 1.0


@given(st.lists(st.sampled_from(UNITS), max_size=40))
def test_any_mixture_of_hostile_pieces_is_answered(pieces: list[str]) -> None:
    assert 0.0 <= draft("".join(pieces), BOX, today=NOW.date()).confidence <= 1.0
