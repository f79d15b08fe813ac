"""Decisions and solutions that a conversation reached, in the words of those who stated them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.address import is_robot
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.quote import Quote, Result, quote
from packetflow_chat.analysis.tokens import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

_DECIDED = re.compile(
    r"\b(?:(?:we|they|the team|everyone|everybody|board|group)(?:'ve| have| has|)(?: all| now| just| finally)?"
    r" (?:decided|agreed|settled|concluded|voted|chose|resolved)\b|i(?:'ve| have)? decided\b"
    r"|(?:it(?:'s| is| was)|that(?:'s| is)) (?:decided|settled|agreed)\b|(?:final )?decision(?: is| was|:)"
    r"|let'?s (?:go with|go for|use|stick (?:with|to)|do|ship|keep|drop|move (?:to|ahead)|postpone|skip|switch"
    r"|pick|choose"
    r"|take|meet|start with|call it|make it)\b"
    r"|we(?:'ll| will|'re going to| are going to|'re| are) (?:go(?:ing)? with|stick(?:ing)? (?:with|to)|us(?:e|ing)"
    r"|switch(?:ing)? to|mov(?:e|ing) to|ship(?:ping)?|postpon(?:e|ing)|drop(?:ping)?|adopt(?:ing)?|meet(?:ing)?)\b"
    r"|(?:agreed|decided|settled|approved)\s?[:,-]\s?(?!but\b|i\b)\S|(?:we|going) (?:will )?(?:settle"
    r"|go ahead) (?:on|with)\b"
    r"|consensus is\b|the plan is (?:to|that)\b)",
    re.IGNORECASE,
)
_SOLVED = re.compile(
    r"\b(?:(?:solved|fixed|resolved|sorted)(?: it| this| that| the \w+)? (?:by|with|via|when i|after)\b"
    r"|(?:that|this|it|which)(?: has| have|'s)?(?: just| finally| totally)? (?:fixed|solved|did the trick"
    r"|did it\b[^?]*thank)"
    r"|problem (?:is |was )?(?:solved|fixed|gone)|(?:that|this|it)(?: really| now| just)* works? (?:now|great"
    r"|perfectly|fine)"
    r"|works? now\b|got it (?:working|to work|fixed)|that worked|the (?:fix|solution|trick|answer) (?:is|was)\b"
    r"|i(?:'ve| have)? (?:just |finally )?(?:fixed|solved|figured|sorted) (?:it|that|this|out)\b)",
    re.IGNORECASE,
)
_PROPOSED = re.compile(
    r"\b(?:(?:i|we) (?:propose|suggest|vote|recommend|would prefer|prefer)|(?:how|what) about|(?:we"
    r"|i think we) (?:should|could|ought to)"
    r"|shall we|let'?s|why (?:don't|not) we|why not|my proposal|proposal:|should we)\b",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|yeah|yep|great|cool|sure|fine|nice)\b[\s,.!]*)*(?:agreed?|\+1|i agree"
    r"|sounds (?:good|great|fine|like a plan)"
    r"|let'?s do (?:it|that|this)|works for me|fine (?:with|by|for) me|good (?:idea|plan|for me)|deal|approved"
    r"|makes sense|go for it"
    r"|lgtm|ship it|i'm in|count me in|im in|👍)(?!\w)|^\W*(?:ok(?:ay)?|yes|yeah|yep|sure|do it)[\s.!]*$",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:not|n't|never|if|unless|whether|haven't|until|before|once)\s(?:\w+\s){0,3}(?:decid|agree|settl|solv"
    r"|fix|work)"
    r"|\b(?:if|whether|when|before|until) (?:we|i|they|you|it|that|this)\b[^.]*\b(?:decid|agree|settl|works?|solv"
    r"|fix)",
    re.IGNORECASE,
)
_NO_DECISION = re.compile(
    r"\blet'?s (?:see|say|hope|face|be|just say|try|not|do this$)\b|\blet'?s go\b(?! (?:with|for))", re.IGNORECASE
)


NEAR = 6
FEW_PEOPLE = 5


class Decision(Result):
    """Something that was decided, or a problem that was solved."""

    kind: Literal["decision", "solution"] = Field(description="What a group decided, or what solved a problem.")
    text: str = Field(description="The sentence that states it, as written.")
    author: str = Field(description="Who stated or proposed it.")
    agreed_by: list[str] = Field(description="Others who said that they agree.")
    quotes: list[Quote] = Field(description="The line that states it, then the lines that agree, or what it answers.")


def decisions(lines: Sequence[Line], parents: Sequence[int | None]) -> list[Decision]:
    """Return the decisions and solutions in the order in which they were stated.

    A proposal that somebody else consents to in an answering line is a decision; `parents` are the answered lines.
    """
    consent = _consents(lines, parents)
    made: list[Decision] = []
    for index, line in enumerate(lines):
        agreeing = consent.get(index, [])
        stated = None if is_robot(line.author) else _stated(line.text)
        if stated is None and agreeing:
            stated = ("decision", _proposal(line.text))
        if stated is None:
            continue
        kind, text = stated
        around = [quote(line), *(quote(lines[other]) for other in agreeing)]
        answered = parents[index]
        if kind == "solution" and answered is not None:
            around.append(quote(lines[answered]))
        people = list(dict.fromkeys(lines[other].author for other in agreeing))
        made.append(Decision(kind=kind, text=text, author=line.author, agreed_by=people, quotes=around))
    return made


def _stated(text: str) -> tuple[Literal["decision", "solution"], str] | None:
    for sentence in sentences(text):
        if is_question(sentence) or _OPEN.search(sentence):
            continue
        if _DECIDED.search(sentence) and not _NO_DECISION.search(sentence):
            return "decision", sentence
        if _SOLVED.search(sentence):
            return "solution", sentence
    return None


def _proposal(text: str) -> str:
    return next((sentence for sentence in sentences(text) if _PROPOSED.search(sentence)), text)


def _consents(lines: Sequence[Line], parents: Sequence[int | None]) -> dict[int, list[int]]:
    """Map each proposal to the lines of others that consent to it, directly or after another who consents."""
    found: dict[int, list[int]] = {}
    stands_for: dict[int, int] = {}
    for index, line in enumerate(lines):
        if not _CONSENT.search(line.text) or is_question(line.text):
            continue
        target = _consented(index, lines, parents, stands_for)
        if target is not None:
            found.setdefault(target, []).append(index)
            stands_for[index] = target
    return found


def _consented(
    index: int, lines: Sequence[Line], parents: Sequence[int | None], stands_for: dict[int, int]
) -> int | None:
    """Return the proposal that a line consents to: the one it answers, else, among few people, the latest."""
    author = lines[index].author
    parent = parents[index]
    near = [] if parent is None else [stands_for.get(parent, parent)]
    before = range(index - 1, max(-1, index - NEAR - 1), -1)
    if len({lines[other].author for other in before}) <= FEW_PEOPLE:
        near += before
    for other in near:
        if lines[other].author != author and is_proposal(lines[other].text):
            return other
    return None


def is_proposal(text: str) -> bool:
    """Tell whether a text proposes something to the others, or says what was decided."""
    return bool(_PROPOSED.search(text) or _DECIDED.search(text)) and not _NO_DECISION.search(text)
