"""One trace from the sentence to the actor, with no text of anybody in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import packetflow as pf
from packetflow._runtime.telemetry import TraceField
from packetflow.planners.rules.planner import RulesPlanner
from packetflow.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


class Counter(pf.Actor[dict[str, int]], key="name"):
    """A counter."""

    @pf.capability(examples=["count one up on the counter named visits"])
    def count_up(self) -> int:
        """Count one up on a counter."""
        logging.getLogger("test").warning("counting")
        self.state["n"] = self.state.get("n", 0) + 1
        return self.state["n"]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


async def test_plan_run_and_calls_are_one_trace_and_its_id_is_in_the_logs_and_the_run(
    spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(TraceField())
    trace_id = "0123456789abcdef0123456789abcdef"
    async with pf.App(Counter, store=MemoryStore(), planners=[RulesPlanner()]) as root:
        asked = root.within(trace_id=trace_id)
        run = await asked.run(await asked.plan("count up on the counter named visits"))
        assert run.succeeded
        assert run.trace_id == trace_id
    ended = {span.name: span for span in spans.get_finished_spans()}
    assert set(ended) == {"plan", "run", "capability counter.count_up", "actor counter"}
    assert {format(span.context.trace_id, "032x") for span in ended.values() if span.context} == {trace_id}
    call, actor = ended["capability counter.count_up"], ended["actor counter"]
    assert actor.parent is not None
    assert call.context is not None
    assert actor.parent.span_id == call.context.span_id
    shown = str([dict(span.attributes or {}) for span in ended.values()])
    assert "visits" not in shown
    assert [getattr(record, "trace_id", None) for record in caplog.records if record.name == "test"] == [trace_id]
