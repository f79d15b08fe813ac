"""Weigh the evidence that a request means a tool: shared words, shared act, inputs that the request states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from packetflow._core.search import STOP_WORDS, split_words, stem, stems
from packetflow.planners.rules.lexicon import (
    BREAKS,
    DETERMINERS,
    GENERAL_ACTS,
    QUESTIONS,
    REQUESTS,
    UNDOING,
    VERB_CLASS,
    alike,
)
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import Input, Tool, inputs_of

_EMPTY = frozenset(
    stem(word)
    for word in """function tool data information info detail details value result given specific based various number
    list name type return specified particular certain using use basic""".split()
)
_FIND = VERB_CLASS[stem("find")]
_SAY = stem("say")
_STRANGE = -2.0
_UNKNOWN_ACT = -4.0
_IGNORED = -8.0
_MOSTLY = 0.6
_LOST = 0.35
_TEXT = 3
_OPENING = frozenset(
    "please can could would you i we want need to like kindly help me us now also then let lets just".split()
)


@dataclass(frozen=True)
class Features:
    """The evidence in numbers, each from 0 to 1.

    `asked`: share of the request's subject words that the tool knows; `named`: share of the tool's name that the
    request says; `meant`: the same for the start of its intent; `act`: 1 same verb, 0 another (then `strange`);
    `stated`: share of required inputs that the request states; `strength`: how well those fit; `used`: share of the
    stated values (numbers, days, quotes, names) that its inputs take; `example`: likeness to a declared example;
    `unknown`: the request begins with a verb that the tool does not know, or asks where the tool changes something;
    `ignored`: share of what is said for which the tool has no place.
    """

    asked: float
    named: float
    meant: float
    act: float
    strange: bool
    stated: float
    strength: float
    used: float
    example: float
    unknown: bool = False
    ignored: float = 0.0

    def vector(self) -> tuple[float, ...]:
        """Return the features in the order of `WEIGHTS`."""
        return (self.asked, self.named, self.meant, self.act, self.stated, self.strength, self.used, self.example)


WEIGHTS = (1.2, 2.6, 3.5, 1.0, 1.6, 1.5, 1.7, 3.0)
BIAS = -7.5


@lru_cache(maxsize=8192)
def _name_words(tool_id: str) -> tuple[tuple[str, float], ...]:
    """Return the telling stems of an id and their weights: what stands before the last dot counts half.

    A general act ("find") counts, half, only where nothing else stands after the last dot.
    """
    last = stems(tool_id.rsplit(".", 1)[-1])
    words = dict.fromkeys(stems(tool_id))
    acts = [word for word in last if word in GENERAL_ACTS]
    bare = bool(acts) and len(acts) == len(last)
    telling = [word for word in words if word not in _EMPTY and (word not in GENERAL_ACTS or (bare and word in acts))]
    return tuple((word, 1.0 if word in last and word not in GENERAL_ACTS else 0.5) for word in telling or list(words))


@lru_cache(maxsize=8192)
def _intent_words(intent: str) -> tuple[str, ...]:
    first = intent.split(". ", maxsplit=1)[0]
    words = [word for word in dict.fromkeys(stems(first)) if word not in GENERAL_ACTS and word not in _EMPTY]
    return tuple(words[:8])


@lru_cache(maxsize=8192)
def _acts_of(tool_id: str, intent: str) -> frozenset[str]:
    """Return the classes of the verbs that a tool is named and described with."""
    name = [stem(word) for word in split_words(tool_id.rsplit(".", 1)[-1])]
    verb = next((word for word in (*name[:1], *name[-1:]) if word in VERB_CLASS), None)
    first = [stem(word) for word in split_words(intent)[:1]]
    return frozenset(VERB_CLASS[word] for word in (verb, *first) if word in VERB_CLASS)


def likelihood(features: Features) -> float:
    """Return the probability-like score of the evidence, from 0 to 1."""
    total = (
        BIAS
        + (_STRANGE if features.strange else 0.0)
        + (_UNKNOWN_ACT if features.unknown else 0.0)
        + _IGNORED * features.ignored
        + sum(weight * value for weight, value in zip(WEIGHTS, features.vector(), strict=True))
    )
    return 1 / (1 + math.exp(-total))


def evidence(reading: Reading, tool: Tool, filling: Filling, aside: Sequence[tuple[int, int]] = ()) -> Features:
    """Return the evidence for `tool`, given what filling its inputs gave; `aside` spans do not count."""
    subject, said = _subject(reading, filling, aside)
    known = [*(word for word, _ in _name_words(tool.id)), *_intent_words(tool.intent)]
    fields = inputs_of(tool.input_schema)
    hints = {word for item in fields for word in item.hints}
    covered = sum(1.0 if _knows(word, known) else (0.7 if _knows(word, hints) else 0.0) for word in subject)
    intent = _intent_words(tool.intent)
    required = [item for item in fields if item.required]
    asked = covered / len(subject) if subject else (1.0 if filling.spans else 0.5)
    return Features(
        asked=asked,
        named=_named(said, reading, tool),
        meant=sum(_knows(word, said) for word in intent[:4]) / len(intent[:4]) if intent else 0.0,
        act=_same_act(reading, tool),
        strange=_same_act(reading, tool) == 0.0,
        stated=_stated(required, filling),
        strength=_strength(required, filling),
        used=_used(reading, filling),
        example=max((_likeness(said, example, lead_verb(reading)) for example in tool.examples), default=0.0),
        unknown=_unknown_act(reading, tool) or _only_asks(reading, tool),
        ignored=_ignored(reading, filling, 1.0 - asked if subject and not required and asked < _MOSTLY else 0.0),
    )


def _subject(reading: Reading, filling: Filling, aside: Sequence[tuple[int, int]]) -> tuple[list[str], frozenset[str]]:
    """Return the words the request is about (values taken out) and all words it says."""
    used = [span for name, span in filling.spans.items() if name not in filling.assumed]
    subject: list[str] = []
    quoted = [(phrase.start, phrase.end) for phrase in reading.phrases if phrase.kind == "quote"]
    said: set[str] = set()
    for index, token in enumerate(reading.tokens):
        if token.sort not in {"word", "abbr"} or token.low in STOP_WORDS or token.text[0].isdigit():
            continue
        if any(token.start < end and start < token.end for start, end in aside):
            continue
        said.update((token.stem, *(stem(part) for part in token.low.replace("/", "-").split("-"))))
        if any(token.start < end and start < token.end for start, end in (*used, *quoted)):
            continue
        name = token.capital and index > 0 and reading.tokens[index - 1].text not in {".", "?", "!"}
        if token.stem not in GENERAL_ACTS and token.stem not in _EMPTY and not name and token.stem not in subject:
            subject.append(token.stem)
    return subject, frozenset(said)


def _named(said: frozenset[str], reading: Reading, tool: Tool) -> float:
    """Return the share of the name that is said; the very verb of the name counts half a word."""
    name = _name_words(tool.id)
    lead = lead_verb(reading)
    verbs = [stem(word) for word in split_words(tool.id) if stem(word) in GENERAL_ACTS]
    extra = 0.5 if lead in verbs else 0.0
    whole = sum(weight for _, weight in name) + extra
    told = sum(weight for word, weight in name if _knows(word, said) or _same_general_act(word, lead))
    return (told + extra) / whole if whole else 0.0


def _same_general_act(word: str, lead: str | None) -> bool:
    """Say whether a general act of a name is the verb that leads the request; a question asks to find."""
    if word not in GENERAL_ACTS:
        return False
    return word == lead if lead is not None else VERB_CLASS.get(word) == _FIND


def _knows(word: str, others: object) -> bool:
    return any(word == other or alike(word, other) for other in others)  # type: ignore[attr-defined]


def _same_act(reading: Reading, tool: Tool) -> float:
    """Compare the verb that leads the request with the tool's act: a particular one that it lacks speaks against it."""
    words = {stem(word) for word in (*split_words(tool.id), *split_words(tool.intent)[:3])}
    lead = lead_verb(reading, words)
    wanted = _acts_of(tool.id, tool.intent)
    if lead is not None and lead not in GENERAL_ACTS:
        if _knows(lead, words):
            return 1.0
        return 0.7 if VERB_CLASS.get(lead) in wanted else 0.0
    asked = {VERB_CLASS[token.stem] for token in reading.tokens if token.stem in VERB_CLASS}
    if not wanted or not asked:
        return 0.5
    return 1.0 if wanted & asked else 0.3


def opposed(reading: Reading, tool: Tool) -> bool:
    """Say whether the request asks to take away, stop or not do what the tool does: then it never means the tool.

    A verb that undoes ("delete", "leave", "cancel") needs a tool named or described with such a verb.
    """
    words = [token.low for token in reading.tokens if token.sort == "word"]
    while words and words[0] in _OPENING:
        words.pop(0)
    if not words:
        return False
    if words[0] in {"don't", "dont", "don’t", "never", "stop"} or words[:2] == ["do", "not"]:
        return True
    if words[0] not in UNDOING:
        return False
    known = {stem(word) for word in (*split_words(tool.id), *split_words(tool.intent), *_examples(tool))}
    return not any(stem(word) in known for word in _undoing_like(words[0]))


def _unknown_act(reading: Reading, tool: Tool) -> bool:
    """Say whether the request begins with a verb and its object ("paint the room") that nothing of the tool knows."""
    index = 0
    while index < len(reading.tokens) and reading.tokens[index].low in _OPENING:
        index += 1
    if index + 1 >= len(reading.tokens):
        return False
    token, follow = reading.tokens[index], reading.tokens[index + 1]
    object_ = follow.low in DETERMINERS or (follow.sort == "word" and not follow.breaks and follow.text.islower())
    verb = token.sort == "word" and token.low.isalpha() and token.low not in BREAKS | REQUESTS
    verb = verb and token.stem not in GENERAL_ACTS
    if not verb or not object_ or token.low.endswith(("s", "ing", "ed")):
        return False
    hints = {word for item in inputs_of(tool.input_schema) for word in item.hints}
    return not _knows(token.stem, {*stems(tool.id), *stems(tool.intent), *hints, *_said_in(tool.examples)})


def _only_asks(reading: Reading, tool: Tool) -> bool:
    """Say whether the request only wants to know or see something and the tool changes something."""
    if tool.effect == "read":
        return False
    tokens = [token for token in reading.tokens if token.sort == "word" and token.low not in _OPENING]
    if not tokens:
        return False
    first = tokens[0]
    shows = VERB_CLASS.get(first.stem) == _FIND and first.low not in {"tell", "give", "get"}
    known = {stem(word) for word in (*split_words(tool.id), *split_words(tool.intent))}
    return (first.low in QUESTIONS or shows) and first.stem not in known


def _ignored(reading: Reading, filling: Filling, share: float) -> float:
    """Return how much of what is said the tool ignores: quotes of which no input takes any count a third."""
    quotes = [phrase for phrase in reading.phrases if phrase.kind == "quote" and len(phrase.text) >= _TEXT]
    spans = [span for name, span in filling.spans.items() if name not in filling.assumed]
    lost = quotes and not any(a < quote.end and quote.start < b for quote in quotes for a, b in spans)
    return max(share, _LOST if lost else 0.0)


@lru_cache(maxsize=8192)
def _said_in(examples: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for example in examples for word in stems(example))


def _undoing_like(word: str) -> set[str]:
    kin = VERB_CLASS.get(stem(word))
    return {word} | {other for other in UNDOING if kin is not None and VERB_CLASS.get(stem(other)) == kin}


def _examples(tool: Tool) -> list[str]:
    return [split_words(example)[0] for example in tool.examples if split_words(example)]


def lead_verb(reading: Reading, known: set[str] | None = None) -> str | None:
    """Return the stem of the verb that begins the request ("please post ..."), or None for a question or statement.

    A verb is a word of the closed class of requests, or one of the `known` stems.
    """
    for index, token in enumerate(reading.tokens[:6]):
        if token.low in _OPENING or token.sort == "mark":
            continue
        if (
            token.low == "tell"
            and index + 1 < len(reading.tokens)
            and reading.tokens[index + 1].low not in {"me", "us"}
        ):
            return _SAY
        return token.stem if token.low in REQUESTS or token.stem in (known or ()) else None
    return None


def _stated(required: list[Input], filling: Filling) -> float:
    if not required:
        return 0.7
    got = sum(1 for item in required if item.name in filling.values and item.name not in filling.assumed)
    return got / len(required)


def _strength(required: list[Input], filling: Filling) -> float:
    scores = [filling.scores[item.name] for item in required if item.name in filling.scores]
    if not required:
        return 0.5
    return sum(min(1.0, max(0.0, score / 5)) for score in scores) / len(required)


def _used(reading: Reading, filling: Filling) -> float:
    values = [(item.start, item.end) for item in (*reading.quantities, *reading.moments)]
    values += [
        (phrase.start, phrase.end)
        for phrase in reading.phrases
        if phrase.kind in {"quote", "name", "email", "url", "path"}
    ]
    if not values:
        return 0.6
    spans = [span for name, span in filling.spans.items() if name not in filling.assumed]
    return sum(any(a < end and start < b for a, b in spans) for start, end in values) / len(values)


def _likeness(said: frozenset[str], example: str, lead: str | None) -> float:
    words = set(stems(example))
    share = len(words & said) / len(words) if words else 0.0
    return share if lead is None or lead in words else 0.3 * share
