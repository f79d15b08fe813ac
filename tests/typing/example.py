"""The example of the README as the type checker sees it; `basedpyright` checks this file with the rest."""

# pyright: reportUnusedFunction=false
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, assert_type

from pydantic import BaseModel

import packetflow as pf


class Message(BaseModel):
    author: str
    text: str


class Posted(pf.Event):
    message: Message


class RoomState(BaseModel):
    title: str = ""
    posts: int = 0


class Room(pf.Actor[RoomState], idle=timedelta(minutes=30), restart=pf.Restart(times=3, within=timedelta(minutes=1))):
    """A chat room; one actor per room name."""

    @pf.capability
    async def post(self, ctx: pf.Context, text: str) -> Message:
        """Post a message to the room."""
        self.state.posts += 1
        message = Message(author=ctx.principal, text=text)
        self.emit(Posted(message=message))
        return message

    @pf.capability(effect="read")
    async def history(self, limit: int = 50) -> list[Message]:
        """Return the latest messages, oldest first."""
        return [event.message async for event in self.journal(Posted, last=limit)]

    @pf.capability(effect="read")
    def count(self) -> int:
        """Count the messages."""
        return self.state.posts

    @pf.capability(effect="read")
    async def follow(self) -> AsyncIterator[Message]:
        """Give the messages one by one."""
        async for event in self.journal(Posted):
            yield event.message


class Hall(Room):
    """A larger room."""


@pf.capability(effect="read", examples=["summarize the lobby"])
async def summarize(messages: list[Message]) -> str:
    """Say in one line who wrote, and how much."""
    return f"{len(messages)} messages"


@pf.capability
async def who(ctx: pf.Context, shout: bool = False) -> str:  # noqa: FBT001, FBT002 - an input
    """Say who calls."""
    return ctx.principal.upper() if shout else ctx.principal


@pf.capability(effect="read")
def double(number: int) -> int:
    """Double a number, in a thread of its own."""
    return number * 2


@pf.capability(effect="read")
async def tick(until: int) -> AsyncIterator[int]:
    """Count up."""
    for number in range(until):
        yield number


@pf.capability(effect="read", retry=pf.Retry(attempts=2, when=("overloaded", OSError)), cache=timedelta(minutes=1))
async def lookup(word: str) -> str:
    """Look a word up, far away."""
    return word


@pf.flow(examples=["digest the lobby"])
def digest(room: str, limit: int = 50) -> pf.Step[str]:
    """Summarize a room."""
    return summarize.step(messages=Room.history.step(room, limit=limit).output)


ON_POSTED = pf.on(
    Posted, lambda _, room: digest.step(room), when=lambda event, _: pf.when(event.message.author, "ne", "bot")
)


async def flows(root: pf.Client) -> None:
    assert_type(digest.step("lobby"), pf.Step[str])
    assert_type(digest("lobby"), pf.Step[str])
    assert_type((await root.run(pf.Plan(digest.step("lobby", limit=3)))).output, str)
    history, count = Room.history.step("lobby"), Room.count.step("lobby")
    both = pf.together(history=history, count=count)
    assert_type(both.of(history), list[Message])
    assert_type(both.of(count), int)
    some = pf.together(history=history, count=count, partial="continue", timeout=3)
    assert_type(some.of(count), int | None)
    assert_type(some.failures, list[dict[str, str]])
    piped = pf.pipe(history, lambda messages: summarize.step(messages))  # noqa: PLW0108
    assert_type(piped, pf.Step[str])
    assert_type(pf.fallback(piped, lambda error: digest.step(error.message)), pf.Step[str])
    assert_type(pf.each(tick.step(3).output, double.step, failed="null"), pf.Step[list[int | None]])
    assert_type(pf.repeat(1, lambda n: double.step(n), so_long=lambda n: pf.when(n, "lt", 9)), pf.Step[int])  # noqa: PLW0108
    groups = pf.grouped(history.output, by=lambda message: message.author)
    assert_type(groups, pf.Step[list[pf.Group[str, Message]]])
    assert_type(double.step(2).undone_by(lambda number: double.step(number)).within(3), pf.Step[int])  # noqa: PLW0108


async def calls(root: pf.Client) -> None:
    ada = root.delegate("ada", only=[Room, summarize])
    lobby = ada.actor(Room, "lobby")
    assert_type(lobby, pf.Ref[Room])
    assert_type(await lobby.ask(Room.post, "hello"), Message)
    assert_type(await lobby.ask(Room.history, limit=5), list[Message])
    assert_type(await lobby.ask(Room.count), int)
    assert_type(await lobby.tell(Room.post, text="and bye"), None)
    assert_type([one async for one in lobby.stream(Room.follow)], list[Message])
    assert_type(await ada.actor(Hall, "big").ask(Room.post, "a hall answers what a room does"), Message)
    assert_type(await who(shout=True), str)
    assert_type(await lookup("word"), str)
    assert_type(double(2), int)
    assert_type([number async for number in tick(3)], list[int])


async def plans(ada: pf.Client) -> None:
    history = Room.history.step("lobby", limit=100)
    assert_type(history, pf.Step[list[Message]])
    assert_type(history.output, list[Message])
    run = await ada.run(pf.Plan(summarize.step(messages=history.output)))
    assert_type(run, pf.Run[str])
    assert_type(run.output, str)
    assert_type(tick.step(3).output, list[int])
    doubled = pf.each(tick.step(3).output, lambda number: double.step(number=number))
    assert_type(doubled, pf.Step[list[int]])
    assert_type(pf.fold(doubled.output, 0, lambda total, number: double.step(total + number)), pf.Step[int])
    assert_type(pf.branch((pf.when(doubled.output), double.step(1))), pf.Step[int | None])
    assert_type(pf.branch((pf.when(doubled.output), double.step(1)), otherwise=double.step(2)), pf.Step[int])
    assert_type(pf.retry(double.step(1)), pf.Step[int])
    assert_type(await ada.plan("Summarize the lobby"), pf.Plan[Any])
