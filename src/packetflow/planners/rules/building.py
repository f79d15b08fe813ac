"""Build the steps of a draft from the parts of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from packetflow.planners.rules.backward import find_lookup, lookups_wanted
from packetflow.planners.rules.choice import Weighed
from packetflow.planners.rules.fanout import fan_out
from packetflow.planners.rules.links import Link, Source, dangling, link
from packetflow.planners.rules.outputs import outputs_of
from packetflow.planners.rules.parts import Given, Part
from packetflow.planners.rules.tool import JSON, Tool, inputs_of

Value: TypeAlias = "JSON | Link | list[Link]"
_Links: TypeAlias = dict[str, tuple[Link, ...]]


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


@dataclass
class Building:
    """The steps so far, and what later ones can link to."""

    given: Given
    steps: list[Step] = field(default_factory=list[Step])
    sources: list[Source] = field(default_factory=list[Source])

    def take(self, part: Part) -> None:
        """Append the steps of one part: look-ups it needs, then its own call or calls."""
        tool, filling = part.choice.tool, part.choice.filling
        links = link(tool, part.reading, filling, self.sources) if self.sources else {}
        for name in lookups_wanted(tool, filling):
            if name not in links and (found := self._looked_up(tool, name, part)) is not None:
                links[name] = (found,)
        hollow = [name for name in dangling(part.reading, filling) if name not in links]
        stated = filling.without((*links, *hollow))
        required = {item.name for item in inputs_of(tool.input_schema) if item.required}
        calls = fan_out(tool, stated, part.reading)
        open_names = (*filling.missing, *(name for name in hollow if name in required))
        missing = tuple(n for n in open_names if n not in links and any(n not in call for call in calls))
        for call in calls:
            for arguments in self._linked(tool, call, links):
                self._add(Step("", tool.id, arguments, part.choice.best, part.choice.rejected, missing), tool)

    def _looked_up(self, tool: Tool, name: str, part: Part) -> Link | None:
        found = find_lookup(tool, name, part.reading, self.given.box, self.given.hints)
        if found is None:
            return None
        why = Weighed(found.tool.id, found.score, (f"gives {'.'.join(found.path) or 'what'} that {tool.id} needs",))
        label = self._add(Step("", found.tool.id, dict[str, Value](found.arguments), why), found.tool)
        return Link(label, found.path)

    def _add(self, step: Step, tool: Tool) -> str:
        """Append a step under a new label, or return the label of the same call made before."""
        for other in self.steps:
            if other.tool == step.tool and other.arguments == step.arguments and not step.missing:
                return other.label
        label = _label(step.tool, {other.label for other in self.steps})
        order = {item.name: item.order for item in inputs_of(tool.input_schema)}
        arguments = dict(sorted(step.arguments.items(), key=lambda pair: order.get(pair[0], len(order))))
        self.steps.append(Step(label, step.tool, arguments, step.why, step.rejected, step.missing))
        self.sources.append(Source(label, tool))
        return label

    def _linked(self, tool: Tool, call: Mapping[str, JSON], links: _Links) -> list[dict[str, Value]]:
        """Put links into a call; several links for an input that is no list make several calls."""
        lists = {item.name for item in inputs_of(tool.input_schema) if item.kind == "array"}
        calls: list[dict[str, Value]] = [dict[str, Value](call)]
        for name, several in links.items():
            if name in lists:
                whole = len(several) == 1 and self._gives_list(several[0])
                calls = [{**one, name: several[0] if whole else list(several)} for one in calls]
            else:
                calls = [{**one, name: single} for one in calls for single in several]
        return calls

    def _gives_list(self, one: Link) -> bool:
        tool = next(source.tool for source in self.sources if source.label == one.label)
        return any(output.path == one.path and output.kind in {"array", "any"} for output in outputs_of(tool))


def _label(tool_id: str, taken: set[str]) -> str:
    stem = re.sub(r"\W+", "_", tool_id.rsplit(".", 1)[-1]).strip("_") or "step"
    stem = stem if stem[0].isalpha() else f"step_{stem}"
    number = 2
    label = stem
    while label in taken:
        label = f"{stem}_{number}"
        number += 1
    return label
