"""What speaks for one line being the answer to another."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import TYPE_CHECKING

from packetflow_chat.analysis.address import Names, addressees, is_robot, names_of, without_address
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.tokens import stems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

_GREETING = re.compile(
    r"^(?:hi+|hello+|hey+|hola|yo|howdy|good (?:morning|evening|afternoon)|greetings|sup|morning)\b", re.IGNORECASE
)
_SHORT_ANSWER = re.compile(
    r"^(?:yes|yeah|yea|yep|yup|no|nope|nah|ok|okay|k|thanks?|thank you|thx|ty|cheers|sure|right|true|exactly|done"
    r"|np|lol|haha|ah+|oh+|hmm+|same here|me too|will do|got it|i see)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(r"^(?:and|but|or|so|also|because|then|like|which|with|to|i mean|\.\.|\^|\*)", re.IGNORECASE)
_TO_ALL = re.compile(r"\b(?:any|some|every)(?:one|body)\b|\b(?:hi|hello|hey) (?:all|there|folks|guys)\b", re.IGNORECASE)
_COMMAND = re.compile(r"^[!@][a-z][\w-]*", re.IGNORECASE)
FEW_WORDS = 3


@dataclass(frozen=True, slots=True)
class Clue:
    """One line, looked at once."""

    author: str
    minute: float
    to: frozenset[str]
    stems: frozenset[str]
    question: bool
    to_all: bool
    greeting: bool
    short: bool
    continues: bool
    command: bool
    robot: bool
    size: int


def clues(lines: Sequence[Line]) -> list[Clue]:
    """Look at every line once."""
    names = names_of(lines)
    return [_clue(line, names) for line in lines]


def _clue(line: Line, names: Names) -> Clue:
    author = line.author.casefold()
    said = without_address(line.text, names)
    to = [*addressees(line.text, names), *map(str.casefold, line.mentions)]
    return Clue(
        author=author,
        minute=line.at.timestamp() / 60,
        to=frozenset(to) - {author},
        stems=stems(said),
        question=is_question(said),
        to_all=is_question(said) and bool(_TO_ALL.search(said)),
        greeting=bool(_GREETING.match(said)),
        short=bool(_SHORT_ANSWER.match(said)),
        continues=bool(_CONTINUES.match(said)) or said[:1] == ".",
        command=bool(_COMMAND.match(said)),
        robot=is_robot(author),
        size=len(said.split()),
    )


class Rarity:
    """How much each stem says, from how few lines hold it (inverse document frequency)."""

    def __init__(self, seen: Sequence[frozenset[str]]) -> None:
        """Count the lines that hold each stem."""
        self._counts = Counter(stem for line in seen for stem in line)
        self._total = len(seen)

    def weight(self, stem: str) -> float:
        """Return the stem's weight; 0 for one that every line holds."""
        return log((self._total + 1) / (self._counts[stem] + 1))

    def likeness(self, one: frozenset[str], other: frozenset[str]) -> float:
        """Return the cosine likeness, 0 to 1, of two sets of stems."""
        shared = one & other
        if not shared:
            return 0.0
        weight = self.weight
        dot = sum(weight(stem) ** 2 for stem in shared)
        size = sqrt(sum(weight(stem) ** 2 for stem in one) * sum(weight(stem) ** 2 for stem in other))
        return dot / size if size else 0.0


def pair_features(
    line: Clue, earlier: Clue, distance: int, rarity: Rarity, *, last: bool, partner: bool
) -> tuple[float, ...]:
    """Return what speaks for `line` answering `earlier`, in the order of the weights in `threads.py`.

    `distance` counts lines between them, `last` says that `earlier` is its author's last line before `line`,
    `partner` that the two authors addressed each other lately.
    """
    same = line.author == earlier.author
    to_them = earlier.author in line.to
    to_me = line.author in earlier.to
    minutes = max(0.0, line.minute - earlier.minute)
    return (
        log1p(distance),
        log1p(minutes),
        float(to_them),
        float(bool(line.to) and not to_them and not same),
        float(to_me),
        float(bool(earlier.to) and not to_me and not same),
        float(same),
        float(same and distance == 1),
        float(same and bool(line.to & earlier.to)),
        float(same and bool(line.to) and not line.to & earlier.to),
        rarity.likeness(line.stems, earlier.stems),
        float(not same and earlier.question and not line.question),
        float(last),
        float(not same and partner),
        float(line.robot and earlier.command and distance <= FEW_WORDS),
        float(line.short and to_me),
        float(same and line.continues),
        float(not same and line.short and not line.to and distance <= FEW_WORDS),
        float(same and earlier.question),
        float(to_them and last),
        float(earlier.robot),
        float(not same and not line.to and not earlier.to),
        float(to_me and to_them),
        float(distance == 1),
        float(not same and earlier.greeting),
        float(to_me and last),
    )


def start_features(line: Clue, silence: float, *, first: bool, addressed_lately: bool) -> tuple[float, ...]:
    """Return what speaks for `line` starting a conversation; `silence` is minutes since its author's last line."""
    return (
        1.0,
        float(not line.to),
        float(line.question and not line.to),
        float(first),
        log1p(min(max(silence, 0.0), 60.0)) if not first else 0.0,
        float(line.greeting),
        float(addressed_lately),
        float(line.size <= FEW_WORDS),
        float(line.command),
        float(line.continues or line.short),
        log1p(line.size),
    )
