"""A look at the letters that wait or are dead, and what is done with them: for their senders and the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from pydantic_core import from_json

from packetflow._core.errors import NotAllowed
from packetflow._core.policy import Decision

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from packetflow._core.context import Context
    from packetflow._core.json import JsonObject
    from packetflow._core.ports import Letter, Store
    from packetflow._runtime.engine import Engine

_PAGE = 500


@dataclass(frozen=True, slots=True)
class LetterInfo:
    """A letter that waits for its delivery, or is dead."""

    id: str
    type: str
    """The type of the actor that gets it; empty for a flow that an event set off."""
    key: str
    capability_id: str
    inputs: JsonObject
    principal: str
    """In whose name it was sent."""
    trace_id: str
    due: datetime
    """When a reminder comes; what was told is due when it was sent."""
    sent_at: datetime
    name: str
    """A reminder's name; empty for what was told."""
    again: str
    """When a reminder comes again; empty for once."""
    attempts: int
    """Deliveries that failed since it was last due."""
    error_code: str | None
    error: str | None
    """Why the last delivery failed."""
    dead: bool
    """Whether it is delivered no more, and waits for somebody to replay or drop it."""
    number: int
    """Its place in the order of sending."""

    @classmethod
    def of(cls, letter: Letter) -> LetterInfo:
        """Give what may be shown of a letter: all but the authority it carries."""
        return cls(
            id=letter.id,
            type=letter.kind,
            key=letter.key,
            capability_id=letter.capability_id,
            inputs=cast("JsonObject", from_json(letter.inputs)),
            principal=letter.principal,
            trace_id=letter.trace_id,
            due=letter.due if letter.name else letter.sent_at,
            sent_at=letter.sent_at,
            name=letter.name,
            again=letter.again,
            attempts=letter.attempts,
            error_code=letter.error_code,
            error=letter.error,
            dead=letter.dead,
            number=letter.number,
        )


class Undelivered:
    """Looks at letters under the authority of one context: whoever holds all of it sees all, others their own."""

    def __init__(self, engine: Engine, store: Store, context: Context) -> None:
        """Look as the context's principal."""
        self._engine, self._store, self._context = engine, store, context

    async def letters(
        self, address: tuple[str | None, str | None], after: int, limit: int, *, dead: bool | None
    ) -> list[LetterInfo]:
        """List letters to a type and key (None: all) in the order of sending, behind the number `after`."""
        found: list[LetterInfo] = []
        async for letter in self._own(*address, dead, after):
            if len(found) >= limit:
                break
            found.append(LetterInfo.of(letter))
        return found

    async def replay(self, letter_id: str) -> bool:
        """Deliver a dead letter again, its failures forgotten; False when one sees no dead letter of that id.

        Whoever does not hold all authority must be allowed that very call now, as if they told it anew: raises
        NotAllowed or ConfirmationRequired otherwise, and the letter stays dead.
        """
        letter = await self._one(letter_id, dead=True)
        if letter is None:
            return False
        if not self._context.grant.whole:
            self._permit(letter)
        if not await self._store.revive(letter_id):
            return False
        self._record("letter.replay")
        self._engine.post.expect(self._engine.now())
        return True

    async def drop(self, letter_id: str) -> bool:
        """Delete a letter for good; False when one sees no letter of that id. What is in hand takes no effect then."""
        letter = await self._one(letter_id, dead=None)
        if letter is None or not await self._store.drop(letter_id):
            return False
        self._record("letter.drop")
        self._engine.post.dropped(letter)
        return True

    async def _one(self, letter_id: str, *, dead: bool | None) -> Letter | None:
        async for letter in self._own(None, None, dead, 0):
            if letter.id == letter_id:
                return letter
        return None

    async def _own(self, kind: str | None, key: str | None, dead: bool | None, after: int) -> AsyncIterator[Letter]:  # noqa: FBT001
        whole, own = self._context.grant.whole, self._context.principal
        while page := await self._store.letters(kind=kind, key=key, dead=dead, after=after, limit=_PAGE):
            for letter in page:
                if whole or letter.principal == own:
                    yield letter
            after = page[-1].number

    def _permit(self, letter: Letter) -> None:
        declared = self._engine.registry.get(letter.capability_id)
        if declared is None or declared.owner is None or declared.owner.actor_type.name != letter.kind:
            self._engine.audit(Decision("deny", "not granted", ""), letter.capability_id, self._context)
            message = f"{self._context.principal!r} may not replay a letter for {letter.capability_id!r}"
            raise NotAllowed(message, capability_id=letter.capability_id, principal=self._context.principal)
        shown: JsonObject = {**from_json(letter.inputs), declared.owner.actor_type.key: letter.key}
        self._engine.permit(declared, shown, self._context)

    def _record(self, what: str) -> None:
        self._engine.audit(Decision("allow", "granted", ""), what, self._context)
