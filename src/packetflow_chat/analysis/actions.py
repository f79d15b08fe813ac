"""What somebody said they would do, or was asked to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import Field

from packetflow_chat.analysis.address import Names, addressees, is_robot, names_of, without_address
from packetflow_chat.analysis.quote import Quote, Result, quote, shorten
from packetflow_chat.analysis.tokens import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

_VERBS = (
    r"(?:add|arrange|ask|assign|back up|book|build|bring|bump|buy|call|cancel|check|clean|close|collect|compile"
    r"|configure|confirm"
    r"|contact|convert|copy|create|cut|debug|delete|deploy|describe|do|document|double[- ]check|draft|email"
    r"|enable|export|file"
    r"|finali[sz]e|find|finish|fix|follow up|get (?:back|in touch|the|a|this|that)|handle|host|implement|import"
    r"|install"
    r"|investigate|invite|look (?:into|at|after|over)|mail|make|measure|meet|merge|message|migrate|monitor|move"
    r"|open|order"
    r"|organi[sz]e|own|patch|pay|pick up|ping|plan|post|prepare|present|print|profile|proofread|provide|publish"
    r"|push|put|rebase"
    r"|record|refactor|release|remind|remove|rename|renew|replace|reply|report|reproduce|rerun|research|reserve"
    r"|reset|resend|restart"
    r"|revert|review|rewrite|roll back|rotate|run|schedule|scale|send|set up|share|ship|sign|sort|speak|start"
    r"|submit|sync|take"
    r"|talk to|test|translate|triage|try to|turn|update|upgrade|upload|validate|verify|write)\b"
)
_ADVERBS = r"(?:also |then |just |quickly |maybe |definitely |probably |gladly |happily |try to |go and |go )*"
_WILL = re.compile(
    rf"\b(?:i'?ll|i will|i(?:'m| am|m) going to|i(?:'m| am|m) gonna|let me)"
    rf"\s+{_ADVERBS}{_VERBS}",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\bi(?:'ll| will| can)? take (?:care of|over|on|this|that|it|the)\b|\bi'?m on it\b|\bleave it to me\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    rf"\b(?:can|could|would|will) (?:you|u|someone|somebody|anyone|one of you)(?: all)?(?: please"
    rf"| pls)?\s+{_ADVERBS}{_VERBS}"
    rf"|\b(?:please|pls|plz)\s+{_ADVERBS}{_VERBS}|\bdon'?t forget to {_VERBS}",
    re.IGNORECASE,
)
# Advice to one who asks ("you need to run ...") and a wish ("I need to ...") are tasks only where a time is set.
_NEEDED = re.compile(
    rf"\b(?:you|i) (?:should|need to|have to|must) {_ADVERBS}{_VERBS}|\bmake sure (?:to|that|you)\b", re.IGNORECASE
)
_TODO = re.compile(
    r"^\W*(?:to-?do|action(?: item)?|ai|next step|follow[- ]up)s?\s*[:\-–]\s*(?P<what>\S.*)$", re.IGNORECASE
)
_TEAM = re.compile(
    rf"\b(?:we|somebody|someone|the team) (?:need(?:s)? to|have to|has to|must|should"
    rf"|still need to) {_ADVERBS}{_VERBS}",
    re.IGNORECASE,
)
_THIRD = re.compile(
    rf"(?<!\w)@?(?P<who>[\w\-\[\]\\^{{}}|`]{{2,40}}) (?:will|is going to|should|needs to|has to|must"
    rf"|to) {_ADVERBS}{_VERBS}",
    re.IGNORECASE,
)
_DAY = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|today|tonight|(?:this|next) (?:week|month|sprint"
    r"|morning|afternoon|evening|\w+day)"
)
_CLOCK = r"\d{1,2}(?::\d\d)?\s?(?:am|pm)|\d{1,2}:\d\d|noon|midnight"
_DATE = (
    r"\d{4}-\d\d-\d\d|(?:\d{1,2}(?:st|nd|rd|th)? (?:of )?)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec)[a-z]*\.? ?\d{0,2}(?:st|nd|rd|th)?"
)
_DUE = re.compile(
    rf"\b(?:(?:by|before|until|till|due|on|at|no later than)\s+)?(?P<when>(?:the )?(?:end of (?:the )?(?:day|week"
    rf"|month|sprint)|eod|eow|cob)"
    rf"|(?:{_DAY})(?:(?: at| by)? (?:{_CLOCK})| morning| afternoon| evening| night| noon)?"
    rf"|(?:in|within) (?:an?|\d+|two|three|a few|half an) (?:minutes?|hours?|days?|weeks?)"
    rf"|(?<=by )(?:{_CLOCK})|(?<=at )(?:{_CLOCK})|(?<=before )(?:{_CLOCK})|(?<=by )(?:the )?(?:{_DATE})"
    rf"|(?<=on )(?:the )?(?:{_DATE})"
    rf"|(?<=before )(?:the )?(?:{_DATE})|(?<=due )(?:{_DATE}))\b",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"\b(?:i'?ll|i will) (?:be|see|have to|never|let you|tell you|take (?:it|that) (?:as|you|that|from))\b"
    r"|\bif i (?:have|need|get|find)\b|\bi take it\b|\bif (?:i|you|we)\b.*\b(?:i'?d|would)\b"
    r"|\bcan (?:i|you) (?:do|find|run|make|get|install|configure|set up|move|copy|open|turn"
    r"|start)\b(?!.*\b(?:please|pls|for me|by)\b)",
    re.IGNORECASE,
)
_PRONOUNS = frozenset(
    {"i", "you", "u", "we", "they", "he", "she", "it", "this", "that", "who", "someone", "somebody", "anyone"}
)


class ActionItem(Result):
    """Something to be done."""

    text: str = Field(description="The sentence that says it, as written, without the name it is addressed to.")
    owner: str | None = Field(description="Who is to do it, when that is said; None for anybody.")
    due: str | None = Field(description="By when, in the words of the log; None when no time is said.")
    asked_by: str = Field(description="Who wrote it: the owner themselves, or the one who asks.")
    quotes: list[Quote] = Field(description="The line that says it.")


def action_items(lines: Sequence[Line]) -> list[ActionItem]:
    """Return what is to be done, in the order in which it was said; the same words of one person count once."""
    names = names_of(lines)
    written = {line.author.casefold(): line.author for line in lines}
    seen: set[tuple[str, str]] = set()
    found: list[ActionItem] = []
    for line in lines:
        if is_robot(line.author):
            continue
        text = without_address(line.text, names)
        for sentence in sentences(text):
            told = _told(sentence, line, names)
            key = (line.author.casefold(), sentence.casefold())
            if told is None or key in seen:
                continue
            seen.add(key)
            what, owner = told
            due = _DUE.search(sentence)
            found.append(
                ActionItem(
                    text=shorten(what),
                    owner=written.get(owner, owner) if owner is not None else None,
                    due=due["when"] if due else None,
                    asked_by=line.author,
                    quotes=[quote(line)],
                )
            )
    return found


def _told(sentence: str, line: Line, names: Names) -> tuple[str, str | None] | None:
    """Return what is to be done and the owner's name in lower case, or None when the sentence asks for nothing."""
    todo = _TODO.match(sentence)
    if todo is not None:
        return todo["what"], _third(todo["what"], names) or _first(addressees(todo["what"], names))
    if _IDLE.search(sentence):
        return None
    states = not sentence.endswith("?")
    if _TAKES.search(sentence) or (states and _WILL.search(sentence)):
        return sentence, line.author.casefold()
    if _ASKED.search(sentence):
        return sentence, _first(addressees(sentence, names)) or _first(addressees(line.text, names))
    return _needed(sentence, line, names) if states else None


def _needed(sentence: str, line: Line, names: Names) -> tuple[str, str | None] | None:
    """Read what somebody else is to do, what the writer or the other needs to do by a time, what all need to do."""
    if _NEEDED.search(sentence) and _DUE.search(sentence):
        mine = re.match(r"(?:\w+ ){0,3}i\b", sentence, re.IGNORECASE)
        return sentence, line.author.casefold() if mine else _first(addressees(line.text, names))
    third = _third(sentence, names)
    return (sentence, third) if third is not None or _TEAM.search(sentence) else None


def _third(sentence: str, names: Names) -> str | None:
    for match in _THIRD.finditer(sentence):
        if match["who"].casefold() not in _PRONOUNS:
            name = names.find(match["who"])
            if name is not None:
                return name
    return None


def _first(found: Sequence[str]) -> str | None:
    return found[0] if found else None
