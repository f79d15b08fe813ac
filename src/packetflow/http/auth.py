"""The gate before every route: whose machine, whose page, whose token, how large; and a trace id on every answer."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request
from pydantic_core import from_json
from starlette.datastructures import Headers, MutableHeaders

from packetflow._core.context import new_id
from packetflow._core.errors import InvalidInput, Problem
from packetflow._runtime.client import Client
from packetflow.app import App
from packetflow.http.problems import problem
from packetflow.http.settings import BODY_LIMIT, Settings, host_name, is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("packetflow.http")

Admit: TypeAlias = Callable[[Client, str], Client | None]
"""From the client with all authority and a bearer token to the client of whoever holds the token; None: nobody does."""

PATIENCE: Final = 30.0
"""Seconds a client may take to send a body."""

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_MAYBE_INFINITE: Final = re.compile(rb"\d[eE]\+?\d{3}|\d{309}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(slots=True)
class Site:
    """One served app: its settings, who may come in, and the client with all authority while it runs."""

    app: App
    settings: Settings
    admit: Admit | None = None
    root: Client | None = None
    stopping: bool = False
    started: float = field(default_factory=monotonic)

    def whose(self, authorization: str | None) -> Client | None:
        """Give the client for an Authorization header; None when it names nobody."""
        if self.root is None:
            return None
        if authorization is None:
            return self.root if self.settings.loopback and self.settings.secret is None else None
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return None
        secret = self.settings.secret
        if secret is not None and hmac.compare_digest(token.encode(), secret.encode()):
            return self.root
        return self.admit(self.root, token) if self.admit is not None else None


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Gate:
    """ASGI middleware: lets through what is ours, bounded and well-formed, with its client and trace id in `state`."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        """Stand before `app`."""
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace_id = trace_of(headers.get("traceparent"))
        scope.setdefault("state", {})["trace_id"] = trace_id
        try:
            scope["state"]["client"] = self._admitted(headers, scope)
            if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
                receive = await _checked(receive, headers)
        except _Refused as refused:
            await self._refuse(refused, trace_id, (scope, receive, send))
            return
        if scope["type"] == "http":
            await self._answered(trace_id, (scope, receive, send))
        else:
            await self._app(scope, receive, send)

    def _admitted(self, headers: Headers, scope: Scope) -> Client:
        settings = self._site.settings
        host = headers.get("host", "")
        if host_name(host) not in settings.hosts:
            raise _Refused("foreign_request", f"this server is not called {host!r}; --allowed-host adds a name")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host.lower()}", f"https://{host.lower()}"}:
            raise _Refused("foreign_request", f"a page from {origin!r} may not use this server")
        near = scope.get("client")
        if settings.loopback and near is not None and not is_loopback(near[0]):
            raise _Refused("foreign_request", "this server is for its own machine only")
        client = self._site.whose(headers.get("authorization"))
        if client is None and headers.get("authorization") is None:
            raise _Refused("unauthorized", "a token is needed: Authorization: Bearer <token>")
        if client is None:
            raise _Refused("unauthorized", "the token is not known here")
        if self._site.stopping:
            raise _Refused("stopping", "this server is being stopped")
        return client

    async def _refuse(self, refused: _Refused, trace_id: str, connection: tuple[Scope, Receive, Send]) -> None:
        scope, receive, send = connection
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refused.message[:120]})
            return
        log.info("%s %s refused: %s", scope["method"], scope["path"], refused.message)
        await problem(refused.code, refused.message, trace_id)(scope, receive, _dressed(send, trace_id))

    async def _answered(self, trace_id: str, connection: tuple[Scope, Receive, Send]) -> None:
        scope, receive, send = connection
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        dressed = _dressed(watched, trace_id)
        try:
            await self._app(scope, receive, dressed)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                if begun or not self._site.stopping:
                    raise
                message = "this server was stopped before the answer was ready"
                await problem("stopping", message, trace_id)(scope, receive, dressed)
                return
            log.exception("%s %s failed, trace %s", scope["method"], scope["path"], trace_id)
            if begun:
                raise
            message = f"something went wrong here that is not your doing; the log has it under trace {trace_id}"
            await problem("internal", message, trace_id)(scope, receive, dressed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent one request."""

    client: Client
    trace_id: str
    message_id: str | None = None
    """The Idempotency-Key."""

    def acting(self, user_id: str | None = None, confirmed: Iterable[str] = ()) -> Client:
        """Give the client for this request, in the name of `user_id` if one is given.

        Raises NotAllowed unless the caller may act for that user.
        """
        client = self.client.within(trace_id=self.trace_id, message_id=self.message_id, confirmed=confirmed)
        return client if user_id is None else client.acting_for(user_id)


async def caller_of(request: Request) -> Caller:
    """Give the caller of a request; raises InvalidInput for an Idempotency-Key that is none."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        wrong = Problem("wrong_value", "must be 1 to 255 printable characters without a space", ("Idempotency-Key",))
        raise InvalidInput(f"the request is not valid: {wrong}", [wrong])
    return Caller(request.state.client, request.state.trace_id, key)


async def site_of(request: Request) -> Site:
    """Give what is served."""
    site: Site = request.app.state.site
    return site


AnyCaller: TypeAlias = Annotated[Caller, Depends(caller_of)]
ThisSite: TypeAlias = Annotated[Site, Depends(site_of)]


def trace_of(traceparent: str | None) -> str:
    """Give the trace id of a W3C traceparent header, or a new one."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found[1] if found else new_id()


def _is_cancelled() -> bool:
    """Whether this task is being cancelled, and the CancelledError at hand not one that a capability raised itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _dressed(send: Send, trace_id: str) -> Send:
    async def dress(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Trace-Id"] = trace_id
            headers.setdefault("Cache-Control", "no-store")
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dress


async def _checked(receive: Receive, headers: Headers) -> Receive:
    """Read the body, within its limit and in time, see that it is JSON, and give it again to whoever reads next."""
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > BODY_LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(PATIENCE):
            body = await _read(receive)
    except TimeoutError:
        raise _Refused("too_slow", f"the body did not arrive within {PATIENCE:.0f} s") from None
    if body:
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
            raise _Refused("not_json", f"send application/json, not {media or 'a body without a Content-Type'}")
        _parse(body)
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Refused("malformed", "the connection ended before the body did")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _parse(body: bytes) -> None:
    """Refuse what is not JSON as RFC 8259 has it, is nested too deep, or holds a number that is infinite here."""
    try:
        value: Any = from_json(body, allow_inf_nan=False)
        if _MAYBE_INFINITE.search(body):
            json.dumps(value, allow_nan=False)
    except ValueError as error:
        message = f"the body is not JSON: {error}"
        raise _Refused("malformed", message) from error


def _too_large() -> _Refused:
    return _Refused("too_large", f"a body may have {BODY_LIMIT} bytes at most")
