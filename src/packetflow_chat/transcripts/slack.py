"""Slack exports as the messages they hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from packetflow_chat.transcripts.content_id import ContentIds
from packetflow_chat.transcripts.records import Message, Record, Skipped, bad
from packetflow_chat.transcripts.slack_export import SlackExport, load
from packetflow_chat.transcripts.slack_text import plain_text
from packetflow_chat.transcripts.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPOKEN = frozenset(
    {"", "me_message", "bot_message", "thread_broadcast", "file_share", "file_comment", "reply_broadcast"}
)


class SlackMessages:
    """Reads the records of an export in the order of its days; keeps the ids."""

    def __init__(self, export: SlackExport) -> None:
        """Start at the export's first day."""
        self._export = export
        self._ids = ContentIds(ordered=False)

    def records(self, read: Callable[[int], None]) -> Iterator[Record]:
        """Yield one record per entry of every day; `read` is told the size in bytes of each file when it is done."""
        number = 0
        for day in self._export.days:
            for value in load(day):
                number += 1
                yield self._record(value, number, day.name)
            read(day.size)

    def _record(self, value: object, number: int, file: str) -> Record:
        if not isinstance(value, dict):
            return bad(number, f"not a JSON object ({file})", json.dumps(value))
        entry = cast("dict[str, Any]", value)
        shown = json.dumps(entry, ensure_ascii=False)
        subtype = entry.get("subtype") or ""
        if entry.get("type", "message") != "message" or subtype not in SPOKEN:
            return Skipped(number, "system")
        author = self._author(entry)
        if not author:
            return bad(number, f"no author: neither user nor username ({file})", shown)
        try:
            at = instant(entry.get("ts"))
        except ValueError as error:
            return bad(number, f"{error} ({file})", shown)
        text = self._text(entry)
        if not text:
            return Skipped(number, "empty")
        kind = "action" if subtype == "me_message" else "message"
        return Message(author, text, at, kind, number, self._ids.name(author, text, at, kind))

    def _author(self, entry: dict[str, Any]) -> str:
        user = entry.get("user")
        known = self._export.people.get(user) if isinstance(user, str) else None
        profiles = [entry.get("user_profile"), entry.get("bot_profile")]
        inside = [cast("dict[str, Any]", found) for found in profiles if isinstance(found, dict)]
        names: list[object] = [known, entry.get("username")]
        names += [found.get(key) for found in inside for key in ("display_name", "name", "real_name")]
        names += [user, entry.get("bot_id")]
        return next((name.strip() for name in names if isinstance(name, str) and name.strip()), "")

    def _text(self, entry: dict[str, Any]) -> str:
        text = entry.get("text")
        if isinstance(text, str) and text.strip():
            return plain_text(text.encode("utf-8", "replace").decode("utf-8"), self._export.people)
        attached = _texts(entry.get("attachments"), ("text", "fallback", "title"))
        files = [f"[file: {name}]" for name in _texts(entry.get("files"), ("name", "title"))]
        return plain_text("\n".join(attached + files), self._export.people)


def _texts(value: object, keys: tuple[str, ...]) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    found: list[str] = []
    for item in items:
        fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        text = next((fields[key] for key in keys if isinstance(fields.get(key), str) and fields[key].strip()), None)
        if text is not None:
            found.append(str(text))
    return found
