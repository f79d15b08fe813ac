"""Allow, deny, or ask a person first: one decision for each call, from grant, effect and arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from packetflow._core.json import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context

Verdict: TypeAlias = Literal["allow", "deny", "confirm"]


class Decision:
    """What was decided, and why; recorded once for each call, allowed or not."""

    __slots__ = ("_digest", "reason", "verdict")

    def __init__(self, verdict: Verdict, reason: str, digest: str | Callable[[], str]) -> None:
        """Take the digest, or what computes it when it is first asked for."""
        self.verdict: Final = verdict
        self.reason: Final = reason
        self._digest = digest

    @property
    def digest(self) -> str:
        """Names the call. Confirming a digest lets exactly that call pass."""
        if not isinstance(self._digest, str):
            self._digest = self._digest()
        return self._digest


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One decision, as it is kept."""

    at: datetime
    principal: str
    grant_id: str
    capability_id: str
    verdict: Verdict
    reason: str
    digest: str
    trace_id: str
    run_id: str | None = None


def call_digest(declared: Declaration, arguments: Mapping[str, object], context: Context) -> str:
    """Name one call: capability, arguments in JSON form, and in whose name.

    Raises ValueError for arguments that JSON cannot write.
    """
    return digest({"capability": declared.id, "arguments": dict(arguments), "principal": context.principal})


def decide(declared: Declaration, arguments: Mapping[str, object], context: Context, now: datetime) -> Decision:
    """Decide one call. `arguments` are the checked inputs in JSON form, the actor's key included.

    Denied unless every caveat of the grant permits the capability, its effect, the moment and each limited argument; a
    limited argument that is absent is denied. Confirmation is asked for when the capability or the grant wants it and
    the context does not hold a yes to exactly this call: `confirmed` by the caller meets what the capability or the
    caller's own caution wants, only `approved` meets a caveat that wants somebody else's. The decision keeps
    `arguments` until its digest is asked for: nobody may change them.
    """
    grant = context.grant
    may, checks, confirm = grant.reach(declared.id, declared.effect)
    name = partial(call_digest, declared, arguments, context)
    if not may or not declared.open_to(grant):
        return Decision("deny", "not granted", name)
    if grant.expires is not None and now >= grant.expires:
        return Decision("deny", f"the grant ended at {grant.expires.isoformat()}", name)
    facts = {"principal": context.principal, "run_id": context.run_id}
    for argument, check in checks:
        if argument not in arguments or not check(arguments[argument], facts):
            return Decision("deny", f"the grant does not allow this value for {argument!r}", name)
    if not confirm and not declared.options.confirm:
        return Decision("allow", "granted", name)
    named = name()
    if named in context.approved or (confirm != "other" and named in context.confirmed):
        return Decision("allow", "granted", named)
    return Decision("confirm", asking(declared, context), named)


def asking(declared: Declaration, context: Context) -> str:
    """Say who must agree to a call that needs a yes."""
    other = context.grant.reach(declared.id, declared.effect)[2] == "other"
    who = f"somebody else than {context.principal!r}" if other else "a person"
    return f"{declared.id!r} has the effect {declared.effect!r} and {who} must agree"


def agreeable(declared: Declaration, arguments: Mapping[str, object], context: Context, now: datetime) -> Decision:
    """Decide whether the context's holder may agree, as a person, to this call of somebody else.

    They may when they could make it themselves without being asked: every caveat of their grant permits it and none
    asks for a person's yes, so that nobody who is bound by such a caveat can lift it. That the capability itself always
    wants a yes is met by giving it.
    """
    named = call_digest(declared, arguments, context)
    _, _, confirm = context.grant.reach(declared.id, declared.effect)
    decision = decide(declared, arguments, replace(context, approved=frozenset({named})), now)
    if decision.verdict == "allow" and confirm:
        return Decision("deny", f"the grant itself asks for a person's yes to the effect {declared.effect!r}", named)
    return decision


def unconditional(declared: Declaration, context: Context) -> bool:
    """Whether the decision is `allow` whatever the arguments and for as long as the grant is held."""
    named, checks, confirm = context.grant.reach(declared.id, declared.effect)
    return (
        named
        and declared.open_to(context.grant)
        and not checks
        and not confirm
        and not declared.options.confirm
        and context.grant.expires is None
    )
