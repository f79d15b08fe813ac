"""Reads the events of actors back, in the order in which they happened."""

# pyright: reportPrivateUsage=false
# The underscored slots of an actor are the runtime's own; `ruff` is told so in pyproject.toml.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from packetflow._core.event import Event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from packetflow._core.actor import Actor, ActorType, Draft
    from packetflow._core.ports import Store

E = TypeVar("E", bound=Event)

_PAGE: Final = 500


class Journals:
    """The journals of the actors of one class: what an actor's `journal` method reads from."""

    def __init__(self, declared: ActorType, store: Store) -> None:
        """Read from that store."""
        self._declared, self._store = declared, store

    async def journal(
        self, actor: Actor[Any], kind: type[E], after: int, last: int | None, ids: Iterable[str] | None
    ) -> AsyncIterator[E]:
        """Read committed events of class `kind` or a subclass, then those that the message in hand has emitted."""
        wanted = frozenset(ids) if ids is not None else None
        kinds = self._classes(kind)
        topic = self._declared.topic(actor.key)
        drafts = [
            draft.event
            for draft in await self._new(topic, actor._pending or ())
            if isinstance(draft.event, kind) and (wanted is None or draft.id in wanted)
        ]
        if last is not None:
            drafts = drafts[max(len(drafts) - last, 0) :]
            rest = last - len(drafts)
            if rest > 0:
                for stored in await self._store.read(
                    topic, after=after, limit=rest, newest=True, kinds=kinds.keys(), ids=wanted
                ):
                    yield kinds[stored.kind].from_stored(stored)
        else:
            while page := await self._store.read(topic, after=after, limit=_PAGE, kinds=kinds.keys(), ids=wanted):
                for stored in page:
                    yield kinds[stored.kind].from_stored(stored)
                after = page[-1].seq
        for event in drafts:
            yield event

    async def _new(self, topic: str, drafts: Iterable[Draft]) -> list[Draft]:
        """Leave out the events that the commit will leave out, for their id is there already."""
        named = list(dict.fromkeys(draft.id for draft in drafts if draft.id is not None))
        seen: set[str | None] = set()
        if named:
            seen |= {stored.id for stored in await self._store.read(topic, ids=named, limit=len(named))}
        new: list[Draft] = []
        for draft in drafts:
            if draft.id is None or draft.id not in seen:
                new.append(draft)
                seen.add(draft.id)
        return new

    def _classes(self, kind: type[E]) -> dict[str, type[E]]:
        """Give `kind` and its subclasses by name; of two with one name, the one declared beside the actor."""
        found: dict[str, type[E]] = {}
        for each in _with_subclasses(kind):
            if each.__name__ not in found or each.__module__ == self._declared.module:
                found[each.__name__] = each
        return found


def _with_subclasses(kind: type[E]) -> Iterator[type[E]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _with_subclasses(child)
