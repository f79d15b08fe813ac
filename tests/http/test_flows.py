"""A flow over HTTP is a capability like any other: found, called, planned in a sentence, told where it failed."""

from __future__ import annotations

import pytest
from tests.http.serving import serving

import packetflow as pf
from packetflow.http.client import Remote
from packetflow.stores.memory import MemoryStore


@pf.capability(effect="read")
async def letters(text: str) -> int:
    """Count the letters of a text."""
    if not text:
        raise pf.NotFound("there is no text")
    return len(text)


@pf.capability(effect="read")
async def double(number: int) -> int:
    """Double a number."""
    return number * 2


@pf.flow(examples=["measure the width of 'abc'"])
def width(text: str) -> pf.Step[int]:
    """Measure the width of a text."""
    return double.step(letters.step(text).output)


async def test_a_flow_is_found_called_and_planned_with_over_http() -> None:
    async with serving(pf.App(letters, double, width, store=MemoryStore())) as served, Remote(served.url) as remote:
        found = await remote.capabilities("measure the width")
        assert (found[0]["id"], found[0]["requires"], found[0]["effect"]) == ("width", ["text"], "read")
        assert await remote.call("width", {"text": "abc"}) == 6
        answer = await remote.natural("measure the width of 'abcd'")
        assert answer["result"]["output"] == 8
        (latest, *_) = await remote.runs()
        steps = (await remote.run(latest["id"]))["steps"]
        assert {"width", "width/letters", "width/double"} <= {step["node"] for step in steps}
        with pytest.raises(pf.CapabilityFailed) as failed:
            await remote.call("width", {"text": ""})
        assert "at 'letters'" in str(failed.value)
