"""`packetflow serve`: serve an app until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from packetflow._core.errors import PacketFlowError
from packetflow.app import data_directory
from packetflow.cli.apps import chosen, load
from packetflow.cli.failure import CommandFailed, failure_of
from packetflow.cli.logs import LogForm, write_logs
from packetflow.cli.options import Command, StoreOption
from packetflow.cli.place import probe
from packetflow.cli.port import free_port, require_free
from packetflow.http.announcement import Announcement, announce, living, withdraw
from packetflow.stores.chosen import default_store

if TYPE_CHECKING:
    from socket import socket

    from packetflow.app import App
    from packetflow.http.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Serve(Command):
    """Serve an app: its HTTP API and its data, until Ctrl-C.

    The app is one named here (MODULE:APP, or the name of an installed one), that of ./pyproject.toml
    ("app" under "tool.packetflow"), or the installed chat application. On any address but loopback the server
    asks for a secret ($PACKETFLOW_SECRET) and for the names it is reached by (--allowed-host).
    """

    app: Annotated[str | None, typer.Argument(metavar="[MODULE:APP]", help="Which app.")] = None
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on.", show_default="127.0.0.1")] = (
        None
    )
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any.", show_default="4000")
    ] = None
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="The data folder.", show_default="$PACKETFLOW_DATA or ./.packetflow"
        ),
    ] = None
    store: StoreOption = None
    empty: Annotated[bool, typer.Option("--empty", help="Begin a new data folder without the app's examples.")] = False
    reload: Annotated[bool, typer.Option("--reload", help="Start again whenever a source file changes.")] = False
    allowed_host: Annotated[
        list[str] | None, typer.Option("--allowed-host", help="A name the server is reached by. Can be repeated.")
    ] = None
    log: Annotated[LogForm, typer.Option("--log", help="How the log looks on stderr.")] = "human"

    def run(self) -> None:
        """Serve, or watch a process that serves."""
        if self.reload:
            from packetflow.cli.reload import watch  # noqa: PLC0415 - uvicorn; `--help` need not pay for it

            spec = chosen(self.app)
            watch(spec, partial(_serve_in_child, replace(self, reload=False, app=spec)))
        else:
            self.serve()

    def serve(self) -> None:
        """Serve until the process is told to stop; ends the process."""
        from packetflow.http.serve import leave, serve  # noqa: PLC0415 - the web stack; `--help` need not pay for it

        data = self.data if self.data is not None else data_directory()
        spec = chosen(self.app)
        app = load(spec).placed(data, seeded=not self.empty, store=self.store)
        settings = self._settings()
        self._ready(data, settings)
        log = write_logs(data, self.log)

        def started(url: str) -> None:
            announce(data, _announcement(settings))
            self._greet(spec, url, data, app)

        try:
            serve(app, settings, announce=started)
        except SystemExit as error:
            message = f"the app {spec} could not be started; {log} says why"
            raise CommandFailed(message, code="not_started") from error
        finally:
            withdraw(data, os.getpid())
        self.screen.note("Stopped; everything is stored.")
        leave()

    def _settings(self) -> Settings:
        from packetflow.http.settings import Settings  # noqa: PLC0415 - see serve

        port = free_port(self.host or "127.0.0.1") if self.port == 0 else self.port
        return Settings.from_environment(host=self.host, port=port, allowed_hosts=tuple(self.allowed_host or ()))

    def _ready(self, data: Path, settings: Settings) -> None:
        """See that nobody serves the folder, the port is free and the store opens; raises what is in the way."""
        other = living(data)
        if other is not None:
            served = f"{data} is served already, at {other.url} by process {other.pid}"
            raise CommandFailed(f"{served}; stop it, or name another folder: --data", code="served_already")
        require_free(settings.host, settings.port)
        try:
            data.mkdir(parents=True, exist_ok=True)
            asyncio.run(probe(default_store(data, self.store)))
        except OSError as error:
            message = f"the data folder {data} cannot be used: {error.strerror}; --data names another"
            raise CommandFailed(message, code="data_folder") from error

    def _greet(self, spec: str, url: str, data: Path, app: App) -> None:
        """Print where everything is, once requests are taken; for a program as one line of JSON."""
        planners = list(app.parts.planning.names)
        if self.as_json:
            ready = {"url": url, "pid": os.getpid(), "app": spec, "data": str(data.resolve()), "planners": planners}
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            return
        lines = {"app": spec, "data": str(data.resolve()), "planners": ", ".join(planners), "docs": f"{url}/docs"}
        width = max(map(len, lines))
        self.screen.show("", Text("  PacketFlow is ready at ") + Text(url, "bold cyan"), "")
        for name, said in lines.items():
            self.screen.show(Text() + Text(f"  {name:{width}}  ", "dim") + Text(said))
        self.screen.show("", Text("  Ctrl-C stops it.", "dim"), "")
        sys.stdout.flush()


def _serve_in_child(command: Serve, sockets: list[socket] | None = None) -> None:
    """Serve within the child of --reload."""
    del sockets
    try:
        command.serve()
    except (CommandFailed, PacketFlowError) as error:
        command.screen.fail(error if isinstance(error, CommandFailed) else failure_of(error))
        sys.exit(1)


def _announcement(settings: Settings) -> Announcement:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104 - not bound here
    return Announcement(
        url=f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}",
        pid=os.getpid(),
        version=version("packetflow"),
        started_at=datetime.now(UTC),
        host=None if settings.loopback else settings.allowed_hosts[0],
    )
