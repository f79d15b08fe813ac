"""What a user sees before anything is done."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome, Shell

HEAVY = {"fastapi", "starlette", "uvicorn", "httpx2", "sqlalchemy", "alembic", "pydantic_ai", "nltk"}

EVERY_HELP = """
import contextlib, io, sys
from packetflow.cli.root import commands
import typer.main

def leaves(command, path):
    children = getattr(command, "commands", {})
    yield path
    for name, child in children.items():
        yield from leaves(child, [*path, name])

app = commands()
for path in leaves(typer.main.get_command(app), []):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        app([*path, "--help"], prog_name="packetflow")
    assert "Usage: packetflow" in out.getvalue(), path
    assert path == ["chat"] or "Examples:" in out.getvalue(), path
    print(" ".join(path))
"""

EVERY_OPTION = """
import typer.main
from packetflow.cli.root import commands

def names(command):
    for parameter in command.params:
        yield from (option for option in parameter.opts if option.startswith("--"))
    for name, child in getattr(command, "commands", {}).items():
        yield name
        yield from names(child)

of_typer = {"--install-completion", "--show-completion", "--version"}
print(*sorted(set(names(typer.main.get_command(commands()))) - of_typer))
"""


def test_every_command_explains_itself_with_examples() -> None:
    ended = subprocess.run([sys.executable, "-c", EVERY_HELP], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    known = set(ended.stdout.splitlines())
    assert {"serve", "new", "call", "plan", "run", "doctor", "runs show", "actors send", "chat import"} <= known


def test_help_does_not_load_the_web_the_store_or_a_model_library() -> None:
    code = f"import sys; from packetflow.cli.root import commands; commands(); print({HEAVY} & sys.modules.keys())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


def test_the_console_script_and_the_module_are_the_same_command(shell: "Shell") -> None:
    script = Path(sys.executable).with_name("packetflow")
    ended = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout == shell("--version").out == f"packetflow {version('packetflow')}\n"


@pytest.mark.parametrize(
    "arguments", [["fly"], ["plan"], ["plan", "a", "--check", "b"], ["run"], ["call"], ["runs", "--limit", "0"]]
)
def test_a_command_that_is_used_wrongly_exits_with_2_and_says_so_on_stderr(
    inside: "Callable[..., Outcome]", arguments: list[str]
) -> None:
    ended = inside(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err


def test_the_reference_names_every_command_and_option() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    ended = subprocess.run([sys.executable, "-c", EVERY_OPTION], capture_output=True, text=True, check=True)
    named = ended.stdout.split()
    assert "--allowed-host" in named
    assert [name for name in named if f"`{name}" not in reference and f" {name}" not in reference] == []
