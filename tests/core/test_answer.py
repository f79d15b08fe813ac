"""What a run comes to, in words."""

from __future__ import annotations

from packetflow._core.answer import spoken


def test_an_objects_own_words_are_its_answer() -> None:
    assert spoken({"message_id": "m1", "message": "Posted in Lobby."}) == "Posted in Lobby."
    assert spoken({"activity_summary": {"text": "Nobody wrote.", "messages": 0}, "period": {}}) == "Nobody wrote."


def test_messages_read_as_who_said_what() -> None:
    page = {"room_id": "den", "messages": [{"id": "1", "author": "ada", "content": "hi", "at": "2026-01-02T03:04:05Z"}]}
    assert spoken(page) == "Messages:\n- ada: hi"


def test_facts_are_told_with_moments_cut_to_the_minute_and_without_ids() -> None:
    rooms = [{"room_id": "den", "title": "Den", "members": 2, "created_at": "2026-01-02T03:04:05.678Z", "topic": ""}]
    assert spoken(rooms) == "- Den: members 2, created at 2026-01-02 03:04"


def test_a_long_list_says_how_many_more_there_are() -> None:
    said = spoken([f"item {number}" for number in range(25)]).splitlines()
    assert len(said) == 21
    assert said[-1] == "… and 5 more"


def test_nothing_is_said_as_nothing() -> None:
    assert (spoken([]), spoken(None), spoken({"empty": []})) == ("Nothing was found.", "Done.", "Done.")
