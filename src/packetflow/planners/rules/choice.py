"""Choose one tool for one clause, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from packetflow._core.search import SearchIndex
from packetflow.planners.rules.clauses import verbs_of
from packetflow.planners.rules.evidence import Features, evidence, likelihood
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.slots import Filling, fill
from packetflow.planners.rules.tool import JSON, Tool

THRESHOLD = 0.2
_WEIGHED = 8


@dataclass(frozen=True)
class Weighed:
    """A tool that was weighed for a clause: its score from 0 to 1 and, in words, why."""

    tool: str
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """The tools weighed for one clause, best first; `filling` belongs to the best."""

    best: Weighed
    tool: Tool
    filling: Filling
    rejected: tuple[Weighed, ...]
    fits: bool


class ToolBox:
    """The tools that a planner may use, indexed once and used for many requests."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        """Index `tools`; of two with one id the later counts."""
        self.tools: dict[str, Tool] = {tool.id: tool for tool in tools}

    @cached_property
    def index(self) -> SearchIndex:
        """Return the search index over the tools."""
        return SearchIndex(self.tools.values())

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Return the words that can begin a request for one of the tools."""
        return verbs_of(self.tools.values())

    def near(self, text: str, limit: int = _WEIGHED) -> Sequence[Tool]:
        """Return the tools that may fit `text`, best first; all of them when there are few."""
        if len(self.tools) <= limit:
            return list(self.tools.values())
        return [self.tools[id_] for id_, _ in self.index.search(text, limit)]


def choose(
    reading: Reading,
    box: ToolBox,
    hints: Mapping[str, JSON] | None = None,
    aside: Sequence[tuple[int, int]] = (),
) -> Choice | None:
    """Weigh the tools near a clause and return the best with its rivals; None when no tool shares a word with it.

    Spans in `aside` name earlier results and are no evidence. `fits` is False when the evidence for the best is
    too weak: then no tool should be used.
    """
    weighed: list[tuple[float, int, Tool, Filling, Features]] = []
    for order, tool in enumerate(box.near(reading.text)):
        filling = fill(tool, reading, hints)
        features = evidence(reading, tool, filling, aside)
        weighed.append((likelihood(features), order, tool, filling, features))
    if not weighed:
        return None
    weighed.sort(key=lambda item: (-round(item[0], 9), item[1]))
    score, _, tool, filling, features = weighed[0]
    rejected = tuple(Weighed(t.id, round(s, 4), _against(f, features)) for s, _, t, _, f in weighed[1:])
    best = Weighed(tool.id, round(score, 4), _reasons(features, filling))
    return Choice(best, tool, filling, rejected, score >= THRESHOLD)


def _reasons(features: Features, filling: Filling) -> tuple[str, ...]:
    reasons = [
        f"knows {features.asked:.0%} of what is asked about",
        f"{features.named:.0%} of its name and {features.meant:.0%} of its intent are in the request",
    ]
    if features.act == 1.0:
        reasons.append("the request asks for the same act")
    if features.example > 0.5:  # noqa: PLR2004
        reasons.append("the request is like one of its examples")
    if filling.missing:
        reasons.append("no value for " + ", ".join(filling.missing))
    elif filling.values:
        reasons.append("the request gives " + ", ".join(filling.values))
    return tuple(reasons)


def _against(features: Features, best: Features) -> tuple[str, ...]:
    reasons: list[str] = []
    if features.asked < best.asked:
        reasons.append(f"knows only {features.asked:.0%} of what is asked about")
    if features.named < best.named:
        reasons.append(f"only {features.named:.0%} of its name is in the request")
    if features.stated < best.stated:
        reasons.append(f"the request states only {features.stated:.0%} of its required inputs")
    return tuple(reasons) or ("less of it is in the request",)
