"""Which texts can be the key of an actor."""

from __future__ import annotations

import unicodedata
from typing import Final

KEY_LIMIT: Final = 256
"""Characters in an actor's key, at most."""


_UNFIT = frozenset({"Cc", "Cs"})
"""Control characters, and half characters (lone surrogates), which no store can write."""


def addressable(key: str) -> bool:
    """Whether there can be an actor of that key."""
    return 0 < len(key) <= KEY_LIMIT and not any(unicodedata.category(c) in _UNFIT for c in key)
