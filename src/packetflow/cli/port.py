"""The port a server listens on, and who has it when it is taken."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Final

from packetflow.cli.failure import CommandFailed
from packetflow.http.announcement import health

_LISTENING: Final = "0A"


def require_free(host: str, port: int) -> None:
    """See that a port can be listened on; raises CommandFailed, which says who has it and what to do."""
    try:
        _bound(host, port).close()
    except OSError as error:
        raise _refused(host, port, error) from error


def free_port(host: str) -> int:
    """Give a port that nobody listens on."""
    with _bound(host, 0) as found:
        return found.getsockname()[1]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _refused(host: str, port: int, error: OSError) -> CommandFailed:
    if error.errno == errno.EADDRINUSE:
        return CommandFailed(
            f"port {port} is taken by {holder(host, port)}; stop it, or serve elsewhere: --port {port + 1}",
            code="port_taken",
        )
    if error.errno == errno.EACCES:
        return CommandFailed(f"port {port} may not be used by this user; choose one above 1023", code="port_forbidden")
    return CommandFailed(f"{host}:{port} cannot be listened on: {error.strerror or error}", code="address_unusable")


def holder(host: str, port: int) -> str:
    """Say who listens on a port: a PacketFlow server, a process by name, or `another program`."""
    found = health(f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}")  # noqa: S104 - asked, not bound
    if isinstance(pid := found.get("pid"), int):
        return f"a PacketFlow server (process {pid})"
    listener = _listener(port)
    if listener is not None:
        name = _text(Path(f"/proc/{listener}/comm"))
        return f"{name or 'a program'} (process {listener})"
    return "another program"


def _listener(port: int) -> int | None:
    """Find the process that listens on a TCP port; None where the system does not tell (only Linux does)."""
    inodes = {
        fields[9]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for fields in map(str.split, _text(Path(table)).splitlines()[1:])
        if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port
    }
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(entry) in wanted for entry in folder.iterdir()):  # noqa: PTH115 - a socket is no path
                return int(folder.parent.name)
        except OSError:
            continue
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
