"""Runs the command line as its users do: as processes, with a real server where one is needed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from packetflow.cli.root import main

DEADLINE = 60
"""Seconds that one process may take; far more than it needs."""

SHOP = '''
import asyncio
from pathlib import Path

import packetflow as pf
from pydantic import BaseModel


class Person(BaseModel):
    name: str
    age: int = 0


class Order(BaseModel):
    item: str
    count: int
    price: float
    gift: bool
    labels: list[str]
    buyer: Person | None


@pf.capability(effect="read", examples=["price the order of cups"])
async def price_order(
    item: str,
    count: int = 1,
    price: float = 1.5,
    gift: bool = False,
    labels: list[str] = [],
    buyer: Person | None = None,
) -> Order:
    """Price an order."""
    return Order(item=item, count=count, price=price, gift=gift, labels=labels, buyer=buyer)


@pf.capability(effect="read")
async def refuse(item: str) -> str:
    """Refuse every item."""
    raise pf.Conflict(f"there is no {item} left")


@pf.capability(effect="delete", examples=["burn the letter"])
async def burn(item: str) -> str:
    """Burn an item."""
    with Path("burned.txt").open("a") as ashes:
        ashes.write(item + "\\n")
    return f"{item} is gone"


@pf.capability(effect="money", confirm=True)
async def pay(amount: int) -> int:
    """Pay an amount."""
    return amount


@pf.capability(effect="read")
async def wait_forever(item: str) -> str:
    """Wait for an item that never comes."""
    print("waiting", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        Path("ended.txt").write_text(item)
    return item


class Counted(pf.Event):
    by: int


class CounterState(BaseModel):
    total: int = 0


class Counter(pf.Actor[CounterState]):
    """Counts."""

    @pf.capability
    async def add(self, by: int = 1) -> int:
        """Add to the counter."""
        self.state.total += by
        self.emit(Counted(by=by))
        return self.state.total

    @pf.capability
    async def receive(self, message: str, context: dict[str, str] = {}) -> str:
        """Take a message."""
        return f"{self.key} heard {message!r} with {context}"


async def seed(root: pf.Client) -> None:
    await root.actor(Counter, "seeded").ask(Counter.add, 7)


app = pf.App(price_order, refuse, burn, pay, wait_forever, Counter, seed=seed)
'''


@dataclass(frozen=True)
class Outcome:
    """What one command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The one JSON value on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A folder with the app `shop.py`, in which commands are run."""

    folder: Path
    running: list["Started"] = field(default_factory=list["Started"])
    """Every command that was left running."""

    def __call__(self, *arguments: str, text: str | None = None, **variables: str) -> Outcome:
        """Run one command to its end."""
        ended = subprocess.run(
            [sys.executable, "-m", "packetflow", *arguments],
            cwd=self.folder,
            env=environment(variables),
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, **variables: str) -> "Started":
        """Start one command and leave it running."""
        process = subprocess.Popen(
            [sys.executable, "-m", "packetflow", *arguments],
            cwd=self.folder,
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.running.append(Started(process))
        return self.running[-1]

    def serve(self, *arguments: str, **variables: str) -> "Started":
        """Serve on any port and return when requests are taken; its first line is in `ready`."""
        started = self.start("serve", "--port", "0", "--json", *arguments, **variables)
        started.ready.update(json.loads(started.line()))
        return started


class Started:
    """A command that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.ready: dict[str, Any] = {}

    def line(self) -> str:
        """Read the next line it prints; fails with what it said when there is none in time."""
        assert self.process.stdout is not None
        guard = Timer(DEADLINE, self.process.kill)
        guard.start()
        try:
            line = self.process.stdout.readline()
        finally:
            guard.cancel()
        assert line, self.process.communicate()[1]
        return line

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def stop(self, number: int = signal.SIGINT) -> Outcome:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE)
        return Outcome(self.process.returncode, out, err)


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Give the environment of a command; its width does not depend on who runs the suite."""
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"} | variables


def shell_in(folder: Path) -> Shell:
    """Make a project with the app in a folder."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "pyproject.toml").write_text('[tool.packetflow]\napp = "shop:app"\n')
    return Shell(folder)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Return an own folder with the app, and no data yet."""
    shell = shell_in(tmp_path)
    yield shell
    for started in shell.running:
        started.end()


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return what runs a command in this process, for what needs no process of its own."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "argv", ["packetflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        status = ended.value.code or 0
        assert isinstance(status, int)
        return Outcome(status, out, err)

    return run


@pytest.fixture
def asked(inside: Callable[..., Outcome], served: Shell) -> Callable[..., Outcome]:
    """Return what runs a command in this process, through the server that the suite shares."""
    return lambda *arguments: inside(*arguments, "--data", str(served.folder / ".packetflow"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Return a folder whose data a server has, for commands that work through it."""
    shell = shell_in(tmp_path_factory.mktemp("served"))
    server = shell.serve()
    yield shell
    try:
        assert server.stop().status == 0
    finally:
        server.end()
