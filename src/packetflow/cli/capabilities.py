"""`packetflow capabilities`: what can be called, planned with and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from packetflow.cli.options import DataCommand
from packetflow.cli.place import work
from packetflow.cli.screen import compact, table

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, kw_only=True)
class ListCapabilities(DataCommand):
    """List what can be called, or find it by what it shall do, best first."""

    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What it shall do.")] = ""
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, at most.")] = 100

    def run(self) -> None:
        """List them."""
        found = work(self.place, lambda access: access.capabilities(self.text, limit=self.limit))
        self.screen.give(found)
        nothing = f"Nothing here does {self.text!r}." if self.text else "This app has no capabilities."
        self.screen.show(_view(found) if found else nothing)


def _view(found: list[dict[str, Any]]) -> RenderableType:
    lines = [(one["id"], one["effect"], ", ".join(one["requires"]), compact(one["intent"], 100)) for one in found]
    return table("capability", "effect", "needs", "what it is for", rows=lines)
