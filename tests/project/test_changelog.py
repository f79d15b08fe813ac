"""The changelog check fails for a fragment that a release could not use."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(root: Path, fragments: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the check on a project with these fragments."""
    (root / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    folder = root / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("How to.\n")
    for name, text in fragments.items():
        (folder / name).write_text(text)
    command = [sys.executable, str(ROOT / "tools/changelog.py"), str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_fragment_is_fine(tmp_path: Path) -> None:
    assert check(tmp_path, {}).returncode == 0


def test_a_sentence_under_a_topic_and_a_kind_is_fine(tmp_path: Path) -> None:
    assert check(tmp_path, {"durable-rooms.added.md": "Rooms keep their messages.\n"}).returncode == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("durable-rooms.md", "Rooms keep their messages."),
        ("durable-rooms.improved.md", "Rooms keep their messages."),
        ("Durable Rooms.added.md", "Rooms keep their messages."),
        ("durable-rooms.added.txt", "Rooms keep their messages."),
        ("durable-rooms.added.md", "\n"),
        ("durable-rooms.added.md", "Rooms keep"),
    ],
)
def test_a_fragment_that_is_wrongly_named_or_empty_fails_and_is_named(tmp_path: Path, name: str, text: str) -> None:
    ran = check(tmp_path, {name: text})
    assert ran.returncode == 1
    assert ran.stdout.startswith(f"changelog.d/{name}: must ")
