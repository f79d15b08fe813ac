"""The page a browser finds: try a sentence, see the plan and the answer; and the page that shows the API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

STATIC: Final = Path(__file__).with_name("static")

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def home() -> FileResponse:
    """Give the landing page."""
    return _page("index.html")


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs() -> FileResponse:
    """Give the page that shows every endpoint and lets one try it."""
    return _page("docs.html")


def _page(name: str) -> FileResponse:
    return FileResponse(STATIC / name, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})
