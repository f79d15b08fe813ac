"""What every Store keeps to about opening and closing."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from packetflow._core.errors import StoreConflict, StoreUnavailable
from packetflow._core.ports import Horizon, Settled, Store
from packetflow.testing.store_samples import START, audit, call, commit, event, events, ids, letter, raised, run


def _every_method(store: Store) -> list[Awaitable[object]]:
    return [
        store.load("Room", "lobby"),
        store.commit(commit()),
        store.reply("Room", "lobby", "m1"),
        store.saved(),
        store.forget("Room", "lobby"),
        store.post([letter("l1")]),
        store.letters(),
        store.next_due(START),
        store.settle(Settled("l1", START)),
        store.fail_letter("l1", code="c", error="e", dead=True),
        store.revive("l1"),
        store.drop("l1"),
        store.cancel_reminder("Room", "lobby", "tea"),
        store.prune(Horizon()),
        store.append([event("e1")]),
        store.read("Room/lobby"),
        store.put_run(run("run-1")),
        store.run("run-1"),
        store.runs(),
        store.record([call("c1")], [audit("d1")]),
        store.calls(),
        store.audits(),
        store.remember("tokens", "ada", b"1"),
        store.recall("tokens", "ada"),
    ]


class LifecycleContract:
    """The part of the Store contract about opening and closing."""

    async def test_a_closed_store_refuses_everything(self, store: Store) -> None:
        await store.close()
        for action in _every_method(store):
            await raised(StoreUnavailable, action)
        await store.open()
        assert await store.saved() == []
        assert await store.runs() == []
        assert await store.recall("tokens", "ada") is None

    async def test_a_store_may_be_closed_twice_but_not_opened_twice(self, store: Store) -> None:
        await raised(StoreUnavailable, store.open())
        await store.commit(commit())
        await store.close()
        await store.close()

    async def test_what_was_stored_is_there_when_it_is_opened_again(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"{}", events(3), "m1", b"1"))
        await store.put_run(run("run-1"))
        await store.record([call("c1")], [audit("d1")])
        await store.remember("tokens", "ada", b"1")
        saved, journal = await store.load("Room", "lobby"), await store.read("Room/lobby")
        await store.close()
        await store.open()
        assert await store.load("Room", "lobby") == saved is not None
        assert await store.read("Room/lobby") == journal
        assert len(journal) == 3
        assert await store.reply("Room", "lobby", "m1") == b"1"
        assert await store.run("run-1") == run("run-1")
        assert await store.calls() == [call("c1")]
        assert await store.audits() == [audit("d1")]
        assert await store.recall("tokens", "ada") == b"1"
        await raised(StoreConflict, store.commit(commit("lobby", 0)))
        assert [each.seq for each in (await store.commit(commit("lobby", 1, None, events(4)))).events] == [4]

    async def test_runs_that_were_running_are_interrupted_when_it_is_opened_again(self, store: Store) -> None:
        running, ended = run("run-1", status="running"), run("run-2", 1)
        await store.put_run(running, events(1, "run/run-1"))
        await store.put_run(ended)
        assert await store.runs(status="running") == [running]
        await store.close()
        await store.open()
        assert await store.runs() == [ended, replace(running, status="interrupted")]
        assert await store.runs(status="running") == []
        assert await ids(store, "run/run-1") == ["e1"]

    async def test_closing_finishes_the_commits_that_were_accepted(self, store: Store) -> None:
        tasks = [asyncio.create_task(store.commit(commit(f"k{number}"))) for number in range(200)]
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await store.close()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        await store.open()
        kept = {saved.key for saved in await store.saved()}
        acknowledged = {f"k{number}" for number, outcome in enumerate(told) if not isinstance(outcome, Exception)}
        assert kept == acknowledged
        assert all(isinstance(outcome, StoreUnavailable) for outcome in told if isinstance(outcome, Exception))
        assert len(kept) == 200
