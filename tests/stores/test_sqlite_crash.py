"""A process that is killed loses nothing it acknowledged, and leaves a store that the next one opens."""
# ruff: noqa: ASYNC220 - a test may wait for its own process while nothing else does

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.sqlite.store import SQLiteStore

PROGRAM = Path(__file__).with_name("writer_program.py")
ACTORS = 20
# How often a process is killed; more of it at night: KILLS=100 pytest tests/stores/test_sqlite_crash.py
ROUNDS = int(os.environ.get("KILLS", "2"))


def killed_after(path: Path, acknowledgements: int) -> list[str]:
    """Run the writing process, kill it in the middle of its work, and give all that it acknowledged."""
    command = [sys.executable, str(PROGRAM), str(path), str(ACTORS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = [process.stdout.readline().strip() for _ in range(acknowledgements)]
        process.kill()
        rest = process.stdout.read().splitlines(keepends=True)
    return [*told, *[line.strip() for line in rest if line.endswith("\n")]]


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_acknowledged_before_a_kill_is_stored_once(data_dir: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - when to kill, not what to hide
    path = data_dir / "store.db"
    acknowledged: set[str] = set()
    for _ in range(ROUNDS):
        acknowledged |= set(killed_after(path, chance.randint(1, 1500)))
        store = SQLiteStore(path)
        await store.open()
        stored: list[str] = []
        for saved in await store.saved():
            journal = await store.read(f"Room/{saved.key}", limit=100_000)
            messages = [event.id for event in journal]
            assert [event.seq for event in journal] == list(range(1, saved.revision + 1))
            assert messages == [f"{saved.key}-{number}" for number in range(saved.revision)]
            assert saved.state == messages[-1].encode()
            assert await store.reply("Room", saved.key, messages[-1]) == saved.state
            stored += messages
        await store.close()
        assert len(stored) == len(set(stored))
        assert acknowledged <= set(stored)


async def test_while_another_process_has_the_store_it_cannot_be_opened(data_dir: Path) -> None:
    path = data_dir / "store.db"
    command = [sys.executable, str(PROGRAM), str(path), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        store = SQLiteStore(path)
        with pytest.raises(StoreUnavailable, match=f"process {process.pid}; stop it, or talk to it over HTTP"):
            await store.open()
        process.kill()
        process.stdout.read()
    await store.open()
    assert await store.load("Room", "k0") is not None
    await store.close()


def ran(program: str, path: Path) -> str:
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_program_that_forgets_to_close_its_store_ends_and_keeps_what_was_acknowledged(data_dir: Path) -> None:
    program = """
import asyncio, sys
from packetflow.stores.sqlite.store import SQLiteStore
async def main(store):
    await store.open()
    print(await store.recall('space', 'key'))
    await store.remember('space', 'key', b'value')
asyncio.run(main(SQLiteStore(sys.argv[1])))
"""
    path = data_dir / "store.db"
    assert [ran(program, path), ran(program, path)] == ["None\n", "b'value'\n"]
