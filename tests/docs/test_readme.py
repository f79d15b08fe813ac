"""The README's commands do what they say, as printed, on a fresh data folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.journeys.server import serving

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

ANSWERS = {
    "curl": "Thursday",  # the decision of the seeded conversation
    "plan": "send_message",
    "call": "delivery_status",
    "actors": "response",
    "chat": "2 stored",
}


def _commands() -> list[str]:
    """Read the commands of the block that begins with curl, a command each, comments left out."""
    block = next(text for text in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if text.startswith("curl"))
    lines = re.sub(r"\\\n\s*", "", block).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines if line.strip()]


def test_every_command_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    log = tmp_path / "2024-03-01_planning.txt"
    log.write_text("[09:58] <ada> shall we meet on Friday?\n[09:59] <grace> ada: yes, at ten\n")
    with serving(tmp_path / "data") as server:
        seen: list[str] = []
        for line in _commands():
            words = shlex.split(line.replace("localhost:4000", f"localhost:{server.port}"))
            name = words[0] if words[0] == "curl" else words[1]
            command = words if words[0] == "curl" else [sys.executable, "-m", "packetflow", *words[1:]]
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=60,
                cwd=tmp_path,
                env={**os.environ, "PACKETFLOW_DATA": str(tmp_path / "data"), "COLUMNS": "200"},
            )
            assert done.returncode == 0, (line, done.stderr)
            assert ANSWERS[name] in done.stdout + done.stderr, (line, done.stdout)
            seen.append(name)
    assert seen == ["curl", "plan", "call", "actors", "chat"]
