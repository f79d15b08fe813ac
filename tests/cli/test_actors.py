"""`packetflow actors`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Shell


def test_actors_are_listed_shown_asked_and_stopped(served: "Shell") -> None:
    reply = served("actors", "send", "counter:desk", "hello", "--context", "room_id=lobby", "--json")
    assert reply.json == "desk heard 'hello' with {'room_id': 'lobby'}"
    assert served("actors", "send", "counter:desk", '{"by": 3}', "--capability", "add", "--json").json == 3
    listed = served("actors", "--json").json
    assert next(one["status"] for one in listed if one["id"] == "counter:desk") != "asleep"
    assert served("actors", "show", "counter:desk", "--json").json["state"] == {"total": 3}
    assert served("actors", "stop", "counter:desk", "--json").json == {"actor_id": "counter:desk", "stopped": True}
    assert served("actors", "show", "counter:desk", "--json").json["state"] == {"total": 3}


def test_an_address_without_a_key_and_an_unknown_type_are_refused(served: "Shell") -> None:
    assert served("actors", "show", "counter").status == 2
    unknown = served("actors", "send", "ghost:a", "boo", "--json")
    assert (unknown.status, unknown.json["error"]["code"]) == (1, "not_found")
