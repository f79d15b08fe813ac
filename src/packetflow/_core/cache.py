"""How long the result of a capability that only reads is given again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from packetflow._core.errors import DeclarationError
from packetflow._core.json import Json


@dataclass(frozen=True, slots=True)
class Cache:
    """Gives a result again for `ttl`, without calling the capability.

    A result is found by the capability, its version, its arguments and who asks: principal and authority. `key` makes
    something else of the arguments (by name, in JSON form), such as fewer of them. `shared` gives everybody the same
    results. At most `limit` results are kept, those used last, in the memory of the process.
    """

    ttl: timedelta
    key: Callable[[Mapping[str, Json]], Json] | None = None
    shared: bool = False
    limit: int = 1000

    def __post_init__(self) -> None:
        """Raise DeclarationError for what cannot be."""
        if not isinstance(self.ttl, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - people write seconds
            raise DeclarationError(f"Cache: ttl is a timedelta, such as timedelta(seconds=5), not {self.ttl!r}")
        if self.ttl <= timedelta(0) or self.limit < 1:
            message = "Cache: ttl is longer than nothing and limit at least 1"
            raise DeclarationError(message)
