from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from packetflow._core.search import SearchIndex, split_words, stems


@dataclass(frozen=True)
class Document:
    id: str
    intent: str = ""
    input_schema: dict[str, object] = field(default_factory=dict[str, object])
    examples: tuple[str, ...] = ()


ROOMS = [
    Document("room.post", "Post a message to the room."),
    Document("room.history", "Return the latest messages, oldest first."),
    Document("weatherForecast", "Tell how the weather will be.", {"properties": {"city": {"description": "Town."}}}),
    Document("invoice_create", "Bill a client.", examples=("charge Ann 40 euros",)),
]


def test_words_are_split_at_dots_underscores_and_capitals() -> None:
    assert split_words("room.postMessage_nowHTTPServer2") == ["room", "post", "message", "now", "http", "server", "2"]


def test_stop_words_carry_no_meaning() -> None:
    assert stems("what is a the of it") == []
    assert SearchIndex(ROOMS).search("a") == []


def test_the_nearest_document_comes_first_whatever_the_ending_of_the_word() -> None:
    assert SearchIndex(ROOMS).search("posting messages")[0][0] == "room.post"
    assert SearchIndex(ROOMS).search("forecasts")[0][0] == "weatherForecast"


def test_field_names_descriptions_and_examples_are_searched_too() -> None:
    index = SearchIndex(ROOMS)
    assert [id_ for id_, _ in index.search("which towns")] == ["weatherForecast"]
    assert [id_ for id_, _ in index.search("euros")] == ["invoice_create"]


def test_documents_without_a_common_word_are_left_out() -> None:
    assert {id_ for id_, _ in SearchIndex(ROOMS).search("messages")} == {"room.post", "room.history"}
    assert SearchIndex(ROOMS).search("submarine") == []
    assert SearchIndex([]).search("anything") == []


def test_a_word_in_the_id_weighs_more_than_one_in_a_field() -> None:
    index = SearchIndex(
        [
            Document("lamp.dim", "Change a thing."),
            Document("thing.change", "Change it.", {"properties": {"lamp": {"description": "The lamp."}}}),
        ]
    )
    assert [id_ for id_, _ in index.search("lamp")] == ["lamp.dim", "thing.change"]


def test_equal_scores_are_told_apart_by_id_and_the_limit_is_kept() -> None:
    twins = [Document(f"twin.{letter}", "Paint the fence.") for letter in "dcab"]
    assert [id_ for id_, _ in SearchIndex(twins).search("paint", 3)] == ["twin.a", "twin.b", "twin.c"]
    assert SearchIndex(twins).search("paint", 0) == []


@given(st.lists(st.text("abc dog cat ", max_size=12), max_size=6), st.text("abc dog cat ", max_size=12))
def test_scores_fall_are_positive_and_do_not_depend_on_the_order_of_documents(texts: list[str], query: str) -> None:
    documents = [Document(f"d{number}", text) for number, text in enumerate(texts)]
    found = SearchIndex(documents).search(query)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert all(score > 0 for _, score in found)
    assert found == SearchIndex(reversed(documents)).search(query)


def test_a_narrowed_index_finds_only_its_documents_and_narrows_further() -> None:
    index = SearchIndex(ROOMS)
    narrow = index.narrowed(["room.history", "invoice_create", "unknown"])
    assert len(narrow) == 2
    assert [id_ for id_, _ in narrow.search("messages of the room")] == ["room.history"]
    assert narrow.narrowed(["room.post", "invoice_create"]).search("messages") == []
    assert {id_ for id_, _ in index.search("messages")} == {"room.history", "room.post"}
