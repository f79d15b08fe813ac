"""Words from the log, as every result cites them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from packetflow_chat.analysis.line import Line

LONGEST_QUOTE = 280


class Result(BaseModel):
    """What an analysis returns: a value that is never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Quote(Result):
    """One line of the log; a very long one is cut at a word and ends with an ellipsis."""

    message_id: str = Field(description="Id of the message that is quoted.")
    author: str = Field(description="Who wrote it.")
    text: str = Field(description="What it says, at most 280 characters.")
    at: datetime = Field(description="When it was written, in UTC.")


def shorten(text: str, limit: int = LONGEST_QUOTE) -> str:
    """Return the text on one line, cut at a word where it is longer than `limit` characters."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


def quote(line: Line, text: str | None = None) -> Quote:
    """Return a line as a quote; `text` is the part of it that matters."""
    return Quote(message_id=line.id, author=line.author, text=shorten(text or line.text), at=line.at)


def said(line: Line, limit: int = 160) -> str:
    """Return `author: "text"`, for the texts that people read."""
    return f'{line.author}: "{shorten(line.text, limit)}"'
