"""The few capabilities that a model is shown: what the words of the request find, and what those need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from packetflow._core.compatibility import misfit
from packetflow._core.explanation import Candidate
from packetflow._core.registry import Registry
from packetflow._core.shape import types

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration

_SEEDS = 2 / 3
"""Share of the places that go to what the words find; producers of their inputs come before more of the same."""
_PRODUCERS = 2
"""Of one input: the likeliest few, so that a field called `id` does not fill the list."""


def shortlist(registry: Registry, text: str, known: Collection[str] = (), limit: int = 12) -> list[Candidate]:
    """Choose at most `limit` capabilities for a request, best first, each with a score and the reason it is there.

    Ranked by the words of `text`; then, backwards, whatever gives an input that a chosen one requires, by the name of
    the field or, for lists and objects, by its type. Inputs in `known` need no producer. What is left of the places is
    filled with weaker matches, then in the order of declaration, so that a request in other words gets a chance.
    """
    return _Choice(registry, text, frozenset(known), limit).made()


class _Choice:
    def __init__(self, registry: Registry, text: str, known: frozenset[str], limit: int) -> None:
        self._registry, self._known, self._limit = registry, known, min(limit, len(registry))
        found = registry.find(text, limit=len(registry)) if text else []
        best = max((score for _, score in found), default=1.0) or 1.0
        self._scores = {declared.id: round(score / best, 4) for declared, score in found}
        self._chosen: dict[str, Candidate] = {}

    def made(self) -> list[Candidate]:
        for name in list(self._scores)[: max(1, int(self._limit * _SEEDS))]:
            self._take(name, self._scores[name], "its words match the request")
        self._take_producers()
        for name, score in self._scores.items():
            self._take(name, score, "its words match the request")
        for name in self._registry:
            self._take(name, 0.0, "nothing of the request names it")
        return sorted(self._chosen.values(), key=lambda candidate: -candidate.score)

    def _take(self, name: str, score: float, reason: str) -> None:
        if name not in self._chosen and len(self._chosen) < self._limit:
            intent = self._registry[name].intent
            self._chosen[name] = Candidate(capability_id=name, intent=intent, score=score, reason=reason)

    def _take_producers(self) -> None:
        """Walk backwards, breadth first, from the inputs of what is chosen to what gives them."""
        waiting = list(self._chosen)
        while waiting and len(self._chosen) < self._limit:
            name = waiting.pop(0)
            consumer = self._registry[name]
            for field in consumer.requires:
                if field in self._known:
                    continue
                for producer in self._producers(consumer, field):
                    if producer not in self._chosen:
                        score = max(self._chosen[name].score / 2, self._scores.get(producer, 0.0))
                        self._take(producer, round(score, 4), f"it gives {field!r}, which {name!r} needs")
                        waiting.append(producer)

    def _producers(self, consumer: Declaration, field: str) -> list[str]:
        wanted = {**consumer.input_schema["properties"][field], "$defs": consumer.input_schema.get("$defs", {})}
        by_name = [d.id for d, _ in self._registry.find(need=[field], limit=len(self._registry)) if d is not consumer]
        found = by_name or self._by_type(consumer, wanted)
        return sorted(found, key=lambda name: -self._scores.get(name, 0.0))[:_PRODUCERS]

    def _by_type(self, consumer: Declaration, wanted: Mapping[str, Any]) -> list[str]:
        """Find what returns just this kind of list or object; a plain text or number could come from anywhere."""
        kinds = types(wanted)
        if not kinds <= {"array", "object"}:
            return []
        return [
            declared.id
            for declared in self._registry.values()
            if declared is not consumer
            and types(declared.output_schema) <= kinds
            and misfit(declared.output_schema, wanted) is None
        ]
