"""`packetflow call`: call one capability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.json import JSON

from packetflow._core.errors import ConfirmationRequired
from packetflow.cli.failure import usage
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

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree, where the capability asks a person.")] = False

    def run(self) -> None:
        """Call it."""
        result = work(self.place, self._called)
        self.screen.give(result)
        self.screen.show(result if isinstance(result, str) else JSON.from_data(result))

    async def _called(self, access: Access) -> Json:
        declared = await access.capability(self.capability)
        inputs = given(self.fields or [], self.source, declared["input_schema"])
        try:
            return await access.call(self.capability, inputs)
        except ConfirmationRequired as error:
            if not self.yes:
                effect = declared["effect"]
                raise usage(
                    f"{self.capability} ({effect}) asks for a person's yes: --yes agrees to this call",
                    code=error.code,
                ) from error
            return await access.call(self.capability, inputs, confirmed=[str(error.details["digest"])])
