"""What a group of writes comes to, decided in memory: each write as if the ones before it were stored already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packetflow._core.errors import StoreConflict
from packetflow._core.event import Stored
from packetflow._core.ports import Commit, Committed, Letter, NewEvent, Settled
from packetflow.stores.letterbox import Letterbox
from packetflow.stores.moments import microseconds, utc
from packetflow.stores.postgres.rows import Row, audit_row, call_row, event_row, run_row, told
from packetflow.stores.writes import (
    Append,
    CancelReminder,
    Drop,
    FailLetter,
    Forget,
    Outcome,
    Post,
    Prune,
    PutRun,
    Record,
    Remember,
    Revive,
    Write,
)

NEW = 1 << 62
"""Numbers of letters from here on are only for now: the database gives them theirs."""


@dataclass(slots=True)
class Facts:
    """What is stored of all that the group is about; grows with each write that is settled."""

    revisions: dict[tuple[str, str], int]
    messages: set[tuple[str, str, str]]
    identities: set[tuple[str, str]]
    """Topic and id of events."""
    ends: dict[str, int]
    """The last place of each topic."""
    letters: Sequence[Letter]


@dataclass(slots=True)
class Change:
    """An actor from the revision that is stored to the one that shall be."""

    was: int
    revision: int
    state: bytes | None
    version: int | None
    """None, as the state, for what stays as it is."""


class Settling:
    """Settles writes one after the other, and holds the rows they come to."""

    def __init__(self, facts: Facts, now: int) -> None:
        """Begin with what is stored; `now` is in microseconds since 1970."""
        self._facts = facts
        self._now = now
        self._before = {letter.id: letter for letter in facts.letters}
        self._letterbox = Letterbox(facts.letters, last=NEW)
        self.actors: dict[tuple[str, str], Change] = {}
        self.replies: list[Row] = []
        self.events: list[Row] = []
        self.runs: dict[str, Row] = {}
        self.memos: dict[tuple[str, str], Row] = {}
        self.calls: list[Row] = []
        self.audits: list[Row] = []

    def settle(self, write: Write) -> Outcome:
        """Decide one write; a StoreConflict has changed nothing."""
        match write:
            case Commit():
                return self._commit(write)
            case Append():
                return self._stage(write.events)
            case PutRun():
                self.runs[write.row.id] = run_row(write.row)
                return self._stage(write.events)
            case Record() | Remember() | Post():
                return self._keep(write)
            case Settled() | FailLetter() | Revive() | Drop() | CancelReminder():
                return self._slip(write)
            case Forget() | Prune():
                raise TypeError("what deletes is settled by the database itself")

    def _keep(self, write: Record | Remember | Post) -> None:
        match write:
            case Record():
                self.calls += map(call_row, write.calls)
                self.audits += map(audit_row, write.audits)
            case Remember():
                row = (told(write.space), told(write.key), write.value, self._now)
                self.memos[write.space, write.key] = row
            case Post():
                self._letterbox.post(write.letters)

    def letters(self) -> tuple[list[int], list[Letter], list[Letter]]:
        """Give the numbers of letters that are gone, those that changed, and the new ones in order."""
        gone, changed = list[int](), list[Letter]()
        for letter in self._before.values():
            left = self._letterbox.get(letter.id)
            if left is None or left.number > NEW:
                gone.append(letter.number)
            elif left is not letter:
                changed.append(left)
        return gone, changed, [letter for letter in self._letterbox if letter.number > NEW]

    def _commit(self, commit: Commit) -> Committed | StoreConflict:
        actor, facts = (commit.kind, commit.key), self._facts
        revision = facts.revisions.get(actor, 0)
        if commit.revision != revision:
            return _conflict(commit, f"is at revision {revision}, not {commit.revision}")
        if commit.settles is not None and not self._letterbox.holds(commit.settles):
            return _conflict(commit, f"was told by the letter {commit.settles.id!r}, which is settled already")
        if commit.message_id is not None:
            message = (*actor, commit.message_id)
            if message in facts.messages:
                return _conflict(commit, f"has handled the message {commit.message_id!r} already")
            facts.messages.add(message)
            at = self._now if commit.at is None else microseconds(commit.at)
            self.replies.append((*map(told, message), commit.reply or b"", at))
        self._change(commit, revision)
        self._correspond(commit)
        return Committed(revision + 1, self._stage(commit.events) if commit.events else ())

    def _change(self, commit: Commit, revision: int) -> None:
        actor = (commit.kind, commit.key)
        self._facts.revisions[actor] = revision + 1
        change = self.actors.get(actor)
        if change is None:
            change = self.actors[actor] = Change(revision, revision, None, None)
        change.revision = revision + 1
        if commit.state is not None or revision == 0:
            change.state, change.version = commit.state, commit.version

    def _correspond(self, commit: Commit) -> None:
        if commit.settles is not None:
            self._letterbox.settle(commit.settles)
        for name in commit.cancels:
            self._letterbox.cancel(commit.kind, commit.key, name)
        if commit.letters:
            self._letterbox.post(commit.letters)

    def _slip(self, write: Settled | FailLetter | Revive | Drop | CancelReminder) -> bool:
        match write:
            case Settled():
                return self._letterbox.settle(write)
            case FailLetter():
                return self._letterbox.fail(write.letter_id, write.code, write.error, dead=write.dead)
            case Revive():
                return self._letterbox.revive(write.letter_id)
            case Drop():
                return self._letterbox.drop(write.letter_id)
            case CancelReminder():
                return self._letterbox.cancel(write.kind, write.key, write.name)

    def _stage(self, new: Sequence[NewEvent]) -> tuple[Stored, ...]:
        return tuple(self._staged(new))

    def _staged(self, new: Sequence[NewEvent]) -> Iterator[Stored]:
        identities, ends = self._facts.identities, self._facts.ends
        for event in new:
            identity = (event.topic, event.id)
            if identity not in identities:
                identities.add(identity)
                ends[event.topic] = seq = ends[event.topic] + 1
                self.events.append(event_row(event, seq))
                place = (event.topic, seq, event.id, event.kind, utc(event.at))
                yield Stored(*place, event.principal, event.trace_id, event.payload)


def _conflict(commit: Commit, reason: str) -> StoreConflict:
    return StoreConflict(f"{commit.kind} {commit.key!r} {reason}; load it again", kind=commit.kind, key=commit.key)
