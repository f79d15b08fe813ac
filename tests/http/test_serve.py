import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.http.club import Gate, Room, club
from tests.http.serving import serving

from packetflow._core.errors import DeclarationError
from packetflow.http.serve import listen
from packetflow.http.settings import Settings
from packetflow.stores.sqlite.store import SQLiteStore

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, time, asyncio
from pathlib import Path
import packetflow as pf
from packetflow.http.serve import leave, serve
from packetflow.http.settings import Settings
from packetflow.stores.sqlite.store import SQLiteStore
from tests.http.club import club, Room

@pf.capability(effect="read")
def block() -> str:
    '''Hold a thread for a minute.'''
    print("blocking", flush=True)
    time.sleep(60)
    return "late"

@pf.capability(effect="read")
async def offload() -> str:
    '''Hold a thread of the event loop's own pool for ten minutes.'''
    print("blocking", flush=True)
    return await asyncio.to_thread(time.sleep, 600)

@pf.capability(effect="read")
async def stubborn() -> str:
    '''Swallow every cancellation for ten minutes.'''
    end = time.monotonic() + 600
    print("blocking", flush=True)
    while time.monotonic() < end:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass
    return "late"

@pf.capability(effect="read")
async def hog() -> str:
    '''Hold the event loop for ten minutes.'''
    print("blocking", flush=True)
    time.sleep(600)
    return "late"

class Mule(pf.Actor):
    @pf.capability
    async def balk(self) -> str:
        '''Swallow every cancellation.'''
        return await stubborn.function()

app = club(store=SQLiteStore(Path("club.db")))
app = pf.App(*app.registry.actors.values(), *[d for d in app.registry.values() if d.owner is None],
             block, offload, stubborn, hog, Mule, store=SQLiteStore(Path("club.db")), planners=[])
serve(app, Settings(port=int(sys.argv[1])), announce=lambda url: print("ready", url, flush=True))
print("closed", flush=True)
leave()
"""


@asynccontextmanager
async def process() -> AsyncGenerator[tuple[asyncio.subprocess.Process, httpx2.AsyncClient]]:
    """Start a server in a process of its own; gives it once it takes requests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        async with (
            asyncio.timeout(30),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            assert started.stdout is not None
            line = await started.stdout.readline()
            assert line.decode().split() == ["ready", f"http://localhost:{port}"], await _errors(started)
            yield started, http
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def _errors(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """Wait for the end, far shorter than what was blocked would take; gives the exit code and what was printed."""
    async with asyncio.timeout(20):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_sigterm_tells_whoever_waits_keeps_what_was_acknowledged_and_ends_with_0(tmp_path: Path) -> None:
    async with process() as (server, http):
        sent = {"payload": {"room_id": "lobby", "text": "kept"}}
        assert (await http.post("/api/ai/capability/room.post", json=sent)).status_code == 200
        plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}], "output": {"step": "w"}}
        run = (await http.post("/api/ai/execute?wait=false", json={"plan": plan})).json()["execution_id"]
        waiting = asyncio.create_task(http.post("/api/ai/execute", json={"plan": plan}))
        async with http.sse(f"/api/runs/{run}/events") as events:
            kinds: list[str] = []
            async for event in events:
                if event.event == "StepStarted":
                    while (await http.get("/health")).json()["counts"]["runs_alive"] < 2:
                        pass
                    server.send_signal(signal.SIGTERM)
                kinds.append(event.event)
        answer = await waiting
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
        assert answer.json()["execution_id"]
        assert kinds[-1] == "RunInterrupted"
        assert await ended(server) == (0, "closed\n")
    store = SQLiteStore(tmp_path / "club.db")
    async with club(store=store) as root:
        assert [line.text for line in await root.actor(Room, "lobby").ask(Room.history)] == ["kept"]
        assert [(await root.found(row.id)).status for row in await root.runs()] == ["running", "running"]


async def test_a_capability_that_blocks_does_not_hold_up_the_end() -> None:
    async with process() as (server, http):
        blocked = asyncio.create_task(http.post("/api/ai/capability/block", json={}))
        assert server.stdout is not None
        assert await server.stdout.readline() == b"blocking\n"
        server.send_signal(signal.SIGTERM)
        code, printed = await ended(server)
        assert (code, printed) == (0, "closed\n")
        answer = await blocked
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")


async def test_a_worker_thread_of_asyncio_that_blocks_does_not_hold_up_the_end() -> None:
    async with process() as (server, http):
        blocked = asyncio.create_task(http.post("/api/ai/capability/offload", json={}))
        assert server.stdout is not None
        assert await server.stdout.readline() == b"blocking\n"
        server.send_signal(signal.SIGTERM)
        assert await ended(server) == (0, "closed\n")
        assert (await blocked).json()["code"] == "stopping"


@pytest.mark.parametrize(
    ("path", "sent", "named"),
    [
        ("/api/ai/capability/stubborn", {}, "stubborn at"),
        ("/api/ai/capability/hog", {}, "nothing that could be named"),
        ("/api/actors/mule:m/messages", {"message": {}, "capability": "balk"}, "actor mule:m"),
        (
            "/api/ai/execute",
            {"plan": {"nodes": [{"kind": "step", "id": "s", "capability_id": "stubborn"}], "output": {"step": "s"}}},
            "run ",
        ),
    ],
    ids=["call", "event-loop", "actor", "run"],
)
async def test_what_ignores_its_cancellation_is_named_and_left_and_nothing_is_lost(
    tmp_path: Path, path: str, sent: dict[str, Any], named: str
) -> None:
    async with process() as (server, http):
        kept = {"payload": {"room_id": "lobby", "text": "kept"}}
        assert (await http.post("/api/ai/capability/room.post", json=kept)).status_code == 200
        waiting = asyncio.create_task(http.post(path, json=sent, timeout=60))
        assert server.stdout is not None
        assert await server.stdout.readline() == b"blocking\n"
        server.send_signal(signal.SIGTERM)
        async with asyncio.timeout(25):
            out, err = await server.communicate()
        assert server.returncode == 1, err.decode()
        assert b"closed" not in out
        assert "leaving it: " in err.decode()
        assert named in err.decode()
        await asyncio.wait([waiting])
        waiting.exception()
    async with club(store=SQLiteStore(tmp_path / "club.db")) as root:
        assert [line.text for line in await root.actor(Room, "lobby").ask(Room.history)] == ["kept"]


async def test_interrupt_ends_with_0_too() -> None:
    async with process() as (server, _):
        server.send_signal(signal.SIGINT)
        assert await ended(server) == (0, "closed\n")


def test_a_port_that_is_taken_is_named() -> None:
    with listen(Settings(port=0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(DeclarationError, match=f"127.0.0.1:{port}.*--port"):
            listen(Settings(port=port))


async def test_an_app_can_be_served_again_after_it_was_stopped() -> None:
    app = club()
    for _ in range(2):
        async with serving(app) as served:
            sent = {"payload": {"room_id": "lobby", "text": "x"}}
            assert (await served.http.post("/api/ai/capability/room.post", json=sent)).status_code == 200


async def test_what_comes_while_the_server_stops_is_refused() -> None:
    async with serving(club()) as served:
        await served.http.get("/health")
        served.server.api.state.site.stopping = True
        answer = await served.http.post("/api/ai/capability/club_time", json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
        served.server.api.state.site.stopping = False


async def test_no_task_is_left_behind(gate: Gate) -> None:
    before = asyncio.all_tasks()
    async with serving(club(gate)) as served:
        plan: dict[str, Any] = {
            "nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}],
            "output": {"step": "w"},
        }
        await served.http.post("/api/ai/execute?wait=false", json={"plan": plan})
    assert asyncio.all_tasks() == before
    assert gate.left.is_set()
