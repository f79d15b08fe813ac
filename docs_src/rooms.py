"""The public interface on one screen: a room that remembers, a capability, plans by hand and by sentence."""

import asyncio
from datetime import timedelta

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

    @pf.capability  # effect="write" unless declared otherwise
    async def post(self, ctx: pf.Context, text: str) -> Message:
        """Post a message to the room."""
        self.state.posts += 1
        message = Message(author=ctx.principal, text=text)
        self.emit(Posted(message=message))  # committed with the state, then published on room/<key>
        return message

    @pf.capability(effect="read")
    async def history(self, limit: int = 50) -> list[Message]:
        """Return the latest messages, oldest first."""
        return [event.message async for event in self.journal(Posted, last=limit)]


@pf.capability(effect="read", examples=["summarize the lobby"])
async def summarize(messages: list[Message]) -> str:
    """Say in one line who wrote, and how much."""
    return f"{len(messages)} messages by {', '.join(sorted({m.author for m in messages}))}"


app = pf.App(Room, summarize)  # SQLite store, local fabric, best planner the environment allows


async def main() -> None:
    async with app as root:  # start; root holds all authority
        ada = root.delegate("ada", only=[Room, summarize])  # narrower, never wider
        lobby = ada.actor(Room, "lobby")
        await lobby.ask(Room.post, "hello")  # request and reply, typed
        await lobby.tell(Room.post, text="and bye")  # no reply

        history = Room.history.step("lobby", limit=100)  # a plan by hand; wiring is type-checked
        run = await ada.run(pf.Plan(summarize.step(messages=history.output)))  # run.output: str
        print(run.output)

        plan = await ada.plan("Summarize the lobby")  # a plan by the planner: the same kind of data
        run = await ada.run(plan)
        print(run.status, [step.capability_id for step in run.steps])

        async for event in ada.subscribe(Room, "lobby"):
            print(event.seq, event)
            if event.seq == 2:
                break


if __name__ == "__main__":
    asyncio.run(main())
