"""What a call gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

if TYPE_CHECKING:
    from packetflow._core.json import Json


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gave: the typed value and its JSON form."""

    value: Any
    json: Json
    cache_hit: bool = False
    """Whether the capability was not called for it: an earlier result was given again, or one under way shared."""
    _size: int = field(default=-1, repr=False, compare=False)

    @property
    def size(self) -> int:
        """How many bytes its JSON form takes, nearly; found out once, and of what is put together from its parts."""
        if self._size < 0:
            object.__setattr__(self, "_size", len(to_json(self.json)))
        return self._size
