"""Split a request into the clauses that each ask for one thing, and see what they refer back to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packetflow._core.search import split_words
from packetflow.planners.rules.lexicon import (
    AUXILIARIES,
    CONJUNCTIONS,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    QUESTIONS,
    REQUESTS,
    UNDOING,
)
from packetflow.planners.rules.phrases import Token, find_quotes, tokens_of
from packetflow.planners.rules.tool import Tool

# Words that are as often a noun: they start a clause only before what a verb takes.
_TWOFOLD = frozenset(
    """book list order plan record schedule track store design measure play sort set count call draft plot mix filter
    display email mail message notify post update search check look estimate forecast help need want know return use
    run open close start stop share upload download build draw read write answer rate price cost note address
    weather name number time date file form point power order display process query status transfer""".split(),
)
_NO_OBJECT = frozenset({",", ".", ":", "=", "and", "or", "of", "is", "as", "are"})
_PLACES = frozenset({"in", "into", "to"})
_NO_VERB = PREPOSITIONS | CONJUNCTIONS | AUXILIARIES | QUESTIONS
_ASKING = frozenset({"what", "how", "who", "where", "when", "which"})
_AND = frozenset({"and", "then", "also", "finally", "next", "lastly", "afterwards", "afterward", "later", "&", "plus"})
_LEAD = frozenset(
    {
        "then",
        "finally",
        "next",
        "lastly",
        "afterwards",
        "afterward",
        "after",
        "that",
        "also",
        "and",
        "please",
        "now",
        "first",
        "secondly",
        "thirdly",
        ",",
        "-",
        "*",
        "•",
        "so",
    }
)
_NUMBERED = re.compile(r"(?:^|\n|\s)(?:\(?\d{1,2}[.)]|[-*•])\s+(?=[A-Za-z])")
_BACK = re.compile(
    r"\b(?:it|them|both|that|this|those|these|the (?:results?|outputs?|answers?|response)|the same)\b"
    r"(?!\s+(?:is|are)\b)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\[[^\]]{0,400}\]|\{[^}]{0,400}\}|\([^)]{0,400}\)")
_SENTENCE_END = frozenset({".", "?", "!", ";"})


@dataclass(frozen=True)
class Clause:
    """One part of a request with its span; `refers` says that it points back to an earlier one."""

    text: str
    start: int
    end: int
    refers: bool = False


def verbs_of(tools: Iterable[Tool]) -> frozenset[str]:
    """Return the words that can begin a request for one of `tools`: request verbs, and how the tools call their act."""
    words: set[str] = set(REQUESTS | UNDOING)
    for tool in tools:
        for text in (tool.id.rsplit(".", 1)[-1], tool.intent, *tool.examples):
            first = split_words(text)[:1]
            words.update(word for word in first if len(word) > 2)  # noqa: PLR2004
    return frozenset(words)


def split(text: str, verbs: frozenset[str] = REQUESTS) -> list[Clause]:
    """Split `text` at sentence ends, numbered items, "then", and where "and" or a comma leads to a new verb.

    Quoted text and lists in brackets stay whole. A request without such a place is one clause.
    """
    starts = {match.end() for match in _NUMBERED.finditer(text)}
    text = _NUMBERED.sub(lambda match: " " * len(match.group()), text)
    tokens = _open_tokens(text)
    cuts: list[tuple[int, int]] = []
    for index in range(1, len(tokens)):
        if (found := _cut_at(tokens, index, verbs)) is not None:
            cuts.append((tokens[found].start, tokens[index].start))
        elif tokens[index].start in starts:
            cuts.append((tokens[index - 1].end, tokens[index].start))
    clauses: list[Clause] = []
    begin = 0
    for end, following in [*cuts, (len(text), len(text))]:
        if end < begin:
            continue
        _add(clauses, text, begin, end)
        begin = following
    return clauses


def _add(clauses: list[Clause], text: str, begin: int, end: int) -> None:
    raw = text[begin:end]
    start = begin + len(raw) - len(raw.lstrip(" \n\t,;-*•"))
    stripped = text[start:end].rstrip(" \n\t,;")
    if re.search(r"\w", stripped):
        clauses.append(Clause(stripped, start, start + len(stripped), bool(clauses) and bool(_BACK.search(stripped))))


def _open_tokens(text: str) -> list[Token]:
    """Return the tokens outside quotes and brackets; one pass, for both lists are in order of place."""
    spans = [(start, end) for start, end, _ in find_quotes(text)]
    spans = sorted([*spans, *((match.start(), match.end()) for match in _BRACKETS.finditer(text))])
    found: list[Token] = []
    ahead, end = 0, 0
    for token in tokens_of(text):
        while ahead < len(spans) and spans[ahead][0] <= token.start:
            end = max(end, spans[ahead][1])
            ahead += 1
        if token.end > end:
            found.append(token)
    return found


def _cut_at(tokens: list[Token], index: int, verbs: frozenset[str]) -> int | None:
    """Return the number of the token where the clause before `index` ends, or None when no clause starts there."""
    first = index
    while first > 0 and tokens[first - 1].low in _LEAD:
        first -= 1
    if first == 0:
        return None
    before = tokens[first - 1]
    joined = {token.low for token in tokens[first:index]}
    if before.text in _SENTENCE_END and before.sort == "mark":
        return first - 1 if tokens[index].low not in _LEAD else None
    if not joined & (_AND | {","}):
        return None
    strong = bool(joined & (_AND - {"and", "also", "&"})) or "after" in joined
    if tokens[index].low in _LEAD or not _starts(tokens, index, verbs, strong=strong, comma=joined == {","}):
        return None
    return first


def _starts(tokens: list[Token], index: int, verbs: frozenset[str], *, strong: bool, comma: bool) -> bool:
    """Say whether the token begins a request: a verb in its base form with something to act on, or a question."""
    token = tokens[index]
    follow = tokens[index + 1] if index + 1 < len(tokens) else None
    if follow is None or token.capital:
        return False
    if token.low in _ASKING:
        return not comma
    if token.low in {"can", "could", "tell", "i'd"} and strong:
        return True
    if follow.low in {"it", "them"} and token.low not in _NO_VERB:
        return not comma or token.low in verbs
    if token.low in _TWOFOLD:
        objects = follow.low in DETERMINERS | PRONOUNS or follow.capital or follow.text in {"'", '"'} or strong
        objects = objects or _acts_on(tokens, index)
        return objects and not comma and token.low in verbs and follow.low not in _NO_OBJECT
    return token.low in verbs and follow.low not in _NO_OBJECT


def _acts_on(tokens: list[Token], index: int) -> bool:
    """Say whether a quote, or a plain word and a place, follow a word after "and": "and post hi in ..."."""
    if tokens[index - 1].low != "and":
        return False
    if tokens[index + 1].start - tokens[index].end > len(" ''"):
        return True
    if index + 3 >= len(tokens):
        return False
    follow, after = tokens[index + 1], tokens[index + 2]
    return follow.sort == "word" and not follow.breaks and after.low in _PLACES
