"""Spans, measures and log fields: how the system is seen from outside.

Spans go to OpenTelemetry; as long as nobody has set a tracer provider, it is not entered at all. Measures are kept here
and rendered by the edges. No input, output or prompt text is ever put on a span.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
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


class Untraced:
    """Stands for a span where nothing is traced: it puts the trace id on every log line within, and that is all."""

    __slots__ = ("_token", "_trace_id")

    def __init__(self, trace_id: str) -> None:
        """Wait to be entered, once."""
        self._trace_id = trace_id
        self._token: Token[str] | None = None

    def __enter__(self) -> trace.Span:
        """Give a span that keeps nothing."""
        self._token = _trace_id.set(self._trace_id)
        return trace.INVALID_SPAN

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._token is not None:
            _trace_id.reset(self._token)


class Telemetry:
    """Opens spans and counts calls."""

    def __init__(self) -> None:
        """Use the tracer provider that the program has set, if any."""
        self._tracer = trace.get_tracer("packetflow")
        self.traced = False
        """Whether somebody records spans; typed messages then pay for one each."""
        self.calls: dict[str, Measure] = {}
        self.decisions: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        self.plans: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        """Attempts after the first, by capability."""
        self.cache_hits: Counter[str] = Counter()
        """Results given again, by capability."""
        self.look()

    def look(self, _: int = 0) -> None:
        """See whether the program has set a tracer provider by now; the app's timer calls it at each tick."""
        if isinstance(self._tracer, trace.ProxyTracer):
            self.traced = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        else:
            self.traced = not isinstance(self._tracer, trace.NoOpTracer)

    def span(self, name: str, trace_id: str, attributes: Mapping[str, str]) -> AbstractContextManager[trace.Span]:
        """Open a span as child of the current one, and put the trace id on every log line within.

        Where no span is open, a new trace begins; its id is then the call's own, when the SDK takes remote parents.
        """
        return self._span(name, trace_id, attributes) if self.traced else Untraced(trace_id)

    @contextmanager
    def _span(self, name: str, trace_id: str, attributes: Mapping[str, str]) -> Generator[trace.Span]:
        parent = None
        if not trace.get_current_span().get_span_context().is_valid and len(trace_id) == 32 and int(trace_id, 16):  # noqa: PLR2004
            context = trace.SpanContext(int(trace_id, 16), int(trace_id[:16], 16) or 1, True, trace.TraceFlags(1))
            parent = trace.set_span_in_context(trace.NonRecordingSpan(context))
        with (
            Untraced(trace_id),
            self._tracer.start_as_current_span(name, context=parent, attributes=dict(attributes)) as span,
        ):
            yield span

    def count(self, capability_id: str, outcome: str, seconds: float) -> None:
        """Count one call of a capability."""
        measure = self.calls.get(capability_id)
        if measure is None:
            measure = self.calls[capability_id] = Measure()
        measure.add(outcome, seconds)


class TraceField(logging.Filter):
    """Gives every log record the field `trace_id`; empty outside of a call."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.trace_id = _trace_id.get()
        return True
