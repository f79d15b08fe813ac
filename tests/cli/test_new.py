"""`packetflow new`."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome, Shell


def test_a_new_project_works_its_test_passes_and_its_commands_run(shell: "Shell") -> None:
    made = shell("new", "tea-house", "--json")
    assert made.status == 0, made.err
    assert made.json["app"] == "tea_house.app:app"
    project = replace(shell, folder=shell.folder / "tea-house")
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert project("call", "count_words", "text=a b a", "--json").json == {"words": 3, "distinct": 2}


def test_a_new_project_is_strictly_typed_and_clean(shell: "Shell") -> None:
    shell("new", "shop2")
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "shop2", "--isolated"], cwd=shell.folder, check=True)
    subprocess.run([*ruff, "format", "--check", "shop2", "--isolated"], cwd=shell.folder, check=True)
    typed = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--project", "strict.json"]
    (shell.folder / "strict.json").write_text('{"include": ["shop2"], "typeCheckingMode": "strict"}')
    subprocess.run(typed, cwd=shell.folder, check=True)


def test_nothing_is_overwritten(shell: "Shell") -> None:
    (shell.folder / "shop3").mkdir()
    (shell.folder / "shop3" / "mine.txt").write_text("mine")
    ended = shell("new", "shop3")
    assert ended.status == 2
    assert "exists already" in ended.err
    assert [path.name for path in (shell.folder / "shop3").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["1shop", "class", "packetflow", "a b"])
def test_a_name_that_no_package_can_have_is_refused(
    inside: "Callable[..., Outcome]", tmp_path: Path, name: str
) -> None:
    assert inside("new", name).status == 2
    assert not list(tmp_path.iterdir())
