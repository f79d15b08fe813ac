"""Lines of a text file of any age: UTF-8 or a Windows code page, any line end, any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from packetflow_chat.transcripts.records import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE = 1 << 20
UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line without its end. `number` counts from 1; `end` is the offset in bytes behind it."""

    number: int
    text: str
    end: int
    too_long: bool = False


def decode(raw: bytes) -> str:
    """Return the text of one line: UTF-8, else Windows-1252, else Latin-1 (which never fails). NULs are dropped."""
    raw = raw.replace(b"\x00", b"")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def refuse_utf16(head: bytes) -> None:
    """Raise TranscriptError for UTF-16, which cannot be read line by line as bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "the file is UTF-16; save it as UTF-8 and import it again"
        raise TranscriptError(message)


def text_lines(source: IO[bytes]) -> Iterator[TextLine]:
    """Yield every line; one longer than MAX_LINE bytes comes cut and marked, and never fills the memory."""
    end = number = 0
    while raw := source.readline(MAX_LINE):
        number += 1
        end += len(raw)
        whole = raw.endswith(b"\n") or len(raw) < MAX_LINE
        rest = b"" if whole else source.readline(MAX_LINE)
        while rest:
            end += len(rest)
            rest = b"" if rest.endswith(b"\n") else source.readline(MAX_LINE)
        if number == 1:
            refuse_utf16(raw)
            raw = raw.removeprefix(UTF8_BOM)
        yield TextLine(number, decode(raw.rstrip(b"\r\n")), end, too_long=not whole)
