"""What crosses the border of an actor whose state is kept crosses it as a copy: nobody else changes that state."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

import packetflow as pf
from packetflow._core.errors import ContractBroken
from packetflow._runtime.border import fixed
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore


class Account(BaseModel):
    """Whose it is."""

    owner: str = "ada"
    rights: list[str] = []


class Vault(BaseModel):
    """An account, and how often somebody came."""

    account: Account = Account()
    visits: int = 0


class Bank(pf.Actor[Vault]):
    """Keeps an account with every message."""

    @pf.capability
    async def open(self, account: Account, wait: float = 0) -> int:
        """Open an account."""
        await asyncio.sleep(wait)
        self.state.account = account
        return 1

    @pf.capability(effect="read")
    def show(self) -> Account:
        """Show the account itself."""
        return self.state.account

    @pf.capability(effect="read")
    async def each(self) -> AsyncIterator[Account]:
        """Show the account in a stream."""
        yield self.state.account

    @pf.capability
    def visit(self) -> int:
        """Count a visit."""
        self.state.visits += 1
        return self.state.visits

    @pf.capability(effect="read")
    def meddle(self) -> int:
        """Change what may be read only."""
        self.state.visits += 100
        return self.state.visits


class Branch(Bank, durability="snapshot"):
    """Keeps an account now and then."""


@pf.capability(effect="read")
async def peek(context: pf.Context, key: str) -> str:
    """Read an account and change what was given."""
    account = await context.actor(Bank, key).ask(Bank.show)
    account.owner = "eve"
    return account.owner


@pytest.fixture(params=["memory", "sqlite"])
async def root(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[pf.Client]:
    store = MemoryStore() if request.param == "memory" else SQLiteStore(data_dir / "bank.db")
    async with pf.App(Bank, Branch, peek, store=store, planners=[]) as client:
        yield client


async def test_who_may_only_read_cannot_change_a_state_by_the_reply(root: pf.Client) -> None:
    await root.actor(Bank, "1").ask(Bank.visit)
    eve = root.delegate("eve", effects=["read"])
    assert await eve.call(peek, key="1") == "eve"
    (await eve.actor(Bank, "1").ask(Bank.show)).rights.append("all")
    (await eve.call(Bank.show, key="1")).rights.append("all")
    async for account in eve.actor(Bank, "1").stream(Bank.each):
        account.rights.append("all")
    await root.actor(Bank, "1").ask(Bank.visit)
    assert await root.actor(Bank, "1").ask(Bank.show) == Account()


@pytest.mark.parametrize("kind", [Bank, Branch])
async def test_an_argument_that_its_sender_changes_later_is_as_it_was_sent(root: pf.Client, kind: type[Bank]) -> None:
    ref = root.actor(kind, "1")
    account = Account()
    await ref.ask(kind.open, account)
    account.owner = "eve"
    assert (await ref.ask(kind.show)).owner == "ada"


@pytest.mark.parametrize("kind", [Bank, Branch])
async def test_an_argument_changed_while_its_message_waits_is_as_it_was_sent(root: pf.Client, kind: type[Bank]) -> None:
    ref = root.actor(kind, "1")
    account = Account(owner="bob")
    first = asyncio.ensure_future(ref.ask(kind.open, Account(), 0.01))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(ref.ask(kind.open, account))
    await asyncio.sleep(0)
    await ref.tell(kind.open, account)
    account.owner = "eve"
    await asyncio.gather(first, second)
    assert (await ref.ask(kind.show)).owner == "bob"


async def test_a_read_that_changes_the_state_is_told_in_the_event_loops_debug_mode() -> None:
    asyncio.get_running_loop().set_debug(True)
    async with pf.App(Bank, store=MemoryStore(), planners=[]) as root:
        bank = root.actor(Bank, "1")
        with pytest.raises(ContractBroken, match="declared as read and changed the state"):
            await bank.ask(Bank.meddle)
        assert (await bank.ask(Bank.show), await bank.ask(Bank.visit)) == (Account(), 1)


class Colour(Enum):
    """A colour."""

    RED = "red"


@dataclass(frozen=True)
class Point:
    """A place, and something about it."""

    x: int
    about: object = None


class Closed(BaseModel):
    """A model that cannot be assigned to."""

    model_config = ConfigDict(frozen=True)

    what: object = None


def test_only_what_cannot_be_changed_is_shared() -> None:
    assert all(
        map(fixed, [1, "a", None, b"", Colour.RED, (1, ("a",)), frozenset({1}), Point(1), Closed(what=Point(2))])
    )
    changeable: list[object] = [
        [],
        {},
        set(),
        Account(),
        (1, []),
        Point(1, []),
        Closed(what=[]),
        Closed(what=Point(1, {})),
    ]
    assert not any(map(fixed, changeable))
