"""Authority: a held object that names what its holder may call, and only ever narrows when it is passed on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydantic import TypeAdapter

from packetflow._core.constraint import Check, Constraint
from packetflow._core.effect import EFFECTS, Effect
from packetflow._core.errors import NotAllowed
from packetflow._core.json import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


Yes: TypeAlias = Literal["", "holder", "other"]
"""Whose yes a call needs: nobody's, that of the holder or of anybody who may make it, that of somebody else."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One narrowing. A grant permits what every one of its caveats permits."""

    only: frozenset[str] | None = None
    """Ids of the capabilities that may be called; a trailing `*` means every id with that beginning. None: all."""
    effects: frozenset[Effect] | None = None
    limits: tuple[tuple[str, tuple[tuple[str, Constraint], ...]], ...] = ()
    """For a capability id, limits on its arguments."""
    expires: datetime | None = None
    act_for: frozenset[str] | None = None
    """Principals in whose name the holder may act. None: no narrowing of the caveats before it."""
    confirm: frozenset[Effect] = frozenset()
    """Effects that need a person's confirmation."""
    answerable: bool = False
    """Whether the holder may confirm by itself: such a caveat is its own caution, and no bond laid on it by another."""


_NOBODY: Final = frozenset[str]()


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """Authority of one holder. Compared by identity: a copy of its fields is not the grant.

    Only `Grant.root()` starts from nothing; every other grant comes from `delegate` or `meet`, which add caveats and
    never remove one. That is the shape of macaroons (Birgisson et al., NDSS 2014), held as a reference.
    """

    holder: str
    caveats: tuple[Caveat, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    parents: tuple[str, ...] = ()
    _reach: dict[tuple[str, Effect], tuple[bool, tuple[tuple[str, Check], ...], Yes]] = field(
        default_factory=dict[tuple[str, Effect], tuple[bool, tuple[tuple[str, Check], ...], Yes]],
        repr=False,
        init=False,
    )
    _fingerprint: list[str] = field(default_factory=list[str], repr=False, init=False)

    @classmethod
    def root(cls, holder: str = "local-owner") -> Grant:
        """Make the grant that holds all authority; the App makes one and hands it to whoever started it."""
        return cls(holder)

    @classmethod
    def none(cls, holder: str = "nobody") -> Grant:
        """Make a grant that permits nothing."""
        return cls(holder, (Caveat(only=_NOBODY, act_for=_NOBODY),))

    def to_json(self) -> bytes:
        """Write the authority down, for the app's own store, which must be kept as safe as the app."""
        return _WRITTEN.dump_json(_Written(self.holder, self.caveats, self.id, self.parents))

    @classmethod
    def from_json(cls, written: bytes) -> Grant:
        """Give the authority that was written down, with its id; raises ValueError for anything else."""
        read = _WRITTEN.validate_json(written)
        return cls(read.holder, read.caveats, read.id, read.parents)

    @property
    def fingerprint(self) -> str:
        """Name what is granted: holder and caveats. Grants that permit the same by the same caveats share it."""
        if not self._fingerprint:
            written = _WRITTEN.dump_python(_Written(self.holder, self.caveats, "", ()), mode="json")
            for caveat in written["caveats"]:
                for name in ("only", "effects", "act_for", "confirm"):
                    caveat[name] = caveat[name] and sorted(caveat[name])  # sets, in whatever order
            self._fingerprint.append(digest(written))
        return self._fingerprint[0]

    def delegate(
        self,
        holder: str,
        *,
        only: Iterable[str] | None = None,
        effects: Iterable[Effect] | None = None,
        limits: Mapping[str, Mapping[str, Constraint]] | None = None,
        expires: datetime | None = None,
        act_for: Iterable[str] = (),
        confirm: Iterable[Effect] = (),
    ) -> Grant:
        """Pass on a part of this authority to `holder`; the result never permits what this grant does not.

        A name is authority, too: a holder this grant may not act for is called `<own holder>/<holder>`, so that nobody
        becomes somebody else by delegating.
        `only` are capability ids (`room.*` for all that begin so); `effects`, `limits` and `expires` narrow further.
        The holder may act in nobody else's name unless `act_for` says so and this grant allows it. What `confirm` names
        needs the yes of somebody else: neither the holder nor whoever it delegates to can give it.
        Raises ValueError when a limit makes no sense, an effect is none, `expires` has no time zone, or a text stands
        where a list of texts belongs.
        """
        if expires is not None and expires.tzinfo is None:
            message = "expires needs a time zone"
            raise ValueError(message)
        for constraints in (limits or {}).values():
            for constraint in constraints.values():
                constraint.compiled()
        holder = self._named(holder)
        caveat = Caveat(
            only=None if only is None else _texts("only", only),
            effects=None if effects is None else _effects("effects", effects),
            limits=tuple(
                (name, tuple(sorted(c.items(), key=lambda item: item[0]))) for name, c in (limits or {}).items()
            ),
            expires=expires,
            act_for=_texts("act_for", act_for) | {holder},
            confirm=_effects("confirm", confirm),
        )
        bonds = (replace(own, answerable=False) if own.answerable else own for own in self.caveats)
        return Grant(holder, (*bonds, caveat), parents=(*self.parents, self.id))

    def meet(self, other: Grant, holder: str | None = None) -> Grant:
        """Give the authority that both grants have: that of a person AND an agent AND a plan."""
        own = {id(caveat) for caveat in self.caveats}
        caveats = (*self.caveats, *(caveat for caveat in other.caveats if id(caveat) not in own))
        parents = tuple(dict.fromkeys((*self.parents, self.id, *other.parents, other.id)))
        named = self.holder if holder in {None, self.holder} else self._named(str(holder))
        return Grant(named, caveats, parents=parents)

    def confirming(self, effects: Iterable[Effect]) -> Grant:
        """Give the same authority of the same holder, who wants to be asked before these effects and may say yes."""
        caveat = Caveat(confirm=_effects("confirm", effects), answerable=True)
        return Grant(self.holder, (*self.caveats, caveat), parents=(*self.parents, self.id))

    @property
    def whole(self) -> bool:
        """Whether nothing is withheld; a person's yes may still be asked for."""
        return all(replace(caveat, confirm=frozenset(), answerable=False) == Caveat() for caveat in self.caveats)

    def _named(self, holder: str) -> str:
        return holder if self.may_act_for(holder) else f"{self.holder}/{holder}"

    def may_name(self, capability_id: str, effect: Effect) -> bool:
        """Whether the capability may be called at all, arguments and time aside: what discovery shows."""
        return self.reach(capability_id, effect)[0]

    def reach(self, capability_id: str, effect: Effect) -> tuple[bool, tuple[tuple[str, Check], ...], Yes]:
        """Give, compiled once: whether it may be named, the limits on its arguments, whose yes is needed."""
        known = self._reach.get((capability_id, effect))
        if known is None:
            known = self._reach[capability_id, effect] = self._compile(capability_id, effect)
        return known

    @property
    def expires(self) -> datetime | None:
        """The earliest end of any caveat."""
        if not self.caveats:
            return None
        return min((c.expires for c in self.caveats if c.expires is not None), default=None)

    def may_act_for(self, principal: str) -> bool:
        """Whether the holder may act in the name of `principal`: everybody in their own, the root in anyone's.

        Whoever holds a delegated grant may act for those it names, as far as every grant it descends from allows them.
        """
        return principal == self.holder or all(c.act_for is None or principal in c.act_for for c in self.caveats)

    def acting_for(self, principal: str) -> Grant:
        """Give the same authority in the name of `principal`; raises NotAllowed when that is not granted."""
        if principal == self.holder:
            return self
        if not self.may_act_for(principal):
            message = f"{self.holder!r} may not act for {principal!r}"
            raise NotAllowed(message, principal=self.holder, act_for=principal)
        return Grant(principal, self.caveats, parents=(*self.parents, self.id))

    def _compile(self, capability_id: str, effect: Effect) -> tuple[bool, tuple[tuple[str, Check], ...], Yes]:
        named = effect in EFFECTS and all(_names(c, capability_id, effect) for c in self.caveats)
        checks = tuple(
            (argument, constraint.compiled())
            for caveat in self.caveats
            for name, constraints in caveat.limits
            if _matches(name, capability_id)
            for argument, constraint in constraints
        )
        asking = [c.answerable for c in self.caveats if effect in c.confirm]
        return named, checks, "" if not asking else "holder" if all(asking) else "other"


@dataclass(frozen=True, slots=True)
class _Written:
    holder: str
    caveats: tuple[Caveat, ...]
    id: str
    parents: tuple[str, ...]


_WRITTEN: Final = TypeAdapter(_Written)


def _texts(name: str, values: Iterable[str]) -> frozenset[str]:
    found = frozenset(values)
    if isinstance(values, str) or not all(isinstance(value, str) for value in found):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass capabilities and plain texts
        message = f"{name} is a list of texts, not {values!r}"
        raise ValueError(message)
    return found


def _effects(name: str, values: Iterable[Effect]) -> frozenset[Effect]:
    if strange := sorted(_texts(name, values) - frozenset(EFFECTS)):
        message = f"{name}: {strange[0]!r} is no effect; there are {', '.join(EFFECTS)}"
        raise ValueError(message)
    return frozenset(values)


def _names(caveat: Caveat, capability_id: str, effect: Effect) -> bool:
    if caveat.effects is not None and effect not in caveat.effects:
        return False
    return caveat.only is None or any(_matches(pattern, capability_id) for pattern in caveat.only)


def _matches(pattern: str, capability_id: str) -> bool:
    return capability_id.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == capability_id
