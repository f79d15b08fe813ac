"""The command `packetflow` and its commands."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Annotated, Final

import typer

from packetflow._core.errors import PacketFlowError
from packetflow.cli.actors import actors
from packetflow.cli.bench import Bench
from packetflow.cli.call import Call
from packetflow.cli.capabilities import ListCapabilities
from packetflow.cli.doctor import Doctor
from packetflow.cli.failure import CommandFailed, failure_of, usage
from packetflow.cli.letters import letters
from packetflow.cli.new import New
from packetflow.cli.options import add, epilog
from packetflow.cli.plan import PlanSentence
from packetflow.cli.run import RunPlan
from packetflow.cli.runs import runs
from packetflow.cli.screen import Screen
from packetflow.cli.serve import Serve

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUP: Final = "packetflow.commands"
"""Entry points by which another distribution adds a command of its own: each is a `typer.Typer`."""

INTERRUPTED: Final = 130


def commands() -> typer.Typer:
    """Put the command together, with the commands that other distributions bring."""
    app = typer.Typer(
        name="packetflow",
        help="PacketFlow: capabilities, actors, plans and runs, from the terminal.",
        epilog=epilog("packetflow serve", "packetflow new shop", 'packetflow run "summarize the lobby"'),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_top)
    _own(app)
    for point in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        try:
            app.add_typer(point.load(), name=point.name)
        except Exception as error:  # noqa: BLE001 - a broken guest must not take the other commands away
            Screen().note(f"The command {point.name!r} is left out: {type(error).__name__}: {error}", "yellow")
    return app


def _own(app: typer.Typer) -> None:
    project = "packetflow serve shop.app:app --port 5000 --data ./shop-data"
    add(app, "serve", Serve, "packetflow serve", project, "packetflow serve --empty --log json")
    add(app, "new", New, "packetflow new shop", "cd shop && packetflow serve")
    add(app, "capabilities", ListCapabilities, "packetflow capabilities", 'packetflow capabilities "summarize a room"')
    from_file = "packetflow call summarize --input @input.json --json"
    add(app, "call", Call, "packetflow call conversation_summarization room_id=room123", from_file)
    add(
        app,
        "plan",
        PlanSentence,
        'packetflow plan "summarize this room" --hint room_id=lobby',
        "packetflow plan --check plan.json",
        "packetflow plan --batch cases.jsonl --out predictions.jsonl --steps many",
    )
    add(
        app,
        "run",
        RunPlan,
        'packetflow run "summarize the lobby"',
        "packetflow run --plan plan.json --yes --json",
        'packetflow run "burn the letter" --dry',
    )
    app.add_typer(actors())
    app.add_typer(runs())
    app.add_typer(letters())
    add(app, "bench", Bench, "packetflow bench", "packetflow bench --seconds 30 --folder /data --json")
    add(app, "doctor", Doctor, "packetflow doctor", "packetflow doctor --data ./shop-data --json")


def main() -> None:
    """Run the command line and end the process: 0 done, 1 the work failed, 2 used wrongly, 130 interrupted."""
    screen = Screen(as_json="--json" in sys.argv)
    try:
        _readable(sys.argv[1:])
        commands()(prog_name="packetflow")
    except CommandFailed as failure:
        screen.fail(failure)
        sys.exit(failure.status)
    except PacketFlowError as error:
        failure = failure_of(error)
        screen.fail(failure)
        sys.exit(failure.status)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("PACKETFLOW_DEBUG"):
            raise
        screen.fail(
            CommandFailed(
                f"{type(error).__name__}: {error}. This is a defect of PacketFlow; "
                "PACKETFLOW_DEBUG=1 shows where it happened.",
                code="defect",
            )
        )
        sys.exit(1)


def _readable(arguments: Sequence[str]) -> None:
    """Refuse an argument that is no text; raises CommandFailed."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise usage(f"argument {number} is not UTF-8 text: {argument!a}") from error


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        sys.stdout.write(f"packetflow {version('packetflow')}\n")
        raise typer.Exit


def _top(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,  # noqa: FBT002
) -> None:
    pass
