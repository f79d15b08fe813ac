"""One decorator for functions and methods: what is declared, and that a capability stays a plain function."""

# ruff: noqa: ARG001 - what is declared is not always called

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.capability import Capability, Declaration
from packetflow._core.errors import DeclarationError


class State(BaseModel):
    posts: int = 0


class Room(pf.Actor[State]):
    """A room."""

    @pf.capability
    async def post(self, ctx: pf.Context, text: str) -> str:
        """Post a text."""
        return f"{ctx.principal}: {text}"

    @pf.capability(effect="read")
    def count(self) -> int:
        """Count the posts."""
        return self.state.posts


class Hall(Room, name="great_hall"):
    """A larger room, in which nobody counts."""

    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - the point
        return -1


@pf.capability(effect="read", examples=["who am I"], tags=["people"], version=2)
async def who(ctx: pf.Context, *, shout: bool = False) -> str:
    """Say who calls.

    In capitals when asked for.
    """
    return ctx.principal.upper() if shout else ctx.principal


@pf.capability
def double(number: int) -> int:
    """Double a number."""
    return number * 2


@pf.capability(effect="read")
async def tick(until: int) -> AsyncIterator[int]:
    """Count up."""
    for number in range(until):
        yield number


async def test_a_capability_is_still_a_function() -> None:
    assert double(4) == 8
    assert await who(shout=True) == "NOBODY"
    assert await who.bind(pf.Context("ada", pf.Grant.root()))() == "ada"
    assert [number async for number in tick(3)] == [0, 1, 2]
    assert double.__doc__ == "Double a number."


def test_the_context_is_injected_and_no_input() -> None:
    assert who.takes_context
    assert list(who.input_schema["properties"]) == ["shout"]
    assert not double.takes_context


def test_what_is_declared_is_described() -> None:
    described = who.described()
    assert described["intent"] == "Say who calls."
    assert described["examples"] == ["who am I"]
    assert (described["effect"], described["version"], described["tags"]) == ("read", 2, ["people"])
    assert double.effect == "write"
    assert tick.described()["streams"]
    assert tick.output_schema == {"type": "array", "items": {"type": "integer"}}
    assert (double.kind, who.kind, tick.kind) == ("def", "async", "stream")


def test_a_message_has_the_key_of_its_actor_as_first_input() -> None:
    assert Room.post.id == "room.post"
    assert Room.post.requires == ("key", "text")
    assert Room.post.provides == ("result",)
    assert Room.post.described()["actor"] == "room"
    step = Room.post.step("lobby", text="hi")
    assert step.fields == {"capability_id": "room.post", "inputs": {"key": "lobby", "text": "hi"}}


def test_a_subclass_answers_its_parents_messages_under_its_own_name() -> None:
    assert Hall.post.id == "great_hall.post"
    assert set(Hall.messages) == {"post"}
    assert set(Room.messages) == {"post", "count"}
    assert Hall.post.__doc__ == "Post a text."
    assert Room.post.id == "room.post"


def test_arguments_get_their_names_as_in_a_call() -> None:
    assert double.step(3).fields["inputs"] == {"number": 3}
    with pytest.raises(TypeError, match="takes 1 arguments"):
        double.step(3, 4)  # pyright: ignore[reportCallIssue] - the point
    with pytest.raises(TypeError, match="'number' twice"):
        double.step(3, number=4)  # pyright: ignore[reportCallIssue] - the point
    with pytest.raises(TypeError, match="takes 0 arguments"):
        who.named_arguments((True,), {})


async def no_doc() -> int:
    return 1


async def no_return(number: int):  # noqa: ANN201 - the point
    """Return what was not said."""
    return number


async def late_context(number: int, ctx: pf.Context) -> int:
    """Take the context second."""
    return number


async def maybe_context(ctx: pf.Context | None) -> int:
    """Take a context, or none."""
    return 1


def generator(number: int) -> Iterator[int]:
    """Yield without async."""
    yield number


async def not_a_stream() -> AsyncIterator[int]:
    """Return an iterator instead of being one."""
    return tick(3)


async def unknown_name(number: Nothing) -> int:  # noqa: F821 - the point  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]
    """Take a type that is not there."""
    return 1


def no_message(self: int) -> int:
    """Look like a method."""
    return self


def has_state(value: pf.App) -> int:
    """Take what is no JSON."""
    return 1


WRONG: list[Any] = [no_doc, no_return, late_context, maybe_context, generator, not_a_stream, no_message, has_state]
ODD: list[Any] = [unknown_name]


@pytest.mark.parametrize("function", [*WRONG, *ODD])
def test_a_declaration_that_cannot_work_is_refused_when_it_is_verified(function: Any) -> None:  # noqa: ANN401
    with pytest.raises(DeclarationError):
        cast("Declaration", pf.capability(function)).verify()


@pytest.mark.parametrize(
    "options",
    [
        {"name": "no spaces"},
        {"effect": "burn"},
        {"timeout": timedelta(0)},
        {"version": 0},
        {"examples": "one text"},
        {"tags": "one text"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        pf.capability(**options)(double.function).verify()


def test_every_good_declaration_is_verified() -> None:
    declared: list[Declaration] = [who, double, tick, Room.post, Room.count]
    for one in declared:
        one.verify()
    assert isinstance(double, Capability)


def test_the_schema_of_one_field_stands_alone() -> None:
    @pf.capability(effect="read")
    async def act(state: State, states: list[State]) -> int:
        """Act."""
        return len(states) + state.posts

    alone = act.field_schema("states")
    assert alone["items"]["$ref"] == "#/$defs/State"
    assert "State" in alone["$defs"]
    assert act.field_schema("states") is alone
