"""A process that is killed loses nothing that was told, and no reminder; each takes effect once."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROGRAM = Path(__file__).with_name("teller.py")
ROUNDS = int(os.environ.get("KILLS", "2"))


def killed_after(path: Path, acknowledgements: int) -> set[str]:
    """Run the telling process, kill it in the middle of its work, and give all that it acknowledged."""
    command = [sys.executable, str(PROGRAM), "tell", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = [process.stdout.readline().strip() for _ in range(acknowledgements)]
        process.kill()
        rest = process.stdout.read().splitlines(keepends=True)
    return {*told, *[line.strip() for line in rest if line.endswith("\n")]}


def settled(path: Path) -> tuple[Counter[str], Counter[str]]:
    """Let a new process deliver what waits; give how often each mark was noted, and its reminder rung."""
    command = [sys.executable, str(PROGRAM), "settle", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout)
    assert found["dead"] == []
    notes, rings = Counter[str](), Counter[str]()
    for box in found["boxes"]:
        notes.update(box["notes"])
        rings.update(box["rings"])
    return notes, rings


def test_what_was_told_before_a_kill_takes_effect_once_and_every_reminder_comes_once(data_dir: Path) -> None:
    chance = random.Random(11)  # noqa: S311 - when to kill, not what to hide
    path = data_dir / "letters.db"
    told: set[str] = set()
    for _ in range(ROUNDS):
        told |= killed_after(path, chance.randint(1, 300))
    notes, rings = settled(path)
    assert told <= notes.keys()
    assert set(notes.values()) == {1}
    assert notes == rings
