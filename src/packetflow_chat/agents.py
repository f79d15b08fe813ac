"""Agents that remember: one actor for each person, with everything they said to each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

import packetflow as pf
from packetflow_chat.analyses import conversation
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.recall import RecallAnswer, recall
from packetflow_chat.analysis.suggestions import suggest
from packetflow_chat.rooms import Content
from packetflow_chat.wording import worded
from packetflow_chat.work import to_thread

MEMORY = 5000
"""Lines of its own memory that an answer is looked for in, the latest."""

ROOM_LINES = 1000

_TOLD = re.compile(r"^\W*(?:please\s+)?(?:remember|note|keep in mind)\b(?!.*\?\s*$)", re.IGNORECASE)
"""Something to keep, not to look for."""

_PAST = re.compile(
    r"\b(?:do you (?:remember|recall|know)|remind me|recall)\b"
    r"|\b(?:did|have|had|was|were)\b.*\b(?:we|i|you|they|said|say|discuss|discussed|talk|talked|decide|decided|mention\w*)\b"
    r"|\bwhat\b.*\b(?:said|discussed|decided|mentioned|talked)\b",
    re.IGNORECASE,
)
"""A question about what was said."""


class AgentState(BaseModel):
    """What an agent knows of itself; the conversation is its journal."""

    conversation_count: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


class Heard(pf.Event):
    """A person said something to the agent."""

    user_id: str
    content: str
    room_id: str | None = None


class Answered(pf.Event):
    """The agent answered."""

    content: str


class AgentReply(BaseModel):
    """What the agent says, and what it rests on."""

    response: str
    conversation_count: int = Field(description="Messages this person has sent to the agent.")
    history_updated: bool = Field(description="Whether this message is now part of the memory.")
    recalled: RecallAnswer | None = Field(description="What was found, when the message asked about the past.")


class Remembered(BaseModel):
    """One line of the agent's memory."""

    author: str
    content: str
    at: datetime


class PersistentChatAgent(
    pf.Actor[AgentState], name="persistent_chat_agent", key="user_id", idle=timedelta(minutes=15)
):
    """An agent of one person: it remembers every conversation, over restarts, and speaks with nobody else."""

    def readable_by(self, context: pf.Context) -> bool:
        """Let nobody but its person follow it."""
        return context.principal == self.key or context.grant.may_act_for(self.key)

    @pf.capability(
        examples=[
            "tell my agent that the launch is on Monday",
            "ask my agent what we discussed yesterday",
            "what did we discuss yesterday?",
            "what did I say about the launch?",
            "do you remember what we said about the budget?",
            "remind me what we decided last week",
        ]
    )
    async def receive(
        self,
        ctx: pf.Context,
        message: Content,
        context: Annotated[
            dict[str, Any] | None, Field(description="Facts at hand, such as `room_id`: the room one is in.")
        ] = None,
    ) -> AgentReply:
        """Say something to a personal agent that remembers the conversation, or ask it about the past."""
        ctx = ctx.acting_for(self.key)
        room_id = _room(context)
        memory = await self._memory()
        told = _TOLD.search(message) is not None
        found = await self._recalled(ctx, message, memory, room_id) if not told and _asks(message) else None
        if found is not None and not (found.found and found.topic) and _PAST.search(message) is None:
            found = None  # a question of another kind, which the memory does not answer
        response = found.answer if found is not None else await self._reply(ctx, message, memory)
        now = ctx.now()
        self.emit(Heard(user_id=self.key, content=message, room_id=room_id), at=now)
        self.emit(Answered(content=response), at=now)
        self.state.conversation_count += 1
        self.state.first_at = self.state.first_at or now
        self.state.last_at = now
        return AgentReply(
            response=response,
            conversation_count=self.state.conversation_count,
            history_updated=True,
            recalled=found,
        )

    @pf.capability(effect="read", examples=["show what my agent remembers"])
    async def memory(
        self,
        ctx: pf.Context,
        limit: Annotated[int, Field(ge=1, le=1000, description="How many lines, the latest.")] = 50,
    ) -> list[Remembered]:
        """List what a personal agent remembers of the conversation, oldest first."""
        ctx.acting_for(self.key)
        lines = (await self._memory())[-limit:]
        return [Remembered(author=line.author, content=line.text, at=line.at) for line in lines]

    async def _memory(self) -> list[Line]:
        heard = [event async for event in self.journal(Heard, last=MEMORY)]
        answered = [event async for event in self.journal(Answered, last=MEMORY)]
        events = sorted((*heard, *answered), key=lambda event: event.stored.seq)
        return [
            Line(
                id=event.stored.id,
                author=event.user_id if isinstance(event, Heard) else "agent",
                text=event.content,
                at=event.stored.at,
            )
            for event in events
        ]

    async def _recalled(
        self, ctx: pf.Context, message: str, memory: Sequence[Line], room_id: str | None
    ) -> RecallAnswer:
        """Answer from what this person said, and from the room they ask in as far as they may read it."""
        own = [line for line in memory if line.author != "agent"]
        room: list[Line] = []
        if room_id is not None:
            with suppress(pf.NotFound):
                room = await conversation(ctx, room_id, ROOM_LINES)
        now, zone = ctx.now(), datetime.now().astimezone().tzinfo or UTC
        mine = await to_thread(recall, message, own, now, zone)
        theirs = await to_thread(recall, message, room, now, zone) if room else mine
        if not (mine.found or theirs.found):
            return mine
        parts = [mine.answer] if mine.found else []
        parts += [f"In {room_id}: {theirs.answer}"] if room and theirs.found else []
        instructions = f"Answer this question from the lines alone, in at most four sentences: {message}"
        said = await worded(ctx, instructions, [*own, *room][-200:], "\n\n".join(parts))
        return (mine if mine.found else theirs).model_copy(update={"answer": said})

    async def _reply(self, ctx: pf.Context, message: str, memory: Sequence[Line]) -> str:
        suggested = await to_thread(suggest, message, memory)
        if suggested.confidence_scores[0] >= 0.5:  # noqa: PLR2004 - better supported than not
            plain = suggested.suggested_responses[0]
        else:
            asked = is_question(message)
            plain = "I found nothing about that in what you told me." if asked else "I have noted that."
        instructions = "Reply to the last line as a helpful assistant, in at most four sentences."
        return await worded(ctx, instructions, memory[-40:], plain, message)


def _asks(message: str) -> bool:
    return is_question(message) or _PAST.search(message) is not None


def _room(context: dict[str, Any] | None) -> str | None:
    room_id = (context or {}).get("room_id")
    return room_id if isinstance(room_id, str) and room_id else None
