"""The format of a transcript, told by its content."""

from __future__ import annotations

import json
import zipfile
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from packetflow_chat.transcripts.dates import date_in_header
from packetflow_chat.transcripts.irc_line import irc_line
from packetflow_chat.transcripts.records import FormatUnknownError
from packetflow_chat.transcripts.text_lines import decode, refuse_utf16

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 1 << 16
LINES = 200
LEAST = 3  # one line in three must be a log's, so that a damaged log is still read and its bad lines shown


class Format(StrEnum):
    """The formats that can be read. `json` is a JSON array of the records that `jsonl` has one a line."""

    IRC = "irc"
    SLACK = "slack"
    JSONL = "jsonl"
    JSON = "json"


def detect(path: Path) -> Format:
    """Return the format of a file or folder. Raises FormatUnknownError, naming the formats, when none fits."""
    if path.is_dir() or zipfile.is_zipfile(path):
        return Format.SLACK
    with path.open("rb") as source:
        head = source.read(HEAD)
    refuse_utf16(head)
    text = decode(head.removeprefix(b"\xef\xbb\xbf")).lstrip()
    if not text:
        message = f"{path.name} is empty"
        raise FormatUnknownError(message)
    if text.startswith("["):
        found = _array(text)
        if found is not None:
            return found
    lines = [line for line in text.splitlines()[:LINES] if line.strip()]
    if lines and lines[0].lstrip().startswith("{"):
        return Format.JSONL
    known = sum(not isinstance(irc_line(line), str) or date_in_header(line) is not None for line in lines)
    if lines and known * LEAST > len(lines):
        return Format.IRC
    message = f"{path.name} looks like none of {', '.join(Format)}; name its format if it is one of them"
    raise FormatUnknownError(message)


def _array(text: str) -> Format | None:
    """Tell a JSON array from an IRC log, both of which start with a bracket."""
    rest = text[1:].lstrip()
    if rest.startswith("]") and not rest[1:].strip():
        return Format.JSON
    if not rest.startswith("{"):
        return None
    try:
        first = cast("object", json.JSONDecoder().raw_decode(rest)[0])
    except ValueError:
        return Format.SLACK if '"ts"' in rest and '"type"' in rest else Format.JSON
    fields = cast("dict[str, Any]", first) if isinstance(first, dict) else {}
    return Format.SLACK if fields.get("type") == "message" and "ts" in fields else Format.JSON
