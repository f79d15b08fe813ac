"""Finds the app that a command is about."""

from __future__ import annotations

import importlib
import sys
import tomllib
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, cast

from packetflow.app import App
from packetflow.cli.failure import CommandFailed, usage

GROUP: Final = "packetflow.apps"
"""Entry points by which an installed distribution offers its app."""

_FIRST: Final = "chat"
_HOW = "say MODULE:APP, such as shop.app:app"


def chosen(name: str | None) -> str:
    """Give the `module:attribute` of an app: the one named (so, or by entry point), the project's, or an installed one.

    The project's is `[tool.packetflow] app` of `pyproject.toml` in the working folder. Raises CommandFailed when
    nothing fits.
    """
    offered = {point.name: point.value for point in entry_points(group=GROUP)}
    if name is None:
        name = _of_project() or (_FIRST if _FIRST in offered else min(offered, default=""))
    if ":" in name:
        return name
    if name in offered:
        return offered[name]
    known = f"; installed: {', '.join(sorted(offered))}" if offered else ""
    raise usage(f"there is no app {name!r}: {_HOW}{known}" if name else f"no app is installed: {_HOW}")


def load(spec: str) -> App:
    """Import an app by `module:attribute`; raises CommandFailed, which names what is missing."""
    module_name, _, path = spec.partition(":")
    search_path()
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise usage(f"there is no module {module_name!r} for the app {spec!r}; {_HOW}") from error
        raise CommandFailed(f"the app {spec!r} needs {error.name!r}, which is not installed") from error
    except SyntaxError as error:
        raise CommandFailed(
            f"the app {spec!r} has a syntax error: {error.filename}:{error.lineno}: {error.msg}"
        ) from error
    except Exception as error:
        raise CommandFailed(
            f"the app {spec!r} cannot be imported: {_where(error)}{type(error).__name__}: {error}"
        ) from error
    for part in path.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, App):
        raise usage(f"{spec!r} is not an app; in {module_name!r}, {path!r} must be a packetflow.App")
    return found


def search_path() -> None:
    """Let modules of the working folder be imported, as `python -m` would."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def _where(error: BaseException) -> str:
    """Name the line that raised an error."""
    lines = list(traceback.walk_tb(error.__traceback__))
    return f"{lines[-1][0].f_code.co_filename}:{lines[-1][1]}: " if lines else ""


def _of_project() -> str | None:
    try:
        with Path("pyproject.toml").open("rb") as source:
            project = tomllib.load(source)
    except (OSError, tomllib.TOMLDecodeError):
        return None
    table: object = project.get("tool", {}).get("packetflow", {})
    found = cast("dict[str, object]", table).get("app") if isinstance(table, dict) else None
    return found if isinstance(found, str) else None
