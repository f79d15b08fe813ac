"""`packetflow serve --reload`: a process that serves, and one that starts it again when a source file changes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors.statreload import StatReload

from packetflow.cli.apps import search_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket


def watch(spec: str, target: Callable[[list[socket] | None], None]) -> None:
    """Call `target` in a child process, and in another when a source file of the app or of PacketFlow changes.

    A child that cannot start, for a mistake in the file just saved, is started again at the next change. Returns once
    the process was told to stop and the child has ended.
    """
    search_path()
    folders = sorted({str(folder) for folder in (_folder(spec.partition(":")[0]), _folder("packetflow")) if folder})
    config = uvicorn.Config(spec, reload=True, reload_dirs=folders, log_config=None)
    StatReload(config, target=target, sockets=[]).run()


def _folder(module: str) -> Path | None:
    """Give the folder of a module's top package, or of a single file."""
    found = find_spec(module.partition(".")[0])
    return Path(found.origin).parent if found is not None and found.origin is not None else None
