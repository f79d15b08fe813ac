"""Text without the disguises that hide a word: accents, look-alike letters, digits for letters, spacing, stretching."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff]"
)
_CYRILLIC_GREEK = str.maketrans("аеорсухіјѕԁһмтвнкгαεορτυχικνη", "aeopcyxijsdhmtbhkraeoptuxiknn")
_LEET = str.maketrans("0134578@$€£!|", "oieastbaselii")
_LATIN = re.compile(r"[a-z]")
_TOKEN = re.compile(r"\S+")
_SPELLED = re.compile(r"(?<![\w'])(?:[a-z][\s.\-_*·,/]{1,2}){2,}[a-z](?![\w'])")
_SPLIT = re.compile(r"(?<=[a-z])[.\-_*·](?=[a-z])")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_TRIM = ".,;:!?\"'()[]{}<>*_~"


def undisguised(text: str) -> tuple[str, ...]:
    """Return the readings of a text in lower case, without repetition; the first is the text as it is written.

    The others join letters that are spelled one by one, read digits and signs inside words as the letters that they
    imitate, and shorten stretched letters to one or two. A text without disguise has one reading.
    """
    plain = _plain(text)
    deep = _SPELLED.sub(_joined, plain)
    deep = _SPELLED.sub(_joined, _TOKEN.sub(lambda match: _deciphered(match[0]), deep))
    return tuple(dict.fromkeys(short for read in (plain, deep) for short in (read, *_shortened(read))))


def _joined(match: re.Match[str]) -> str:
    return re.sub(r"[^a-z]", "", match[0])


def _shortened(text: str) -> tuple[str, str]:
    return _STRETCHED.sub(r"\1", text), _STRETCHED.sub(r"\1\1", text)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text).casefold().replace("’", "'"))
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    # Look-alikes are read as Latin only inside words that also hold Latin letters: Russian stays Russian.
    return _TOKEN.sub(lambda match: _latin(match[0]), bare)


def _latin(word: str) -> str:
    return word.translate(_CYRILLIC_GREEK) if _LATIN.search(word) else word


def _deciphered(token: str) -> str:
    """Read signs as letters in a word of letters; numbers, versions, addresses and paths stay as they are."""
    core = token.strip(_TRIM)
    if not _LATIN.search(core) or "://" in core or core.count("/") or re.search(r"\d{3}|@\w+\.\w", core):
        return token
    read = core.translate(_LEET)
    return _SPLIT.sub("", read) if len(_SPLIT.findall(read)) > 1 else read
