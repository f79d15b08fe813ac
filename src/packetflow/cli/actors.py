"""`packetflow actors`: which actors there are, what they remember, and a word with one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.json import JSON

from packetflow.cli.failure import usage
from packetflow.cli.inputs import hints
from packetflow.cli.options import DataCommand, add, group
from packetflow.cli.place import work
from packetflow.cli.screen import moment, table

if TYPE_CHECKING:
    from packetflow._core.json import Json
    from packetflow.cli.access import Access

AddressArgument = Annotated[str, typer.Argument(metavar="TYPE:KEY", help="The actor's address, such as room:lobby.")]

EXAMPLES = (
    "packetflow actors",
    "packetflow actors show room:lobby",
    'packetflow actors send persistent_chat_agent:ada "hello"',
)


@dataclass(frozen=True, kw_only=True)
class ListActors(DataCommand):
    """List the actors that are awake or have something saved."""

    kind: Annotated[str | None, typer.Option("--type", help="Only actors of this type.")] = None

    def run(self) -> None:
        """List them."""
        found = work(self.place, lambda access: access.all_actors(self.kind))
        self.screen.give(found)
        rows = [(one["id"], one["status"], str(one["waiting"]), _saved(one["saved_at"])) for one in found]
        shown = table("actor", "status", "waiting", "saved", rows=rows)
        self.screen.show(shown if found else "There are no actors yet.")


@dataclass(frozen=True, kw_only=True)
class ShowActor(DataCommand):
    """Show one actor: what it remembers, and what it can be asked."""

    address: AddressArgument

    def run(self) -> None:
        """Show it."""
        actor = address_of(self.address)
        answer = work(self.place, lambda access: access.actor(actor))
        found = {name: answer[name] for name in ("actor", "state", "capabilities")}
        self.screen.give(found)
        can = "\n".join(f"  {name}" for name in found["capabilities"])
        self.screen.show(self.address, JSON.from_data(found["state"]), f"It can be asked:\n{can}")


@dataclass(frozen=True, kw_only=True)
class SendActor(DataCommand):
    """Send an actor a message and wait for its reply."""

    address: AddressArgument
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="A text, or the JSON inputs of --capability.")]
    capability: Annotated[
        str | None, typer.Option("--capability", metavar="ID", help="Which message; else the one called receive.")
    ] = None
    context: Annotated[
        list[str] | None, typer.Option("--context", metavar="NAME=VALUE", help="A fact at hand. Can be repeated.")
    ] = None

    def run(self) -> None:
        """Send it."""
        actor, message = address_of(self.address), self._message()

        async def job(access: Access) -> Json:
            return await access.send(actor, message, capability=self.capability, **hints(self.context or []))

        reply = work(self.place, job)
        self.screen.give(reply)
        self.screen.show(reply if isinstance(reply, str) else JSON.from_data(reply))

    def _message(self) -> Any:  # noqa: ANN401 - JSON
        if not self.message.lstrip().startswith("{"):
            return self.message
        try:
            return json.loads(self.message)
        except ValueError as error:
            if self.capability is None:
                return self.message
            raise usage(f"the message is not JSON: {error}") from error


@dataclass(frozen=True, kw_only=True)
class StopActor(DataCommand):
    """Put an actor to sleep; it wakes up, with all it remembers, at its next message."""

    address: AddressArgument

    def run(self) -> None:
        """Stop it."""
        actor = address_of(self.address)
        ended = work(self.place, lambda access: access.stop(actor))
        self.screen.give({"actor_id": actor, "stopped": ended["stopped"]})
        self.screen.show("Stopped." if ended["stopped"] else "It was not awake; nothing was changed.")


def address_of(text: str) -> str:
    """Read an actor's address; raises CommandFailed unless it has a type and a key."""
    kind, colon, key = text.partition(":")
    if not (kind and colon and key):
        raise usage(f"{text!r} is no actor: write TYPE:KEY, such as room:lobby")
    return text


def actors() -> typer.Typer:
    """Give the group of commands about actors; without a command it lists."""
    made = group("actors", "List, show, ask and stop actors.", ListActors, *EXAMPLES)
    add(made, "list", ListActors, "packetflow actors list --type room")
    add(made, "show", ShowActor, "packetflow actors show room:lobby --json")
    send = 'packetflow actors send persistent_chat_agent:user123 "What did we discuss?" --context room_id=lobby'
    add(made, "send", SendActor, send)
    add(made, "stop", StopActor, "packetflow actors stop room:lobby")
    return made


def _saved(at: str | None) -> str:
    return moment(datetime.fromisoformat(at)) if at is not None else ""
