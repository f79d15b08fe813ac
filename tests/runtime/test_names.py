"""Calls that a function makes are its own: two of them are two, and a function that is repeated repeats none."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.mail import Clerk, Rough, make_store, quiet

import packetflow as pf
from packetflow._core.names import Names
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow.testing.clock import FakeClock

Kept = MemoryStore | SQLiteStore
TROUBLES: list[Exception] = []
TURNED: list[bool] = []
SEEN: list[str | None] = []


@pf.capability(effect="write", retry=pf.Retry(attempts=2, backoff=0.001))
async def two(ctx: pf.Context, key: str, texts: list[str]) -> list[int]:
    """Have a clerk note texts, one behind the other."""
    SEEN.append(ctx.message_id)
    counts = [await ctx.actor(Clerk, key).ask(Clerk.note, text) for text in texts]
    if TROUBLES:
        raise TROUBLES.pop()
    return counts


@pf.capability(effect="write")
async def by_name(ctx: pf.Context, key: str, texts: list[str]) -> list[int]:
    """Have a clerk note texts, called by name."""
    return [await ctx.call(Clerk.note, key=key, text=text) for text in texts]


@pf.capability(effect="write")
async def nested(ctx: pf.Context, key: str, texts: list[str]) -> list[list[int]]:
    """Do it twice, by way of a function."""
    return [await ctx.call(two, key=key, texts=texts) for _ in range(2)]


@pf.capability(effect="write")
async def told(ctx: pf.Context, key: str, texts: list[str]) -> None:
    """Tell a clerk, and a careless one, texts."""
    for text in texts:
        await ctx.actor(Clerk, key).tell(Clerk.note, text)
        await ctx.actor(Rough, key).tell(Rough.note, text)


@pf.capability(effect="write")
async def at_once(ctx: pf.Context, key: str, texts: list[str]) -> None:
    """Have a clerk note texts in whatever order."""
    clerk = ctx.actor(Clerk, key)
    await asyncio.gather(*(clerk.ask(Clerk.note, text) for text in (reversed(texts) if TURNED else texts)))


@pf.capability(effect="write")
async def reminded(ctx: pf.Context, key: str) -> None:
    """Remind a clerk four times."""
    clerk = ctx.actor(Clerk, key)
    for name in ("tea", "cake", None, None):
        await clerk.remind(after=timedelta(seconds=1), name=name).tell(Clerk.note, "x")


@pf.capability(effect="read")
async def more(n: int) -> int:
    """Give one more."""
    return n + 1


@pf.flow
def two_more(n: int) -> pf.Step[int]:
    """Give two more."""
    return more.step(more.step(n).output)


@pf.capability(effect="read")
async def flows(ctx: pf.Context) -> list[int]:
    """Call a flow three times."""
    return [await ctx.call(two_more, n=n) for n in (1, 100, 1)]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, data_dir: Path) -> Kept:
    """Return a store of each sort."""
    return make_store(request.param, data_dir)


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the app."""
    return FakeClock()


@pytest.fixture
def app(store: Kept) -> pf.App:
    """Return an app, not started."""
    return pf.App(Clerk, Rough, two, by_name, nested, told, at_once, more, two_more, flows, store=store, planners=[])


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    for list_ in (TROUBLES, TURNED, SEEN):
        list_.clear()


async def notes(root: pf.Client, key: str = "ada") -> list[str]:
    """Give what a clerk has noted."""
    return await root.actor(Clerk, key).ask(Clerk.notes)


@pytest.mark.parametrize("way", [two, by_name])
async def test_two_messages_of_one_step_are_two_whether_they_say_the_same_or_not(
    app: pf.App, way: pf.Capability[..., list[int], Any]
) -> None:
    async with app as root:
        run = await root.run(pf.Plan(way.step("ada", ["x", "x", "y"])))
        assert (run.status, run.output) == ("succeeded", [1, 2, 3])
        assert await notes(root) == ["x", "x", "y"]
        assert SEEN in ([], [None])


async def test_a_function_repeated_under_its_message_id_repeats_what_it_called(app: pf.App) -> None:
    async with app as root:
        named = root.within(message_id="m1")
        for _ in range(3):
            assert await named.call(nested, key="ada", texts=["x", "y", "x"]) == [[1, 2, 3], [4, 5, 6]]
        assert await root.within(message_id="m2").call(two, key="ada", texts=["x"]) == [7]
        assert await root.call(two, key="ada", texts=["x"]) == [8]
        assert len(await notes(root)) == 8


async def test_another_attempt_of_a_step_makes_none_of_its_calls_twice(app: pf.App) -> None:
    TROUBLES.append(ConnectionError("lost"))
    async with app as root:
        run = await root.run(pf.Plan(two.step("ada", ["x", "x"])))
        assert (run.status, run.output) == ("succeeded", [1, 2])
        assert len(SEEN) == 2
        assert await notes(root) == ["x", "x"]


async def test_letters_of_one_step_are_as_many_as_were_told(app: pf.App) -> None:
    async with app as root:
        for _ in range(2):
            await root.within(message_id="m1").call(told, key="ada", texts=["x", "x", "y"])
            await quiet(app)
        assert await notes(root) == ["x", "x", "y"]
        assert await root.actor(Rough, "ada").ask(Rough.notes) == ["x", "x", "y"]


async def test_the_order_of_different_calls_made_at_once_does_not_matter(app: pf.App) -> None:
    async with app as root:
        named = root.within(message_id="m1")
        await named.call(at_once, key="ada", texts=["a", "b", "c", "a"])
        TURNED.append(True)
        await named.call(at_once, key="ada", texts=["a", "b", "c", "a"])
        assert sorted(await notes(root)) == ["a", "a", "b", "c"]


async def test_flows_that_one_step_calls_are_runs_of_their_own(app: pf.App) -> None:
    async with app as root:
        run = await root.run(pf.Plan(flows.step()))
        assert (run.status, run.output) == ("succeeded", [3, 102, 3])
        assert len(await root.runs()) == 4
        named = root.within(message_id="m1")
        assert await named.call(flows) == await named.call(flows) == [3, 102, 3]
        assert len(await root.runs()) == 7


async def test_a_message_id_used_for_other_inputs_of_a_flow_is_a_conflict(app: pf.App) -> None:
    async with app as root:
        named = root.within(message_id="m1")
        assert await named.call(two_more, n=1) == 3
        with pytest.raises(pf.Conflict, match="other inputs"):
            await named.call(two_more, n=100)
        assert await named.call(two_more, n=1) == 3
        assert len(await root.runs()) == 1


async def test_reminders_under_one_message_id_are_as_many_as_they_have_names(store: Kept, clock: FakeClock) -> None:
    app = pf.App(Clerk, reminded, store=store, planners=[], clock=clock)
    async with app as root:
        for _ in range(2):
            for name in ("tea", "cake"):
                ref = root.within(message_id="m1").actor(Clerk, "bob")
                await ref.remind(after=timedelta(seconds=1), name=name).tell(Clerk.note, name)
            await root.within(message_id="m2").call(reminded, key="ada")
        assert len(await root.actor(Clerk, "ada").reminders()) == 4
        clock.advance(seconds=1)
        await quiet(app)
        assert sorted(await notes(root, "bob")) == ["cake", "tea"]
        assert await notes(root, "ada") == ["x"] * 4


async def test_a_repeated_reminder_under_a_message_id_comes_every_time(store: Kept, clock: FakeClock) -> None:
    app = pf.App(Clerk, store=store, planners=[], clock=clock)
    async with app as root:
        ref = root.within(message_id="m1").actor(Clerk, "ada")
        await ref.remind(every=timedelta(seconds=5), name="tick").tell(Clerk.note, "x")
        for _ in range(3):
            clock.advance(seconds=5)
            await quiet(app)
        assert await notes(root) == ["x"] * 3


def test_what_has_no_json_form_is_named_by_its_place() -> None:
    names, again = Names("m1"), Names("m1")
    first = [names.following("call", "add", {"x": value}) for value in (object(), "\ud800", object(), 1)]
    assert len(set(first)) == 4
    assert first == [again.following("call", "add", {"x": value}) for value in (object(), "\ud800", object(), 1)]
