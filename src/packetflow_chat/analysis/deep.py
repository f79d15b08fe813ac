"""A conversation analysed from four sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.anomalies import Anomaly, anomalies
from packetflow_chat.analysis.behavior import PersonBehavior, behavior
from packetflow_chat.analysis.patterns import PatternAnalysis, patterns
from packetflow_chat.analysis.quote import Result
from packetflow_chat.analysis.reading import Coverage, in_order, read
from packetflow_chat.analysis.relationships import RelationshipInsights, relationships

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packetflow_chat.analysis.line import Line

AnalysisScope = Literal["all", "patterns", "relationships", "behavior", "anomalies"]


class DeepAnalysis(Result):
    """The four sides; one that was not asked for is None."""

    pattern_analysis: PatternAnalysis | None = Field(description="The shape of the conversation.")
    relationship_insights: RelationshipInsights | None = Field(description="Who answers whom.")
    behavioral_patterns: list[PersonBehavior] | None = Field(description="What each person does, most active first.")
    anomaly_detection: list[Anomaly] | None = Field(description="What is unusual; empty when nothing is.")
    coverage: Coverage = Field(description="How much was read closely; unusual things are looked for in all of it.")


def deep_analysis(lines: Sequence[Line], scope: AnalysisScope = "all") -> DeepAnalysis:
    """Analyse a conversation, given in any order; always the same for the same lines."""
    reading = read(lines)
    return DeepAnalysis(
        pattern_analysis=patterns(reading) if scope in {"all", "patterns"} else None,
        relationship_insights=relationships(reading) if scope in {"all", "relationships"} else None,
        behavioral_patterns=behavior(reading) if scope in {"all", "behavior"} else None,
        anomaly_detection=anomalies(in_order(lines)) if scope in {"all", "anomalies"} else None,
        coverage=reading.coverage,
    )
