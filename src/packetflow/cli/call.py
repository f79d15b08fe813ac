"""`packetflow call`: call one capability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.json import JSON

from packetflow.cli.inputs import given
from packetflow.cli.options import DataCommand
from packetflow.cli.place import work

if TYPE_CHECKING:
    from packetflow._core.json import Json
    from packetflow.cli.access import Access


@dataclass(frozen=True, kw_only=True)
class Call(DataCommand):
    """Call a capability and print what it gives."""

    capability: Annotated[str, typer.Argument(metavar="CAPABILITY", help="Its id, such as room.post.")]
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FIELD=VALUE]...", help="Inputs, read by the schema; a field given twice is a list."),
    ] = None
    source: Annotated[
        str | None, typer.Option("--input", metavar="JSON|@FILE|-", help="Inputs as a JSON object; - reads stdin.")
    ] = None

    def run(self) -> None:
        """Call it."""

        async def job(access: Access) -> Json:
            declared = await access.capability(self.capability)
            return await access.call(self.capability, given(self.fields or [], self.source, declared["input_schema"]))

        result = work(self.place, job)
        self.screen.give(result)
        self.screen.show(result if isinstance(result, str) else JSON.from_data(result))
