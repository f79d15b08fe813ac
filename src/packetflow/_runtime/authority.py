"""What a run goes on under after a restart: its grant and the terms it was started on, kept beside its row."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from packetflow._core.context import Context
from packetflow._core.grant import Grant


@dataclass(frozen=True, slots=True)
class Terms:
    """What whoever starts a run decides about how it goes."""

    waits: bool = True
    """Whether a step that needs a person's yes waits for it; else it fails with `confirmation_required`."""
    expires: timedelta = timedelta(hours=24)
    """How long such a step waits."""
    payer: tuple[str, str] | None = None
    """The run and its step that called this one, and whose budget it is on as well."""


@dataclass(frozen=True, slots=True)
class _Kept:
    grant: str
    principal: str
    confirmed: tuple[str, ...]
    deadline: datetime | None
    terms: Terms
    depth: int = 0


_KEPT: Final = TypeAdapter(_Kept)


def written(context: Context, terms: Terms, now: datetime) -> bytes:
    """Write down what a run may do; its deadline as a date, since the event loop's clock ends with the process."""
    left = None if context.deadline is None else context.deadline - asyncio.get_running_loop().time()
    return _KEPT.dump_json(
        _Kept(
            grant=context.grant.to_json().decode(),
            principal=context.principal,
            confirmed=tuple(sorted(context.confirmed)),
            deadline=None if left is None else now + timedelta(seconds=left),
            terms=terms,
            depth=context.depth,
        )
    )


def restored(authority: bytes, run_id: str, trace_id: str, now: datetime) -> tuple[Context, Terms]:
    """Read back what a run may do; raises ValueError for what is none."""
    kept = _KEPT.validate_json(authority)
    left = None if kept.deadline is None else (kept.deadline - now).total_seconds()
    context = Context(
        kept.principal,
        Grant.from_json(kept.grant.encode()),
        trace_id,
        deadline=None if left is None else asyncio.get_running_loop().time() + left,
        run_id=run_id,
        confirmed=frozenset(kept.confirmed),
        depth=kept.depth,
    )
    return context, kept.terms
