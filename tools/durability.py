"""Kill a process under load with -9, again and again, and compare what it acknowledged with what is stored.

Usage: python -m tools.durability [--rounds N] [--store sqlite|postgresql|postgresql://...] [--seed N] [--broken STORE]
One line of JSON a figure; exit status 1 when anything acknowledged is lost, anything is applied twice, a timer is lost
or comes twice, or a run is neither finished nor asked about. kill -9 leaves the system's page cache whole: this proves
the order of acknowledgement and commit, not that the disk honours a flush.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Condition, Thread
from typing import Any

from benchmarks.report import figure, header
from tools.durable_actors import OUTSIDE
from tools.durable_laws import Found, inspect
from tools.durable_load import store_of

ROOT = Path(__file__).parents[1]
START = 60.0
"""Seconds until a process must be ready."""
BUSY = 300
"""Lines that a process tells before it dies, at most."""
LONGEST = 5.0
"""Seconds it works before it dies, at most."""
DRAIN = 120.0
"""Seconds until all that earlier processes have left must be done."""


class Process:
    """One process under load, and what it told so far."""

    def __init__(self, arguments: list[str], outside: Path) -> None:
        """Start it."""
        self.lines: list[dict[str, Any]] = []
        self._told = Condition()
        self._ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.durable_load", *arguments],
            cwd=ROOT,
            env={**os.environ, OUTSIDE: str(outside)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors: list[str] = []
        self._readers = [Thread(target=self._read), Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._told:
                self.lines.append(json.loads(line))
                self._told.notify_all()
        with self._told:
            self._ended = True
            self._told.notify_all()

    def heard(self, lines: int, seconds: float) -> bool:
        """Wait until it has told so many lines; False when it does not in time."""
        with self._told:
            return self._told.wait_for(lambda: self._ended or len(self.lines) >= lines, seconds)

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            self.errors.append(line)

    def kill(self) -> bool:
        """End it as a crash would; False when it had ended before, which it never should."""
        alive = self._process.poll() is None
        self._process.send_signal(signal.SIGKILL)
        self._join()
        return alive

    def wait(self, seconds: float) -> int | None:
        """Wait for its end and give its status; None, and the end of it, when it has none in time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self._process.kill()
            self._join()

    def _join(self) -> None:
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


@dataclass
class Proof:
    """Rounds of load and sudden death on one store."""

    store: str
    folder: Path
    rounds: int
    seed: int = 0
    broken: str = ""
    busy: int = BUSY
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    drain: float = DRAIN
    """Seconds that the last process gets to do what is left."""
    problems: list[str] = field(default_factory=list[str])
    """What went wrong outside of the laws: a process that ended by itself, or never came up."""

    def __post_init__(self) -> None:
        """Name this proof, so that a database may serve several."""
        self.random = Random(self.seed)  # noqa: S311 - no secret
        self.stamp = f"{self.seed}-{os.getpid()}-{time.time_ns() // 1_000_000_000}"
        self.outside = self.folder / "outside"
        self.outside.touch()

    def run(self) -> Found:
        """Kill, drain, look."""
        for number in range(self.rounds):
            self._round(number)
        self._drain()
        return asyncio.run(self._inspected())

    def _arguments(self, *more: str) -> list[str]:
        broken = ["--broken", self.broken] if self.broken else []
        return ["--store", self.store, "--stamp", self.stamp, *broken, *more]

    def _round(self, number: int) -> None:
        again = self.folder / "again.json"
        again.write_text(json.dumps([line for line in self.lines if line.get("kind") == "put"][-20:]))
        process = Process(self._arguments("--round", str(number), "--again", str(again)), self.outside)
        if self.random.random() < 0.9:  # noqa: PLR2004 - most die at work, some while they start
            process.heard(1, START)
            process.heard(int(self.random.random() * self.busy), LONGEST)
        time.sleep(self.random.random() * (0.02 if process.lines else 1.0))
        if not process.kill():
            self.problems.append(f"round {number} ended by itself: {''.join(process.errors)[-2000:]}")
        self.lines += process.lines

    def _drain(self) -> None:
        process = Process(self._arguments("--drain"), self.outside)
        status = process.wait(self.drain)
        if status != 0:
            said = "".join(process.errors)[-2000:]
            self.problems.append(f"what was left is not done after {self.drain:g} s, status {status}: {said}")

    async def _inspected(self) -> Found:
        reached = await asyncio.to_thread(self.outside.read_text)
        store = store_of(self.store)
        await store.open()
        try:
            return await inspect(store, self.stamp, self.lines, reached.split())
        finally:
            await store.close()


@contextmanager
def stored(named: str, folder: Path) -> Generator[str]:
    """Give the path or address of a store; of `postgresql` alone a server is started, as the tests do."""
    if named == "sqlite":
        yield str(folder / "proof.db")
    elif named == "postgresql":
        from tests.stores.postgres_server import own_server  # noqa: PLC0415 - needs the tests' libraries

        for server in own_server():
            yield server.dsn()
    else:
        yield named


def report(proof: Proof, found: Found, seconds: float) -> int:
    """Print the figures and give how many violations there are."""
    kind = proof.store.partition("://")[0] if "://" in proof.store else "sqlite"
    header(store=kind, seed=proof.seed, seconds=round(seconds, 1))
    counts = {"rounds": proof.rounds, "acked": found.acked, "applied": found.applied, "timers": found.timers}
    counts |= {"runs": found.runs, "resumed": found.resumed, "asked": found.asked}
    for name, count in counts.items():
        figure(f"kill -9 on {kind}: {name}", count, "1")
    laws = found.broken | {"ended": proof.problems}
    for name, broken in laws.items():
        figure(f"kill -9 on {kind}: {name.replace('_', ' ')}", len(broken), "1", goal="0", met=not broken)
        for one in broken[:10]:
            print(f"{name}: {one}", file=sys.stderr)
    return sum(map(len, laws.values()))


def main() -> int:
    """Prove it, or say what is broken."""
    parser = argparse.ArgumentParser(description="Kill a process under load, again and again.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--store", default="sqlite", help="sqlite, postgresql (a server is started), or postgresql://user@host/database"
    )
    parser.add_argument("--seed", type=int, default=0, help="of when the processes die")
    parser.add_argument("--broken", default="", help="a store that breaks its word, of tools.broken_stores")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stored(given.store, Path(folder)) as store:
        begin = time.perf_counter()
        proof = Proof(store, Path(folder), given.rounds, given.seed, given.broken)
        found = proof.run()
        return 1 if report(proof, found, time.perf_counter() - begin) else 0


if __name__ == "__main__":
    sys.exit(main())
