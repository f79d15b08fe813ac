"""An app within this process, for a command that finds no server: the same HTTP API, without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from packetflow.cli.access import Access
from packetflow.http.api import build

if TYPE_CHECKING:
    from packetflow.app import App


@asynccontextmanager
async def embedded(app: App) -> AsyncGenerator[Access]:
    """Start an app in this process, without a server, and talk to it; leaving closes it."""
    api = build(app)
    async with (
        api.router.lifespan_context(api),
        Access("http://localhost", transport=httpx2.ASGITransport(api)) as access,
    ):
        yield access
