"""Ids for the calls that one execution of a function makes, the same again when the execution is repeated."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from pydantic_core import to_jsonable_python

from packetflow._core.json import digest


class Names:
    """Names each call by the id of the execution, what is called with what, and how often that was called before.

    The order among different calls therefore does not matter; the same call, made again, is the next one of its kind.
    """

    __slots__ = ("_counts", "_outer")

    def __init__(self, outer: str) -> None:
        """Name the calls of the execution with the message id `outer`."""
        self._outer: Final = outer
        self._counts: Final = Counter[str]()

    def following(self, *call: object) -> str:
        """Give the id of the next call like this one; what has no JSON form is told apart by its place alone."""
        try:
            what = digest(to_jsonable_python([self._outer, *call]))
        except (ValueError, TypeError):
            what = digest([self._outer, *[_plain(part) for part in call]])
        self._counts[what] += 1
        return f"{what}/{self._counts[what]}"


def _plain(part: object) -> Any:  # noqa: ANN401 - JSON
    return part if isinstance(part, str) and part.isascii() else None
