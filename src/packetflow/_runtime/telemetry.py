"""Spans, measures and log fields: how the system is seen from outside.

Spans go to OpenTelemetry; without an SDK they cost a few attribute reads and lead nowhere. Measures are kept here and
rendered by the edges. No input, output or prompt text is ever put on a span.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opentelemetry import trace

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

BUCKETS: Final = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""Upper bounds of the duration histogram, seconds."""

_trace_id: ContextVar[str] = ContextVar("packetflow_trace_id", default="")


@dataclass(slots=True)
class Measure:
    """Durations and outcomes of one capability since the app started."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    """Calls by `ok` or error code."""
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    def add(self, outcome: str, seconds: float) -> None:
        """Count one call."""
        self.outcomes[outcome] += 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1


class Telemetry:
    """Opens spans and counts calls."""

    def __init__(self) -> None:
        """Use the tracer provider that the program has set, if any."""
        self._tracer = trace.get_tracer("packetflow")
        self.calls: dict[str, Measure] = {}
        self.decisions: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        self.plans: Counter[str] = Counter()

    @property
    def traced(self) -> bool:
        """Whether somebody records spans; typed messages then pay for one each."""
        return not isinstance(self._tracer, trace.ProxyTracer | trace.NoOpTracer)

    @contextmanager
    def span(self, name: str, trace_id: str, attributes: Mapping[str, str]) -> Generator[trace.Span]:
        """Open a span as child of the current one, and put the trace id on every log line within.

        Where no span is open, a new trace begins; its id is then the call's own, when the SDK takes remote parents.
        """
        parent = None
        if not trace.get_current_span().get_span_context().is_valid and len(trace_id) == 32 and int(trace_id, 16):  # noqa: PLR2004
            context = trace.SpanContext(int(trace_id, 16), int(trace_id[:16], 16) or 1, True, trace.TraceFlags(1))
            parent = trace.set_span_in_context(trace.NonRecordingSpan(context))
        token = _trace_id.set(trace_id)
        try:
            with self._tracer.start_as_current_span(name, context=parent, attributes=dict(attributes)) as span:
                yield span
        finally:
            _trace_id.reset(token)

    def count(self, capability_id: str, outcome: str, seconds: float) -> None:
        """Count one call of a capability."""
        self.calls.setdefault(capability_id, Measure()).add(outcome, seconds)


class TraceField(logging.Filter):
    """Gives every log record the field `trace_id`; empty outside of a call."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.trace_id = _trace_id.get()
        return True
