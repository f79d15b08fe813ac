"""One line of a conversation, as the analysis reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `at` is aware and in UTC; `mentions` are names known from elsewhere to be addressed."""

    id: str
    author: str
    text: str
    at: datetime
    mentions: tuple[str, ...] = ()
