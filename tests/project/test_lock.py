"""The lock files install the same files everywhere, from wherever the reader's own client gets them."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-bench.lock"]
# Imported by their own name, and always there because the library beside them is made of them.
PART_OF = {"pydantic-core": "pydantic", "starlette": "fastapi"}


def entries(lock: str) -> list[str]:
    """Return one entry a package, its continued lines joined."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def versions(lock: str) -> dict[str, set[str]]:
    """Return the versions a lock names by package; more than one where the platform decides."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        pinned = Requirement(entry.split("--hash")[0])
        found.setdefault(canonicalize_name(pinned.name), set()).add(str(pinned.specifier))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    assert entries(lock)
    loose = [entry for entry in entries(lock) if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)]
    assert not loose


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "index" not in text


def shipped() -> list[Requirement]:
    """Return what the package declares: its base dependencies and those of all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = chain(project["dependencies"], *project["optional-dependencies"].values())
    return [wanted for wanted in map(Requirement, texts) if wanted.name != "packetflow"]


def tools() -> list[Requirement]:
    """Return what building, testing and checking need besides."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return [Requirement(entry) for group in groups.values() for entry in group if isinstance(entry, str)]


def imported(file: Path) -> set[str]:
    """Return the top-level names that a source file imports, at whatever depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".", 1)[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".", 1)[0])
    return names


def test_every_declared_dependency_is_locked_within_its_range() -> None:
    locked = versions("requirements.lock")
    outdated = [
        str(wanted)
        for wanted in shipped() + tools()
        if not any(
            wanted.specifier.contains(version.removeprefix("=="))
            for version in locked.get(canonicalize_name(wanted.name), set())
        )
    ]
    assert not outdated, "run `make lock`"


def test_every_library_that_the_source_imports_is_declared() -> None:
    ours = {"packetflow", "packetflow_chat"} | sys.stdlib_module_names
    names = {name for file in (ROOT / "src").rglob("*.py") for name in imported(file)} - ours
    assert "pydantic" in names
    declared = {canonicalize_name(wanted.name) for wanted in shipped()}
    homes = packages_distributions()
    undeclared = {
        name
        for name in names
        if not declared & {PART_OF.get(home, home) for home in map(canonicalize_name, homes.get(name, []))}
    }
    assert not undeclared, "add them to pyproject.toml and run `make lock`"


def test_the_extra_called_all_holds_every_other_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert Requirement(everything).extras == set(extras) - {"all"}


def test_the_peers_of_the_benchmarks_change_no_version_of_ours() -> None:
    ours, theirs = versions("requirements.lock"), versions("requirements-bench.lock")
    assert not {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
