"""Facts: equal by what they tell, found again by their name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from packetflow._core.errors import DeclarationError
from packetflow._core.event import Event, Stored, UnknownEvent, decode, event_class


class Happened(Event):
    what: str


def stored(kind: str, payload: bytes) -> Stored:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Stored("room/lobby", 3, "id", kind, now, "ada", "trace", payload)


def test_an_event_knows_its_place_once_it_was_read() -> None:
    told = Happened(what="rain")
    assert told.seq == 0
    with pytest.raises(LookupError):
        _ = told.stored
    read = decode(stored("Happened", told.model_dump_json().encode()))
    assert isinstance(read, Happened)
    assert (read.seq, read.stored.topic, read.what) == (3, "room/lobby", "rain")


def test_events_are_equal_by_what_they_tell_not_by_where_they_stand() -> None:
    read = decode(stored("Happened", b'{"what": "rain"}'))
    assert read == Happened(what="rain")
    assert hash(read) == hash(Happened(what="rain"))
    assert read != Happened(what="sun")
    assert read != UnknownEvent.model_validate({"what": "rain"})


def test_an_event_without_a_class_keeps_its_fields() -> None:
    read = decode(stored("LongGone", b'{"what": "rain", "fields": 1}'))
    assert isinstance(read, UnknownEvent)
    assert read.fields == {"what": "rain", "fields": 1}
    assert read != decode(stored("LongGone", b"{}"))


def test_of_two_classes_of_one_name_the_module_and_then_the_later_one_counts() -> None:
    first = type("Twice", (Event,), {"__module__": "one"})
    assert event_class("Twice") is first
    second = type("Twice", (Event,), {"__module__": "two"})
    assert event_class("Twice") is second
    assert event_class("Twice", "one") is first
    assert event_class("Twice", "three") is second


def test_an_event_cannot_change_and_cannot_hide_its_place() -> None:
    with pytest.raises(ValidationError):
        Happened(what="rain").what = "sun"
    with pytest.raises(DeclarationError), pytest.warns(UserWarning, match="shadows"):
        type("Hidden", (Event,), {"__annotations__": {"seq": int}})


def test_a_journal_that_holds_another_shape_is_told() -> None:
    with pytest.raises(ValidationError):
        decode(stored("Happened", b'{"what": 5}'))
