"""What the whole suite shares: a plain environment, an empty folder for each test, no way out of this machine."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import hypothesis
import pytest

pytest_plugins = ["tests.stores.postgres_server"]  # a database for whichever test asks for one

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
# Quick suites first: a mistake in the core shows before a journey has started its server.
ORDER = ("tests/core/", "tests/project/", "tests/", "tests/contracts/", "tests/docs/", "tests/journeys/")


class OutsideConnection(OSError):
    """A test, or the code under test, tried to reach something that is not on this machine."""


class Watch:
    """Stands at every socket of this process, from the first test to the last.

    An audit hook, because it also sees sockets that libraries open below `socket.socket`. It cannot be taken away, and
    it both refuses the attempt and remembers it: code that swallows the error still fails its test. Not seen: uvloop,
    which opens sockets without Python's knowledge (no test runs on it without a reason), child processes, and the look
    up of a name that is given to `socket.connect` itself instead of to `getaddrinfo`.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in CONNECTING:
            address = arguments[1]
            if isinstance(address, tuple):  # not the path of a Unix socket
                self._refuse_unless_local(event, cast("tuple[object, ...]", address))
        elif event in RESOLVING:
            self._refuse_unless_local(event, arguments)

    def _refuse_unless_local(self, event: str, address: tuple[object, ...]) -> None:
        if not is_local(address[0]):
            self.attempts.append(f"{event} {address!r}")
            raise OutsideConnection(f"the test suite may only use loopback, not {address!r}")


def is_local(host: object) -> bool:
    """Tell whether a host, as given to a socket call, is on this machine."""
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.lower() in LOCAL_NAMES or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


watch = Watch()


def pytest_configure() -> None:
    """Make the suite independent of whoever runs it, and start the watch."""
    for name in list(os.environ):
        ours = name.startswith("PACKETFLOW_TEST_")
        if name.startswith(("PACKETFLOW_", "ANTHROPIC_", "OPENAI_", "OTEL_")) and not ours:
            del os.environ[name]
    hypothesis.settings.register_profile("suite", deadline=None, print_blob=True)
    hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("suite"), derandomize=True)
    hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "suite")
    sys.addaudithook(watch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the suite by how long its folders take, keeping each file's own order."""

    def rank(item: pytest.Item) -> int:
        folder = max((folder for folder in ORDER if item.nodeid.startswith(folder)), key=len, default=ORDER[-1])
        return ORDER.index(folder)

    items.sort(key=rank)


@pytest.fixture
def outside_connections() -> list[str]:
    """Return the attempts to leave this machine so far; a test that makes one on purpose must clear it."""
    return watch.attempts


@pytest.fixture(autouse=True)
def _stays_on_this_machine(outside_connections: list[str]) -> Iterator[None]:
    yield
    attempts = list(outside_connections)
    outside_connections.clear()
    assert not attempts, f"reached for the outside: {attempts}"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, so that default paths such as ./.packetflow never meet the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return an empty folder for one store."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
