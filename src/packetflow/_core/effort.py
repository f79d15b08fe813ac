"""How much a proof may cost: a plan comes from outside, and proving it must not take long whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

_WORK: Final = 40_000
_SIZES: Final = 200_000
_LARGEST: Final = 20_000

NODE: Final = 4
"""What it costs to prove a node, or to compare two schemas; reading a binding costs 1."""


class TooComplex(Exception):
    """The proof of a plan would cost more than it may."""


class Effort:
    """What one proof has cost so far. Raises TooComplex as soon as it is too much."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._work = self._made = 0
        self._sizes: dict[int, tuple[int, object]] = {}

    def spend(self, work: int) -> None:
        """Count work."""
        self._work += work
        if self._work > _WORK:
            raise TooComplex

    def weigh(self, schema: Mapping[str, Any]) -> None:
        """Count a schema that was put together, written out in full, however often its parts are shared."""
        size = self._size(schema)
        self._made += size
        if size > _LARGEST or self._made > _SIZES:
            raise TooComplex

    def _size(self, part: object) -> int:
        """Count the objects and lists of a schema, and what lists hold; each object is looked at once."""
        known = self._sizes.get(id(part))
        if known is not None:
            return known[0]
        size, inner = 1, cast("Mapping[str, object] | list[object]", part)
        if isinstance(inner, Mapping):
            for one in inner.values():
                size += self._size(cast("object", one)) if isinstance(one, Mapping | list) else 0
        else:
            for one in inner:
                size += self._size(cast("object", one)) if isinstance(one, Mapping | list) else 1
        self._sizes[id(part)] = size, part  # kept, so that no identity comes twice
        return size
