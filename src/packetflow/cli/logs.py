"""Where the log of a server goes, and in which form: lines for a person, or JSON lines for a program."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from packetflow._runtime.telemetry import TraceField

if TYPE_CHECKING:
    from pathlib import Path

LogForm: TypeAlias = Literal["human", "json"]

_LIMIT: Final = 10 * 1024 * 1024
_KEPT: Final = 5
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "trace_id",
    "message",
    "asctime",
    "color_message",
    "taskName",
}


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, trace_id, then whatever the record was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record; what is not JSON is written as text."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": getattr(record, "trace_id", ""),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class HumanLines(logging.Formatter):
    """Time, level, message, and the trace id where there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s%(trace)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        trace_id = getattr(record, "trace_id", "")
        record.trace = f"  trace {trace_id}" if trace_id else ""
        return super().format(record)


def write_logs(data: Path, form: LogForm) -> Path:
    """Send every log record to `<data>/log/packetflow.jsonl` (kept for 5 x 10 MiB) and to stderr; give the file.

    On stderr, `human` shows warnings and errors, `json` everything as in the file. Raises OSError when the folder
    cannot be written.
    """
    path = data / "log" / "packetflow.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = logging.handlers.RotatingFileHandler(path, maxBytes=_LIMIT, backupCount=_KEPT, encoding="utf-8")
    kept.setFormatter(JsonLines())
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(JsonLines() if form == "json" else HumanLines())
    shown.setLevel(logging.DEBUG if form == "json" else logging.WARNING)
    top = logging.getLogger()
    for handler in (kept, shown):
        handler.addFilter(TraceField())
        top.addHandler(handler)
    top.setLevel(logging.INFO)
    return path
