"""`packetflow letters`: messages on their way, reminders, and letters that failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from packetflow.cli.options import DataCommand, add, group
from packetflow.cli.place import work
from packetflow.cli.screen import compact, moment, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from packetflow.cli.access import Access

LetterArgument = Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")]

EXAMPLES = ("packetflow letters", "packetflow letters list --dead", "packetflow letters replay 7c1e...")


@dataclass(frozen=True, kw_only=True)
class ListLetters(DataCommand):
    """List letters in the order in which they were sent."""

    dead: Annotated[
        bool | None, typer.Option("--dead/--waiting", help="Only those that failed for good, or only the others.")
    ] = None
    kind: Annotated[str | None, typer.Option("--type", help="Only those to actors of this type.")] = None
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, at most.")] = 100

    def run(self) -> None:
        """List them."""
        found = work(self.place, lambda access: access.letters(kind=self.kind, dead=self.dead, limit=self.limit))
        self.screen.give(found)
        self.screen.show(_view(found) if found else "No letter is on its way.")


@dataclass(frozen=True, kw_only=True)
class ReplayLetter(DataCommand):
    """Deliver a dead letter again, its failures forgotten."""

    letter_id: LetterArgument

    def run(self) -> None:
        """Deliver it."""
        work(self.place, lambda access: access.replay_letter(self.letter_id))
        self.screen.give({"letter_id": self.letter_id, "replayed": True})
        self.screen.show("It is on its way again.")


@dataclass(frozen=True, kw_only=True)
class DropLetter(DataCommand):
    """Delete a letter or a reminder for good."""

    letter_id: LetterArgument

    def run(self) -> None:
        """Delete it."""

        async def job(access: Access) -> None:
            await access.drop_letter(self.letter_id)

        work(self.place, job)
        self.screen.give({"letter_id": self.letter_id, "dropped": True})
        self.screen.show("It is deleted.")


def letters() -> typer.Typer:
    """Give the group of commands about letters; without a command it lists."""
    made = group("letters", "List letters, replay and drop those that failed for good.", ListLetters, *EXAMPLES)
    add(made, "list", ListLetters, "packetflow letters list --dead", "packetflow letters list --type room --json")
    add(made, "replay", ReplayLetter, "packetflow letters replay 7c1e...")
    add(made, "drop", DropLetter, "packetflow letters drop 7c1e...")
    return made


def _view(found: list[dict[str, Any]]) -> RenderableType:
    lines = [
        (
            each["id"],
            f"{each['type']}:{each['key']}" if each["type"] else "",
            each["capability_id"] + (f" [{each['name']}]" if each["name"] else ""),
            moment(datetime.fromisoformat(each["due"])),
            f"dead after {each['attempts']}" if each["dead"] else (each["again"] or "waiting"),
            compact(each["error"] or "", 60),
        )
        for each in found
    ]
    return table("letter", "to", "call", "due", "state", "last failure", rows=lines)
