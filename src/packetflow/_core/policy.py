"""Allow, deny, or ask a person first: one decision for each call, from grant, effect and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from packetflow._core.json import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.capability import Declaration
    from packetflow._core.context import Context

Verdict: TypeAlias = Literal["allow", "deny", "confirm"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why; recorded once for each call, allowed or not."""

    verdict: Verdict
    reason: str
    digest: str
    """Names the call: capability, arguments and grant holder. Confirming a digest lets exactly that call pass."""


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


def decide(declared: Declaration, arguments: Mapping[str, object], context: Context, now: datetime) -> Decision:
    """Decide one call. `arguments` are the checked inputs in JSON form, the actor's key included.

    Denied unless every caveat of the grant permits the capability, its effect, the moment and each limited argument; a
    limited argument that is absent is denied. Confirmation is asked for when the capability or the grant wants it and
    the context does not hold a confirmation of exactly this call.
    """
    grant = context.grant
    named, checks, confirm = grant.reach(declared.id, declared.effect)
    name = digest({"capability": declared.id, "arguments": dict(arguments), "principal": context.principal})
    if not named:
        return Decision("deny", "not granted", name)
    if grant.expires is not None and now >= grant.expires:
        return Decision("deny", f"the grant ended at {grant.expires.isoformat()}", name)
    facts = {"principal": context.principal, "run_id": context.run_id}
    for argument, check in checks:
        if argument not in arguments or not check(arguments[argument], facts):
            return Decision("deny", f"the grant does not allow this value for {argument!r}", name)
    if (confirm or declared.options.confirm) and name not in context.confirmed:
        return Decision("confirm", f"{declared.id!r} has the effect {declared.effect!r} and a person must agree", name)
    return Decision("allow", "granted", name)


def unconditional(declared: Declaration, context: Context) -> bool:
    """Whether the decision is `allow` whatever the arguments and for as long as the grant is held."""
    named, checks, confirm = context.grant.reach(declared.id, declared.effect)
    return named and not checks and not confirm and not declared.options.confirm and context.grant.expires is None
