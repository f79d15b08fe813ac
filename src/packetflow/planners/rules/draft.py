"""Turn a request into a draft of a plan: steps, wiring, confidence and reasons, or a refusal that says what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from packetflow.planners.rules.choice import Choice, ToolBox, Weighed, choose
from packetflow.planners.rules.clauses import Clause, split
from packetflow.planners.rules.fanout import fan_out
from packetflow.planners.rules.backward import Helper, find_helper
from packetflow.planners.rules.links import Link, Source, link, referring_spans
from packetflow.planners.rules.outputs import outputs_of
from packetflow.planners.rules.reading import Reading, read
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

Value: TypeAlias = "JSON | Link | list[Link]"

_REFERRING = 0.15
_CANDIDATES = 3


@dataclass(frozen=True)
class Step:
    """One step: the tool, its arguments (values, links to earlier steps, lists of links) and why it was chosen.

    `missing` names required inputs that nothing gives a value; it is empty in every step of a complete draft.
    """

    label: str
    tool: str
    arguments: Mapping[str, Value]
    why: Weighed
    rejected: tuple[Weighed, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What the rules made of a request.

    `steps` is a complete plan in order of need, or empty: a refusal. Then `candidates` are the nearest tools, best
    first, at most three; `missing` tells by tool which required inputs have no value; `unmet` are the parts of the
    request for which no tool fits; `partial` are the steps as far as they came. `confidence` is from 0 to 1.
    """

    steps: tuple[Step, ...] = ()
    confidence: float = 0.0
    candidates: tuple[Weighed, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    unmet: tuple[str, ...] = ()
    partial: tuple[Step, ...] = ()

    @property
    def refused(self) -> bool:
        """Say whether no plan came out."""
        return not self.steps


@dataclass(frozen=True)
class _Part:
    text: str
    reading: Reading
    choice: Choice
    refers: bool


@dataclass
class _Building:
    """The steps so far, and what later ones can link to."""

    box: ToolBox
    hints: Mapping[str, JSON]
    steps: list[Step] = field(default_factory=list[Step])
    sources: list[Source] = field(default_factory=list[Source])

    def add(self, tool: Tool, arguments: Mapping[str, Value], why: Weighed, rejected: tuple[Weighed, ...], missing: tuple[str, ...]) -> str:
        """Append a step, or return the label of the same call made before."""
        for step in self.steps:
            if step.tool == tool.id and step.arguments == arguments and not missing:
                return step.label
        label = _label(tool.id, {step.label for step in self.steps})
        order = {item.name: item.order for item in inputs_of(tool.input_schema)}
        ordered = dict(sorted(arguments.items(), key=lambda pair: order.get(pair[0], 99)))
        self.steps.append(Step(label, tool.id, ordered, why, rejected, missing))
        self.sources.append(Source(label, tool))
        return label


def draft(
    text: str,
    tools: Iterable[Tool] | ToolBox,
    *,
    today: date | None = None,
    hints: Mapping[str, JSON] | None = None,
    one_step: bool = False,
) -> Draft:
    """Plan a request over `tools` by rules alone: no model, no network, the same answer every time.

    `today` is needed for "tomorrow" and the like; `hints` fill required inputs of their names that the request leaves
    open. `one_step` reads the whole request as one act (several calls of one tool stay possible). Give a `ToolBox`
    where the same tools serve many requests.
    """
    box = tools if isinstance(tools, ToolBox) else ToolBox(tools)
    text = _bare(text)
    clauses = [Clause(text, 0, len(text))] if one_step else split(text, box.verbs)
    parts, unmet, weighed = _parts(clauses, box, today, hints or {})
    building = _Building(box, hints or {})
    for part in parts:
        _build(part, building)
    missing = {step.tool: step.missing for step in building.steps if step.missing}
    complete = bool(building.steps) and not missing and not unmet
    return Draft(
        steps=tuple(building.steps) if complete else (),
        confidence=_confidence(parts, unmet) if building.steps else 0.0,
        candidates=() if complete else _nearest(weighed),
        missing=missing if building.steps else _missing_of(weighed),
        unmet=tuple(unmet),
        partial=() if complete else tuple(building.steps),
    )


def _bare(text: str) -> str:
    """Take away quotation marks around the whole request: they quote nothing."""
    text = text.strip()
    for mark in ('"', "'"):
        if len(text) > 2 and text[0] == text[-1] == mark and mark not in text[1:-1]:  # noqa: PLR2004
            return text[1:-1].strip()
    return text[1:] if text[:1] == '"' and text.count('"') == 1 else text


def _parts(clauses: list[Clause], box: ToolBox, today: date | None, hints: Mapping[str, JSON]) -> tuple[list[_Part], list[str], list[Choice]]:
    """Choose a tool for each clause; one that fits none belongs to the clause before it, or leads to the one after."""
    parts: list[_Part] = []
    unmet: list[str] = []
    weighed: list[Choice] = []
    before = ""
    for clause in clauses:
        text = f"{before} {clause.text}".strip()
        part, choice = _part(text, box, today, hints, parts, refers=clause.refers and bool(parts))
        if choice is not None:
            weighed.append(choice)
        if part is not None:
            parts.append(part)
            before = ""
        elif parts and (longer := _extended(parts[-1], clause.text, box, today, hints)) is not None:
            parts[-1] = longer
        elif not parts:
            before = text
        else:
            unmet.append(clause.text)
    if before:
        unmet.append(before)
    return parts, unmet, weighed


def _part(text: str, box: ToolBox, today: date | None, hints: Mapping[str, JSON], earlier: list[_Part], *, refers: bool) -> tuple[_Part | None, Choice | None]:
    reading = read(text, today)
    aside = referring_spans(reading, [Source(part.choice.tool.id, part.choice.tool) for part in earlier])
    choice = choose(reading, box, hints, aside)
    if choice is None:
        return None, None
    fits = choice.fits or (refers and choice.best.score >= _REFERRING)
    return (_Part(text, reading, choice, refers) if fits else None), choice


def _extended(part: _Part, more: str, box: ToolBox, today: date | None, hints: Mapping[str, JSON]) -> _Part | None:
    """Read a clause that asks for nothing new ("The second one is red.") together with the one before."""
    first = re.match(r"\w+", more)
    if first is None or first.group().lower() in box.verbs:
        return None
    longer, _ = _part(f"{part.text} {more}", box, today, hints, [], refers=part.refers)
    return longer if longer is not None and longer.choice.tool.id == part.choice.tool.id else None


def _build(part: _Part, building: _Building) -> None:
    tool, filling = part.choice.tool, part.choice.filling
    links = link(tool, part.reading, filling, building.sources) if building.sources else {}
    open_names = [name for name in filling.missing if name not in links]
    helped: dict[str, tuple[Link, ...]] = {}
    for name in open_names:
        helper = find_helper(tool, name, part.reading, building.box, building.hints)
        if helper is not None:
            helped[name] = (_add_helper(helper, building, tool),)
    links = {**links, **helped}
    missing = tuple(name for name in filling.missing if name not in links)
    if any(name in filling.values and name not in filling.assumed for name in links):
        calls = [filling.values]
    else:
        calls = fan_out(tool, filling, part.reading)
        missing = () if len(calls) > 1 and all(name in call for name in missing for call in calls) else missing
    fields = {item.name: item for item in inputs_of(tool.input_schema)}
    for call in calls:
        for arguments in _linked(call, links, {name for name, item in fields.items() if item.kind == "array"}, building):
            building.add(tool, arguments, part.choice.best, part.choice.rejected, missing)


def _add_helper(helper: Helper, building: _Building, tool: Tool) -> Link:
    reason = f"gives {'.'.join(helper.path) or 'what'} that {tool.id} needs"
    why = Weighed(helper.tool.id, helper.score, (reason,))
    label = building.add(helper.tool, helper.arguments, why, (), ())
    return Link(label, helper.path)


def _linked(call: Mapping[str, JSON], links: Mapping[str, tuple[Link, ...]], lists: set[str], building: _Building) -> list[dict[str, Value]]:
    """Put links into a call; several links for an input that is no list make several calls."""
    kinds = {source.label: source.tool for source in building.sources}
    calls: list[dict[str, Value]] = [dict[str, Value](call)]
    for name, several in links.items():
        if name in lists:
            whole = len(several) == 1 and _gives_list(several[0], kinds)
            calls = [{**one, name: several[0] if whole else list(several)} for one in calls]
        else:
            calls = [{**one, name: single} for one in calls for single in several]
    return calls


def _gives_list(one: Link, tools: Mapping[str, Tool]) -> bool:
    outputs = outputs_of(tools[one.label])
    return any(output.path == one.path and output.kind in {"array", "any"} for output in outputs)


def _label(tool_id: str, taken: set[str]) -> str:
    stem = re.sub(r"\W+", "_", tool_id.rsplit(".", 1)[-1]).strip("_") or "step"
    stem = stem if stem[0].isalpha() or stem[0] == "_" else f"step_{stem}"
    number = 2
    label = stem
    while label in taken:
        label = f"{stem}_{number}"
        number += 1
    return label


def _confidence(parts: list[_Part], unmet: list[str]) -> float:
    """The weakest part decides: how sure its tool is, and how well its least certain required input fits."""
    worst = 1.0
    for part in parts:
        required = {item.name for item in inputs_of(part.choice.tool.input_schema) if item.required}
        scores = [score for name, score in part.choice.filling.scores.items() if name in required]
        weakest = min(scores, default=4.0)
        fit = 0.4 + 0.6 * min(1.0, max(0.0, weakest / 4.0))
        share = 0.5 if part.choice.filling.missing and not part.refers else 1.0
        worst = min(worst, part.choice.best.score * fit * share)
    return round(worst * (0.5 if unmet else 1.0), 4)


def _nearest(weighed: list[Choice]) -> tuple[Weighed, ...]:
    every = [one for choice in weighed for one in (choice.best, *choice.rejected)]
    best: dict[str, Weighed] = {}
    for one in sorted(every, key=lambda item: (-item.score, item.tool)):
        best.setdefault(one.tool, one)
    return tuple(list(best.values())[:_CANDIDATES])


def _missing_of(weighed: list[Choice]) -> dict[str, tuple[str, ...]]:
    if not weighed:
        return {}
    best = max(weighed, key=lambda choice: choice.best.score)
    return {best.tool.id: tuple(best.filling.missing)} if best.filling.missing else {}
