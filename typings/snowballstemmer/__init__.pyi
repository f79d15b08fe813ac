# The part of snowballstemmer that is used here; the package itself has no types.

from typing import Protocol

class Stemmer(Protocol):  # its stub name only; the library has a class for each language
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's own name

def stemmer(lang: str) -> Stemmer: ...
