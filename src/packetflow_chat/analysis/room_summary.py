"""What went on in a room in a span of time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.behavior import PersonBehavior, behavior, busiest_hours
from packetflow_chat.analysis.periods import Period, parse_period, within
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.reading import Coverage, in_order, read
from packetflow_chat.analysis.summary import counted, opening
from packetflow_chat.analysis.tokens import content_words, stem, stems
from packetflow_chat.analysis.topics import Topic, topics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from packetflow_chat.analysis.line import Line

Trend = Literal["new", "rising", "steady", "falling"]
CHANGE = 1.5


class ActivitySummary(Result):
    """How busy the room was."""

    text: str = Field(description="The activity in one or two sentences.")
    messages: int = Field(description="Messages in the span.")
    people: int = Field(description="People who wrote them.")
    questions: int = Field(description="Messages that ask something.")
    first_at: datetime | None = Field(description="When the first was written; None without messages.")
    last_at: datetime | None = Field(description="When the last was written; None without messages.")
    messages_by_day: dict[str, int] = Field(description="Messages by date (YYYY-MM-DD in UTC).")
    busiest_hours: list[int] = Field(description="Up to three hours of the day, in UTC, with most messages.")
    messages_before: int | None = Field(description="Messages in the span of equal length before; None for all time.")


class TrendingTopic(Result):
    """A topic, and how it moves."""

    topic: Topic = Field(description="The topic in the span.")
    messages_before: int = Field(description="Messages that held it in the span of equal length before.")
    trend: Trend = Field(description="new, rising (1.5 times as often or more), steady or falling.")


class RoomSummary(Result):
    """A room's activity, people and topics in a span of time."""

    period: Period = Field(description="The span, in UTC.")
    activity_summary: ActivitySummary = Field(description="How busy the room was.")
    participant_insights: list[PersonBehavior] = Field(description="What each person did, the most active first.")
    trending_topics: list[TrendingTopic] = Field(description="What it was about, the most important first.")
    coverage: Coverage = Field(description="How much of the span was read closely.")


def room_summary(lines: Sequence[Line], time_period: str, now: datetime, zone: tzinfo = UTC) -> RoomSummary:
    """Summarize what was written in a span of time, such as `today` or `last 24 hours`. Raises PeriodUnknown."""
    period = parse_period(time_period, now, zone)
    ordered = in_order(lines)
    inside = within(ordered, period)
    before = within(ordered, _before(period)) if period.start is not None else None
    reading = read(inside)
    found = topics(reading.lines)
    return RoomSummary(
        period=period,
        activity_summary=_activity(inside, before, period, found),
        participant_insights=behavior(reading),
        trending_topics=_trends(found, before or []),
        coverage=reading.coverage,
    )


def _before(period: Period) -> Period:
    if period.start is None or period.end is None:
        return Period(label="before", start=None, end=period.start)
    return Period(label="before", start=period.start - (period.end - period.start), end=period.start)


def _activity(
    inside: Sequence[Line], before: Sequence[Line] | None, period: Period, found: Sequence[Topic]
) -> ActivitySummary:
    told = opening(inside, found) if inside else f"Nobody wrote in this room in the time asked for ({period.label})."
    if before is not None:
        told += f" In the time of equal length before: {counted(len(before), 'message')}."
    return ActivitySummary(
        text=told,
        messages=len(inside),
        people=len({line.author for line in inside}),
        questions=sum(is_question(line.text) for line in inside),
        first_at=inside[0].at if inside else None,
        last_at=inside[-1].at if inside else None,
        messages_by_day=dict(sorted(Counter(line.at.date().isoformat() for line in inside).items())),
        busiest_hours=busiest_hours(inside),
        messages_before=None if before is None else len(before),
    )


def _trends(found: Sequence[Topic], before: Sequence[Line]) -> list[TrendingTopic]:
    earlier = [stems(line.text) for line in before]
    made: list[TrendingTopic] = []
    for topic in found:
        wanted = {stem(word) for word in content_words(topic.name)}
        count = sum(wanted <= held for held in earlier)
        made.append(TrendingTopic(topic=topic, messages_before=count, trend=_trend(topic.messages, count)))
    return made


def _trend(now: int, before: int) -> Trend:
    if before == 0:
        return "new"
    if now >= CHANGE * before:
        return "rising"
    return "falling" if before >= CHANGE * now else "steady"
