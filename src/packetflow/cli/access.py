"""What commands ask of an app, over its HTTP API: a connection that gives plans and runs as what they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import httpx2

from packetflow._core.errors import UnknownCapability
from packetflow._core.plan import Plan
from packetflow._core.run import Run
from packetflow.http.client import Remote

if TYPE_CHECKING:
    from packetflow._core.json import Json, JsonObject

_QUICK: Final = 0.05
_SLOW: Final = 0.5
"""Seconds between two looks at a run: quick while it is young, slow when it is old."""

_PAGE: Final = 1000


class Access(Remote):
    """A connection to the app of a data folder; there is no limit to how long it may work on an answer."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        host: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Talk to the server at `url`; `host` is its name in the Host header, where that is not in `url`."""
        super().__init__(url, token=token, transport=transport)
        self._http.timeout = httpx2.Timeout(10, read=None)
        if host is not None:
            self._http.headers["Host"] = host

    async def capability(self, capability_id: str) -> JsonObject:
        """Describe one capability; raises UnknownCapability, naming similar ones."""
        for found in await self.capabilities():
            if found["id"] == capability_id:
                return found
        near = [found["id"] for found in await self.capabilities(capability_id)][:3]
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise UnknownCapability(f"there is no capability {capability_id!r}{hint}", capability_id=capability_id)

    async def planned(self, intent: str, hints: Mapping[str, Json]) -> Plan[Any]:
        """Plan a sentence; raises NotUnderstood."""
        made = await self.request("POST", "/api/ai/plan", {"intent": intent, "context": dict(hints)})
        return Plan[Any].model_validate(made["plan"])

    async def start(self, plan: Plan[Any]) -> str:
        """Begin to run a plan and give the run's id; raises PlanRejected, and nothing has run then."""
        begun = await self.execute(plan.model_dump(mode="json"), wait=False, waits=True)
        return str(begun["execution_id"])

    async def follow(self, run_id: str) -> AsyncIterator[Run[Any]]:
        """Give a run again and again until it has ended or asks a person, the last time as it stands then."""
        pause = _QUICK
        while True:
            run = await self.record(run_id)
            yield run
            if run.status != "running" and (run.status != "waiting" or run.questions):
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, _SLOW)

    async def record(self, run_id: str) -> Run[Any]:
        """Give a run with all its steps; raises NotFound."""
        return Run[Any].model_validate(await self.run(run_id))

    async def all_actors(self, kind: str | None) -> list[JsonObject]:
        """List all actors, awake or saved, ordered by type and key."""
        found = page = await self.actors(kind, limit=_PAGE)
        while len(page) == _PAGE:
            page = await self.actors(kind, after=found[-1]["id"], limit=_PAGE)
            found = [*found, *page]
        return found
