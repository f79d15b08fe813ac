"""What can be said of a conversation: true without a model, for it is counted and quoted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

import packetflow as pf
from packetflow_chat.analysis.deep import DeepAnalysis, deep_analysis
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.moderation import Moderation, moderate
from packetflow_chat.analysis.periods import PeriodUnknown
from packetflow_chat.analysis.room_summary import RoomSummary, room_summary
from packetflow_chat.analysis.suggestions import ResponseSuggestions, suggest
from packetflow_chat.analysis.summary import (
    ConversationAnalysis,
    ConversationSummary,
    SummaryFormat,
    analyze,
    summarize,
)
from packetflow_chat.rooms import PAGE_LIMIT, Content, Message, Room, UserId
from packetflow_chat.wording import worded
from packetflow_chat.work import to_thread

RoomId = Annotated[str, Field(min_length=1, max_length=256, description="Which room.")]
Count = Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="How many of the latest messages to read.")]
AnalysisScope = Literal["all", "patterns", "relationships", "behavior", "anomalies"]


async def conversation(ctx: pf.Context, room_id: str, count: int) -> list[Line]:
    """Read the latest messages of a room under the caller's authority; raises NotFound when there is no such room."""
    page = await ctx.actor(Room, room_id).ask(Room.history, limit=count)
    return [line(message) for message in page.messages]


def line(message: Message) -> Line:
    """Give a message the form the analysis reads."""
    return Line(id=message.id, author=message.author, text=message.content, at=message.at)


@pf.capability(
    effect="read",
    examples=["summarize the conversation in room 123", "what was decided in the lobby?", "sum up the lobby"],
)
async def conversation_summarization(
    ctx: pf.Context, room_id: RoomId, summary_format: SummaryFormat = "brief", message_count: Count = 2000
) -> ConversationSummary:
    """Summarize the conversation in a chat room: key points, topics, decisions and action items, with quotes."""
    lines = await conversation(ctx, room_id, message_count)
    result = await to_thread(summarize, lines, summary_format)
    instructions = f"Summarize this chat in a {summary_format} form. Keep names and quotes exact; add nothing."
    return result.model_copy(update={"summary": await worded(ctx, instructions, lines, result.summary)})


@pf.capability(
    effect="read",
    examples=[
        "analyze the conversation in room 123",
        "analyze the mood and topics of the lobby",
        "what is the mood in the lobby?",
    ],
)
async def analyze_conversation(ctx: pf.Context, room_id: RoomId, message_count: Count = 2000) -> ConversationAnalysis:
    """Analyze the conversation in a chat room: summary, sentiment and key topics."""
    lines = await conversation(ctx, room_id, message_count)
    result = await to_thread(analyze, lines)
    instructions = "Say in a short paragraph what this chat is about and how it feels. Keep names exact; add nothing."
    mood = result.sentiment_analysis
    plain = (
        f"{result.conversation_summary}\nThe mood is {mood.overall}: {mood.positive} messages are positive, "
        f"{mood.negative} negative, {mood.neutral} neutral."
        if lines
        else result.conversation_summary
    )
    said = await worded(ctx, instructions, lines, plain)
    return result.model_copy(update={"conversation_summary": said})


@pf.capability(
    effect="read",
    examples=["who answers whom in room 123?", "find unusual activity in the lobby"],
)
async def deep_conversation_analysis(
    ctx: pf.Context, room_id: RoomId, analysis_scope: AnalysisScope = "all", message_count: Count = 2000
) -> DeepAnalysis:
    """Study how people in a chat room talk: patterns, relationships, behavior and anomalies."""
    lines = await conversation(ctx, room_id, message_count)
    return await to_thread(deep_analysis, lines, analysis_scope)


@pf.capability(
    effect="read",
    examples=[
        "what happened in the lobby today?",
        "what is going on in room planning?",
        "activity report of room 123 for last week",
    ],
)
async def create_room_summary(
    ctx: pf.Context,
    room_id: RoomId,
    time_period: Annotated[str, Field(description="Such as today, yesterday, last 24 hours, last week, all.")] = "all",
) -> RoomSummary:
    """Report the activity, participants and trending topics of a chat room over a time period."""
    lines = await conversation(ctx, room_id, PAGE_LIMIT)
    try:
        return await to_thread(room_summary, lines, time_period, ctx.now())
    except PeriodUnknown as error:
        raise pf.Conflict(str(error), time_period=time_period) from error


@pf.capability(effect="read", examples=["suggest a reply to 'when do we ship?'"])
async def generate_response(
    ctx: pf.Context,
    message_content: Content,
    conversation_context: Annotated[list[str] | None, Field(description="Earlier messages, oldest first.")] = None,
    room_id: Annotated[str | None, Field(description="Or a room whose latest messages are the context.")] = None,
) -> ResponseSuggestions:
    """Suggest replies to a message from what was said before it."""
    now = ctx.now()
    lines = [Line(str(n), "someone", text, now) for n, text in enumerate(conversation_context or ())]
    if room_id is not None:
        lines = [*await conversation(ctx, room_id, 200), *lines]
    return await to_thread(suggest, message_content, lines)


@pf.capability(effect="read", examples=["is 'you idiot' fit to be posted?", "moderate this text"])
def moderate_content(content: Content, user_id: UserId | None = None) -> Moderation:
    """Check a text for threats, harassment, hate, sexual content, spam and personal data."""
    del user_id  # part of the declared input; the verdict is the same whoever wrote it
    return moderate(content)


ANALYSES = (
    conversation_summarization,
    analyze_conversation,
    deep_conversation_analysis,
    create_room_summary,
    generate_response,
    moderate_content,
)
