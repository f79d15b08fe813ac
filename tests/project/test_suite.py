"""The suite's own guards: nothing it runs reaches beyond this machine or writes into the checkout."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

# Reserved for documentation (RFC 5737, RFC 3849; the name below by RFC 2606): nobody answers there.
OUTSIDE = ["192.0.2.1", "2001:db8::1"]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", OUTSIDE)
def test_a_socket_cannot_connect_to_the_outside(host: str, outside_connections: list[str]) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(OSError, match="only use loopback"):
        outside.connect((host, 80))
    assert len(outside_connections) == 1
    outside_connections.clear()


def test_a_datagram_cannot_be_sent_to_the_outside(outside_connections: list[str]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as outside, pytest.raises(OSError, match="only use loopback"):
        outside.sendto(b"hello", ("192.0.2.1", 9))
    assert outside_connections
    outside_connections.clear()


async def test_an_event_loop_cannot_look_up_an_outside_name(outside_connections: list[str]) -> None:
    with pytest.raises(OSError, match="only use loopback"):
        await asyncio.open_connection("outside.example", 80)
    assert outside_connections
    outside_connections.clear()


async def test_an_http_client_cannot_reach_the_outside(outside_connections: list[str]) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        with pytest.raises((httpx2.ConnectError, OSError)):
            await client.get("http://192.0.2.1/")
    assert outside_connections
    outside_connections.clear()


async def test_loopback_can_be_reached(outside_connections: list[str]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "localhost", 0)
    async with asyncio.timeout(10), server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()
    assert not outside_connections


def test_an_attempt_whose_error_is_swallowed_still_fails_its_test(tmp_path: Path) -> None:
    inner = tmp_path / "test_inner.py"
    inner.write_text(
        "import contextlib, socket\n\n\n"
        "def test_calls_home():\n"
        "    with contextlib.suppress(OSError), socket.socket() as outside:\n"
        "        outside.connect(('192.0.2.1', 80))\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), str(inner)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout
    assert "reached for the outside: [\"socket.connect ('192.0.2.1', 80)\"]" in ran.stdout


def test_a_test_runs_in_an_empty_folder_outside_the_checkout() -> None:
    assert not list(Path.cwd().iterdir())
    assert not Path.cwd().is_relative_to(ROOT)


def test_keys_of_the_person_who_runs_the_suite_are_not_seen() -> None:
    assert not [name for name in os.environ if name.startswith(("ANTHROPIC_", "OPENAI_", "PACKETFLOW_"))]
