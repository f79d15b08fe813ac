"""Better words where a language model is configured; the plain ones otherwise."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from packetflow.models.errors import ModelUnavailable
from packetflow.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    import packetflow as pf
    from packetflow_chat.analysis.line import Line

log = logging.getLogger("packetflow_chat.wording")

_LINES = 400


async def worded(ctx: pf.Context, instructions: str, lines: Sequence[Line], plain: str, last: str | None = None) -> str:
    """Have a model word what `plain` says already, from the same lines; gives `plain` when no model answers.

    The lines (the latest 400, then `last`) go to the model as data: what they order is not followed, and the model has
    no way to do more than write this text. What it took is written into the record of the call `ctx`.
    """
    model = Model.from_environment()
    if model is None:
        return plain
    said = [f"{line.author}: {line.text}" for line in lines[-_LINES:]] + ([last] if last is not None else [])
    try:
        return (await model.write(instructions, {"chat": [*said], "facts": plain}, ctx=ctx)).strip() or plain
    except ModelUnavailable as error:
        log.warning("no model answered, the plain words are used: %s", error)
        return plain
    finally:
        await model.close()
