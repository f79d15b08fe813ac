"""Summaries of a conversation, made of its own words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.actions import ActionItem, action_items
from packetflow_chat.analysis.decisions import Decision, decisions
from packetflow_chat.analysis.key_points import KeyPoint, key_points
from packetflow_chat.analysis.quote import Result, shorten
from packetflow_chat.analysis.reading import Coverage, Reading, read
from packetflow_chat.analysis.sentiment import SentimentAnalysis, conversation_sentiment
from packetflow_chat.analysis.topics import Topic, topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

SummaryFormat = Literal["brief", "detailed", "bullets"]
POINTS: dict[SummaryFormat, int] = {"brief": 3, "bullets": 6, "detailed": 10}
NAMED = 3
NOTHING = "There are no messages to summarize."


class ConversationSummary(Result):
    """A conversation in short; every part quotes the lines it stands on."""

    summary: str = Field(description="The summary as a text, in the format that was asked for.")
    key_points: list[KeyPoint] = Field(description="What matters most, in the order in which it was said.")
    main_topics: list[Topic] = Field(description="What it is about, the most important first.")
    decisions_made: list[Decision] = Field(description="What was decided, and what solved a problem.")
    action_items: list[ActionItem] = Field(description="What somebody will do or was asked to do.")
    coverage: Coverage = Field(description="How much of the conversation was read.")


class ConversationAnalysis(Result):
    """A conversation's content and mood."""

    conversation_summary: str = Field(description="A brief summary as a text.")
    sentiment_analysis: SentimentAnalysis = Field(description="How it feels, overall and by person.")
    key_topics: list[Topic] = Field(description="What it is about, the most important first.")
    coverage: Coverage = Field(description="How much of the conversation was read.")


def summarize(lines: Sequence[Line], summary_format: SummaryFormat = "brief") -> ConversationSummary:
    """Summarize a conversation, given in any order; always the same for the same lines."""
    reading = read(lines)
    found = topics(reading.lines)
    decided = decisions(reading.lines, reading.parents)
    tasks = action_items(reading.lines)
    marked = {item.quotes[0].message_id for item in (*decided, *tasks)}
    points = key_points(reading, found, marked, POINTS[summary_format])
    write = {"brief": _brief, "bullets": _bullets, "detailed": _detailed}[summary_format]
    return ConversationSummary(
        summary=write(reading, found, decided, tasks, points) if reading.lines else NOTHING,
        key_points=points,
        main_topics=found,
        decisions_made=decided,
        action_items=tasks,
        coverage=reading.coverage,
    )


def analyze(lines: Sequence[Line]) -> ConversationAnalysis:
    """Return a conversation's summary, mood and topics."""
    short = summarize(lines)
    return ConversationAnalysis(
        conversation_summary=short.summary,
        sentiment_analysis=conversation_sentiment(read(lines).lines),
        key_topics=short.main_topics,
        coverage=short.coverage,
    )


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else list(items))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 message`, `2 messages`, `2 people`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def opening(lines: Sequence[Line], found: Sequence[Topic]) -> str:
    """Return one sentence: how many messages, by whom, when and about what. The lines are in order and not none."""
    wrote = Counter(line.author for line in lines)
    people = sorted(wrote, key=lambda person: (-wrote[person], person))
    first, last = lines[0].at, lines[-1].at
    when = f"{first:%Y-%m-%d %H:%M}"
    if last != first:
        when += f" to {last:%H:%M}" if last.date() == first.date() else f" to {last:%Y-%m-%d %H:%M}"
    who = listed(people) if len(people) <= NAMED else f"{listed(people[:NAMED])} wrote most"
    by = f"by {who}" if len(people) <= NAMED else f"by {len(people)} people ({who})"
    about = f", mainly about {listed([topic.name for topic in found[:NAMED]])}" if found else ""
    return f"{counted(len(lines), 'message')} {by}, {when} UTC{about}."


def _brief(
    reading: Reading,
    found: Sequence[Topic],
    decided: Sequence[Decision],
    tasks: Sequence[ActionItem],
    points: Sequence[KeyPoint],
) -> str:
    parts = [opening(reading.lines, found)]
    told: set[str] = set()
    if decided:
        latest = decided[-1]
        told.update(one.message_id for one in latest.quotes[:1])
        verb = "Decided" if latest.kind == "decision" else "Solved"
        more = f" (and {len(decided) - 1} more)" if len(decided) > 1 else ""
        parts.append(f"{verb}: {_decision(latest)}{more}")
    fresh = [point for point in points if point.quotes[0].message_id not in told]
    parts += [f"{point.text}" for point in fresh[:2]]
    if tasks:
        parts.append(f"{counted(len(tasks), 'action item')}, the latest: {_task(tasks[-1])}")
    return "\n".join(parts)


def _bullets(
    reading: Reading,
    found: Sequence[Topic],
    decided: Sequence[Decision],
    tasks: Sequence[ActionItem],
    points: Sequence[KeyPoint],
) -> str:
    rows = [opening(reading.lines, found)]
    rows += [point.text for point in points]
    rows += [f"{one.kind.capitalize()}: {_decision(one)}" for one in decided[-NAMED:]]
    rows += [f"To do: {_task(task)}" for task in tasks[-NAMED:]]
    return "\n".join(f"- {row}" for row in rows)


def _detailed(
    reading: Reading,
    found: Sequence[Topic],
    decided: Sequence[Decision],
    tasks: Sequence[ActionItem],
    points: Sequence[KeyPoint],
) -> str:
    about = [f"{topic.name}: {counted(topic.messages, 'message')} by {_few(topic.people)}" for topic in found]
    sections = (
        ("Topics", about),
        ("Key points", [point.text for point in points]),
        ("Decisions and solutions", [_decision(one) for one in decided]),
        ("Action items", [_task(task) for task in tasks]),
    )
    parts = [opening(reading.lines, found)]
    parts += ["\n".join([f"{title}:", *(f"- {row}" for row in rows)]) for title, rows in sections if rows]
    return "\n\n".join(parts)


def _few(people: Sequence[str]) -> str:
    rest = len(people) - NAMED
    return listed(people) if rest <= 0 else f"{', '.join(people[:NAMED])} and {rest} more"


def _decision(one: Decision) -> str:
    agreed = f" (agreed by {listed(one.agreed_by)})" if one.agreed_by else ""
    return f"{one.author}: {shorten(one.text, 200)}{agreed}"


def _task(task: ActionItem) -> str:
    due = f", due {task.due}" if task.due else ""
    return f"{shorten(task.text, 160)} ({task.owner or 'no owner'}{due})"
