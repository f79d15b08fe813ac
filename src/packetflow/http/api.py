"""The HTTP API of an App."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from packetflow._core.registry import Registry
from packetflow.app import App
from packetflow.http import actors, ai, approvals, letters, operations, page, problems, runs
from packetflow.http.auth import Admit, Gate, Site
from packetflow.http.operations import VERSION
from packetflow.http.settings import Settings

_ABOUT: Final = (
    "Capabilities, actors and checked plans. Every failure is a problem (RFC 9457) with a stable `code`; every answer "
    "carries `X-Trace-Id`."
)


def build(app: App, *, settings: Settings | None = None, admit: Admit | None = None) -> FastAPI:
    """Make the ASGI application that serves `app`; its lifespan enters and leaves the App.

    `admit` tells whose a bearer token is; without it the only token is the secret of the settings, which acts as the
    owner. What is made knows its `Site` as `api.state.site`.
    """
    site = Site(app, settings or Settings(), admit)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with app as root:
            site.root, site.started, site.stopping = root, monotonic(), False
            try:
                yield
            finally:
                site.root = None

    api = FastAPI(
        title="PacketFlow", version=VERSION, description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    api.state.site = site
    for router in (module.router for module in (ai, runs, approvals, actors, letters, operations, page)):
        api.include_router(router)
    api.mount("/static", StaticFiles(directory=page.STATIC), name="static")
    problems.install(api)
    api.add_middleware(Gate, site=site)
    api.openapi = lambda: _described(api, app.registry)
    return api


def _described(api: FastAPI, registry: Registry) -> dict[str, Any]:
    """Give the OpenAPI document with examples of this app that work."""
    if api.openapi_schema is None:
        schema = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        sentence = next((example for declared in registry.values() for example in declared.examples), "help")
        free = next((one.id for one in registry.values() if one.effect == "read" and not one.requires), None)
        _show(schema, "/api/ai/natural", {"message": sentence})
        if sentence != "help":
            _show(schema, "/api/ai/plan", {"intent": sentence})
        _show(schema, "/api/ai/analyze-intent", {"intent": sentence})
        if free is not None:
            _show(schema, "/api/ai/capability/{capability_id}", {"payload": {}})
            named = schema["paths"]["/api/ai/capability/{capability_id}"]["post"]["parameters"]
            named[0]["example"] = free
        api.openapi_schema = schema
    return api.openapi_schema


def _show(schema: dict[str, Any], path: str, example: dict[str, Any]) -> None:
    schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"] = example
