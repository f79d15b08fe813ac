"""Forgive one wrong letter: in a long word an exchanged, missing, doubled or swapped letter hides no meaning."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from packetflow.planners.rules.phrases import Token, tokens_of

_LONG = 6
_STARTS = frozenset({"and", "then", "please", "you", "to", ",", ".", ";", "?", "!", "also", "finally"})


@lru_cache(maxsize=32_768)
def misspelt(word: str, meant: str) -> bool:
    """Say whether `word` is `meant`, of six letters or more, with one letter wrong, missing, too many or swapped."""
    if word == meant or len(meant) < _LONG or abs(len(word) - len(meant)) > 1 or not word.isalpha():
        return False
    first = next((i for i, (a, b) in enumerate(zip(word, meant, strict=False)) if a != b), min(len(word), len(meant)))
    one, other = word[first:], meant[first:]
    if len(one) == len(other):
        return one[1:] == other[1:] or (one[:2] == other[1::-1] and one[2:] == other[2:])
    return one[1:] == other if len(one) > len(other) else one == other[1:]


def corrected(text: str, verbs: Collection[str], known: Collection[str]) -> str:
    """Write the misspelt verbs that begin a clause as they are meant; a word in `known` is no mistake."""
    tokens = tokens_of(text)
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.sort != "word" or len(token.text) < _LONG - 1 or (index and tokens[index - 1].low not in _STARTS):
            continue
        if token.low in verbs or token.low in known or token.stem in known:
            continue
        meant = _nearest(token, verbs)
        if meant:
            text = text[: token.start] + meant + text[token.end :]
    return text


def _nearest(token: Token, verbs: Collection[str]) -> str:
    found = sorted(verb for verb in verbs if misspelt(token.low, verb))
    return found[0] if len({verb[:4] for verb in found}) == 1 else ""
