# The part of google-re2 that is used here; the package itself has no types.
from typing import Protocol

class error(Exception): ...  # noqa: N801 - the library's own name

class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...
    def search(self, text: str) -> object | None: ...

def compile(pattern: str) -> _Pattern: ...  # noqa: A001 - the library's own name
