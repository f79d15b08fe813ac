"""The letters that a group of writes is about: read at its start, changed in memory, written together at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

from sqlalchemy import delete, select, text, update

from packetflow._core.ports import Commit, Letter, Settled
from packetflow.stores.letterbox import Letterbox
from packetflow.stores.moments import EPOCH, microseconds, moment
from packetflow.stores.sqlite.rows import letter_row
from packetflow.stores.sqlite.statements import Bulk, Row, inserted, packed, wanted
from packetflow.stores.tables import letters
from packetflow.stores.writes import CancelReminder, Drop, FailLetter, Post, Revive, Slip, Write

_OUTLINE = [
    letters.c[name]
    for name in ("number", "id", "kind", "key", "name", "due", "attempts", "error_code", "error", "dead")
]
_ids = wanted(letters.c.id)
_names = wanted(letters.c.kind, letters.c.key, letters.c.name)
_numbers = wanted(letters.c.number)
_changes = wanted(*[letters.c[name] for name in ("number", "due", "attempts", "error_code", "error", "dead")])

LETTERS_BY_ID = Bulk(select(packed(_OUTLINE)).join_from(_ids, letters, letters.c.id == _ids.c.id))
LETTERS_BY_NAME = Bulk(
    select(packed(_OUTLINE))
    .join_from(
        _names,
        letters,
        (letters.c.kind == _names.c.kind) & (letters.c.key == _names.c.key) & (letters.c.name == _names.c.name),
    )
    .where(text("letters.name <> ''"))
)
# SQLite keeps there the highest number that ever was, of letters long gone too.
LAST_NUMBER = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'letters'"
ADD_LETTERS = Bulk(inserted(*letters.c))
CHANGE_LETTERS = Bulk(
    update(letters)
    .values({column.name: column for column in _changes.c if column.name != "number"})
    .where(letters.c.number == _changes.c.number)
)
DELETE_LETTERS = Bulk(delete(letters).where(letters.c.number.in_(select(_numbers.c.number))))


class StagedLetters:
    """Letters as they are once the writes before were written."""

    def __init__(self, cursor: sqlite3.Cursor, writes: Sequence[Write]) -> None:
        """Read what is stored of the letters that the writes name."""
        self._cursor = cursor
        about = [write for write in writes if not isinstance(write, Commit) or _corresponds(write)]
        ids = list(dict.fromkeys(chain.from_iterable(map(_ids_of, about))))
        names = list(dict.fromkeys(chain.from_iterable(map(_names_of, about))))
        found = LETTERS_BY_ID.read(cursor, ids) + LETTERS_BY_NAME.read(cursor, names)
        self._stored = {letter.id: letter for letter in map(_outline, found)}
        [(self._last,)] = cursor.execute(LAST_NUMBER).fetchall() if ids or names else [(0,)]
        self.box = Letterbox(self._stored.values(), last=self._last)

    def change(self, slip: Slip) -> bool:
        """Do what a slip asks for; False when its letter is not there."""
        match slip:
            case Settled():
                return self.box.settle(slip)
            case FailLetter():
                return self.box.fail(slip.letter_id, slip.code, slip.error, dead=slip.dead)
            case Revive():
                return self.box.revive(slip.letter_id)
            case Drop():
                return self.box.drop(slip.letter_id)
            case CancelReminder():
                return self.box.cancel(slip.kind, slip.key, slip.name)

    def write(self) -> None:
        """Write what has become of the letters."""
        gone: list[Row] = []
        changed: list[Row] = []
        for letter in self._stored.values():
            now = self.box.get(letter.id)
            if now is None or now.number != letter.number:
                gone.append((letter.number,))
            elif now is not letter:
                changed.append((now.number, microseconds(now.due), now.attempts, now.error_code, now.error, now.dead))
        new = [letter_row(letter) for letter in self.box if letter.number > self._last]
        DELETE_LETTERS.write(self._cursor, gone)
        CHANGE_LETTERS.write(self._cursor, changed)
        ADD_LETTERS.write(self._cursor, new)


def _corresponds(commit: Commit) -> bool:
    return bool(commit.letters or commit.cancels or commit.settles)


def _ids_of(write: Write) -> Iterator[tuple[str]]:
    match write:
        case Commit():
            if write.settles is not None:
                yield (write.settles.id,)
            yield from [(letter.id,) for letter in write.letters]
        case Post():
            yield from [(letter.id,) for letter in write.letters]
        case Settled():
            yield (write.id,)
        case FailLetter() | Revive() | Drop():
            yield (write.letter_id,)
        case _:
            pass


def _names_of(write: Write) -> Iterator[tuple[str, str, str]]:
    match write:
        case Commit():
            yield from [(write.kind, write.key, name) for name in write.cancels]
            yield from [(letter.kind, letter.key, letter.name) for letter in write.letters if letter.name]
        case Post():
            yield from [(letter.kind, letter.key, letter.name) for letter in write.letters if letter.name]
        case CancelReminder():
            yield (write.kind, write.key, write.name)
        case _:
            pass


def _outline(row: Row) -> Letter:
    """Read what decides about a stored letter; its contents stay where they are."""
    number, identity, kind, key, name, due, attempts, error_code, error, dead = row
    contents = ("", b"", "", b"", "")
    state = (name, "", 0, attempts, error_code, error, bool(dead), number)
    return Letter(identity, kind, key, *contents, moment(due), EPOCH, *state)
