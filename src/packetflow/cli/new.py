"""`packetflow new`: write a small, working, typed project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

from packetflow.cli.failure import usage
from packetflow.cli.options import Command

_FILES: Final = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    ".gitignore": "gitignore.txt",
    "{package}/app.py": "app.py.txt",
    "tests/test_app.py": "test_app.py.txt",
}
_TAKEN: Final = frozenset({"packetflow", "packetflow_chat", "tests", "test", "app"})


@dataclass(frozen=True, kw_only=True)
class New(Command):
    """Write a small, working, typed project: one capability, one actor, a test."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="The project's name; also the folder to make.")]

    def run(self) -> None:
        """Write it, unless there is something already."""
        folder = Path(self.name)
        package = _package(folder.name)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise usage(f"{folder} exists already and is left as it is; choose another name", code="exists")
        written = _write(folder, package)
        screen = self.screen
        screen.give({"project": str(folder), "app": f"{package}.app:app", "files": written})
        screen.show(f"Wrote {folder}:", *(f"  {path}" for path in written), "", "Next:", f"  cd {folder}")
        screen.show("  packetflow serve", '  packetflow call count_words text="one two three"')


def _package(name: str) -> str:
    """Give the package name of a project; raises CommandFailed when it is no name."""
    package = name.replace("-", "_").lower()
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or iskeyword(package):
        raise usage(f"{name!r} is no name for a project: begin with a letter, then letters, digits, - and _")
    if package in _TAKEN:
        raise usage(f"{name!r} is taken by a package that the project needs; choose another name")
    return package


def _write(folder: Path, package: str) -> list[str]:
    values = {"name": folder.name, "package": package, "version": version("packetflow")}
    templates = files("packetflow.cli") / "project"
    written: list[str] = []
    for place, template in _FILES.items():
        path = folder / place.format(package=package)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template((templates / template).read_text(encoding="utf-8")).substitute(values)
        path.write_text(text, encoding="utf-8")
        written.append(str(path.relative_to(folder)))
    (folder / package / "__init__.py").touch()
    return [*written, f"{package}/__init__.py"]
