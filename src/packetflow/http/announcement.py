"""Where the running server of a data folder is found: `<data>/server.json`, written while it serves."""

from __future__ import annotations

import json
import os
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from packetflow._core.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "server.json"
PATIENCE = 3.0
"""Seconds a server may take to answer /health."""


class Announcement(BaseModel):
    """What a server says of itself to the other processes of its machine."""

    model_config = ConfigDict(frozen=True)

    url: str
    """Such as `http://127.0.0.1:4000`, without a path."""
    pid: int
    version: str
    started_at: datetime
    host: str | None = None
    """The name to send in the Host header, where it is not that of `url`."""


def announce(data: Path, announcement: Announcement) -> None:
    """Write the announcement, whole or not at all, replacing an older one."""
    partial = data / f"{FILE}.{os.getpid()}"
    partial.write_text(announcement.model_dump_json() + "\n", encoding="utf-8")
    partial.replace(data / FILE)


def withdraw(data: Path, pid: int) -> None:
    """Remove the announcement of the server `pid`; leave that of any other."""
    found = announced(data)
    if found is not None and found.pid == pid:
        (data / FILE).unlink(missing_ok=True)


def announced(data: Path) -> Announcement | None:
    """Read the announcement; None when there is none, or the file is not one. It may be stale: see `living`."""
    try:
        return Announcement.model_validate_json((data / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def living(data: Path) -> Announcement | None:
    """Give the announcement of the server that serves this folder now; None when none does.

    A file that was left behind is told by /health: nobody answers, or another process does. Blocks up to PATIENCE
    seconds. Raises NotAllowed when it wants a token that `$PACKETFLOW_SECRET` does not hold.
    """
    found = announced(data)
    if found is None:
        return None
    said = health(found.url, found.host)
    if said.get("code") == "unauthorized":
        message = f"the server at {found.url} asks for a token: set PACKETFLOW_SECRET to its secret"
        raise NotAllowed(message, url=found.url)
    return found if said.get("pid") == found.pid else None


def secret() -> str | None:
    """Give the secret of the servers of this machine, `$PACKETFLOW_SECRET`; None when there is none."""
    return os.environ.get("PACKETFLOW_SECRET") or None


def health(url: str, host: str | None = None) -> Mapping[str, Any]:
    """Ask the server at `url` for its /health; empty when it is no PacketFlow server or does not answer in time."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        return {}
    token = secret()
    headers = {"Host": host} if host is not None else {}
    headers |= {"Authorization": f"Bearer {token}"} if token is not None else {}
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=PATIENCE)
    try:
        connection.request("GET", "/health", headers=headers)
        answer: object = json.loads(connection.getresponse().read(1 << 16))
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return cast("Mapping[str, Any]", answer) if isinstance(answer, dict) else {}
