"""What every Store keeps to about deleting what has grown old."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from packetflow._core.ports import Horizon, NewEvent, Store
from packetflow.testing.store_samples import (
    START,
    after,
    audit,
    call,
    commit,
    event,
    events,
    ids,
    letter,
    raised,
    run,
    seqs,
    waiting,
)


def _dated(identity: str, seconds: float, topic: str = "Room/lobby") -> NewEvent:
    return replace(event(identity, topic), at=after(seconds))


class PruneContract:
    """The part of the Store contract about retention."""

    async def test_without_a_horizon_nothing_is_deleted(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"{}", events(2), "m1", b"1"))
        await store.put_run(run("run-1"), events(1, "run/run-1"))
        await store.record([call("c1")], [audit("d1")])
        assert await store.prune(Horizon()) == 0
        assert await store.prune(Horizon(replies=START, calls=START, audits=START, runs=START)) == 0
        assert await store.reply("Room", "lobby", "m1") == b"1"
        assert await ids(store) == ["e1", "e2"]
        assert await ids(store, "run/run-1") == ["e1"]
        assert (len(await store.runs()), len(await store.calls()), len(await store.audits())) == (1, 1, 1)

    async def test_replies_are_old_by_when_they_were_committed(self, store: Store) -> None:
        for number in range(5):
            await store.commit(commit("lobby", number, b"%d" % number, (), f"m{number}", b"1"))
        now = datetime.now(UTC)
        assert await store.prune(Horizon(replies=now - timedelta(hours=1))) == 0
        assert await store.reply("Room", "lobby", "m0") == b"1"
        assert await store.prune(Horizon(replies=now + timedelta(hours=1))) == 5
        assert await store.reply("Room", "lobby", "m4") is None
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (5, b"4")
        assert (await store.commit(commit("lobby", 5, b"5", (), "m4", b"2"))).revision == 6

    async def test_replies_grow_old_by_the_moment_their_commit_names(self, store: Store) -> None:
        local = after(1).astimezone(timezone(timedelta(hours=5)))
        for number, at in enumerate((after(0), local, after(2), None)):
            await store.commit(replace(commit("lobby", number, b"{}", (), f"m{number}", b"1"), at=at))
        assert await store.prune(Horizon(replies=after(1))) == 1
        assert await store.reply("Room", "lobby", "m0") is None
        assert await store.reply("Room", "lobby", "m1") == b"1"
        assert await store.prune(Horizon(replies=after(99))) == 2
        assert await store.reply("Room", "lobby", "m2") is None
        assert await store.reply("Room", "lobby", "m3") == b"1"  # stamped by the machine's clock
        naive = replace(commit("lobby", 4, b"{}", (), "m4", b"1"), at=after(0).replace(tzinfo=None))
        await raised(ValueError, store.commit(naive))
        assert await store.reply("Room", "lobby", "m4") is None

    async def test_old_calls_and_decisions_are_deleted(self, store: Store) -> None:
        await store.record([call(f"c{n}", n) for n in range(6)], [audit(f"d{n}", n) for n in range(6)])
        local = after(2).astimezone(timezone(timedelta(hours=5)))
        assert await store.prune(Horizon(calls=local)) == 2
        assert [each.id for each in await store.calls()] == ["c5", "c4", "c3", "c2"]
        assert len(await store.audits()) == 6
        assert await store.prune(Horizon(calls=after(2), audits=after(4))) == 4
        assert [each.digest for each in await store.audits()] == ["d5", "d4"]
        assert len(await store.calls()) == 4

    async def test_runs_are_old_by_their_end_and_go_with_their_events(self, store: Store) -> None:
        for number in range(4):
            await store.put_run(run(f"run-{number}", number), events(3, f"run/run-{number}"))
        await store.put_run(run("live", 0, status="running"), events(3, "run/live"))
        await store.append(events(1, "run/run-0/side"))
        assert await store.prune(Horizon(runs=after(3))) == 2  # each ends a second behind its start
        assert [row.id for row in await store.runs()] == ["run-3", "run-2", "live"]
        assert await store.run("run-0") is None
        assert await ids(store, "run/run-0") == await ids(store, "run/run-1") == []
        assert await ids(store, "run/run-2") == await ids(store, "run/live") == ["e1", "e2", "e3"]
        assert await ids(store, "run/run-0/side") == ["e1"]

    async def test_a_journal_loses_its_old_beginning_and_counts_on(self, store: Store) -> None:
        await store.append([_dated(f"e{number}", number) for number in range(10)])
        before = await store.read("Room/lobby")
        assert await store.prune(Horizon(journals=(("Room", after(4)),))) == 4
        assert await store.read("Room/lobby") == before[4:]
        assert [each.seq for each in await store.read("Room/lobby", newest=True, limit=2)] == [9, 10]
        assert await store.read("Room/lobby", ids=["e0", "e3"]) == []
        stored = await store.append([_dated("e9", 9), _dated("e0", 10)])
        assert [(each.id, each.seq) for each in stored] == [("e0", 11)]  # an id that was deleted is new

    async def test_the_newest_event_of_a_topic_stays_so_that_places_go_on_from_it(self, store: Store) -> None:
        await store.append([_dated(f"e{number}", number) for number in range(3)])
        await store.append([_dated("only", 0, "Room/attic")])
        assert await store.prune(Horizon(journals=(("Room", after(99)),))) == 2
        assert await seqs(store) == [3]
        assert await seqs(store, "Room/attic") == [1]
        assert await store.prune(Horizon(journals=(("Room", after(99)),))) == 0
        await store.close()
        await store.open()
        assert [each.seq for each in await store.append([_dated("next", 4)])] == [4]

    async def test_an_old_event_behind_a_younger_one_stays_so_that_no_gap_appears(self, store: Store) -> None:
        await store.append([_dated("a", 1), _dated("b", 5), _dated("c", 1), _dated("d", 1)])
        assert await store.prune(Horizon(journals=(("Room", after(4)),))) == 1
        assert await ids(store) == ["b", "c", "d"]
        assert await store.prune(Horizon(journals=(("Room", after(6)),))) == 2
        assert await ids(store) == ["d"]

    async def test_journals_are_pruned_by_the_type_of_their_actor(self, store: Store) -> None:
        topics = ["Room/lobby", "Room/a/b", "Room/", "Roomy/lobby", "Hall/lobby", "Room", "room/lobby", "Room0", "Roo"]
        for topic in topics:
            await store.append([_dated("e1", 1, topic), _dated("e2", 2, topic)])
        await store.commit(commit("lobby"))
        await store.post([letter("l1")])
        assert await store.prune(Horizon(journals=(("Room", after(9)),))) == 3
        left = {topic: await seqs(store, topic) for topic in topics}
        assert [topic for topic in topics if left[topic] == [2]] == ["Room/lobby", "Room/a/b", "Room/"]
        assert [topic for topic in topics if left[topic] == [1, 2]] == topics[3:]
        assert await store.prune(Horizon(journals=(("Hall", after(0)), ("Roomy", after(2))))) == 1
        assert await seqs(store, "Roomy/lobby") == [2]
        assert await seqs(store, "Hall/lobby") == [1, 2]
        assert await store.load("Room", "lobby") is not None
        assert await waiting(store) == ["l1"]

    async def test_at_most_so_many_of_each_sort_are_deleted_at_a_time_the_oldest_first(self, store: Store) -> None:
        for number in range(7):
            await store.commit(commit("lobby", number, None, (), f"m{number}", b"1"))
            await store.put_run(run(f"run-{number}", number), events(20, f"run/run-{number}"))
        await store.record([call(f"c{n}", -n) for n in range(7)], [audit(f"d{n}", -n) for n in range(7)])
        for topic in ("Room/a", "Room/b", "Hall/c"):
            await store.append([_dated(f"e{number}", number, topic) for number in range(7)])
        late = datetime.now(UTC) + timedelta(hours=1)
        horizon = Horizon(late, late, late, late, (("Room", late), ("Hall", late)))
        assert await store.prune(horizon, limit=0) == 0
        assert await store.prune(horizon, limit=2) == 10
        assert [each.id for each in await store.calls()] == ["c0", "c1", "c2", "c3", "c4"]
        assert [each.digest for each in await store.audits()] == ["d0", "d1", "d2", "d3", "d4"]
        assert [row.id for row in await store.runs()] == ["run-6", "run-5", "run-4", "run-3", "run-2"]
        deleted = 10
        while told := await store.prune(horizon, limit=4):
            assert told <= 20
            deleted += told
        assert deleted == 4 * 7 + 3 * 6
        assert await store.runs() == await store.calls() == await store.audits() == []
        assert [await seqs(store, topic) for topic in ("Room/a", "Room/b", "Hall/c")] == [[7]] * 3

    async def test_a_horizon_without_a_time_zone_is_refused_and_nothing_is_deleted(self, store: Store) -> None:
        await store.record([call("c1")], [audit("d1")])
        naive = after(9).replace(tzinfo=None)
        for wrong in (
            Horizon(calls=after(9), audits=naive),
            Horizon(calls=after(9), runs=naive),
            Horizon(calls=after(9), replies=naive),
            Horizon(calls=after(9), journals=(("Room", naive),)),
        ):
            await raised(ValueError, store.prune(wrong))
        await raised(ValueError, store.prune(Horizon(calls=naive)))
        assert len(await store.calls()) == 1
