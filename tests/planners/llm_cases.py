"""What the tests of the model planner share: an app's capabilities, a request over them, and answers to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel
from tests.fakes.vendor import Call, FakeVendor, Turn, environment

from packetflow._core.capability import capability
from packetflow._core.ports import Request
from packetflow._core.registry import Registry
from packetflow.models.model import Model
from packetflow.models.question import Limits
from packetflow.models.settings import configured
from packetflow.planners.llm.planner import PLAN_LIMITS, LLMPlanner


class Forecast(BaseModel):
    summary: str
    high: float
    alerts: list[str]


@capability(effect="read", examples=["weather in Oslo tomorrow"])
async def forecast(city: str, day: date) -> Forecast:
    """Give the weather forecast of a city."""
    return Forecast(summary=f"sun in {city} on {day}", high=21.5, alerts=[])


@capability(effect="external")
async def send_mail(to: str, text: str, copies: list[str] | None = None) -> str:
    """Send an e-mail; returns its id."""
    return f"{to} {len(text)} {copies}"


@capability(effect="read")
async def digest(texts: list[str]) -> str:
    """Sum up several texts in one."""
    return "; ".join(texts)


@capability(effect="delete")
async def erase_archive(archive: str) -> int:
    """Erase every message of an archive."""
    return len(archive)


REGISTRY = Registry([forecast, send_mail, digest, erase_archive])
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
INTENT = "weather in Paris tomorrow, then mail it to ann@example.org"
REQUEST = Request(INTENT, NOW, {"room": "lobby"})


def step(name: str, capability_id: str, *inputs: dict[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """One step of a draft, as a model that leaves nothing out writes it."""
    given: dict[str, Any] = {"after": [], "for_each": None, "why": "it was asked for", **fields}
    return {"id": name, "capability_id": capability_id, "inputs": list(inputs), **given}


def value(name: str, given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"name": name, "value": given}


def link(name: str, source: str, *path: str) -> dict[str, Any]:
    return {"name": name, "from_step": source, "path": list(path)}


def draft(*steps: dict[str, Any], output: str = "", confidence: float = 0.9) -> dict[str, Any]:
    return {"steps": list(steps), "output_step": output or steps[-1]["id"], "confidence": confidence}


def mail_draft(weather: str = "forecast") -> dict[str, Any]:
    """Give the plan that INTENT asks for; with another id of the first capability a wrong one."""
    return draft(
        step("weather", weather, value("city", "Paris"), value("day", "2026-11-23")),
        step("mail", "send_mail", value("to", "ann@example.org"), link("text", "weather", "summary")),
    )


GOOD = Call("submit_plan", mail_draft())
BAD = Call("submit_plan", mail_draft("wether"))


@asynccontextmanager
async def planning(
    *script: Turn,
    vendors: tuple[str, ...] = ("anthropic",),
    limits: Limits = PLAN_LIMITS,
    first: str = "",
    **options: Any,  # noqa: ANN401 - what a Model takes
) -> AsyncGenerator[tuple[LLMPlanner, FakeVendor]]:
    """Give a planner of somebody with the keys of these vendors, and the server both of them are at.

    `first` is what PACKETFLOW_MODEL says.
    """
    async with FakeVendor(*script) as vendor:
        env = {**environment(vendor.url, *vendors), "PACKETFLOW_MODEL": first}
        model = Model(configured(env), **options)
        planner = LLMPlanner(model, limits=limits)
        try:
            yield planner, vendor
        finally:
            await planner.close()
