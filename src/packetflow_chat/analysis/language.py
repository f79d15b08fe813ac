"""The language of a text: by its script, else by its commonest words.

Counting common words is the method of Grefenstette, "Comparing two language identification schemes" (JADT 1995); it
needs no model, says nothing at random, and on the few words of a chat message it knows when it does not know.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache

from packetflow_chat.analysis.language_words import COMMON
from packetflow_chat.analysis.tokens import URL

UNDETERMINED = "und"
ENOUGH = 0.9
MARGIN = 1.15
LEAST_SHARE = 0.12
SCRIPT_SHARE = 0.4
READ = 2_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTERS = {
    "ß": ("de",), "ñ": ("es",), "¿": ("es",), "¡": ("es",), "ã": ("pt",), "õ": ("pt",), "ł": ("pl",), "ę": ("pl",),
    "ą": ("pl",), "ś": ("pl",), "ż": ("pl",), "ř": ("cs",), "ů": ("cs",), "ě": ("cs",), "ğ": ("tr",), "\u0131": ("tr",),
    "ş": ("tr", "ro"), "ő": ("hu",), "ű": ("hu",), "ț": ("ro",), "ș": ("ro",), "ă": ("ro",), "å": ("sv", "da", "no"),
    "ø": ("da", "no"), "æ": ("da", "no"), "ä": ("de", "sv", "fi"), "ö": ("de", "sv", "fi", "tr", "hu"),
    "ü": ("de", "tr", "hu"), "œ": ("fr",), "ç": ("fr", "pt", "tr"), "ê": ("fr", "pt"), "è": ("fr", "it"), "ò": ("it",),
    "ì": ("it",), "ù": ("it", "fr"), "č": ("cs",), "ž": ("cs",), "š": ("cs",), "î": ("fr", "ro"),
}  # fmt: skip
_SCRIPTS = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "ARABIC": "ar", "HEBREW": "he", "GREEK": "el",
    "DEVANAGARI": "hi", "THAI": "th", "CYRILLIC": "ru", "BENGALI": "bn", "TAMIL": "ta", "GEORGIAN": "ka",
    "ARMENIAN": "hy",
}  # fmt: skip
_UKRAINIAN = frozenset("іїєґ")
_PERSIAN = frozenset("پچژگ")


def _weights() -> dict[str, dict[str, float]]:
    """Give each common word to its languages; one that many of them share says little about each."""
    owners: dict[str, list[str]] = {}
    for code, text in COMMON.items():
        for word in sorted(set(text.split())):
            owners.setdefault(word, []).append(code)
    return {word: dict.fromkeys(codes, 1 / len(codes)) for word, codes in owners.items()}


_WORDS = _weights()


def language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, or `und` where too little of it tells."""
    plain = URL.sub(" ", text[:READ])
    return _by_script(plain) or _by_words(plain)


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]


def _by_script(text: str) -> str:
    letters = [letter for letter in text.lower() if letter.isalpha()]
    if not letters or text.isascii():
        return ""
    counts = Counter(_script(letter) for letter in letters)
    if counts["HIRAGANA"] + counts["KATAKANA"] >= len(letters) * SCRIPT_SHARE / 4:
        return "ja"
    script, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    if script not in _SCRIPTS or count < len(letters) * SCRIPT_SHARE:
        return ""
    if script == "CYRILLIC" and _UKRAINIAN & set(letters):
        return "uk"
    if script == "ARABIC" and _PERSIAN & set(letters):
        return "fa"
    return _SCRIPTS[script]


def _by_words(text: str) -> str:
    found = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    score: defaultdict[str, float] = defaultdict(float)
    for word in found:
        for code, weight in _WORDS.get(word, {}).items():
            score[code] += weight
        for code in {code for letter in word if letter in _LETTERS for code in _LETTERS[letter]}:
            score[code] += 0.5
    ranked = sorted(score.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < max(ENOUGH if len(found) > 1 else 1.0, LEAST_SHARE * len(found)):
        return UNDETERMINED
    if len(ranked) > 1 and ranked[0][1] < MARGIN * ranked[1][1]:
        return UNDETERMINED
    return ranked[0][0]
