"""Choose one tool for one clause, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from packetflow._core.search import SearchIndex, stems
from packetflow.planners.rules.clauses import verbs_of
from packetflow.planners.rules.evidence import Features, evidence, likelihood, opposed
from packetflow.planners.rules.links import Source, link, mentions
from packetflow.planners.rules.patterns import Aligned, Pattern, Request
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.slots import Filling, fill, fill_aligned
from packetflow.planners.rules.tool import JSON, Tool

THRESHOLD = 0.2
_AS_SHOWN = 0.97
_LINKED = 5.0
_WEIGHED = 8


@dataclass(frozen=True)
class Weighed:
    """A tool that was weighed for a clause: its score from 0 to 1 and, in words, why."""

    tool: str
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """The tools weighed for one clause, best first; `filling` belongs to the best.

    `shown` says that the clause is one of the best tool's examples, but for the values; `strange` that it begins with
    another verb than the tool's.
    """

    best: Weighed
    tool: Tool
    filling: Filling
    rejected: tuple[Weighed, ...]
    fits: bool
    shown: bool = False
    strange: bool = False


class ToolBox:
    """The tools that a planner may use, indexed once and used for many requests."""

    def __init__(self, tools: Iterable[Tool], index: SearchIndex | None = None) -> None:
        """Index `tools`, or take the `index` that holds them already; of two with one id the later counts."""
        self._index = index
        self.tools: dict[str, Tool] = {tool.id: tool for tool in tools}
        self._patterns: dict[str, tuple[Pattern, ...]] = {}

    @cached_property
    def index(self) -> SearchIndex:
        """Return the search index over the tools."""
        return self._index if self._index is not None else SearchIndex(self.tools.values())

    @cached_property
    def words(self) -> frozenset[str]:
        """Return the stems of all words that the tools are named, described and shown with."""
        texts = (text for tool in self.tools.values() for text in (tool.id, tool.intent, *tool.examples))
        return frozenset(word for text in texts for word in stems(text))

    def aligned(self, tool: Tool, request: Request) -> Aligned | None:
        """Lay a request on the examples of a tool; the one with the most words in common counts."""
        if tool.id not in self._patterns:
            self._patterns[tool.id] = tuple(Pattern(tool, example) for example in tool.examples)
        found = [pattern.align(request) for pattern in self._patterns[tool.id]]
        return max((one for one in found if one is not None), key=lambda one: one.words, default=None)

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Return the words that can begin a request for one of the tools."""
        return verbs_of(self.tools.values())

    def near(self, text: str, limit: int = _WEIGHED) -> Sequence[Tool]:
        """Return the tools that may fit `text`, best first; all of them when there are few."""
        if len(self.tools) <= limit:
            return list(self.tools.values())
        return [self.tools[id_] for id_, _ in self.index.search(text, limit)]


@dataclass(frozen=True)
class _Entry:
    """One tool in the balance; `shown` counts the words it has in common with an example that fits, else 0."""

    score: float
    shown: int
    order: int
    tool: Tool
    filling: Filling
    features: Features


def choose(
    reading: Reading,
    box: ToolBox,
    hints: Mapping[str, JSON] | None = None,
    aside: Sequence[tuple[int, int]] = (),
    sources: Sequence[Source] = (),
) -> Choice | None:
    """Weigh the tools near a clause and return the best with its rivals; None when no tool shares a word with it.

    Spans in `aside` name earlier results and are no evidence; an input that an output of `sources` can fill counts as
    stated. `fits` is False when the evidence for the best is too weak: then no tool should be used.
    """
    near = enumerate(box.near(reading.text))
    entries = [_weigh(order, tool, reading, box, (hints or {}, aside, sources)) for order, tool in near]
    if not entries:
        return None
    entries.sort(key=lambda entry: (-entry.shown, -round(entry.score, 9), entry.order))
    first = entries[0]
    rejected = tuple(Weighed(e.tool.id, round(e.score, 4), _against(e.features, first.features)) for e in entries[1:])
    best = Weighed(first.tool.id, round(first.score, 4), _reasons(first.features, first.filling))
    strange = first.features.strange and not first.shown
    return Choice(best, first.tool, first.filling, rejected, first.score >= THRESHOLD, bool(first.shown), strange)


def _weigh(
    order: int,
    tool: Tool,
    reading: Reading,
    box: ToolBox,
    beside: tuple[Mapping[str, JSON], Sequence[tuple[int, int]], Sequence[Source]],
) -> _Entry:
    hints, aside, sources = beside
    filling = fill(tool, reading, hints)
    back = [(mention.start, mention.end) for mention in mentions(reading) if mention.pronoun] if sources else []
    aligned = box.aligned(tool, Request(reading, frozenset(hints), (*aside, *back))) if tool.examples else None
    if aligned is not None:
        filling = fill_aligned(tool, reading, filling, aligned.places, aligned.whole, hints)
    features = evidence(reading, tool, _with_links(tool, reading, filling, sources), aside)
    if aligned is not None:
        return _Entry(_AS_SHOWN, aligned.words, order, tool, filling, replace(features, example=1.0))
    score = 0.0 if opposed(reading, tool) else likelihood(features)
    return _Entry(score, 0, order, tool, filling, features)


def _with_links(tool: Tool, reading: Reading, filling: Filling, sources: Sequence[Source]) -> Filling:
    """Count what an earlier output will give as stated."""
    links = link(tool, reading, filling, sources) if sources else {}
    if not links:
        return filling
    told = filling.without(links)
    told.missing = [name for name in told.missing if name not in links]
    for name in links:
        told.put(name, None, _LINKED)
        told.assumed.discard(name)
    return told


def _reasons(features: Features, filling: Filling) -> tuple[str, ...]:
    reasons: list[str] = []
    if features.asked > 0:
        reasons.append(f"knows {features.asked:.0%} of what is asked about")
    if features.named > 0 or features.meant > 0:
        reasons.append(f"{features.named:.0%} of its name and {features.meant:.0%} of its intent are in the request")
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
