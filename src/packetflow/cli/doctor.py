"""`packetflow doctor`: is everything here that is needed, and what is missing for the rest."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Final, Literal

import typer
from rich.text import Text

from packetflow._core.errors import PacketFlowError
from packetflow.cli.apps import chosen, load
from packetflow.cli.failure import CommandFailed
from packetflow.cli.options import DataCommand
from packetflow.cli.place import probe
from packetflow.cli.screen import clean
from packetflow.http.announcement import announced, living
from packetflow.stores.chosen import default_store

Verdict = Literal["ok", "optional", "broken"]

_MARKS: Final = {"ok": ("✓", "green"), "optional": ("-", "yellow"), "broken": ("✗", "bold red")}
_OLDEST: Final = (3, 11)
_ROOM: Final = 100 * 1024 * 1024
"""Bytes a disk should have left."""

_EXTRAS: Final = {
    "http": ("the server", ("fastapi", "uvicorn", "httpx2", "websockets")),
    "chat": ("the chat application", ("nltk-vader-sentiment",)),
    "llm": ("planning with a language model", ("pydantic-ai-slim",)),
    "postgres": ("a store in PostgreSQL", ("asyncpg",)),
    "otel": ("traces to OpenTelemetry", ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    said: str
    """What was found; where something is missing, how to get it. Holds no key."""


@dataclass(frozen=True, kw_only=True)
class Doctor(DataCommand):
    """Check Python, data, store, server, planners and extras; say how to get what is missing.

    The exit status is 1 when something is broken that is needed. No key is ever shown.
    """

    def run(self) -> None:
        """Look at everything, also when something was broken before."""
        data = self.place.data
        found = [_python(), *_guarded("app", self._app), *_guarded("data", lambda: _folder(data))]
        found += [*_guarded("store", self._store), *_guarded("planners", _planners), *_extras()]
        broken = sum(one.verdict == "broken" for one in found)
        self.screen.give({"ok": not broken, "findings": [asdict(one) for one in found]})
        width = max(len(one.name) for one in found)
        for one in found:
            mark, style = _MARKS[one.verdict]
            self.screen.show(Text() + Text(f"{mark} ", style) + Text(f"{one.name:{width}}  ", "bold") + clean(one.said))
        self.screen.show("", f"{broken} broken." if broken else "Everything needed is here.")
        if broken:
            raise typer.Exit(1)

    def _app(self) -> Iterator[Finding]:
        spec = chosen(self.app)
        app = load(spec)
        yield Finding("app", "ok", f"{spec}: {len(app.registry)} capabilities, {len(app.registry.actors)} actor types")

    def _store(self) -> Iterator[Finding]:
        """Ask the running server, or open the store as a command would."""
        data = self.place.data
        server = living(data)
        if server is not None:
            yield Finding("server", "ok", f"{server.url}, process {server.pid}, version {server.version}")
            yield Finding("store", "ok", "open in the server")
            return
        stale = announced(data)
        left = f"; the announcement of process {stale.pid} is stale and ignored" if stale is not None else ""
        yield Finding("server", "ok", f"none runs for this folder: commands open the data themselves{left}")
        store = default_store(data, self.store)
        path = getattr(store, "path", None)
        if isinstance(path, Path) and not path.exists():
            yield Finding("store", "ok", f"{path} will be made at first use")
            return
        asyncio.run(probe(store))
        size = f", {path.stat().st_size / 1e6:.1f} MB" if isinstance(path, Path) else ""
        yield Finding("store", "ok", f"{store if path is None else path}{size}")


def _guarded(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Let one look fail without keeping the others from theirs."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except (PacketFlowError, CommandFailed) as error:
        found.append(Finding(name, "broken", error.message))
    except (OSError, ImportError) as error:
        found.append(Finding(name, "broken", str(error)))
    return found


def _python() -> Finding:
    said = f"{platform.python_implementation()} {platform.python_version()}, packetflow {version('packetflow')}"
    if sys.version_info < _OLDEST:
        return Finding("python", "broken", f"{said}; 3.11 or newer is needed")
    return Finding("python", "ok", said)


def _folder(data: Path) -> Iterator[Finding]:
    place = next(folder for folder in (data.absolute(), *data.absolute().parents) if folder.exists())
    if not place.is_dir():
        yield Finding("data", "broken", f"{place} is a file, not a folder; choose another with --data")
    elif not os.access(place, os.W_OK | os.X_OK):
        yield Finding("data", "broken", f"{place} may not be written by this user; choose another with --data")
    elif (free := shutil.disk_usage(place).free) < _ROOM:
        yield Finding("data", "broken", f"{data.absolute()}: only {free / 1e6:.0f} MB are left on the disk")
    else:
        yield Finding("data", "ok", f"{data.absolute()}{'' if data.exists() else ' (will be made at first use)'}")


def _planners() -> Iterator[Finding]:
    from packetflow.models.settings import readiness  # noqa: PLC0415 - only the doctor asks

    yield Finding("planner rules", "ok", "ready; needs no key")
    for one in readiness(os.environ):
        model = f"{one.model} at {one.host}" if one.ready else ""
        said = "; ".join(part for part in (model, one.note) if part)
        yield Finding(f"planner {one.provider}", "ok" if one.ready else "optional", said)


def _extras() -> Iterator[Finding]:
    for extra, (purpose, needed) in _EXTRAS.items():
        missing = [name for name in needed if not _installed(name)]
        if missing:
            said = f"{purpose}: {', '.join(missing)} missing; pip install 'packetflow[{extra}]'"
            yield Finding(f"extra {extra}", "broken" if extra == "http" else "optional", said)
        else:
            yield Finding(f"extra {extra}", "ok", purpose)


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
