"""Letters on their way, reminders, and those that failed for good: /api/letters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from packetflow._core.errors import NotFound
from packetflow.http.auth import AnyCaller
from packetflow.http.bodies import LetterAnswer, LetterList
from packetflow.http.problems import ProblemDetails, Reply

router = APIRouter(
    prefix="/api/letters",
    tags=["letters"],
    responses={404: {"model": ProblemDetails, "description": "No such letter, or none that one may see."}},
)


@router.get("", response_model=LetterList)
async def letters(
    caller: AnyCaller,
    kind: Annotated[str | None, Query(alias="type", description="Only those to actors of this type.")] = None,
    key: Annotated[str | None, Query(description="Only those to actors with this key.")] = None,
    dead: Annotated[bool | None, Query(description="Only those that failed for good, or only the others.")] = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only those behind this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List letters in the order in which they were sent: one's own; the owner sees all."""
    found = await caller.acting().letters(type=kind, key=key, dead=dead, after=after, limit=limit)
    following = found[-1].number if len(found) == limit else None
    return Reply(LetterList(letters=[asdict(each) for each in found], count=len(found), after=following))


@router.post("/{letter_id:path}/replay", response_model=LetterAnswer)
async def replay(letter_id: str, caller: AnyCaller) -> Response:
    """Deliver a dead letter again, its failures forgotten."""
    if not await caller.acting().replay_letter(letter_id):
        raise NotFound(f"there is no dead letter {letter_id!r}", letter_id=letter_id)
    return Reply(LetterAnswer(letter_id=letter_id))


@router.delete("/{letter_id:path}", response_model=LetterAnswer)
async def drop(letter_id: str, caller: AnyCaller) -> Response:
    """Delete a letter or a reminder for good, dead or not."""
    if not await caller.acting().drop_letter(letter_id):
        raise NotFound(f"there is no letter {letter_id!r}", letter_id=letter_id)
    return Reply(LetterAnswer(letter_id=letter_id))
