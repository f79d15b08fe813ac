"""`packetflow serve`, and the commands that find the server by themselves."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome, Shell

SECRET = "a secret of thirty-two characters"  # noqa: S105 - of this test


def test_a_server_says_where_it_is_and_takes_it_back_when_it_stops(shell: "Shell") -> None:
    server = shell.serve("--data", "data")
    written = json.loads((shell.folder / "data" / "server.json").read_text())
    with urllib.request.urlopen(f"{written['url']}/health") as answer:  # noqa: S310 - loopback
        health = json.load(answer)
    assert written["pid"] == server.ready["pid"] == health["pid"] == server.process.pid
    assert server.ready["data"] == str((shell.folder / "data").resolve())
    stopped = server.stop(signal.SIGTERM)
    assert stopped.status == 0
    assert "everything is stored" in stopped.err
    assert not (shell.folder / "data" / "server.json").exists()


def test_commands_work_on_the_same_data_while_the_server_runs_and_after(shell: "Shell") -> None:
    server = shell.serve()
    assert shell("call", "counter.add", "key=till", "by=4", "--json").json == 4
    store = next(one for one in shell("doctor", "--json").json["findings"] if one["name"] == "store")
    assert store["said"] == "open in the server"
    assert server.stop().status == 0
    assert shell("call", "counter.add", "key=till", "by=5", "--json").json == 9


def test_the_announcement_of_a_killed_server_is_ignored(shell: "Shell") -> None:
    server = shell.serve()
    assert shell("call", "counter.add", "key=till", "--json").json == 1
    server.stop(signal.SIGKILL)
    assert (shell.folder / ".packetflow" / "server.json").exists()
    assert shell("call", "counter.add", "key=till", "--json").json == 2


def test_a_busy_port_is_named_with_who_has_it_and_nothing_is_made(shell: "Shell") -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shell("serve", "--port", str(port))
    assert ended.status == 1
    assert f"port {port} is taken by " in ended.err
    assert f"--port {port + 1}" in ended.err
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in ended.err
    assert not (shell.folder / ".packetflow").exists()


def test_a_folder_is_served_by_one_server_only(served: "Shell") -> None:
    ended = served("serve", "--port", "0")
    assert ended.status == 1
    assert "is served already, at http://127.0.0.1:" in ended.err


def test_a_new_folder_holds_the_examples_unless_it_shall_be_empty(
    shell: "Shell", asked: "Callable[..., Outcome]"
) -> None:
    assert "counter:seeded" in {one["id"] for one in asked("actors", "--json").json}
    shell.serve("--empty").stop()
    assert shell("actors", "--json").json == []


def test_the_log_is_json_lines_that_carry_the_trace(shell: "Shell") -> None:
    server = shell.serve("--log", "json")
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{server.ready['url']}/api/ai/plan",
        json.dumps({"intent": "price the order of cups", "context": {"item": "cup"}}).encode(),
        {"Content-Type": "application/json", "traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
    )
    with urllib.request.urlopen(request):  # noqa: S310 - loopback
        pass
    shown = [json.loads(line) for line in server.stop().err.splitlines() if line.startswith("{")]
    kept = (shell.folder / ".packetflow" / "log" / "packetflow.jsonl").read_text().splitlines()
    assert [line["message"] for line in shown if line["trace_id"] == trace_id]
    assert shown == [json.loads(line) for line in kept]
    assert {"at", "level", "logger", "message", "trace_id"} <= shown[0].keys()


@pytest.mark.parametrize(
    ("app", "status", "said"),
    [
        ("nowhere:app", 2, "there is no module 'nowhere'"),
        ("empty_app:nothing", 2, "'empty_app:nothing' is not an app"),
        ("nobody", 2, "there is no app 'nobody'"),
        ("broken_app:app", 1, "has a syntax error"),
    ],
)
def test_an_app_that_cannot_be_loaded_is_named(
    inside: "Callable[..., Outcome]", app: str, status: int, said: str
) -> None:
    Path("broken_app.py").write_text("app = (\n")
    Path("empty_app.py").touch()
    ended = inside("serve", app)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err


def test_an_address_that_others_reach_needs_a_secret_and_a_name(shell: "Shell") -> None:
    ended = shell("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - it refuses
    assert ended.status == 2
    assert "PACKETFLOW_SECRET" in ended.err


def test_a_server_with_a_secret_serves_the_commands_that_have_it(shell: "Shell") -> None:
    server = shell.serve(PACKETFLOW_SECRET=SECRET)
    assert shell("call", "counter.add", "key=a", "--json", PACKETFLOW_SECRET=SECRET).json == 1
    refused = shell("call", "counter.add", "key=a")
    server.stop()
    assert refused.status == 1
    assert "set PACKETFLOW_SECRET" in refused.err


def test_reload_serves_the_changed_source(shell: "Shell") -> None:
    server = shell.serve("--reload")
    source = shell.folder / "shop.py"
    correct = source.read_text()
    source.write_text(correct.replace("is gone", "is ashes"))
    assert json.loads(server.line())["data"] == server.ready["data"]
    assert shell("call", "burn", "item=note", "--yes", "--json").json == "note is ashes"
    assert server.stop().status == 0


def test_commands_at_the_same_time_wait_for_each_other(shell: "Shell") -> None:
    both = [shell.start("call", "counter.add", "key=till", "--json") for _ in range(2)]
    counts = sorted(int(one.process.communicate(timeout=60)[0]) for one in both)
    assert counts == [1, 2]


def test_a_terminal_shows_colour_unless_no_color_is_set(shell: "Shell") -> None:
    pty = pytest.importorskip("pty")
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        controller, terminal = pty.openpty()
        with os.fdopen(terminal, "wb") as screen:
            environment = {**os.environ, "TERM": "xterm-256color", **variables}
            command = [sys.executable, "-m", "packetflow", "new", str(Path("x") / f"shop{len(variables)}"), "--help"]
            subprocess.run(command, cwd=shell.folder, env=environment, stdout=screen, check=True)
        with os.fdopen(controller, "rb", buffering=0) as output:
            assert (b"\x1b[1;36m" in output.read(1 << 16)) is coloured
