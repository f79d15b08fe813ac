"""Talk to a running server, as the command line does when a server owns the data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

import httpx2
from pydantic import ValidationError
from pydantic_core import from_json

from packetflow._core.errors import InvalidInput, NotUnderstood, PacketFlowError, PlanRejected, Problem
from packetflow._core.explanation import Candidate
from packetflow._core.run import StepProgressed
from packetflow.http.codes import error_class

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from packetflow._core.json import Json, JsonObject

T = TypeVar("T")

_TIMEOUT = httpx2.Timeout(10.0, read=120.0)
_EVENT_LIMIT = 64 << 20


class ServerUnreachable(PacketFlowError):
    """No server answers at the address, or what answers is no PacketFlow server."""

    code = "server_unreachable"


class Remote:
    """A connection to one server; enter it to use it.

    Answers come as the JSON that `docs/reference/http.md` tells of. A refusal is raised as the error that was raised in
    the server, found by its code; what the problem said besides is in `details`. A run that failed is returned, not
    raised, as `Client.run` does: look at `success`.
    """

    def __init__(
        self, url: str, *, token: str | None = None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        """Talk to the server at `url`, with a bearer token if it wants one.

        With `httpx2.ASGITransport(build(app))` as transport it talks to an app in this very process.
        """
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # No proxy from the environment: a local server is reached directly, and a token goes to nobody else.
        self._http = httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False, transport=transport
        )

    async def __aenter__(self) -> Self:
        """Give the connection."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._http.__aexit__(kind, error, traceback)

    async def request(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        query: Mapping[str, str | int | None] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Send one request and give the JSON object it answers; None in `query` is left out.

        Raises ServerUnreachable, or the PacketFlowError that the server tells of.
        """
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        given: dict[str, Any] = {} if json is None else {"json": json}
        try:
            answer = await self._http.request(method, path, params=wanted, headers=dict(headers or {}), **given)
        except httpx2.HTTPError as error:
            message = f"no server answers at {self.url}: {type(error).__name__} {error}".rstrip()
            raise ServerUnreachable(message, url=self.url) from error
        return self._body(answer)

    # -- sentences, plans, calls --------------------------------------------------------------------------------------

    async def natural(self, message: str, *, confirmed: Iterable[str] = (), **context: Json) -> JsonObject:
        """Plan and run a sentence."""
        body = {"message": message, "context": context, "confirmed": [*confirmed]}
        return await self.request("POST", "/api/ai/natural", body)

    async def plan(self, intent: str, **context: Json) -> JsonObject:
        """Plan a sentence; gives the plan. Nothing runs."""
        made = await self.request("POST", "/api/ai/plan", {"intent": intent, "context": context})
        return cast("JsonObject", made["plan"])

    async def execute(
        self,
        plan: object,
        payload: Mapping[str, Json] | None = None,
        *,
        wait: bool = True,
        waits: bool = False,
        confirmed: Iterable[str] = (),
        continues: str = "",
    ) -> JsonObject:
        """Run a plan; without `wait` the answer comes at once and `run` tells how far it is.

        With `waits` a risky step waits for a person (`approvals`, `answer`) instead of failing. `continues` names the
        run whose rest the plan is.
        """
        body: JsonObject = {"plan": plan, "payload": payload or {}, "confirmed": [*confirmed]}
        body |= {"waits": waits, "continues": continues}
        return await self.request("POST", "/api/ai/execute", body, query={"wait": None if wait else "false"})

    async def call(
        self,
        capability_id: str,
        payload: Mapping[str, Json] | None = None,
        *,
        confirmed: Iterable[str] = (),
        message_id: str | None = None,
    ) -> Any:  # noqa: ANN401 - the capability's own output
        """Call a capability and give its output as JSON."""
        body = {"payload": payload or {}, "confirmed": [*confirmed]}
        headers = {} if message_id is None else {"Idempotency-Key": message_id}
        path = f"/api/ai/capability/{quote(capability_id, safe='')}"
        return (await self.request("POST", path, body, headers=headers))["result"]

    async def capabilities(self, text: str = "", *, limit: int = 1000) -> list[JsonObject]:
        """Find capabilities, best first."""
        found = await self.request("GET", "/api/ai/capabilities", query={"q": text or None, "limit": limit})
        return cast("list[JsonObject]", found["capabilities"])

    # -- runs ---------------------------------------------------------------------------------------------------------

    async def runs(self, *, status: str | None = None, limit: int = 50) -> list[JsonObject]:
        """List runs, the latest first."""
        found = await self.request("GET", "/api/runs", query={"status": status, "limit": limit})
        return cast("list[JsonObject]", found["runs"])

    async def run(self, run_id: str) -> JsonObject:
        """Give a run with every step."""
        found = await self.request("GET", f"/api/runs/{quote(run_id, safe='')}")
        return cast("JsonObject", found["run"])

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run; False when it had ended before."""
        return bool((await self.request("POST", f"/api/runs/{quote(run_id, safe='')}/cancel"))["cancelled"])

    async def events(self, run_id: str, *, after: int = 0) -> AsyncIterator[tuple[int, str, JsonObject]]:
        """Follow a run to its end as (seq, kind, fields); progress has the seq 0."""
        path, headers = f"/api/runs/{quote(run_id, safe='')}/events", {"Last-Event-ID": str(after)}
        try:
            async with self._http.sse(path, headers=headers, max_event_size=_EVENT_LIMIT) as source:
                if not source.response.is_success:
                    await source.response.aread()
                    self._body(source.response)
                async for event in source:
                    seq = int(event.id) if event.id and event.event != StepProgressed.__name__ else 0
                    yield seq, event.event, from_json(event.data)
        except httpx2.HTTPError as error:
            message = f"the connection to {self.url} broke: {type(error).__name__} {error}".rstrip()
            raise ServerUnreachable(message, url=self.url) from error

    async def approvals(self) -> list[JsonObject]:
        """List what runs wait for a person to say, the oldest first."""
        return cast("list[JsonObject]", (await self.request("GET", "/api/approvals"))["questions"])

    async def answer(
        self, run_id: str, digest: str, verdict: str, *, reason: str = "", output: Json = None
    ) -> JsonObject:
        """Answer a question of a run: `approve`, `refuse`, `again`, `done` (with `output`) or `fail`."""
        body = {"digest": digest, "verdict": verdict, "reason": reason, "output": output}
        return await self.request("POST", f"/api/runs/{quote(run_id, safe='')}/answers", body)

    async def retry(self, run_id: str, *, from_step: str | None = None, wait: bool = True) -> JsonObject:
        """Do what a run left undone, as a new run."""
        path, query = f"/api/runs/{quote(run_id, safe='')}/retry", {"wait": None if wait else "false"}
        return await self.request("POST", path, {"from_step": from_step}, query=query)

    async def replan(self, run_id: str, intent: str | None = None) -> JsonObject:
        """Plan what a run left undone; gives the plan. Nothing runs."""
        made = await self.request("POST", f"/api/runs/{quote(run_id, safe='')}/replan", {"intent": intent})
        return cast("JsonObject", made["plan"])

    async def dry_run(self, plan: object, payload: Mapping[str, Json] | None = None) -> JsonObject:
        """Tell what a run of a plan would do. Nothing runs."""
        told = await self.request("POST", "/api/ai/dry-run", {"plan": plan, "payload": payload or {}})
        return cast("JsonObject", told["report"])

    # -- letters ------------------------------------------------------------------------------------------------------

    async def letters(
        self,
        *,
        kind: str | None = None,
        key: str | None = None,
        dead: bool | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[JsonObject]:
        """List letters on their way, reminders and dead letters, in the order of sending."""
        wanted = None if dead is None else str(dead).lower()
        query = {"type": kind, "key": key, "dead": wanted, "after": after, "limit": limit}
        return cast("list[JsonObject]", (await self.request("GET", "/api/letters", query=query))["letters"])

    async def replay_letter(self, letter_id: str) -> None:
        """Deliver a dead letter again; raises NotFound."""
        await self.request("POST", f"/api/letters/{quote(letter_id, safe='')}/replay")

    async def drop_letter(self, letter_id: str) -> None:
        """Delete a letter for good; raises NotFound."""
        await self.request("DELETE", f"/api/letters/{quote(letter_id, safe='')}")

    # -- actors -------------------------------------------------------------------------------------------------------

    async def actors(self, kind: str | None = None, *, after: str = "", limit: int = 100) -> list[JsonObject]:
        """List actors, ordered by type and key."""
        query = {"type": kind, "after": after or None, "limit": limit}
        return cast("list[JsonObject]", (await self.request("GET", "/api/actors", query=query))["actors"])

    async def actor(self, actor_id: str) -> JsonObject:
        """Give one actor with its state and what it can be asked."""
        return await self.request("GET", f"/api/actors/{quote(actor_id, safe=':')}")

    async def send(self, actor_id: str, message: Json, *, capability: str | None = None, **context: Json) -> Any:  # noqa: ANN401
        """Send an actor a message and give its reply as JSON."""
        body = {"message": message, "capability": capability, "context": context}
        return (await self.request("POST", f"/api/actors/{quote(actor_id, safe=':')}/messages", body))["result"]

    async def stop(self, actor_id: str, *, forget: bool = False) -> JsonObject:
        """Stop an actor, and with `forget` delete its memory for good."""
        query = {"forget": "true" if forget else None}
        return await self.request("DELETE", f"/api/actors/{quote(actor_id, safe=':')}", query=query)

    async def start_actor(self, actor_id: str) -> bool:
        """Let an actor (`type:key`) or a class (`type`) that crashed too often take messages again."""
        return bool((await self.request("POST", f"/api/actors/{quote(actor_id, safe=':')}/start"))["started"])

    async def statistics(self) -> JsonObject:
        """Tell how full every queue is and how actors fare; for the owner."""
        return cast("JsonObject", (await self.request("GET", "/api/statistics"))["statistics"])

    async def health(self) -> JsonObject:
        """Say how the server is; raises ServerUnreachable when there is none."""
        return await self.request("GET", "/health")

    def _body(self, answer: httpx2.Response) -> JsonObject:
        try:
            body: object = answer.json()
        except ValueError as error:
            message = f"what answers at {self.url} is no PacketFlow server (status {answer.status_code})"
            raise ServerUnreachable(message, url=self.url) from error
        found = cast("JsonObject", body) if isinstance(body, dict) else {}
        if answer.is_success or "execution_id" in found or answer.url.path == "/health":
            return found
        raise error_of(found, answer.status_code)


def talk(url: str, ask: Callable[[Remote], Awaitable[T]], *, token: str | None = None) -> T:
    """Do one thing with a server from code that is not async: `talk(url, lambda server: server.natural("..."))`."""

    async def talking() -> T:
        async with Remote(url, token=token) as server:
            return await ask(server)

    return asyncio.run(talking())


def error_of(problem: JsonObject, status: int) -> PacketFlowError:
    """Make the error again that a problem tells of; an application's own one becomes a plain PacketFlowError.

    `details` holds those of the problem, and its code, status and trace id.
    """
    message = str(problem.get("detail") or f"the server answered {status}")
    code = str(problem.get("code") or PacketFlowError.code)
    kind = error_class(code)
    if kind is InvalidInput or kind is PlanRejected:
        error = kind(message, [_problem(one) for one in problem.get("problems") or ()])
    elif kind is NotUnderstood:
        error = NotUnderstood(message, _candidates(problem))
    else:
        own = kind is not None and kind.__module__ == PacketFlowError.__module__
        error = kind(message) if kind is not None and own else PacketFlowError(message)
    told = cast("dict[str, Any]", problem.get("details") or {})
    error.details = {**told, "code": code, "status": status, "trace_id": problem.get("trace_id")}
    return error


def _problem(told: JsonObject) -> Problem:
    path, allowed = tuple(told.get("path") or ()), tuple(told.get("allowed") or ())
    return Problem(str(told.get("code")), str(told.get("message")), path, told.get("step"), allowed)


def _candidates(problem: JsonObject) -> list[Candidate]:
    try:
        return [Candidate.model_validate(one) for one in problem.get("candidates") or ()]
    except ValidationError:
        return []
