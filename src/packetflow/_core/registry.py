"""All capabilities of an app, as one immutable snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from packetflow._core.compatibility import misfit
from packetflow._core.errors import DeclarationError, UnknownCapability
from packetflow._core.json import digest
from packetflow._core.search import Searchable, SearchIndex
from packetflow._core.shape import Schema, at_path

if TYPE_CHECKING:
    from packetflow._core.actor import Actor
    from packetflow._core.capability import Declaration
    from packetflow._core.effect import Effect
    from packetflow._core.grant import Grant


Path: TypeAlias = tuple[str | int, ...]

_SHOWN: Final = 20
"""Ids that are named when somebody asks for one that is not there."""

_VIEWS: Final = 64
"""Views that are kept, with their text index, for the next who holds the same grant."""


class Registry(Mapping[str, "Declaration"]):
    """Capabilities by id. Immutable; a change of the app makes a new snapshot.

    A `view` holds only what a grant may call: to its holder the rest does not exist.
    """

    def __init__(self, capabilities: Iterable[Declaration], actors: Iterable[type[Actor[Any]]] = ()) -> None:
        """Take the snapshot; raises DeclarationError for a capability or an actor that is declared twice."""
        self._by_id: dict[str, Declaration] = {}
        for declared in capabilities:
            if self._by_id.setdefault(declared.id, declared) is not declared:
                message = f"capability {declared.id!r} is declared twice; give one of them another name"
                raise DeclarationError(message)
        self.actors: dict[str, type[Actor[Any]]] = {}
        """Actor classes by the type part of their address."""
        for kind in actors:
            if self.actors.setdefault(kind.actor_type.name, kind) is not kind:
                message = f"actor {kind.actor_type.name!r} is declared twice; give one of them another name"
                raise DeclarationError(message)
        self.fits: dict[tuple[str, Path, str, str], str | None] = {}
        """Answers of the plan's prover about outputs and inputs of this snapshot, kept because they never change."""
        self._parts: dict[tuple[str, Path], Schema | None] = {}
        self._views: dict[tuple[str, ...], Registry] = {}
        self._whole: Registry | None = None

    def __getitem__(self, capability_id: str) -> Declaration:
        """Give a capability; raises KeyError when there is none."""
        return self._by_id[capability_id]

    def __iter__(self) -> Iterator[str]:
        """Go over the ids in the order of declaration."""
        return iter(self._by_id)

    def __len__(self) -> int:
        """Count the capabilities."""
        return len(self._by_id)

    def need(self, capability_id: str) -> Declaration:
        """Give a capability; raises UnknownCapability, naming similar ones."""
        found = self._by_id.get(capability_id)
        if found is None:
            near = [name for name, _ in self.index.search(capability_id, limit=3)]
            some = ", ".join(list(self._by_id)[:_SHOWN]) + (", …" if len(self._by_id) > _SHOWN else "")
            hint = f"; near it: {', '.join(near)}" if near else f"; there are {some}" if self._by_id else ""
            message = f"there is no capability {capability_id!r} you may use{hint}"
            raise UnknownCapability(message, capability_id=capability_id, near=[*near])
        return found

    def view(self, grant: Grant) -> Registry:
        """Give the snapshot that the holder of `grant` may know of."""
        if not grant.caveats:
            return self
        seen = [declared for declared in self.values() if declared.open_to(grant)]
        if len(seen) == len(self):
            return self
        name = tuple(declared.id for declared in seen)
        view = self._views.get(name)
        if view is None:
            owners = {declared.owner for declared in seen}
            view = Registry(seen, [kind for kind in self.actors.values() if kind in owners])
            view.fits, view._parts, view._whole = self.fits, self._parts, self
            if len(self._views) >= _VIEWS:
                self._views.pop(next(iter(self._views)), None)
            self._views[name] = view
        return view

    @cached_property
    def fingerprint(self) -> str:
        """Name what can be planned with here: two snapshots of one fingerprint give the same plans."""
        return digest([one.described() for one in self.values()])

    @cached_property
    def index(self) -> SearchIndex:
        """The text index over id, intent, fields and examples; a view shares that of the whole snapshot."""
        if self._whole is not None:
            return self._whole.index.narrowed(self._by_id)
        return SearchIndex(cast("Iterable[Searchable]", self.values()))  # to a Protocol, cached properties are none

    def find(
        self,
        text: str = "",
        *,
        effect: Effect | None = None,
        have: Iterable[str] = (),
        need: Iterable[str] = (),
        limit: int = 20,
    ) -> list[tuple[Declaration, float]]:
        """Search by what it is for, what it does, what one has and what one needs; best first.

        `text` ranks by BM25. `effect` keeps only that effect. `have` and `need` are field names: with both, the result
        is a chain of capabilities that leads from the fields at hand to all that are needed, each field by the fewest
        rounds, in the order to run them, with the score 1 / length; with `need` alone, everything that gives one of the
        fields; with `have` alone, everything that can run on them. Nothing is returned that does not match.
        """
        kept = [d for d in self.values() if effect is None or d.effect == effect]
        held, wanted = frozenset(have), frozenset(need)
        if held and wanted:
            chain = self._chain(kept, held, wanted)
            return [(step, 1 / len(chain)) for step in chain][:limit]
        if wanted:
            kept = [d for d in kept if wanted & set(d.provides)]
        if held:
            kept = [d for d in kept if d.requires and held >= set(d.requires)]
        if not text:
            return [(declared, 1.0) for declared in kept][:limit]
        ids = {declared.id for declared in kept}
        found = self.index.search(text, limit=len(self))
        return [(self[name], score) for name, score in found if name in ids][:limit]

    def _chain(self, kept: list[Declaration], held: frozenset[str], wanted: frozenset[str]) -> list[Declaration]:
        """Walk forward from the fields at hand, layer by layer, then keep only what the wanted fields rest on."""
        source: dict[str, Declaration] = {}
        known = set(held)
        rest = list(kept)
        while not wanted <= known:
            ready = [d for d in rest if set(d.requires) <= known and set(d.provides) - known]
            if not ready:
                return []
            for declared in ready:
                for name in declared.provides:
                    source.setdefault(name, declared)
            known |= source.keys()
            rest = [d for d in rest if d not in ready]
        return _needed(source, held, wanted)

    def fit(self, source: tuple[str, Path, Schema], target: tuple[str, str, Schema]) -> str | None:
        """Say why an output (id, path, schema) does not fit an input (id, field, schema); remembered by name."""
        key = (source[0], source[1], target[0], target[1])
        if key not in self.fits:
            self.fits[key] = misfit(source[2], target[2])
        return self.fits[key]

    def part(self, capability_id: str, path: Path, schema: Schema) -> Schema | None:
        """Give what surely stands at a path of an output, as `at_path` does; remembered by the capability's id."""
        if not capability_id:
            return at_path(schema, path)
        found = self._parts.get((capability_id, path))
        if found is None and (found := at_path(schema, path)) is not None:
            self._parts[capability_id, path] = found
        return found


def _needed(source: Mapping[str, Declaration], held: frozenset[str], wanted: frozenset[str]) -> list[Declaration]:
    chain: list[Declaration] = []

    def add(name: str) -> None:
        if name in held or (step := source[name]) in chain:
            return
        for required in step.requires:
            add(required)
        chain.append(step)

    for name in sorted(wanted):
        add(name)
    return chain
