"""`server.json`."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from packetflow.http.announcement import FILE, Announcement, announce, announced, living, withdraw


def announcement(url: str = "http://127.0.0.1:1", pid: int = 1) -> Announcement:
    """Make an announcement of a server that need not be there."""
    return Announcement(url=url, pid=pid, version="0", started_at=datetime(2024, 2, 29, tzinfo=UTC))


@pytest.fixture
def other() -> Iterator[str]:
    """Return the address of a server that is this process and says so."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "ok", "pid": os.getpid()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            del format, args

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_what_was_announced_is_read_back_whole(data_dir: Path) -> None:
    announce(data_dir, announcement())
    assert announced(data_dir) == announcement()
    assert [path.name for path in data_dir.iterdir()] == [FILE]


def test_a_server_withdraws_its_own_announcement_only(data_dir: Path) -> None:
    announce(data_dir, announcement(pid=2))
    withdraw(data_dir, 1)
    assert announced(data_dir) is not None
    withdraw(data_dir, 2)
    assert announced(data_dir) is None


def test_a_server_lives_when_it_answers_as_the_process_announced(data_dir: Path, other: str) -> None:
    announce(data_dir, announcement(other, os.getpid()))
    assert living(data_dir) == announcement(other, os.getpid())


def test_another_process_at_the_address_is_not_taken_for_the_server(data_dir: Path, other: str) -> None:
    announce(data_dir, announcement(other, os.getpid() + 1))
    assert living(data_dir) is None


@pytest.mark.parametrize("written", ["", "{", "[]", '{"url": "http://127.0.0.1:1"}', '{"url": 1}'])
def test_a_file_that_is_no_announcement_is_ignored(data_dir: Path, written: str) -> None:
    (data_dir / FILE).write_text(written)
    assert living(data_dir) is None


def test_nobody_at_the_address_is_no_server(data_dir: Path) -> None:
    announce(data_dir, announcement())
    assert living(data_dir) is None
