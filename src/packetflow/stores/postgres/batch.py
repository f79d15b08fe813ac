"""A group of writes in one transaction: read what they are about, settle them, write what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Table, Text

from packetflow._core.ports import Commit, Letter, Settled
from packetflow.stores.moments import microseconds
from packetflow.stores.postgres import rows, statements
from packetflow.stores.postgres.pruning import prune
from packetflow.stores.postgres.rows import Row, told
from packetflow.stores.postgres.settling import Facts, Settling
from packetflow.stores.tables import audits, calls, events, letters, memos, replies, runs
from packetflow.stores.writes import (
    CancelReminder,
    Drop,
    FailLetter,
    Forget,
    Outcome,
    Post,
    Prune,
    Revive,
    Write,
    arriving,
)

if TYPE_CHECKING:
    from asyncpg import Connection

EPOCH = 0
"""Of the shard that an actor is in; there is one shard, and it changes hands by the store's lock only."""


class Collision(Exception):
    """Another writer changed what the group is about meanwhile; to be tried again."""


@dataclass(slots=True)
class Transaction:
    """A transaction that was begun."""

    connection: Connection
    now: int
    """In microseconds since 1970."""
    ends: dict[str, int]
    """The last places of topics, as far as they are known; grows with what is written."""
    trusting: bool
    """Whether writes are taken at their word: revisions are the ones expected, messages and events are new.

    That saves asking first, and is verified as they are written: when one is wrong, all raise Collision.
    """
    number: str | None = None
    """Its name to the server, by which it tells later what became of it; None before anything was written."""


async def apply(transaction: Transaction, writes: Iterable[Write]) -> list[Outcome]:
    """Apply writes in their order; gives the outcome of each.

    Raises Collision when another writer was in the way. Whatever is raised leaves the transaction half done: roll it
    back.
    """
    outcomes: list[Outcome] = []
    for sweeping, group in groupby(writes, lambda write: isinstance(write, Forget | Prune)):
        if sweeping:
            outcomes += [await _sweep(transaction, write) for write in group]
        else:
            outcomes += await _settle(transaction, list(group))
    return outcomes


async def _sweep(transaction: Transaction, write: Write) -> Outcome:
    connection = transaction.connection
    transaction.number = await connection.fetchval(statements.NUMBER)
    transaction.ends.clear()
    if isinstance(write, Forget):
        return await connection.fetchval(
            statements.FORGET, told(write.kind), told(write.key), told(f"{write.kind}/{write.key}")
        )
    return await prune(connection, write) if isinstance(write, Prune) else None


async def _settle(transaction: Transaction, writes: Sequence[Write]) -> list[Outcome]:
    facts = await _facts(transaction, writes)
    settling = Settling(facts, transaction.now)
    outcomes = [settling.settle(write) for write in writes]
    await _put(transaction, settling)
    if transaction.number is None:
        transaction.number = await transaction.connection.fetchval(statements.NUMBER)
    await _put_others(transaction.connection, settling)
    await _put_letters(transaction.connection, *settling.letters())
    return outcomes


async def _facts(transaction: Transaction, writes: Sequence[Write]) -> Facts:
    letters_there = await _letters(transaction.connection, writes)
    commits = [write for write in writes if isinstance(write, Commit)]
    identities = list({(event.topic, event.id): None for write in writes for event in arriving(write)})
    topics = list({topic: None for topic, _ in identities})
    if not transaction.trusting:
        return await _asked(transaction, commits, identities, topics, letters_there)
    unknown = [topic for topic in topics if topic not in transaction.ends]
    if unknown:
        asked = await _asked(transaction, [], [], unknown, [])
        transaction.ends.update(asked.ends)
    # Of several commits of an actor, the first says where it begins.
    revisions = {(commit.kind, commit.key): commit.revision for commit in reversed(commits)}
    return Facts(revisions, set(), set(), transaction.ends, letters_there)


async def _asked(
    transaction: Transaction,
    commits: Sequence[Commit],
    identities: Sequence[tuple[str, str]],
    topics: Sequence[str],
    letters_there: Sequence[Letter],
) -> Facts:
    keys = list({(commit.kind, commit.key): None for commit in commits})
    messages = [(each.kind, each.key, each.message_id) for each in commits if each.message_id is not None]
    asked = [*_columns(keys, 2), *_columns(messages, 3), *_columns(identities, 2), list(map(told, topics))]
    found = await transaction.connection.fetchrow(statements.FACTS, *asked)
    transaction.number, revisions, answered, known, ends = found
    transaction.ends.update({topic: end or 0 for topic, end in zip(topics, ends, strict=True)})
    return Facts(
        revisions={key: revision for key, revision in zip(keys, revisions, strict=True) if revision is not None},
        messages={message for message, here in zip(messages, answered, strict=True) if here},
        identities={identity for identity, here in zip(identities, known, strict=True) if here},
        ends=transaction.ends,
        letters=letters_there,
    )


async def _letters(connection: Connection, writes: Sequence[Write]) -> list[Letter]:
    """Read the letters that the writes are about, and hold them until the transaction ends."""
    identities: set[str] = set()
    named: set[tuple[str, str, str]] = set()
    for write in writes:
        match write:
            case Commit():
                if not (write.settles or write.cancels or write.letters):
                    continue
                if write.settles is not None:
                    identities.add(write.settles.id)
                named.update((write.kind, write.key, name) for name in write.cancels if name)
            case Settled():
                identities.add(write.id)
            case FailLetter() | Revive() | Drop():
                identities.add(write.letter_id)
            case CancelReminder():
                named.add((write.kind, write.key, write.name))
            case _:
                pass
        if isinstance(write, Commit | Post):
            identities.update(letter.id for letter in write.letters)
            named.update((letter.kind, letter.key, letter.name) for letter in write.letters if letter.name)
    if not identities and not named:
        return []
    asked = [list(map(told, sorted(identities))), *_columns(sorted(named), 3)]
    return [rows.letter(tuple(row)) for row in await connection.fetch(statements.LETTERS, *asked)]


async def _put(transaction: Transaction, settling: Settling) -> None:
    if not (settling.actors or settling.events):
        return
    changed = sorted(settling.actors.items())
    actors = [
        rows.texts(told(kind) for (kind, _), _ in changed),
        rows.texts(told(key) for (_, key), _ in changed),
        rows.numbers(change.was for _, change in changed),
        rows.numbers(change.revision for _, change in changed),
        rows.numbers(change.version for _, change in changed),
        [change.state for _, change in changed],
    ]
    settling.events.sort(key=itemgetter(0, 1))
    others = [*_joined(settling.replies, replies), *_joined(settling.events, events)]
    found = await transaction.connection.fetchrow(statements.PUT, EPOCH, *actors, transaction.now, *others)
    transaction.number, count = found
    if count != len(changed):
        raise Collision


async def _put_others(connection: Connection, settling: Settling) -> None:
    for statement, table, found in (
        (statements.PUT_RUNS, runs, [row for _, row in sorted(settling.runs.items())]),
        (statements.PUT_MEMOS, memos, [row for _, row in sorted(settling.memos.items())]),
        (statements.ADD_CALLS, calls, settling.calls),
        (statements.ADD_AUDITS, audits, settling.audits),
    ):
        if found:
            given = len(table.c) - ("number" in table.c)
            await connection.execute(statement, *_transposed(found, given))


async def _put_letters(
    connection: Connection, gone: Sequence[int], changed: Sequence[Letter], new: Sequence[Letter]
) -> None:
    if gone:
        await connection.execute(statements.DROP_LETTERS, gone)
    if changed:
        found: list[Row] = [
            (each.number, microseconds(each.due), each.attempts, each.error_code, each.error, each.dead)
            for each in changed
        ]
        await connection.execute(statements.CHANGE_LETTERS, *_transposed([rows.kept(row) for row in found], 6))
    if new:
        await connection.execute(
            statements.ADD_LETTERS, *_transposed(list(map(rows.letter_row, new)), len(letters.c) - 1)
        )


def _joined(found: Sequence[Row], table: Table) -> list[Any]:
    columns = _transposed(found, len(table.c))
    for place, column in enumerate(table.c):
        if isinstance(column.type, Text):
            columns[place] = rows.texts(columns[place])
        elif isinstance(column.type, BigInteger):
            columns[place] = rows.numbers(columns[place])
    return columns


def _columns(questions: Sequence[tuple[str, ...]], width: int) -> list[list[str]]:
    return [[told(question[column]) for question in questions] for column in range(width)]


def _transposed(found: Sequence[Row], width: int) -> list[Any]:
    return [list(column) for column in zip(*found, strict=True)] if found else [[] for _ in range(width)]
