"""`packetflow actors`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome


def test_actors_are_listed_shown_asked_and_stopped(asked: "Callable[..., Outcome]") -> None:
    reply = asked("actors", "send", "counter:desk", "hello", "--context", "room_id=lobby", "--json")
    assert reply.json == "desk heard 'hello' with {'room_id': 'lobby'}"
    assert asked("actors", "send", "counter:desk", '{"by": 3}', "--capability", "add", "--json").json == 3
    listed = asked("actors", "--json").json
    assert next(one["status"] for one in listed if one["id"] == "counter:desk") != "asleep"
    assert asked("actors", "show", "counter:desk", "--json").json["state"] == {"total": 3}
    assert asked("actors", "stop", "counter:desk", "--json").json == {"actor_id": "counter:desk", "stopped": True}
    assert asked("actors", "show", "counter:desk", "--json").json["state"] == {"total": 3}


def test_an_address_without_a_key_and_an_unknown_type_are_refused(asked: "Callable[..., Outcome]") -> None:
    assert asked("actors", "show", "counter").status == 2
    unknown = asked("actors", "send", "ghost:a", "boo", "--json")
    assert (unknown.status, unknown.json["error"]["code"]) == (1, "not_found")
