"""What each person does in a conversation, counted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.tokens import word_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line
    from packetflow_chat.analysis.reading import Reading

MOST_ACTIVE = 3


class PersonBehavior(Result):
    """One person's part in a conversation."""

    person: str = Field(description="Who.")
    messages: int = Field(description="How many messages they wrote.")
    share: float = Field(ge=0, le=1, description="Their part of all messages.")
    average_words: float = Field(description="Words a message.")
    questions_asked: int = Field(description="How many of their messages ask something.")
    answers_given: int = Field(description="How many questions of others they answered.")
    conversations_started: int = Field(description="How many of their messages answer nobody and were answered.")
    active_hours: list[int] = Field(description="Their up to three busiest hours of the day, 0 to 23 in UTC, in order.")
    first_at: datetime = Field(description="When they first wrote.")
    last_at: datetime = Field(description="When they last wrote.")


def behavior(reading: Reading) -> list[PersonBehavior]:
    """Return what each person did, the most active first."""
    lines = reading.lines
    asked = [is_question(line.text) for line in lines]
    answers, starts = _answers(reading, asked), _starts(reading)
    by: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        by.setdefault(line.author, []).append(index)
    return [
        PersonBehavior(
            person=person,
            messages=len(own),
            share=round(len(own) / len(lines), 4),
            average_words=round(sum(word_count(lines[index].text) for index in own) / len(own), 1),
            questions_asked=sum(asked[index] for index in own),
            answers_given=answers[person],
            conversations_started=starts[person],
            active_hours=busiest_hours([lines[index] for index in own]),
            first_at=lines[own[0]].at,
            last_at=lines[own[-1]].at,
        )
        for person, own in sorted(by.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def busiest_hours(lines: Sequence[Line], limit: int = MOST_ACTIVE) -> list[int]:
    """Return the hours of the day, in UTC, with most messages, in the order of the day."""
    hours = Counter(line.at.hour for line in lines)
    return sorted(sorted(hours, key=lambda hour: (-hours[hour], hour))[:limit])


def _answers(reading: Reading, asked: Sequence[bool]) -> Counter[str]:
    """Count for each person the questions of others that they answered; one question counts once."""
    answered: set[tuple[str, int]] = set()
    for index, parent in enumerate(reading.parents):
        author = reading.lines[index].author
        if parent is not None and asked[parent] and not asked[index] and reading.lines[parent].author != author:
            answered.add((author, parent))
    return Counter(person for person, _ in answered)


def _starts(reading: Reading) -> Counter[str]:
    answered = {parent for parent in reading.parents if parent is not None}
    return Counter(
        reading.lines[index].author
        for index, parent in enumerate(reading.parents)
        if parent is None and index in answered
    )
