"""Which line answers which.

A line's answer is chosen among few earlier lines by a weighted sum of clues (who is addressed, how far, how alike), as
in Elsner and Charniak, "You talking to me?" (ACL 2008), and the linear model of Kummerfeld et al., "A Large-Scale
Corpus for Conversation Disentanglement" (ACL 2019). The weights were fitted on four public support logs and measured
on four others (F1 of links 0.65); they are plain numbers so that every choice can be followed by hand.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packetflow_chat.analysis.thread_features import Clue, Rarity, clues, pair_features, start_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

RECENT = 15
PER_PERSON = 3
CALLED_LATELY = 10.0
# In the order of pair_features.
PAIR_WEIGHTS = (
    -1.34, -0.27, 3.68, -1.6, 1.3, -1.21, 2.4, 1.39, 1.82, -1.82, 4.15, 0.28, 0.61,
    1.78, 2.83, 0.54, 1.21, 1.66, 0.45, -0.08, 0.18, 0.03, -0.15, -0.2, 0.24, 0.21,
)  # fmt: skip
# A few people who talk without a pause are in one conversation; the weights come from rooms of dozens.
SMALL_CIRCLE = 5
PAUSE = 30.0
CIRCLE_WEIGHT = -4.0
# In the order of start_features.
START_WEIGHTS = (-1.84, 1.3, 0.82, 1.73, 0.21, 1.45, -0.71, -0.05, 0.44, -0.27, 0.14)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line's clues: for each earlier line that it may answer, and for starting a conversation."""

    earlier: tuple[tuple[int, tuple[float, ...]], ...]
    start: tuple[float, ...]
    circle: bool


@dataclass(slots=True)
class _Room:
    """Who spoke and who was spoken to, up to the line that is looked at."""

    by: dict[str, deque[int]] = field(default_factory=dict[str, deque[int]])
    to: dict[str, deque[int]] = field(default_factory=dict[str, deque[int]])
    partners: dict[str, deque[str]] = field(default_factory=dict[str, deque[str]])

    def near(self, index: int, clue: Clue) -> list[int]:
        found = set(range(max(0, index - RECENT), index))
        for person in (*clue.to, clue.author):
            found.update(self.by.get(person, ()))
        found.update(self.to.get(clue.author, ()))
        return sorted(found)

    def add(self, index: int, clue: Clue) -> None:
        self.by.setdefault(clue.author, deque(maxlen=PER_PERSON)).append(index)
        for person in sorted(clue.to):
            self.to.setdefault(person, deque(maxlen=PER_PERSON)).append(index)
            self.partners.setdefault(person, deque(maxlen=2)).append(clue.author)
            self.partners.setdefault(clue.author, deque(maxlen=2)).append(person)


def choices(seen: Sequence[Clue]) -> list[Choice]:
    """Return for each line what it may answer: the RECENT lines before it and the last ones of the people concerned.

    The number of candidates is bounded, so the work grows with the number of lines and not with its square.
    """
    rarity = Rarity([clue.stems for clue in seen])
    room = _Room()
    made: list[Choice] = []
    for index, clue in enumerate(seen):
        mine = room.partners.get(clue.author, ())
        earlier: list[tuple[int, tuple[float, ...]]] = []
        for other in room.near(index, clue):
            candidate = seen[other]
            last = room.by[candidate.author][-1] == other
            partner = candidate.author in mine
            clues_of_pair = pair_features(clue, candidate, index - other, rarity, last=last, partner=partner)
            earlier.append((other, clues_of_pair))
        made.append(Choice(tuple(earlier), _start(clue, seen, room), _circle(index, seen)))
        room.add(index, clue)
    return made


def _start(clue: Clue, seen: Sequence[Clue], room: _Room) -> tuple[float, ...]:
    own, called = room.by.get(clue.author), room.to.get(clue.author)
    silence = clue.minute - seen[own[-1]].minute if own else 0.0
    waiting = bool(called) and clue.minute - seen[called[-1]].minute < CALLED_LATELY
    unanswered = waiting and (not own or (called is not None and called[-1] > own[-1]))
    return start_features(clue, silence, first=not own, addressed_lately=unanswered)


def _circle(index: int, seen: Sequence[Clue]) -> bool:
    if index == 0 or seen[index].minute - seen[index - 1].minute > PAUSE or seen[index].greeting or seen[index].to_all:
        return False
    start = index
    while start > 0 and index - start < RECENT and seen[start].minute - seen[start - 1].minute <= PAUSE:
        start -= 1
    return len({clue.author for clue in seen[start : index + 1]}) <= SMALL_CIRCLE


def answered_lines(lines: Sequence[Line]) -> list[int | None]:
    """Return for each line the index of the earlier line that it answers or continues; None where it starts anew."""
    found: list[int | None] = []
    for choice in choices(clues(lines)):
        best, best_score = None, _score(START_WEIGHTS, choice.start) + CIRCLE_WEIGHT * choice.circle
        for other, of_pair in choice.earlier:
            score = _score(PAIR_WEIGHTS, of_pair)
            if score >= best_score:
                best, best_score = other, score
        found.append(best)
    return found


def conversations(parents: Sequence[int | None]) -> list[list[int]]:
    """Group lines into conversations by their links; each in order, the conversations by their first line."""
    root: list[int] = []
    groups: dict[int, list[int]] = {}
    for index, parent in enumerate(parents):
        root.append(index if parent is None else root[parent])
        groups.setdefault(root[-1], []).append(index)
    return list(groups.values())


def _score(weights: tuple[float, ...], features: tuple[float, ...]) -> float:
    return sum(weight * value for weight, value in zip(weights, features, strict=True) if value)
