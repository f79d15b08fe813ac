"""What a call gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packetflow._core.json import Json


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gave: the typed value and its JSON form."""

    value: Any
    json: Json
    cache_hit: bool = False
    """Whether the capability was not called for it: an earlier result was given again, or one under way shared."""
