"""The budget check fails for what is too big or says nothing, and its exceptions only shrink."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from tools.budgets import Budgets, findings

ROOT = Path(__file__).parents[2]
LIMITS = Budgets(
    file_lines=20,
    function_lines=3,
    function_lines_in_tests=5,
    parameters=2,
    banned_words=frozenset({"base", "handler", "util"}),
    exceptions={},
)


def found(root: Path, path: str, source: str, budgets: Budgets = LIMITS) -> list[str]:
    """Write one source file and return what the check says."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    return list(findings(root, budgets))


def function(lines: int) -> str:
    """Return the source of a function with so many lines of code."""
    return "def grow():\n" + "    x = 1\n" * lines


def test_a_file_over_its_lines_fails(tmp_path: Path) -> None:
    assert found(tmp_path, "src/long.py", "x = 1\n" * 20) == []
    assert found(tmp_path, "src/long.py", "x = 1\n" * 21) == ["src/long.py: 21 lines, the limit is 20"]


def test_a_function_over_its_lines_fails(tmp_path: Path) -> None:
    assert found(tmp_path, "src/f.py", function(3)) == []
    assert found(tmp_path, "src/f.py", function(4)) == ["src/f.py::grow: 4 lines of code, the limit is 3"]


def test_a_test_may_be_longer(tmp_path: Path) -> None:
    assert found(tmp_path, "tests/test_f.py", function(5)) == []
    assert found(tmp_path, "tests/test_f.py", function(6)) == ["tests/test_f.py::grow: 6 lines of code, the limit is 5"]


def test_docstrings_comments_and_blank_lines_are_free(tmp_path: Path) -> None:
    source = 'def f():\n    """Say.\n\n    More.\n    """\n    # why\n\n    x = 1\n    # why\n    return x\n'
    assert found(tmp_path, "src/f.py", source) == []


def test_a_string_over_several_lines_counts_them_all(tmp_path: Path) -> None:
    source = 'def f():\n    return """\n    a\n    b\n    """\n'
    assert found(tmp_path, "src/f.py", source) == ["src/f.py::f: 4 lines of code, the limit is 3"]


def test_a_method_inside_a_class_and_a_branch_is_found(tmp_path: Path) -> None:
    source = "class A:\n    if True:\n        async def f(self):\n" + "            x = 1\n" * 4
    assert found(tmp_path, "src/f.py", source) == ["src/f.py::A.f: 4 lines of code, the limit is 3"]


@pytest.mark.parametrize(
    ("signature", "count"),
    [("a, b", 0), ("self, ctx, a, b", 0), ("a, /, b, *, c", 3), ("a, b, *c, **d", 0), ("cls, a, b, c=1", 3)],
)
def test_too_many_parameters_fail(tmp_path: Path, signature: str, count: int) -> None:
    expected = [f"src/f.py::f parameters: {count} parameters, the limit is 2"] if count else []
    assert found(tmp_path, "src/f.py", f"def f({signature}): ...\n") == expected


@pytest.mark.parametrize("name", ["RoomHandler", "BaseRoom", "HTTPHandlers", "Utils"])
def test_a_class_named_by_its_role_fails(tmp_path: Path, name: str) -> None:
    (finding,) = found(tmp_path, "src/f.py", f"class {name}: ...\n")
    assert finding.startswith(f"src/f.py::{name}: named ")


@pytest.mark.parametrize("name", ["Database", "Rebased", "Baseline"])
def test_a_class_named_by_what_it_is_passes(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, "src/f.py", f"class {name}: ...\n") == []


def test_a_file_named_by_its_role_fails(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "src/http_utils.py", "")
    assert finding.startswith("src/http_utils.py: named 'util'")


def test_an_exception_excuses_exactly_its_size(tmp_path: Path) -> None:
    excused = dataclasses.replace(LIMITS, exceptions={"src/f.py::grow": 5})
    assert found(tmp_path, "src/f.py", function(5), excused) == []
    assert found(tmp_path, "src/f.py", function(6), excused) == ["src/f.py::grow: 6 lines of code, the limit is 5"]


def test_an_exception_must_shrink_with_its_function_and_then_go(tmp_path: Path) -> None:
    excused = dataclasses.replace(LIMITS, exceptions={"src/f.py::grow": 5})
    (finding,) = found(tmp_path, "src/f.py", function(4), excused)
    assert finding == "src/f.py::grow: shrank to 4; write that into its exception (5)"
    (finding,) = found(tmp_path, "src/f.py", function(3), excused)
    assert finding == "src/f.py::grow: needs no exception any more; delete it"


def test_the_command_exits_with_one_line_for_each_finding(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    command = [sys.executable, str(ROOT / "tools/budgets.py"), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
    found(tmp_path, "src/room_manager.py", function(36))
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, len(ran.stdout.splitlines())) == (1, 2)
