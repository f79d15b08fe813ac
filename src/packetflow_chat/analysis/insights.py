"""What can be said about one message on its own."""

from __future__ import annotations

from pydantic import Field

from packetflow_chat.analysis.language import language
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.sentiment import Mood, sentiment
from packetflow_chat.analysis.tokens import word_count

# Silent reading of English non-fiction: Brysbaert, "How many words do we read per minute?" (2019).
WORDS_A_MINUTE = 238


class MessageInsights(Result):
    """What a message is like."""

    word_count: int = Field(ge=0, description="Words; a web address counts as one.")
    estimated_reading_time: float = Field(ge=0, description="Seconds to read it, at 238 words a minute.")
    contains_question: bool = Field(description="Whether it asks something, with or without a question mark.")
    sentiment: Mood = Field(description="positive, negative, neutral, or unknown for a language not understood.")
    sentiment_score: float = Field(ge=-1, le=1, description="From -1 (negative) to 1 (positive).")
    language: str = Field(description="ISO 639-1 code, or `und` when too little of the text tells.")


def message_insights(text: str) -> MessageInsights:
    """Return what can be said about one message."""
    count = word_count(text)
    felt = sentiment(text)
    return MessageInsights(
        word_count=count,
        estimated_reading_time=round(count * 60 / WORDS_A_MINUTE, 2),
        contains_question=is_question(text),
        sentiment=felt.label,
        sentiment_score=felt.score,
        language=language(text),
    )
