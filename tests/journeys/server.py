"""A real server process on a data folder, for journeys: started, asked over HTTP, killed with -9, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

START = 60
"""Seconds until a server must be ready; the machine may be busy."""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One `packetflow serve` process."""

    def __init__(self, data: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        """Start it and wait until it answers."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            sys.executable,
            "-m",
            "packetflow",
            "serve",
            "--port",
            str(self.port),
            "--data",
            str(data),
            *arguments,
        ]
        self.log = data.parent / f"server-{self.port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(env or {})})
        self.http = httpx2.Client(base_url=self.url, timeout=60)
        self._wait()

    def _wait(self) -> None:
        transport = httpx2.HTTPTransport(retries=20)  # connection attempts back off by themselves
        with httpx2.Client(transport=transport, base_url=self.url, timeout=START) as first:
            assert first.get("/health").status_code == 200, self.log.read_text()

    def post(self, path: str, body: object, **headers: str) -> Any:  # noqa: ANN401 - JSON
        """Send JSON and give the JSON of the answer, whatever its status."""
        return self.http.post(path, json=body, headers=headers).json()

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Get JSON, whatever its status."""
        return self.http.get(path).json()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.http.close()

    def stop(self) -> int:
        """Ask it to end and give its exit code."""
        self.process.terminate()
        self.http.close()
        return self.process.wait(timeout=20)


@contextmanager
def serving(data: Path, *arguments: str, env: dict[str, str] | None = None) -> Generator[Server]:
    """Serve a data folder while the context is open."""
    server = Server(data, *arguments, env=env)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def command(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `packetflow` with a data folder."""
    environment = {**os.environ, "PACKETFLOW_DATA": str(data)}
    return subprocess.run(
        [sys.executable, "-m", "packetflow", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
