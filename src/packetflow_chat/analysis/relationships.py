"""Who answers whom."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.address import is_robot
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Quote, Result, quote
from packetflow_chat.analysis.tokens import content_words

if TYPE_CHECKING:
    from packetflow_chat.analysis.reading import Reading

PAIRS = 20
OPEN_QUESTIONS = 10
TELLING = 2


class Relationship(Result):
    """Two people and how often one answers the other."""

    person: str = Field(description="Who answers.")
    answers: str = Field(description="Whom.")
    replies: int = Field(description="How many of their messages answer the other's.")
    returned: int = Field(description="How many answers came the other way.")
    example: list[Quote] = Field(description="A line of the other, and the answer to it.")


class RelationshipInsights(Result):
    """Who talks with whom."""

    pairs: list[Relationship] = Field(description="Up to 20 pairs of people, the closest first.")
    most_answers: list[str] = Field(description="Up to three people who answered most others' messages.")
    unanswered_questions: list[Quote] = Field(description="Up to ten of the latest questions that nobody answered.")


def relationships(reading: Reading) -> RelationshipInsights:
    """Return who answers whom; bots are left out."""
    lines = reading.lines
    replies: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[int, int]] = {}
    for index, parent in enumerate(reading.parents):
        if parent is None:
            continue
        pair = (lines[index].author, lines[parent].author)
        if pair[0] == pair[1] or any(map(is_robot, pair)):
            continue
        replies[pair] += 1
        best = examples.get(pair)
        if best is None or _telling(reading, (parent, index)) > _telling(reading, best):
            examples[pair] = (parent, index)
    given: Counter[str] = Counter()
    for (person, _), count in replies.items():
        given[person] += count
    ranked = sorted(replies, key=lambda pair: (-replies[pair] - replies[pair[1], pair[0]], -replies[pair], pair))
    return RelationshipInsights(
        pairs=[
            Relationship(
                person=pair[0],
                answers=pair[1],
                replies=replies[pair],
                returned=replies[pair[1], pair[0]],
                example=[quote(lines[index]) for index in examples[pair]],
            )
            for pair in _one_way(ranked)[:PAIRS]
        ],
        most_answers=sorted(given, key=lambda person: (-given[person], person))[:3],
        unanswered_questions=[quote(lines[index]) for index in _unanswered(reading)[-OPEN_QUESTIONS:]],
    )


def _telling(reading: Reading, pair: tuple[int, int]) -> int:
    return sum(min(10, len(content_words(reading.lines[index].text))) for index in pair)


def _one_way(ranked: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keep each pair of people once, from the side that answers more."""
    kept: dict[frozenset[str], tuple[str, str]] = {}
    for pair in ranked:
        kept.setdefault(frozenset(pair), pair)
    return list(kept.values())


def _unanswered(reading: Reading) -> list[int]:
    """Return the questions that neither they nor their continuation got an answer to from somebody else."""
    lines = reading.lines
    answered: set[int] = set()
    for index in range(len(lines) - 1, -1, -1):
        parent = reading.parents[index]
        if parent is not None and (lines[parent].author != lines[index].author or index in answered):
            answered.add(parent)
    return [
        index
        for index, line in enumerate(lines)
        if index not in answered
        and is_question(line.text)
        and not is_robot(line.author)
        and len(content_words(line.text)) >= TELLING
    ]
