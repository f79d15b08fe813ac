"""A command as a value: its options are the fields of a class, its help the docstring."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from packetflow.cli.failure import usage
from packetflow.cli.place import Place, place
from packetflow.cli.screen import Screen

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="ADDRESS",
        help="Another store than the SQLite file in the data folder: postgresql://user@host/database.",
        show_default="$PACKETFLOW_STORE",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """What a command was told. Subclasses add fields, each an argument or an option, and say what to do in `run`."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")] = False

    @abstractmethod
    def run(self) -> None:
        """Do it; raises CommandFailed or PacketFlowError when it cannot be done."""

    @cached_property
    def screen(self) -> Screen:
        """Where it prints."""
        return Screen(as_json=self.as_json)


@dataclass(frozen=True, kw_only=True)
class DataCommand(Command):
    """A command about the data of one folder."""

    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="The data folder.", show_default="$PACKETFLOW_DATA or ./.packetflow"
        ),
    ] = None
    store: StoreOption = None
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="MODULE:APP",
            help="The app that opens the data when no server of the folder runs.",
            show_default="of ./pyproject.toml, else the installed one",
        ),
    ] = None

    @property
    def place(self) -> Place:
        """The data and the app."""
        return place(self.data, self.app, self.store)


def add(app: typer.Typer, name: str, kind: type[Command], *examples: str) -> None:
    """Add a command, its help ending with examples of what one may type."""

    def run(**options: Any) -> None:  # noqa: ANN401 - typer has read them by the fields
        kind(**options).run()

    app.command(name, epilog=epilog(*examples))(_signed(run, kind, _parameters(kind)))


def group(name: str, about: str, default: type[Command], *examples: str) -> typer.Typer:
    """Make a group of commands that runs `default` when none of them is named."""

    def run(context: typer.Context, **options: Any) -> None:  # noqa: ANN401 - typer has read them by the fields
        if context.invoked_subcommand is None:
            default(**options).run()
        elif any(options[field.name] != field.default for field in fields(default)):
            raise usage(f"options stand behind the command: packetflow {name} {context.invoked_subcommand} ...")

    made = typer.Typer(name=name, help=about, invoke_without_command=True, epilog=epilog(*examples))
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    made.callback(help=about)(_signed(run, default, [context, *_parameters(default)]))
    return made


def epilog(*examples: str) -> str:
    """Write the end of a help: what one may type, line by line."""
    return "\n".join(["Examples:", *(f"  $ {line}" for line in examples)])


def _parameters(kind: type[Command]) -> list[inspect.Parameter]:
    """Give one parameter for each field, those that many commands share last."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in sorted(fields(kind), key=lambda field: field.name in _SHARED)
    ]


def _signed(
    function: Callable[..., None], kind: type[Command], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """Let typer see these parameters and the class's docstring."""
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    function.__doc__ = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(function)["__signature__"] = inspect.Signature(parameters)
    return function


_SHARED = frozenset(field.name for field in fields(DataCommand))
"""Shown last in a command's help."""
