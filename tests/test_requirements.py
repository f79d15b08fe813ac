"""The manifest and the tests agree in both directions."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.requirements.manifest import areas, requirements

TESTS = Path(__file__).parent
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){1,3}")
# Tests of the tests' own order, which promise nothing to a user.
STRUCTURAL = {
    "tests/test_requirements.py::test_every_promised_test_exists",
    "tests/test_requirements.py::test_every_test_is_promised_or_structural",
    "tests/test_requirements.py::test_every_promise_is_one_sentence_with_an_id_of_its_area",
}


def names_of_tests(tree: ast.Module) -> Iterator[str]:
    """Yield what pytest would collect in a module: functions, `Class::method`, and bare classes that hold none."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
                yield name
            case ast.ClassDef(name=name) if name.startswith("Test"):
                methods = [
                    item.name
                    for item in node.body
                    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name.startswith("test")
                ]
                yield from (f"{name}::{method}" for method in methods)
                if not methods:
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("Test"):
                yield name
            case _:
                pass


def existing() -> set[str]:
    """Read the node ids of all tests from their source."""
    return {
        f"tests/{file.relative_to(TESTS).as_posix()}::{name}"
        for file in TESTS.rglob("test_*.py")
        for name in names_of_tests(ast.parse(file.read_text()))
    }


def with_classes(tests: set[str]) -> set[str]:
    """Add the ids of the classes that hold the tests."""
    return tests | {test.rpartition("::")[0] for test in tests if test.count("::") == 2}


def test_every_promised_test_exists() -> None:
    known = with_classes(existing())
    missing = {f"{entry.id} names {test}" for entry in requirements() for test in entry.tests if test not in known}
    assert not missing


def test_every_test_is_promised_or_structural() -> None:
    promised = {test for entry in requirements() for test in entry.tests} | STRUCTURAL
    orphans = {test for test in existing() if test not in promised and test.rpartition("::")[0] not in promised}
    assert not orphans
    assert existing() >= STRUCTURAL


def test_every_promise_is_one_sentence_with_an_id_of_its_area() -> None:
    for area, entries in areas().items():
        for entry in entries:
            assert ID.fullmatch(entry.id), entry.id
            assert entry.id.split(".")[0].replace("-", "_") == area, entry.id
            assert entry.promise[0].isupper(), entry.id
            assert entry.promise.endswith("."), entry.id
            assert entry.source, entry.id
            assert entry.tests or entry.gap, entry.id
    counted = Counter(entry.id for entry in requirements())
    assert not [name for name, times in counted.items() if times > 1]
