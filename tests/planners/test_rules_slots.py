from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.planners.rules_cases import INVITE, POST, TEXT, tool

from packetflow.planners.rules.reading import read
from packetflow.planners.rules.slots import fill
from packetflow.planners.rules.tool import JSON

NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer"}
DAY = date(2026, 3, 4)


def values(text: str, properties: dict[str, Any], intent: str = "Do the work.", required: str = "") -> dict[str, JSON]:
    made = tool("work.do", intent, properties, required or " ".join(properties))
    return fill(made, read(text, DAY)).values


def test_numbers_go_to_the_fields_whose_names_stand_near() -> None:
    box = {"height": NUMBER, "width": NUMBER}
    assert values("paint a wall with a width of 4 and a height of 2.5", box) == {"height": 2.5, "width": 4}


def test_numbers_go_to_the_fields_whose_unit_they_have() -> None:
    trip = {
        "distance": {"type": "number", "description": "How far, in kilometers."},
        "time": {"type": "number", "description": "How long, in hours."},
    }
    assert values("walk for 2 hours over 9 km", trip) == {"distance": 9, "time": 2}


def test_numbers_without_a_hint_are_taken_in_order() -> None:
    assert values("add 7 and 5", {"number1": WHOLE, "number2": WHOLE}) == {"number1": 7, "number2": 5}


def test_a_percentage_is_a_fraction_for_a_rate_and_stays_for_a_percentage() -> None:
    assert values("lend it at a rate of 4%", {"rate": NUMBER}) == {"rate": 0.04}
    percentage = {"tip_percentage": {"type": "number", "description": "The tip in percent."}}
    assert values("add a tip of 4%", percentage) == {"tip_percentage": 4}


def test_a_quantity_is_given_in_the_unit_that_is_asked_for() -> None:
    minutes = {"duration": {"type": "integer", "description": "The length of the break in minutes."}}
    assert values("make a break of 2 hours", minutes) == {"duration": 120}


def test_an_integer_field_never_takes_a_broken_number() -> None:
    made = tool("work.do", "Do the work.", {"count": WHOLE}, "count")
    filling = fill(made, read("do it 2.5 times"))
    assert (filling.values, filling.missing) == ({}, ["count"])


def test_days_are_written_in_the_layout_of_the_field() -> None:
    stay = {
        "start_date": {"type": "string", "description": "First day, MM/DD/YYYY."},
        "end_date": {"type": "string", "format": "date"},
    }
    assert values("stay from May 3rd 2025 to May 9th 2025", stay) == {
        "start_date": "05/03/2025",
        "end_date": "2025-05-09",
    }
    assert values("come tomorrow", {"day": {"type": "string", "format": "date"}}) == {"day": "2026-03-05"}


def test_a_choice_is_found_by_its_words() -> None:
    colour = {"colour": {"enum": ["dark red", "red", "blue"]}}
    assert values("paint it in dark red", colour) == {"colour": "dark red"}
    assert values("paint it", colour) == {}


def test_an_example_of_the_description_counts_as_a_choice() -> None:
    style = {"style": {"type": "string", "description": "One of 'plain' or 'fancy'. Default is 'plain'."}}
    assert values("write it in a fancy way", style, required="none") == {"style": "fancy"}
    assert values("write it", style, required="none") == {}


def test_a_switch_is_on_when_named_and_off_when_denied() -> None:
    switch = {"include_images": {"type": "boolean"}}
    assert values("save the page with images", switch, required="none") == {"include_images": True}
    assert values("save the page without images", switch, required="none") == {"include_images": False}
    assert values("save the page", switch, required="none") == {}


def test_places_are_told_apart_by_their_prepositions() -> None:
    trip = {"destination": TEXT, "origin": TEXT}
    assert values("a train from Graz to New Orleans", trip) == {"destination": "New Orleans", "origin": "Graz"}
    assert values("a train to Graz from New Orleans", trip) == {"destination": "Graz", "origin": "New Orleans"}


def test_city_and_country_are_one_value_or_two_as_the_fields_want() -> None:
    where = {"location": {"type": "string", "description": "City and country, e.g. Oslo, Norway"}}
    assert values("find a shop in Lyon, France", where) == {"location": "Lyon, France"}
    assert values("find a shop in Lyon, France", {"city": TEXT, "country": TEXT}) == {
        "city": "Lyon",
        "country": "France",
    }


def test_the_noun_before_a_number_belongs_to_an_identity() -> None:
    assert fill(INVITE, read("invite user 7 to room 12")).values == {"room_id": "room12", "user_id": "user7"}
    order = {"order_id": {"type": "string", "pattern": r"^[A-Z]-\d+$"}}
    assert values("where is order #A-17", order) == {"order_id": "A-17"}
    digits = {"order_id": {"type": "string", "pattern": r"^\d+$"}}
    assert values("where is order 17", digits) == {"order_id": "17"}


def test_addresses_and_links_find_their_fields() -> None:
    contact = {"email": TEXT, "url": TEXT}
    assert values("note ann@example.org and https://example.org/a?b=1", contact) == {
        "email": "ann@example.org",
        "url": "https://example.org/a?b=1",
    }


def test_a_formula_is_taken_whole() -> None:
    assert values("plot y = 2x^2 - 3x + 1", {"function": TEXT}) == {"function": "2x^2 - 3x + 1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("post good night all in room attic", {"room_id": "attic", "text": "good night all"}),
        ('post "in room cellar?" in room attic', {"room_id": "attic", "text": "in room cellar?"}),
        ("post in room attic saying the door is open", {"room_id": "attic", "text": "the door is open"}),
    ],
)
def test_running_text_ends_where_another_field_begins(text: str, expected: dict[str, JSON]) -> None:
    assert fill(POST, read(text)).values == expected


def test_lists_take_their_type_from_their_items() -> None:
    names = {"guests": {"type": "array", "items": TEXT}}
    assert values("invite the guests Ann, Bob and Cy", names) == {"guests": ["Ann", "Bob", "Cy"]}
    numbers = {"values": {"type": "array", "items": NUMBER}}
    assert values("the mean of [3, 4, 8]", numbers) == {"values": [3.0, 4.0, 8.0]}


def test_an_object_is_filled_by_its_own_fields() -> None:
    room = {"size": {"type": "object", "properties": {"width": WHOLE, "depth": WHOLE}, "required": ["width", "depth"]}}
    assert values("a hut with a width of 3 m and a depth of 5 m", room) == {"size": {"width": 3, "depth": 5}}


def test_older_type_names_are_understood() -> None:
    old = {"point": {"type": "tuple", "items": {"type": "float"}}, "note": {"type": "any"}}
    assert values("mark (1.5, 2) with 'here'", old) == {"point": [1.5, 2.0], "note": "here"}


def test_defaults_stay_out_unless_the_input_is_required() -> None:
    sides = {"sides": {"type": "integer", "default": 6}}
    assert values("roll the dice", sides, required="none") == {}
    assert values("roll the dice", sides) == {"sides": 6}


def test_a_hint_fills_what_the_sentence_leaves_open_and_nothing_else() -> None:
    assert fill(POST, read("post hello"), {"room_id": "attic", "text": "no"}).values["room_id"] == "attic"
    stated = fill(POST, read('post "hello" in room cellar'), {"room_id": "attic"}).values
    assert stated == {"room_id": "cellar", "text": "hello"}


def test_what_is_missing_is_named() -> None:
    assert fill(POST, read("post in")).missing == ["room_id", "text"]


def test_a_required_input_takes_back_what_an_optional_one_took_by_little() -> None:
    cake = {"size": {"type": "integer", "description": "The size of the cake."}, "candles": WHOLE, "layers": WHOLE}
    made = tool("cake.bake", "Bake a cake.", cake, "size")
    assert fill(made, read("bake a cake with 7 candles")).missing == ["size"]
    near = {"amount": NUMBER, "count": {"type": "integer", "description": "How many apples."}}
    assert fill(tool("apples.buy", "Buy fruit.", near, "amount"), read("buy 3 apples")).values == {"amount": 3}
