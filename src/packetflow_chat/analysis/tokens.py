"""Words, sentences and the plain part of a message."""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

from packetflow_chat.analysis.stop_words import STOP

URL = re.compile(r"\b(?:https?://|ftp://|www\.)[^\s<>\"']+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’._+\-][^\W_]+)*[+#]{0,2}")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|mr|mrs|dr|no|approx)\.$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|\s*\n+\s*")
_STEMMER = snowballstemmer.stemmer("english")
LONGEST_WORD = 40


def words(text: str) -> list[str]:
    """Return the words of a text in order, in lower case, addresses of the web left out."""
    return [match.replace("’", "'") for match in _WORD.findall(URL.sub(" ", text).lower())]


def word_count(text: str) -> int:
    """Count what a reader would call words; a web address is one."""
    return len(_WORD.findall(URL.sub(" address ", text)))


def content_words(text: str) -> list[str]:
    """Return the words that can carry a topic: no stop words, numbers, single letters or endless strings."""
    return [
        word
        for word in words(text)
        if word not in STOP and 1 < len(word) <= LONGEST_WORD and not word[0].isdigit() and any(map(str.isalpha, word))
    ]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the word's stem (Snowball English), the same for `install`, `installs` and `installed`."""
    return str(_STEMMER.stemWord(word.removesuffix("'s")))


def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's content words."""
    return frozenset(map(stem, content_words(text)))


def sentences(text: str) -> list[str]:
    """Split a text into sentences; one that ends in a known abbreviation goes on with the next."""
    whole: list[str] = []
    for part in _SENTENCE_END.split(text):
        piece = part.strip()
        if not piece:
            continue
        if whole and _ABBREVIATED.search(whole[-1]):
            whole[-1] = f"{whole[-1]} {piece}"
        else:
            whole.append(piece)
    return whole
