"""Fills a room with the messages of a transcript, batch by batch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

import packetflow as pf
from packetflow_chat.rooms import ImportedMessage
from packetflow_chat.transcripts.records import Bad, Message, bad

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import Protocol

    from packetflow_chat.transcripts.transcript import Transcript

    class Caller(Protocol):
        """Whatever can call a capability of the chat application by its id."""

        def call(self, capability_id: str, inputs: dict[str, Any], /) -> Awaitable[Any]:
            """Call it and give its output as JSON."""
            ...


_BYTES: Final = 400_000
"""JSON of one batch, at most; a request may have a megabyte."""

_GLANCE: Final = 500
"""Records between two reports of progress."""


@dataclass
class Report:
    """What came of an import so far."""

    messages: int = 0
    """Messages that were read and fit."""
    stored: int = 0
    known: int = 0
    created: bool = False
    """Whether the room was made for it."""
    bad: list[Bad] = field(default_factory=list[Bad])
    """Lines that could not be read, and messages that no room takes."""


class Importer:
    """Reads one transcript into one room; `report` tells how far it came, also when it was interrupted."""

    def __init__(self, transcript: Transcript, room_id: str, batch: int) -> None:
        """Store at most `batch` messages at once."""
        self._transcript = transcript
        self._room_id = room_id
        self._batch = batch
        self.report = Report()

    async def read(self, caller: Caller | None, progress: Callable[[int, int], None]) -> None:
        """Read to the end and store with `caller`; without one, only count. `progress` is told bytes read and in all.

        A message that is in the room already is left alone, so an interrupted import may be repeated. Raises whatever
        the transcript and the caller raise.
        """
        for messages in self._batches(progress):
            if caller is not None:
                await self._store(caller, messages)

    async def _store(self, caller: Caller, messages: list[dict[str, Any]]) -> None:
        report = self.report
        if report.stored + report.known == 0:
            report.created = await self._make_room(caller)
        taken = await caller.call("import_messages", {"room_id": self._room_id, "messages": messages})
        report.stored += taken["stored"]
        report.known += taken["known"]

    async def _make_room(self, caller: Caller) -> bool:
        """Create the room unless it is there; gives whether it was created."""
        room = {"room_id": self._room_id, "title": self._room_id[:100], "visibility": "public"}
        try:
            await caller.call("create_room", room)
        except pf.Conflict:
            return False
        return True

    def _batches(self, progress: Callable[[int, int], None]) -> Iterator[list[dict[str, Any]]]:
        waiting: list[dict[str, Any]] = []
        size = 0
        for number, record in enumerate(self._transcript):
            if number % _GLANCE == 0:
                progress(self._transcript.read_bytes, self._transcript.total_bytes)
            message = self._fitting(record) if isinstance(record, Message) else None
            if isinstance(record, Bad):
                self.report.bad.append(record)
            if message is None:
                continue
            length = len(json.dumps(message)) + 2
            if waiting and (len(waiting) >= self._batch or size + length > _BYTES):
                yield waiting
                waiting, size = [], 0
            waiting.append(message)
            size += length
        if waiting:
            yield waiting
        progress(self._transcript.total_bytes, self._transcript.total_bytes)

    def _fitting(self, record: Message) -> dict[str, Any] | None:
        """Give a message as a room takes it; None, and a bad line, when no room does."""
        message = {
            "id": record.id,
            "author": record.author,
            "text": record.text,
            "at": record.at.isoformat(),
            "kind": record.kind,
        }
        try:
            ImportedMessage.model_validate_json(json.dumps(message))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            self.report.bad.append(bad(record.line, f"{first['loc'][0]}: {first['msg']}", record.text))
            return None
        self.report.messages += 1
        return message
