"""The lines of a conversation that matter most, questions together with their answers.

Lines are ranked by how much of the conversation's topics they hold (the centroid of Radev et al., "Centroid-based
summarization of multiple documents", 2004), how many others answered them, and whether they decide or ask for
something. Repetition is left out by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

from __future__ import annotations

from math import log1p, sqrt
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.address import is_robot, names_of, without_address
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Quote, Result, quote, shorten
from packetflow_chat.analysis.thread_features import Rarity
from packetflow_chat.analysis.tokens import content_words, stem, stems, word_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.reading import Reading
    from packetflow_chat.analysis.topics import Topic

SHORTEST = 3
LONG = 60
CANDIDATES = 300
SAME = 0.6
MARKED = 0.8
FEW_PEOPLE = 8


class KeyPoint(Result):
    """Something that was said and that matters."""

    kind: Literal["statement", "question", "answered_question"] = Field(description="What it is.")
    text: str = Field(description="Ready to read: who said what, in their words.")
    quotes: list[Quote] = Field(description="The lines it is made of: for an answered question, then its answer.")


def key_points(reading: Reading, topics: Sequence[Topic], marked: set[str], limit: int) -> list[KeyPoint]:
    """Return the most important lines in the order of the log; `marked` are ids of decisions and tasks."""
    answers = reading.answers()
    if len({line.author for line in reading.lines}) > FEW_PEOPLE:
        # Among many people most "I'll have a look" are asides and not the group's tasks.
        marked = set()
    seen = [stems(line.text) for line in reading.lines]
    weights = _topic_weights(topics)
    scores = [_score(index, reading, seen, weights, answers, marked) for index in range(len(seen))]
    ranked = sorted((index for index, score in enumerate(scores) if score > 0), key=lambda at: (-scores[at], at))
    rarity = Rarity(seen)
    chosen: list[int] = []
    told: set[int] = set()
    for index in ranked[:CANDIDATES]:
        if len(chosen) == limit:
            break
        if index in told or any(rarity.likeness(seen[index], seen[other]) > SAME for other in chosen):
            continue
        chosen.append(index)
        told.update([index, *_best_answer(index, reading, seen, answers)])
    return [_point(index, reading, seen, answers) for index in sorted(chosen)]


def _topic_weights(topics: Sequence[Topic]) -> dict[str, float]:
    top = max((topic.score for topic in topics), default=1.0)
    weights: dict[str, float] = {}
    for topic in topics:
        for word in content_words(topic.name):
            weights[stem(word)] = max(weights.get(stem(word), 0.0), sqrt(topic.score / top))
    return weights


def _score(
    index: int,
    reading: Reading,
    seen: Sequence[frozenset[str]],
    weights: dict[str, float],
    answers: dict[int, list[int]],
    marked: set[str],
) -> float:
    line, held = reading.lines[index], seen[index]
    if is_robot(line.author) or len(held) < (2 if line.id in marked else SHORTEST):
        return 0.0
    central = sum(weights.get(word, 0.0) for word in held) / sqrt(len(held) + SHORTEST)
    others = {reading.lines[other].author for other in answers.get(index, ())}
    score = 0.2 + central + 0.35 * log1p(len(others)) + (MARKED if line.id in marked else 0.0)
    if is_question(line.text):
        score += 0.3 if _best_answer(index, reading, seen, answers) else -0.2
    return score * (0.6 if word_count(line.text) > LONG else 1.0)


def _best_answer(
    index: int, reading: Reading, seen: Sequence[frozenset[str]], answers: dict[int, list[int]]
) -> list[int]:
    """Return the answer that says most, if the line is a question and somebody's answer says anything."""
    if not is_question(reading.lines[index].text):
        return []
    telling = [
        other
        for other in answers.get(index, ())
        if len(seen[other]) >= SHORTEST - 1 and not is_question(reading.lines[other].text)
    ]
    return sorted(telling, key=lambda other: (-min(len(seen[other]), 12), other))[:1]


def _point(index: int, reading: Reading, seen: Sequence[frozenset[str]], answers: dict[int, list[int]]) -> KeyPoint:
    line = reading.lines[index]
    best = _best_answer(index, reading, seen, answers)
    names = names_of([line, *(reading.lines[other] for other in best)])
    text = shorten(without_address(line.text, names), 200)
    if not is_question(line.text):
        return KeyPoint(kind="statement", text=f"{line.author}: {text}", quotes=[quote(line)])
    if not best:
        return KeyPoint(kind="question", text=f"{line.author} asked: {text}", quotes=[quote(line)])
    answer = reading.lines[best[0]]
    replied = shorten(without_address(answer.text, names), 200)
    return KeyPoint(
        kind="answered_question",
        text=f"{line.author} asked: {text} {answer.author} answered: {replied}",
        quotes=[quote(line), quote(answer)],
    )
