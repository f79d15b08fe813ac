"""What commands do with an app: through its HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

import httpx2
from pydantic import ValidationError

from packetflow._core.errors import (
    InvalidInput,
    NotUnderstood,
    PacketFlowError,
    PlanRejected,
    Problem,
    UnknownCapability,
)
from packetflow._core.explanation import Candidate
from packetflow._core.plan import Plan
from packetflow._core.run import Run
from packetflow.cli.failure import CommandFailed
from packetflow.http.announcement import Announcement, headers
from packetflow.http.codes import error_class

if TYPE_CHECKING:
    from packetflow._core.json import Json, JsonObject

_QUICK: Final = 0.05
_SLOW: Final = 0.5
"""Seconds between two looks at a run: quick while it is young, slow when it is old."""


class Access:
    """The HTTP API of one app, method by method.

    Every refusal is raised as the error of PacketFlow that it is (InvalidInput, NotFound, PlanRejected, ...);
    CommandFailed when the server is gone.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        """Talk through `client`, which knows the address."""
        self._client = client

    async def capabilities(self, text: str = "") -> list[JsonObject]:
        """List the capabilities, or those that match a text, best first."""
        return (await self._ask("GET", "/api/ai/capabilities", params={"limit": 1000, "q": text}))["capabilities"]

    async def capability(self, capability_id: str) -> JsonObject:
        """Describe one capability; raises UnknownCapability, naming similar ones."""
        for found in await self.capabilities():
            if found["id"] == capability_id:
                return found
        near = [found["id"] for found in await self.capabilities(capability_id)][:3]
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise UnknownCapability(f"there is no capability {capability_id!r}{hint}", capability_id=capability_id)

    async def call(self, capability_id: str, inputs: Mapping[str, Any], confirmed: Sequence[str] = ()) -> Any:  # noqa: ANN401 - JSON
        """Call a capability and give its output."""
        body = {"payload": dict(inputs), "confirmed": list(confirmed)}
        return (await self._ask("POST", f"/api/ai/capability/{_part(capability_id)}", json=body))["result"]

    async def plan(self, intent: str, hints: Mapping[str, Json]) -> Plan[Any]:
        """Plan a sentence; raises NotUnderstood."""
        made = await self._ask("POST", "/api/ai/plan", json={"intent": intent, "context": dict(hints)})
        return Plan[Any].model_validate(made["plan"])

    async def start(self, plan: Plan[Any], confirmed: Sequence[str] = ()) -> str:
        """Begin to run a plan and give the run's id; raises PlanRejected, and nothing has run then."""
        body = {"plan": plan.model_dump(mode="json"), "confirmed": list(confirmed)}
        return (await self._ask("POST", "/api/ai/execute", params={"wait": "false"}, json=body))["execution_id"]

    async def follow(self, run_id: str) -> AsyncIterator[Run[Any]]:
        """Give a run again and again until it has ended, the last time as it ended."""
        pause = _QUICK
        while True:
            run = await self.run(run_id)
            yield run
            if run.status != "running":
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, _SLOW)

    async def run(self, run_id: str) -> Run[Any]:
        """Give a run with all its steps; raises NotFound."""
        return Run[Any].model_validate((await self._ask("GET", f"/api/runs/{_part(run_id)}"))["run"])

    async def runs(self, status: str | None, limit: int) -> list[JsonObject]:
        """List runs, the latest first."""
        params = {"limit": limit} | ({"status": status} if status is not None else {})
        return (await self._ask("GET", "/api/runs", params=params))["runs"]

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run; False when it had ended before."""
        return (await self._ask("POST", f"/api/runs/{_part(run_id)}/cancel"))["cancelled"]

    async def actors(self, kind: str | None) -> list[JsonObject]:
        """List all actors, awake or saved."""
        found: list[JsonObject] = []
        params: dict[str, str | int] = {"limit": 1000} | ({"type": kind} if kind is not None else {})
        while True:
            page = await self._ask("GET", "/api/actors", params=params)
            found += page["actors"]
            if page["after"] is None:
                return found
            params["after"] = page["after"]

    async def actor(self, address: str) -> JsonObject:
        """Show one actor: what is known of it, its state, what it can be asked."""
        shown = await self._ask("GET", f"/api/actors/{_part(address)}")
        return {name: shown[name] for name in ("actor", "state", "capabilities")}

    async def send(self, address: str, message: Json, capability: str | None, context: Mapping[str, Json]) -> Any:  # noqa: ANN401 - JSON
        """Send a message to an actor and give its reply."""
        body = {"message": message, "capability": capability, "context": dict(context)}
        return (await self._ask("POST", f"/api/actors/{_part(address)}/messages", json=body))["result"]

    async def stop(self, address: str) -> JsonObject:
        """Put an actor to sleep; `stopped` tells whether it was awake."""
        ended = await self._ask("DELETE", f"/api/actors/{_part(address)}")
        return {"actor_id": ended["actor_id"], "stopped": ended["stopped"]}

    async def _ask(self, method: str, path: str, **request: Any) -> JsonObject:  # noqa: ANN401 - httpx2's own arguments
        try:
            response = await self._client.request(method, path, **request)
            answer: object = response.json()
        except httpx2.TransportError as error:
            message = (
                f"the server at {self._client.base_url} is gone or does not answer: {error or type(error).__name__}"
            )
            raise CommandFailed(message, code="server_gone") from error
        except ValueError as error:
            raise CommandFailed(
                f"{self._client.base_url} answered something that is not JSON", code="not_json"
            ) from error
        if not isinstance(answer, dict):
            raise CommandFailed(f"{self._client.base_url} answered something unexpected", code="not_json")
        body = cast("JsonObject", answer)
        if response.is_success:
            return body
        raise _error(body)


@asynccontextmanager
async def remote(server: Announcement) -> AsyncGenerator[Access]:
    """Talk to a running server; there is no limit to how long it may work on an answer."""
    timeout = httpx2.Timeout(10, read=None)
    async with httpx2.AsyncClient(
        base_url=server.url, headers=headers(server.host), timeout=timeout, trust_env=False
    ) as client:
        yield Access(client)


def _part(text: str) -> str:
    return quote(text, safe=":")


def _error(body: JsonObject) -> PacketFlowError | CommandFailed:
    """Make a problem (RFC 9457) the error it was."""
    code, message = (
        str(body.get("code", "internal")),
        str(body.get("message") or body.get("detail") or "no reason was given"),
    )
    kind = error_class(code)
    details: JsonObject = body.get("details") or {}
    if kind is None:
        return CommandFailed(message, code=code)
    if issubclass(kind, InvalidInput | PlanRejected):
        return kind(message, [_problem(one) for one in body.get("problems", [])], **details)
    if issubclass(kind, NotUnderstood):
        return kind(message, _candidates(body.get("candidates", [])), **details)
    return kind(message, **details)


def _problem(one: Mapping[str, Any]) -> Problem:
    return Problem(
        one["code"], one["message"], tuple(one.get("path", ())), one.get("step"), tuple(one.get("allowed", ()))
    )


def _candidates(listed: Sequence[object]) -> list[Candidate]:
    try:
        return [Candidate.model_validate(one) for one in listed]
    except ValidationError:
        return []
