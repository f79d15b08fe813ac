"""The proof by kill -9, a few rounds of it, and that its checker finds what it is for."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.stores.postgres_server import postgres, postgres_session
from tools.durability import Proof, report
from tools.durable_actors import Account, AccountState, Put, Ticked
from tools.durable_laws import Found, inspect

from packetflow._core.ports import Commit, Letter, NewEvent, RunRow
from packetflow.stores.memory import MemoryStore

__all__ = ["postgres", "postgres_session"]

NOW = datetime(2031, 5, 4, tzinfo=UTC)


def test_nothing_acknowledged_is_lost_or_doubled_when_a_process_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = Proof(str(tmp_path / "proof.db"), tmp_path, rounds=3, busy=60)
    found = proof.run()
    assert report(proof, found, 1.0) == 0, capsys.readouterr()
    assert found.acked > 10
    assert found.timers > 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 7 + len(found.broken) + 1


def test_the_same_on_postgresql(tmp_path: Path, postgres: str) -> None:
    proof = Proof(postgres, tmp_path, rounds=2, busy=60)
    found = proof.run()
    assert report(proof, found, 1.0) == 0
    assert found.acked > 10


def test_a_store_that_loses_what_it_acknowledged_is_found(tmp_path: Path) -> None:
    proof = Proof(str(tmp_path / "proof.db"), tmp_path, rounds=1, busy=200, seed=1, broken="Loses", drain=20)
    assert proof.run().lost  # what such a store loses may also keep the rest from ever ending


class Books:
    """A store with one account, written by hand."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.lines: list[dict[str, Any]] = []
        self.outside: list[str] = []
        self.state = AccountState()
        self.events: list[NewEvent] = []
        self.letters: list[Letter] = []
        self.runs: list[RunRow] = []

    def put(self, op: str, amount: int = 1, late: float | None = None) -> None:
        """Apply one message; with `late` it came by a reminder, that many seconds after it was due."""
        moments = {} if late is None else {"due": NOW, "at": NOW + timedelta(seconds=late)}
        self._note("Put", Put(op=op, amount=amount, **moments).model_dump_json())
        self.state.count += 1
        self.state.total += amount

    def tick(self, op: str, second: int) -> None:
        self._note("Ticked", Ticked(op=op, due=NOW + timedelta(seconds=second)).model_dump_json())

    def _note(self, kind: str, payload: str) -> None:
        number = len(self.events)
        topic = Account.actor_type.topic("x-0")
        self.events.append(NewEvent(topic, f"e{number}", kind, NOW, "ada", "t", payload.encode()))

    def told(self, op: str, kind: str = "put", reply: object = 1) -> None:
        self.lines.append({"op": op, "key": "x-0", "kind": kind, "amount": 1, "reply": reply})

    async def found(self) -> Found:
        await self.store.open()
        state = self.state.model_dump_json().encode()
        await self.store.commit(Commit("account", "x-0", 0, state, tuple(self.events), letters=tuple(self.letters)))
        for row in self.runs:
            await self.store.put_run(row)
        return await inspect(self.store, "x", self.lines, self.outside)


def broken(books: Books) -> set[str]:
    """Give the names of the laws that are broken."""
    found = asyncio.run(books.found())
    return {name for name, value in found.broken.items() if value}


def orderly() -> Books:
    """Give books in which all is as it was told."""
    books = Books()
    books.put("a")
    books.told("a")
    books.put("b", -2)
    books.put("b>", 2)
    books.told("b", "pay", -1)
    books.put("c", 4)
    books.put("c!", 1, late=0.1)
    books.told("c", "later", 5)
    for second in (1, 2, 3):
        books.tick("d", second)
    books.put("d")
    books.told("d", "order", 7)
    books.outside = ["r1"]
    books.runs.append(RunRow("r1", "succeeded", "ada", "p", "", "t", NOW, NOW))
    books.lines.append({"begun": "r1"})
    return books


def test_books_in_order_break_no_law() -> None:
    assert broken(orderly()) == set()


def test_every_law_has_books_that_break_it() -> None:
    cases: dict[str, Books] = {}

    def case(law: str) -> Books:
        cases[law] = orderly()
        return cases[law]

    case("lost").told("never stored")
    case("doubled").put("a")
    case("wrong").state.total += 1
    case("timers_lost").told("a", "order")
    case("timers_doubled").put("c!", 1, late=0.2)
    books = case("timers_early")
    books.put("e", 1)
    books.put("e!", 1, late=-0.1)
    case("runs_left").runs[0] = RunRow("r1", "running", "ada", "p", "", "t", NOW)
    letter = Letter("l", "account", "x-0", "account.put", b"{}", "ada", b"{}", "t", NOW, NOW)
    case("dead").letters.append(letter)
    assert {law: law in broken(books) for law, books in cases.items()} == dict.fromkeys(cases, True)
    assert set(cases) == set(Found().broken)


@pytest.mark.parametrize("law", ["outside", "tick", "repeat", "effect"])
def test_a_law_is_broken_in_other_ways_too(law: str) -> None:
    books = orderly()
    match law:
        case "outside":
            books.outside *= 2
            assert broken(books) == {"doubled"}
        case "tick":
            books.tick("d", 3)
            assert broken(books) == {"timers_doubled"}
        case "repeat":
            books.lines.append({"again": "a", "first": 1, "reply": 2})
            assert broken(books) == {"wrong"}
        case _:
            books.events = [replace(event, payload=event.payload.replace(b'"b>"', b'"z"')) for event in books.events]
            assert broken(books) == {"lost"}
