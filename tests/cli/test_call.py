"""`packetflow call`."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome, Shell

CUP: dict[str, Any] = {"item": "cup", "count": 1, "price": 1.5, "gift": False, "labels": [], "buyer": None}


def test_values_are_read_by_the_schema(served: "Shell") -> None:
    fields = ["item=12", "count=3", "price=2", "gift=yes", "labels=a", "labels=b", 'buyer={"name": "Ada", "age": 36}']
    ended = served("call", "price_order", *fields, "--json")
    assert ended.status == 0, ended.err
    assert ended.json == {
        "item": "12",
        "count": 3,
        "price": 2.0,
        "gift": True,
        "labels": ["a", "b"],
        "buyer": {"name": "Ada", "age": 36},
    }


@pytest.mark.parametrize("form", ["text", "file", "stdin"])
def test_inputs_come_as_json_from_text_file_or_stdin(served: "Shell", form: str) -> None:
    inputs = json.dumps({"item": "cup", "labels": ["x"]})
    (served.folder / "input.json").write_text(inputs)
    source = {"text": inputs, "file": "@input.json", "stdin": "-"}[form]
    ended = served("call", "price_order", "--input", source, "count=2", "--json", text=inputs)
    assert ended.json == {**CUP, "labels": ["x"], "count": 2}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["price_order"], "invalid_input", "item: is missing"),
        (["price_order", "item=cup", "colour=red"], "invalid_input", "colour"),
        (["price_order", "item=cup", "count=many"], "invalid_input", "count='many' is no integer"),
        (["price_order", "cup"], "invalid_input", "'cup' is not field=value"),
        (["price_order", "--input", "[1]"], "invalid_input", "no JSON object"),
        (["price_order", "--input", "@nothing.json"], "unreadable_file", "nothing.json"),
        (["price_ordr"], "unknown_capability", "there is no capability 'price_ordr'"),
    ],
)
def test_bad_input_exits_with_2_and_names_what_is_wrong(
    inside: "Callable[..., Outcome]", served: "Shell", arguments: list[str], code: str, said: str
) -> None:
    ended = inside("call", *arguments, "--json", "--data", str(served.folder / ".packetflow"))
    assert ended.status == 2
    assert ended.json["error"]["code"] == code
    assert said in ended.err


def test_an_argument_that_is_no_text_is_named_and_nothing_is_done(shell: "Shell") -> None:
    ended = shell("call", "counter.add", "key=\udcff", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (2, "invalid_input")
    assert r"argument 3 is not UTF-8 text: 'key=\udcff'" in ended.err
    assert not (shell.folder / ".packetflow").exists()


def test_half_a_character_in_json_is_wrong_input(inside: "Callable[..., Outcome]", served: "Shell") -> None:
    given = ["--input", r'{"item": "\ud800"}', "--data", str(served.folder / ".packetflow")]
    ended = inside("call", "price_order", *given, "--json")
    assert (ended.status, ended.json["error"]["code"]) == (2, "invalid_input")
    assert "--input holds half a character" in ended.err


def test_work_that_fails_exits_with_1_in_the_words_of_the_capability(served: "Shell") -> None:
    ended = served("call", "refuse", "item=cup", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (1, "conflict")
    assert "there is no cup left" in ended.err


def test_a_call_gives_the_same_with_a_server_and_without(shell: "Shell", served: "Shell") -> None:
    answers: list[Any] = [where("call", "price_order", "item=cup", "--json").json for where in (shell, served)]
    assert answers == [CUP, CUP]


def test_a_message_to_an_actor_is_remembered_by_the_next_process(shell: "Shell") -> None:
    first = shell("call", "counter.add", "key=till", "by=4")
    assert (first.status, first.out) == (0, "4\n")
    assert shell("call", "counter.add", "key=till", "by=5", "--json").json == 9


def test_text_cannot_steer_the_terminal(served: "Shell") -> None:
    ended = served("actors", "send", "counter:x", "a\x1b[2Jb\u202e")
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


def test_a_capability_that_asks_a_person_is_called_after_a_yes_only(asked: "Callable[..., Outcome]") -> None:
    refused = asked("call", "pay", "amount=3", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "confirmation_required")
    assert "--yes" in refused.err
    assert asked("call", "pay", "amount=3", "--yes", "--json").json == 3


def test_capabilities_are_listed_and_found_by_what_they_do(asked: "Callable[..., Outcome]") -> None:
    listed = asked("capabilities", "--json").json
    assert {"price_order", "burn", "counter.add"} <= {one["id"] for one in listed}
    assert asked("capabilities", "burn an item", "--limit", "1", "--json").json[0]["id"] == "burn"
    shown = asked("capabilities").out
    assert "price_order" in shown
    assert "delete" in shown
