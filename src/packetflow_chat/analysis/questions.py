"""Whether somebody is asked something."""

from __future__ import annotations

import re

from packetflow_chat.analysis.tokens import URL

_MARK = re.compile(r"[?\uff1f\u061f](?:\s|$|[)\"'!?:;.,])")
_OPENING = re.compile(
    r"^(?:(?:so|and|but|ok|okay|hi|hello|hey|hmm|well|also|um|guys|please|sorry|anyway|then)\b[\s,:.!]*){0,3}"
    r"(?:(?:what|which|who|whose|whom|when|where|why|how)(?:'s|s|'re)?\s+(?!ever\b|about\b\s*$)\S"
    r"|do\s+(?:i|you|u|we|they|the|these|those|any|my|your|our)\b|(?:is|are|was|were|am|does|did|can|could|will|would|should|shall|has|have|had|isn't|aren't|don't|doesn't"
    r"|didn't|can't|couldn't|won't|wouldn't|shouldn't)\s+(?:i|you|u|we|they|he|she|it|there|this|that|these|those|the"
    r"|an?|any|anyone|anybody|someone|somebody|my|your|our)\b"
    r"|any(?:one|body)\s+(?:here|know|knows|else|have|has|using|used|got|can|able|tried|familiar|around|up|alive"
    r"|awake)\b"
    r"|any (?:idea|ideas|chance|way|suggestions?|tips?|clue|help)\b)",
    re.IGNORECASE,
)
_INDIRECT = re.compile(
    r"\b(?:does any(?:one|body)|can (?:any|some)(?:one|body)|(?:any|some)(?:one|body) (?:know|tell|help)"
    r"|(?:i'?m|i am|was|just) wondering (?:if|how|what|why|whether|where)|do you know (?:if|how|what|why|where"
    r"|when|who)"
    r"|can you tell me|how (?:do|can|would|should|could) (?:i|we|you)|what (?:is|are) the (?:best|right|correct)"
    r"|i (?:need|want) to know|is there (?:a|an|any)(?: other)? (?:way|chance|reason))\b",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"^(?:when|where|how|what|which)\b[^?]*(?:,\s|\bthen\b)|^(?:what|how) (?:a|an|nice|cool|awful)\b", re.IGNORECASE
)


def is_question(text: str) -> bool:
    """Tell whether a text asks something, with or without a question mark; marks inside web addresses do not count."""
    plain = URL.sub("", text).strip()
    if _MARK.search(plain):
        return True
    if _STATES.match(plain):
        return False
    return bool(_OPENING.match(plain) or _INDIRECT.search(plain))
