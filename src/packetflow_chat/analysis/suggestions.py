"""Replies that a person could send, grounded in what was said before; never invented, never random."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.address import is_robot, names_of, without_address
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Quote, Result, quote, shorten
from packetflow_chat.analysis.reading import read
from packetflow_chat.analysis.thread_features import Rarity
from packetflow_chat.analysis.tokens import content_words, stem, stems
from packetflow_chat.analysis.topics import topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packetflow_chat.analysis.line import Line

MOST = 3
ALIKE = 0.3
SHARED = 0.2
_THANKS = re.compile(r"\b(?:thanks?|thank you|thx|cheers|ty|appreciated?)\b", re.IGNORECASE)
_GREETING = re.compile(r"^\W*(?:hi+|hello+|hey+|good (?:morning|afternoon|evening)|morning|howdy)\b", re.IGNORECASE)
_BYE = re.compile(
    r"\b(?:bye|see you|good ?night|cya|later all|signing off|have a (?:nice|good|great))\b", re.IGNORECASE
)


class ResponseSuggestions(Result):
    """Suggested replies, the best first."""

    suggested_responses: list[str] = Field(description="One to three replies, ready to send or to edit.")
    confidence_scores: list[float] = Field(description="For each reply, 0 to 1, how well the log supports it.")
    sources: list[list[Quote]] = Field(description="For each reply the lines that it stands on; may be empty.")


@dataclass(frozen=True, slots=True)
class _Suggestion:
    text: str
    confidence: float
    sources: tuple[Quote, ...] = ()


def suggest(message: str, context: Sequence[Line]) -> ResponseSuggestions:
    """Suggest replies to a message from the conversation before it, given in any order.

    A question is answered by what was answered to a similar one, else by what was stated about its words. The message
    itself may be the last line of the context. There is always one reply at least.
    """
    reading = read(context)
    lines = [line for line in reading.lines if line.text.strip() != message.strip()]
    made = list(_small_talk(message))
    if is_question(message) or not made:
        made += [*_earlier_answers(message, lines), *_statements(message, lines)]
    made = sorted(_distinct(made), key=lambda one: -one.confidence)[:MOST] or [_fallback(message, lines)]
    return ResponseSuggestions(
        suggested_responses=[one.text for one in made],
        confidence_scores=[round(one.confidence, 2) for one in made],
        sources=[list(one.sources) for one in made],
    )


def _small_talk(message: str) -> Iterator[_Suggestion]:
    short = len(content_words(message)) <= MOST
    if short and _THANKS.search(message):
        yield _Suggestion("You're welcome!", 0.8)
    if short and _BYE.search(message):
        yield _Suggestion("See you!", 0.7)
    if short and _GREETING.match(message) and not is_question(message):
        yield _Suggestion("Hello! What can I do for you?", 0.7)


def _earlier_answers(message: str, lines: Sequence[Line]) -> Iterator[_Suggestion]:
    """Yield what somebody else answered to a similar question before."""
    reading = read(lines)
    names = names_of(reading.lines)
    asked = stems(message)
    seen = [stems(without_address(line.text, names)) for line in reading.lines]
    rarity = Rarity([*seen, asked])
    for index, answers in reading.answers().items():
        question = reading.lines[index]
        likeness = rarity.likeness(asked, seen[index])
        telling = [other for other in answers if seen[other] and not is_question(reading.lines[other].text)]
        if likeness < ALIKE or not telling or not is_question(question.text):
            continue
        best = reading.lines[max(telling, key=lambda other: (min(len(seen[other]), 12), -other))]
        told = shorten(without_address(best.text, names), 200)
        text = f'{best.author} answered a similar question of {question.author}: "{told}"'
        yield _Suggestion(text, 0.4 + 0.5 * likeness, (quote(question), quote(best)))


def _statements(message: str, lines: Sequence[Line]) -> Iterator[_Suggestion]:
    """Yield what somebody stated about the words of the message."""
    names = names_of(lines)
    asked = stems(message)
    said = [line for line in lines if not is_question(line.text) and not is_robot(line.author)]
    seen = [stems(without_address(line.text, names)) for line in said]
    rarity = Rarity([*seen, asked])
    for line, held in zip(said, seen, strict=True):
        likeness = rarity.likeness(asked, held)
        if likeness >= SHARED and len(held) > 1:
            told = shorten(without_address(line.text, names), 200)
            yield _Suggestion(f'{line.author} said: "{told}"', 0.2 + 0.5 * likeness, (quote(line),))


def _distinct(made: Sequence[_Suggestion]) -> list[_Suggestion]:
    """Keep the surest suggestion of each source line."""
    kept: dict[str, _Suggestion] = {}
    for one in sorted(made, key=lambda one: -one.confidence):
        kept.setdefault(one.sources[-1].message_id if one.sources else one.text, one)
    return list(kept.values())


def _fallback(message: str, lines: Sequence[Line]) -> _Suggestion:
    """Say what the log does not hold, or take up the message's own topic."""
    said = content_words(message)
    about = max(said, key=lambda word: (len(stem(word)), word), default="")
    if is_question(message):
        topic = f" about {about}" if about else ""
        return _Suggestion(f"I found nothing{topic} in the last {len(lines)} messages. Does anybody here know?", 0.2)
    current = topics(lines, 1)
    if about:
        return _Suggestion(f"Can you tell us more about {about}?", 0.25)
    if current:
        return _Suggestion(f"Is this about {current[0].name}?", 0.2, tuple(current[0].quotes[:1]))
    return _Suggestion("Can you tell us more?", 0.1)
