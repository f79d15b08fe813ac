"""The references name all that can be asked for: each route, error, event of a run, command and option."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer.main
from typer.core import TyperCommand, TyperGroup

import packetflow as pf
from packetflow._core import run
from packetflow._core.event import Event
from packetflow.cli.root import commands
from packetflow.http.api import build
from packetflow.http.codes import STATUS
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HTTP = (REFERENCE / "http.md").read_text(encoding="utf-8")
CLI = (REFERENCE / "cli.md").read_text(encoding="utf-8")
SHARED = {"--json", "--data", "--store", "--app", "--help"}


def test_the_http_reference_names_every_route_with_its_queries() -> None:
    paths = build(pf.App(store=MemoryStore())).openapi()["paths"]
    assert len(paths) > 20
    rows = [line for line in HTTP.splitlines() if line.startswith(("|", "- "))]
    for path, operations in paths.items():
        for method, operation in operations.items():
            named = f"{method.upper()} {re.sub(r'{[^}]*}', '{id}', path)}"
            row = next((row for row in rows if re.search(re.escape(f"`{named}") + "[`?]", row)), None)
            assert row is not None, f"{named} is not in docs/reference/http.md"
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    assert re.search(rf"\b{parameter['name']}\b", row), f"{named} tells nothing of {parameter['name']}"


def test_the_http_reference_names_every_error_and_every_event_of_a_run() -> None:
    events = {kind.__name__ for kind in vars(run).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert {"RunStarted", "StepWaits"} < events
    missing = [name for name in (*STATUS, *(events - {"Event"})) if f"`{name}`" not in HTTP]
    assert missing == []


def test_the_command_line_reference_names_every_command_and_option() -> None:
    found = dict(_commands(typer.main.get_command(commands()), ()))
    assert ("runs", "approve") in found
    for words, command in found.items():
        place = f"## {' '.join(words)}\n" if f"## {' '.join(words)}\n" in CLI else f"## {words[0]}\n"
        assert place in CLI, f"{' '.join(words)} is not in docs/reference/cli.md"
        section = CLI[CLI.index(place) :].split("\n## ")[0]
        assert words[-1] in section, words
        options = {
            max(parameter.opts, key=len) for parameter in command.params if parameter.param_type_name == "option"
        }
        missing = [option for option in sorted(options - SHARED) if option not in section]
        assert missing == [], f"{' '.join(words)}: {missing}"
    assert all(option in CLI for option in SHARED)


def _commands(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from _commands(one, (*words, name))
    elif isinstance(command, TyperCommand):
        yield words, command
