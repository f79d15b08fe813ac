"""What the proof of durability looks for: acknowledgements on one side, what is stored on the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tools.durable_actors import TICKS, Account, AccountState, Put, Ticked
from tools.durable_load import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packetflow._core.event import Stored
    from packetflow._core.ports import RunRow, Store

_PAGE = 5000
_ENDED = frozenset({"succeeded", "failed", "cancelled", "undone"})


@dataclass
class Found:
    """What was found; each list names what breaks a law."""

    acked: int = 0
    applied: int = 0
    lost: list[str] = field(default_factory=list[str])
    """Acknowledged and not stored, or led to and never done."""
    doubled: list[str] = field(default_factory=list[str])
    """Applied more than once."""
    wrong: list[str] = field(default_factory=list[str])
    """Replies and states that are not the sum of what was applied."""
    timers: int = 0
    timers_lost: list[str] = field(default_factory=list[str])
    timers_doubled: list[str] = field(default_factory=list[str])
    timers_early: list[str] = field(default_factory=list[str])
    runs: int = 0
    resumed: int = 0
    asked: int = 0
    runs_left: list[str] = field(default_factory=list[str])
    """Neither ended nor waiting for a person."""
    dead: list[str] = field(default_factory=list[str])
    """Letters that were given up."""

    @property
    def broken(self) -> dict[str, list[str]]:
        """By law: what breaks it."""
        names = [field.name for field in fields(self) if field.default_factory is not MISSING]
        return {name: getattr(self, name) for name in names}


@dataclass
class _Books:
    """The journals of all accounts."""

    puts: dict[str, list[tuple[str, Put]]] = field(default_factory=dict[str, "list[tuple[str, Put]]"])
    """By op: the account's key and the event."""
    ticks: dict[str, list[datetime]] = field(default_factory=dict[str, "list[datetime]"])
    totals: dict[str, int] = field(default_factory=dict[str, int])
    """By op: the account's total after it was first applied."""


async def inspect(store: Store, stamp: str, lines: Iterable[dict[str, Any]], outside: Sequence[str]) -> Found:
    """Compare what clients of the runs named `stamp` were told with what the open store holds.

    `outside` are the calls that reached the world outside.
    """
    found, told = Found(), list(lines)
    books = _Books()
    for number in range(KEYS):
        await _read(store, f"{stamp}-{number}", books, found)
    _acknowledged([line for line in told if "op" in line], books, found)
    found.wrong += [
        f"{line['again']} was answered {line}"
        for line in told
        if line.get("reply") != line.get("first", line.get("reply"))
    ]
    _applied(books, found)
    _timers(books, found)
    await _runs(store, {str(line["begun"]) for line in told if "begun" in line}, found)
    reached = Counter(outside)
    found.doubled += [f"{op} reached outside {times} times" for op, times in reached.items() if times > 1]
    keys = {f"{stamp}-{number}" for number in range(KEYS)}
    found.dead += [f"{one.id}: {one.error}" for one in await store.letters(limit=_PAGE) if one.key in keys]
    return found


async def _read(store: Store, key: str, books: _Books, found: Found) -> None:
    events: list[Stored] = []
    while page := await store.read(Account.actor_type.topic(key), after=len(events), limit=_PAGE):
        events += page
    if [event.seq for event in events] != [*range(1, len(events) + 1)]:
        found.wrong.append(f"the events of {key} are not dense")
    count = total = 0
    for event in events:
        if event.kind == "Put":
            put = Put.model_validate_json(event.payload)
            count, total = count + 1, total + put.amount
            books.puts.setdefault(put.op, []).append((key, put))
            books.totals.setdefault(put.op, total)
        else:
            tick = Ticked.model_validate_json(event.payload)
            books.ticks.setdefault(tick.op, []).append(tick.due)
    saved = await store.load(Account.actor_type.name, key)
    state = AccountState() if saved is None or saved.state is None else AccountState.model_validate_json(saved.state)
    if (state.count, state.total) != (count, total):
        found.wrong.append(f"{key} holds {state.count}, {state.total}; its events say {count}, {total}")


def _acknowledged(told: list[dict[str, Any]], books: _Books, found: Found) -> None:
    found.acked = len(told)
    for line in told:
        op, kind = str(line["op"]), str(line["kind"])
        needed = {"pay": [op, f"{op}>"], "later": [op, f"{op}!"]}.get(kind, [op])
        if kind == "run":
            needed = [f"{op}/1", f"{op}/2"] if line["reply"] == "succeeded" else []
        found.lost += [f"{one} ({kind})" for one in needed if one not in books.puts]
        if kind in {"put", "pay", "later", "order"} and books.totals.get(op, line["reply"]) != line["reply"]:
            found.wrong.append(f"{op} was answered {line['reply']} and left {books.totals[op]}")
        if kind == "order" and len(books.ticks.get(op, [])) < TICKS:
            found.timers_lost.append(f"{op} came {len(books.ticks.get(op, []))} times")


def _applied(books: _Books, found: Found) -> None:
    found.applied = len(books.puts)
    for op, puts in books.puts.items():
        if len(puts) > 1:
            (found.timers_doubled if op.endswith("!") else found.doubled).append(op)
        if op[-1] in "!>" and op[:-1] not in books.puts:
            found.wrong.append(f"{op} came and what led to it is not stored")


def _timers(books: _Books, found: Found) -> None:
    for op, puts in books.puts.items():
        if op.endswith("!"):
            found.timers += 1
            found.timers_early += [op for _, put in puts if put.at is None or put.due is None or put.at < put.due]
    for op, times in books.ticks.items():
        found.timers += len(times)
        if len(times) != len(set(times)) or len(times) > TICKS:
            found.timers_doubled.append(f"{op} came at {times}")


async def _runs(store: Store, begun: set[str], found: Found) -> None:
    for run_id in begun:
        found.runs += 1
        row: RunRow | None = await store.run(run_id)
        if row is None or row.status not in _ENDED:
            found.runs_left.append(f"{run_id} is {None if row is None else row.status}")
        events = await store.read(f"run/{run_id}", limit=_PAGE)
        found.resumed += any(event.kind == "RunResumed" for event in events)
        found.asked += any(event.kind == "StepUncertain" for event in events)
