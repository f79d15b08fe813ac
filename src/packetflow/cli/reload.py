"""`packetflow serve --reload`: a process that serves, and one that starts it again when a source file changes."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors.statreload import StatReload

from packetflow.cli.apps import chosen, search_path
from packetflow.cli.failure import CommandFailed, failure_of
from packetflow._core.errors import PacketFlowError

if TYPE_CHECKING:
    from socket import socket

    from packetflow.cli.serve import Serve


def watch(command: Serve) -> None:
    """Serve in a child process, and start another when a source file of the app or of PacketFlow changes.

    A child that cannot start, for a mistake in the file just saved, is started again at the next change.
    """
    spec = chosen(command.app)
    search_path()
    folders = sorted({str(folder) for folder in (_folder(spec.partition(":")[0]), _folder("packetflow")) if folder})
    config = uvicorn.Config(spec, reload=True, reload_dirs=folders, log_config=None)
    child = replace(command, reload=False, app=spec)
    StatReload(config, target=partial(_serve, child), sockets=[]).run()


def _serve(command: Serve, sockets: list[socket] | None = None) -> None:
    """Serve within the child."""
    del sockets
    try:
        command.serve()
    except (CommandFailed, PacketFlowError) as error:
        command.screen.fail(error if isinstance(error, CommandFailed) else failure_of(error))
        sys.exit(1)


def _folder(module: str) -> Path | None:
    """Give the folder of a module's top package, or of a single file."""
    found = find_spec(module.partition(".")[0])
    return Path(found.origin).parent if found is not None and found.origin is not None else None
