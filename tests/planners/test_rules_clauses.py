from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planners.rules_cases import HOUSE

from packetflow.planners.rules.clauses import split, verbs_of


def texts(request: str) -> list[str]:
    return [clause.text for clause in split(request, verbs_of(HOUSE))]


@pytest.mark.parametrize(
    ("request_text", "clauses"),
    [
        ("Summarize room a and post the summary in room b", ["Summarize room a", "post the summary in room b"]),
        ("Summarize room a, then translate it to French", ["Summarize room a", "translate it to French"]),
        ("Find Ann. Invite her to the lobby.", ["Find Ann", "Invite her to the lobby."]),
        ("analyze room a; summarize room b", ["analyze room a", "summarize room b"]),
        ("1. Summarize room a\n2. Post it in room b", ["Summarize room a", "Post it in room b"]),
        ("analyze room a, summarize room b, and post both", ["analyze room a", "summarize room b", "post both"]),
        ("Summarize room a. After that, mail it to Ann", ["Summarize room a", "mail it to Ann"]),
    ],
)
def test_a_request_is_split_where_a_new_verb_starts(request_text: str, clauses: list[str]) -> None:
    assert texts(request_text) == clauses


@pytest.mark.parametrize(
    "request_text",
    [
        "Weather in Paris and London",
        'Post "wait, then summarize room b" in room a',
        "Sort the list [post this, then mail it]",
        "Find the name, email and phone of Ann",
        "Read the page www.example.com. now",
    ],
)
def test_lists_quotes_brackets_and_addresses_stay_whole(request_text: str) -> None:
    assert texts(request_text) == [request_text.rstrip(" ")]


def test_a_clause_that_points_back_says_so() -> None:
    first, second = split("Summarize room a and post it in room b", verbs_of(HOUSE))
    assert (first.refers, second.refers) == (False, True)


@given(st.text("ab. ,;12\n'\"[]Tthenpost ", max_size=60))
def test_spans_lie_in_order_and_hold_the_words_of_their_clause(request_text: str) -> None:
    end = 0
    for clause in split(request_text, verbs_of(HOUSE)):
        assert end <= clause.start < clause.end <= len(request_text)
        end = clause.end
