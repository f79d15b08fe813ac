"""Every store answers the same as the one in memory, whatever is written in whatever order."""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stores.postgres_server import empty

from packetflow._core.event import Stored
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord, Commit, Horizon, Letter, NewEvent, RunRow, Saved, Settled, Store
from packetflow.stores.memory import MemoryStore
from packetflow.stores.postgres.store import PostgresStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.store_samples import after

Actions: TypeAlias = "st.SearchStrategy[Action]"
Round: TypeAlias = "tuple[list[Action], list[Action]]"

# Few names, so that writes meet each other; among them what databases stumble over.
names = st.sampled_from(["a", "b", "B", "é", "", "a/b", "x'\"\x00"])
kinds = st.sampled_from(["Room", "Hall"])
keys = st.sampled_from(["a", "é"])
topics = st.one_of(st.builds("{}/{}".format, kinds, names), st.just("all"))
moments = st.integers(-3, 3).map(after)
blobs = st.sampled_from([b"", b"{}", b"\x00\xff", b"x" * 5000])
events = st.builds(NewEvent, topics, names, kinds, moments, names, names, blobs)
several = st.lists(events, max_size=6).map(tuple)
letters = st.builds(
    Letter,
    names,
    kinds,
    keys,
    names,
    blobs,
    names,
    blobs,
    names,
    moments,
    moments,
    name=names,
    again=st.sampled_from(["", "daily"]),
    depth=st.integers(0, 3),
    attempts=st.integers(0, 2),
    error_code=st.none() | names,
    dead=st.booleans(),
)
sent = st.lists(letters, max_size=4).map(tuple)
settlements = st.builds(Settled, names, moments, st.none() | moments)
commits = st.builds(
    Commit,
    kinds,
    keys,
    st.integers(0, 2),
    st.none() | blobs,
    several,
    st.none() | names,
    st.none() | blobs,
    version=st.integers(1, 3),
    letters=st.just(()) | sent,
    settles=st.none() | st.none() | settlements,
    cancels=st.lists(names, max_size=2).map(tuple),
)
statuses = st.sampled_from(["running", "succeeded", "failed"])
ends = st.none() | moments
runs = st.builds(RunRow, names, statuses, names, names, names, names, moments, ends, st.none() | names, blobs)
seconds = st.integers(0, 10**12).map(lambda spent: spent / 1e9)
outcomes = st.sampled_from(["ok", "error"])
calls = st.builds(
    CallRecord,
    names,
    moments,
    names,
    names,
    seconds,
    outcomes,
    st.none() | names,
    names,
    cache_hit=st.booleans(),
    tokens=st.integers(0, 1 << 40),
    cost_micros=st.integers(0, 1 << 40),
)
verdicts = st.sampled_from(["allow", "deny", "confirm"])
audits = st.builds(AuditRecord, moments, names, names, names, verdicts, names, names, names, st.none() | names)
# Replies are dated by the clock: horizons before all of them and behind them.
reply_horizons = st.none() | st.sampled_from([after(-9), datetime(2100, 1, 1, tzinfo=UTC)])
journals = st.lists(st.tuples(kinds, moments), unique_by=itemgetter(0)).map(tuple)
horizons = st.builds(Horizon, reply_horizons, ends, ends, ends, journals)


@dataclass(frozen=True)
class Action:
    """One call of a method of whichever store."""

    method: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    async def on(self, store: Store) -> object:
        """Make the call."""
        return await getattr(store, self.method)(*self.arguments, **self.options)


def action(method: str, *arguments: st.SearchStrategy[Any], **options: st.SearchStrategy[Any]) -> Actions:
    """Draw calls of one method."""
    return st.builds(Action, st.just(method), st.tuples(*arguments), st.fixed_dictionaries(options))


writes = st.one_of(
    action("commit", commits),
    action("commit", commits),
    action("append", several),
    action("put_run", runs, several),
    action("record", st.lists(calls, max_size=3), st.lists(audits, max_size=3)),
    action("remember", names, names, blobs),
    action("forget", kinds, names),
    action("post", sent),
    action("settle", settlements),
    action("fail_letter", names, code=names, error=names, dead=st.booleans()),
    action("revive", names),
    action("drop", names),
    action("cancel_reminder", kinds, keys, names),
)
limits = st.sampled_from([0, 1, 2, 5, 1000])
maybe = st.none() | names
chosen = {"kind": st.none() | kinds, "key": st.none() | keys, "due": ends, "dead": st.none() | st.booleans()}
questions = st.one_of(
    action("letters", **chosen, limit=limits),
    action("letters", **chosen, limit=limits),
    action("next_due", moments),
    action("load", kinds, names),
    action("reply", kinds, names, names),
    action("recall", names, names),
    action("run", names),
    action(
        "read",
        topics,
        after=st.integers(0, 5),
        limit=limits,
        newest=st.booleans(),
        kinds=st.none() | st.lists(kinds, max_size=3),
        ids=st.none() | st.lists(names, max_size=4),
    ),
    action("saved", st.none() | kinds, after=st.tuples(kinds, names), limit=limits),
    action(
        "runs", principal=maybe, status=st.none() | statuses, before=st.none() | st.tuples(moments, names), limit=limits
    ),
    action("calls", capability_id=maybe, trace_id=maybe, limit=limits),
    action("audits", principal=maybe, verdict=st.none() | verdicts, limit=limits),
)
EVERYTHING = [
    Action("saved"),
    Action("runs", options={"limit": 1000}),
    Action("calls", options={"limit": 1000}),
    Action("audits", options={"limit": 1000}),
    Action("read", ("all",)),
    Action("letters"),
]


async def told(store: Store, actions: list[Action]) -> list[object]:
    """Ask a store for several things at once and give the answers, errors by their type."""
    answers = await asyncio.gather(*[each.on(store) for each in actions], return_exceptions=True)
    return [comparable(answer) for answer in answers]


def comparable(answer: object) -> object:
    """Leave out when an actor was saved, which is told by the clock, and numbers, which need not be dense."""
    if isinstance(answer, Saved):
        return replace(answer, saved_at=after(0))
    if isinstance(answer, Letter):
        return replace(answer, number=0)
    if isinstance(answer, list):
        return [comparable(each) for each in cast("list[object]", answer)]
    return type(answer) if isinstance(answer, BaseException) else answer


async def agree(kept: Store, rounds: list[Round]) -> None:
    """Put the same writes and questions to a store and to one in memory."""
    memory = MemoryStore()
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        for store in (memory, kept):
            await store.open()
            stack.push_async_callback(store.close)
        for written, asked in rounds:
            for actions in (written, asked, EVERYTHING):
                assert await told(kept, actions) == await told(memory, actions)
        for store in (memory, kept):
            await store.close()
            await store.open()
        assert await told(kept, EVERYTHING) == await told(memory, EVERYTHING)


@pytest.fixture(scope="module")
def fresh() -> Path:
    """Make an empty store once, to be copied for each example."""
    path = Path(tempfile.mkdtemp()) / "fresh.db"

    async def make() -> None:
        store = SQLiteStore(path)
        await store.open()
        await store.close()

    asyncio.run(make())
    return path


# Pruning looks for what is old before it takes its place among the writes: it is a round of its own.
prunings = st.lists(action("prune", horizons, limit=limits), min_size=1, max_size=1)
written = st.one_of(st.lists(writes, max_size=25), st.lists(writes, min_size=5, max_size=25), prunings)
rounds = st.lists(st.tuples(written, st.lists(questions, max_size=10)), min_size=1, max_size=6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rounds=rounds, group=st.sampled_from([1, 4, 512]))
def test_the_store_on_disk_answers_like_the_one_in_memory(fresh: Path, rounds: list[Round], group: int) -> None:
    with tempfile.TemporaryDirectory(dir=fresh.parent) as folder:
        path = Path(folder) / "store.db"
        shutil.copy(fresh, path)
        asyncio.run(agree(SQLiteStore(path, group=group), rounds))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rounds=rounds, group=st.sampled_from([1, 4, 512]))
def test_a_store_in_postgresql_answers_like_the_one_in_memory(
    postgres_shared: str, rounds: list[Round], group: int
) -> None:
    empty(postgres_shared)
    asyncio.run(agree(PostgresStore(postgres_shared, group=group), rounds))


async def test_a_long_history_is_read_the_same(data_dir: Path, postgres_emptied: str) -> None:
    """One topic beyond every page: places, kinds and ids over several statements."""
    stores = (MemoryStore(), SQLiteStore(data_dir / "store.db"), PostgresStore(postgres_emptied))
    new = [NewEvent("all", f"e{n * 7919 % 3001}", f"K{n % 5}", after(n), "ada", "t", b"%d" % n) for n in range(3000)]
    for store in stores:
        await store.open()
        await asyncio.gather(*[store.append(new[start : start + 37]) for start in range(0, 3000, 37)])
    found: list[list[Stored]] = []
    for store in stores:
        found.append(await store.read("all", limit=5000))
        found.append(await store.read("all", newest=True, limit=1234, kinds=["K1", "K3"]))
        found.append(await store.read("all", ids=[f"e{n}" for n in range(1000)], after=100, limit=700))
        await store.close()
    assert found[:3] == found[3:6] == found[6:]
    assert [len(each) for each in found[:3]] == [3000, 1200, 700]
