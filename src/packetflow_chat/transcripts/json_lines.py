"""JSON lines (one message a line), and a JSON array of the same messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from packetflow_chat.transcripts.content_id import ContentIds
from packetflow_chat.transcripts.records import Message, Record, Skipped, bad
from packetflow_chat.transcripts.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from packetflow_chat.transcripts.text_lines import TextLine

AUTHOR = ("author", "user", "sender", "from", "nick", "username", "user_name", "name")
TEXT = ("text", "content", "message", "body")
TIME = ("at", "timestamp", "ts", "time", "created_at", "date")
NAMES = ("name", "username", "display_name", "nick", "login", "id")


class JsonLines:
    """Reads records of one file; keeps the ids."""

    def __init__(self, *, zone: tzinfo) -> None:
        """Start a file; `zone` is where times without an offset were read."""
        self._zone = zone
        self._ids = ContentIds(ordered=False)

    def records(self, lines: Iterable[TextLine]) -> Iterator[Record]:
        """Yield one record per line of the file."""
        for line in lines:
            if line.too_long:
                yield bad(line.number, "the line is longer than 1 MiB", line.text)
            elif not line.text.strip():
                yield Skipped(line.number, "empty")
            else:
                yield self._parsed(line)

    def _parsed(self, line: TextLine) -> Record:
        try:
            value: object = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number or nesting is too large"
            return bad(line.number, f"not JSON: {reason}", line.text)
        return self.record(value, line.number, line.text)

    def record(self, value: object, number: int, shown: str) -> Record:
        """Return the record of one parsed value; `shown` is what an error quotes."""
        if not isinstance(value, dict):
            return bad(number, "not a JSON object", shown)
        fields = cast("dict[str, Any]", value)
        author, text, time = _person(_first(fields, AUTHOR)), _first(fields, TEXT), _first(fields, TIME)
        missing = _missing(author, text, time)
        if missing or not isinstance(text, str):
            return bad(number, missing, shown)
        if not text.strip():
            return Skipped(number, "empty")
        try:
            at = instant(time, self._zone)
        except ValueError as error:
            return bad(number, str(error), shown)
        kind = "action" if fields.get("kind") == "action" else "message"
        text = _storable(text)
        return Message(author, text, at, kind, number, self._ids.name(author, text, at, kind))


def _missing(author: str, text: object, time: object) -> str:
    if not author:
        return f"no author: none of {', '.join(AUTHOR)} holds a name"
    if not isinstance(text, str):
        return f"no text: none of {', '.join(TEXT)} holds one"
    return f"no time: none of {', '.join(TIME)} holds one" if time is None else ""


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> object:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _person(value: object) -> str:
    if isinstance(value, dict):
        value = _first(cast("dict[str, Any]", value), NAMES)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return _storable(str(value)).strip()


def _storable(text: str) -> str:
    """Drop NULs and replace lone surrogates, which JSON can spell and UTF-8 cannot."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
