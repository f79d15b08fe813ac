"""For whoever operates the server: /health and /metrics."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from itertools import accumulate
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from packetflow._core.errors import NotAllowed, StoreError
from packetflow._runtime.inspection import waiting
from packetflow._runtime.telemetry import BUCKETS
from packetflow.http.auth import AnyCaller, ThisSite
from packetflow.http.bodies import StatisticsAnswer
from packetflow.http.problems import Reply

if TYPE_CHECKING:
    from packetflow._core.ports import Store
    from packetflow._runtime.activation import Activations
    from packetflow._runtime.client import Parts
    from packetflow._runtime.telemetry import Telemetry

router = APIRouter(tags=["operations"])

VERSION: Final = version("packetflow")
_PATIENCE: Final = 2.0


@router.get("/health")
async def health(site: ThisSite, caller: AnyCaller) -> Response:
    """Say whether the app can do its work; 503 when its store cannot be reached. The details are for the owner."""
    parts = site.app.parts
    reachable = await _reachable(parts.store)
    status = {"status": "ok" if reachable else "unavailable"}
    if not caller.client.grant.whole:
        return Reply(status, 200 if reachable else 503)
    body: dict[str, Any] = {
        **status,
        "version": VERSION,
        "pid": os.getpid(),
        "uptime_seconds": round(monotonic() - site.started, 3),
        "store": {"kind": type(parts.store).__name__, "reachable": reachable},
        "planners": list(parts.planning.names),
        "counts": {
            "capabilities": len(parts.engine.registry),
            "actor_types": len(parts.engine.tables),
            "actors_awake": sum(len(table.awake) for table in parts.engine.tables.values()),
            "messages_waiting": waiting(parts.engine.tables.values()),
            "runs_alive": parts.runs.alive,
            "records_lost": parts.engine.records.lost,
        },
    }
    return Reply(body, 200 if reachable else 503)


@router.get("/api/statistics", response_model=StatisticsAnswer)
async def statistics(caller: AnyCaller) -> Response:
    """Tell how full every queue is, how each class of actors fares, and what is at work; for the owner."""
    found = caller.acting().statistics()
    return Reply(StatisticsAnswer(health=found.health, statistics=asdict(found)))


@router.get("/metrics", response_class=Response)
async def metrics(site: ThisSite, caller: AnyCaller) -> Response:
    """Give the measures since the start, in Prometheus' text format; for the owner."""
    if not caller.client.grant.whole:
        message = f"{caller.client.principal!r} may not see the measures of the app"
        raise NotAllowed(message, principal=caller.client.principal)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Measures(site.app.parts, monotonic() - site.started))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _reachable(store: Store) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await store.recall("health", "probe")
    except (StoreError, TimeoutError):
        return False
    return True


class _Measures(Collector):
    """Renders what the runtime counts; one for each scrape, so nothing is counted twice."""

    def __init__(self, parts: Parts, uptime: float) -> None:
        self._parts, self._uptime = parts, uptime

    def collect(self) -> Iterable[Metric]:
        """Give every metric."""
        parts = self._parts
        yield InfoMetricFamily("packetflow_build", "What runs here", value={"version": VERSION})
        yield GaugeMetricFamily("packetflow_uptime_seconds", "Seconds since the start", value=self._uptime)
        yield GaugeMetricFamily("packetflow_runs_alive", "Runs under way", value=parts.runs.alive)
        lost = parts.engine.records.lost
        yield CounterMetricFamily("packetflow_records_lost", "Call and audit records that were not kept", value=lost)
        yield from _calls(parts.engine.telemetry)
        yield from _counted(parts.engine.telemetry)
        yield from _actors(parts.engine.tables.values())


def _calls(telemetry: Telemetry) -> Iterator[Metric]:
    calls = CounterMetricFamily("packetflow_calls", "Calls of capabilities", labels=["capability", "outcome"])
    seconds = HistogramMetricFamily("packetflow_call_seconds", "Duration of calls", labels=["capability"])
    bounds = [*map(str, BUCKETS), "+Inf"]
    for name, measure in telemetry.calls.items():
        for outcome, count in measure.outcomes.items():
            calls.add_metric([name, outcome], count)
        buckets = list(zip(bounds, map(float, accumulate(measure.buckets)), strict=True))
        seconds.add_metric([name], buckets, measure.seconds)
    yield calls
    yield seconds


def _counted(telemetry: Telemetry) -> Iterator[Metric]:
    for name, said, label, counter in (
        ("decisions", "Decisions on calls", "verdict", telemetry.decisions),
        ("runs", "Runs that ended", "status", telemetry.runs),
        ("plans", "Plans made", "planner", telemetry.plans),
        ("retries", "Attempts after the first", "capability", telemetry.retries),
        ("cache_hits", "Results given again", "capability", telemetry.cache_hits),
    ):
        family = CounterMetricFamily(f"packetflow_{name}", said, labels=[label])
        for value, count in counter.items():
            family.add_metric([value], count)
        yield family


def _actors(tables: Iterable[Activations]) -> Iterator[Metric]:
    awake = GaugeMetricFamily("packetflow_actors_awake", "Actors in memory", labels=["type"])
    queued = GaugeMetricFamily("packetflow_actor_messages_waiting", "Messages in mailboxes", labels=["type"])
    handled = CounterMetricFamily("packetflow_actor_messages", "Messages handled", labels=["type"])
    commits = CounterMetricFamily("packetflow_actor_commits", "Messages committed", labels=["type"])
    restarts = CounterMetricFamily("packetflow_actor_restarts", "Crashes followed by a restart", labels=["type"])
    for table in tables:
        name = [table.declared.name]
        awake.add_metric(name, len(table.awake))
        queued.add_metric(name, table.mailboxes.waiting)
        handled.add_metric(name, table.handled)
        commits.add_metric(name, table.transactions.commits)
        restarts.add_metric(name, table.supervision.restarts)
    yield from (awake, queued, handled, commits, restarts)
