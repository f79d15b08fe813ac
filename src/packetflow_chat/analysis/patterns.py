"""The shape of a conversation, in numbers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.behavior import busiest_hours
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.threads import conversations
from packetflow_chat.analysis.topics import Topic, topics

if TYPE_CHECKING:
    from packetflow_chat.analysis.reading import Reading


class PatternAnalysis(Result):
    """How a conversation goes."""

    messages: int = Field(description="How many messages were read.")
    people: int = Field(description="How many people wrote them.")
    first_at: datetime | None = Field(description="When the first was written; None without messages.")
    last_at: datetime | None = Field(description="When the last was written; None without messages.")
    messages_by_hour: dict[int, int] = Field(description="Messages by hour of the day, 0 to 23 in UTC.")
    busiest_hours: list[int] = Field(description="Up to three hours with most messages.")
    questions: int = Field(description="How many messages ask something.")
    questions_answered: int = Field(description="How many of them somebody else answered.")
    median_answer_seconds: float | None = Field(description="Middle time to the first answer; None without answers.")
    conversations: int = Field(description="How many threads of two messages or more there are.")
    longest_conversation: int = Field(description="Messages of the longest thread.")
    replies_share: float = Field(ge=0, le=1, description="Part of the messages that answer somebody else.")
    topics: list[Topic] = Field(description="What it is about, the most important first.")


def patterns(reading: Reading) -> PatternAnalysis:
    """Return the shape of a conversation."""
    lines = reading.lines
    answers = reading.answers()
    asked = [index for index, line in enumerate(lines) if is_question(line.text)]
    waits = [(lines[answers[index][0]].at - lines[index].at).total_seconds() for index in asked if index in answers]
    threads = [len(thread) for thread in conversations(reading.parents) if len(thread) > 1]
    return PatternAnalysis(
        messages=len(lines),
        people=len({line.author for line in lines}),
        first_at=lines[0].at if lines else None,
        last_at=lines[-1].at if lines else None,
        messages_by_hour=dict(sorted(Counter(line.at.hour for line in lines).items())),
        busiest_hours=busiest_hours(lines),
        questions=len(asked),
        questions_answered=len(waits),
        median_answer_seconds=median(waits) if waits else None,
        conversations=len(threads),
        longest_conversation=max(threads, default=0),
        replies_share=round(sum(map(len, answers.values())) / len(lines), 4) if lines else 0.0,
        topics=topics(lines),
    )
