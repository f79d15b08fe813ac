"""What every Store keeps to about the journal: places without gaps, each id once, and pages of a topic."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

from packetflow._core.event import Stored
from packetflow._core.ports import NewEvent, Store
from packetflow.testing.store_samples import START, commit, event, events, ids, raised, seqs


class JournalContract:
    """The part of the Store contract about the journal."""

    async def test_an_event_is_read_as_it_was_appended(self, store: Store) -> None:
        payload = bytes(range(256))
        local = START.astimezone(timezone(timedelta(hours=-7, minutes=-30)))
        new = NewEvent("Room/Größe \x00 🎉", "i'd \x00 \"?", "Posted", local, "ada@example", "trace", payload)
        [appended] = await store.append([new])
        expected = Stored(new.topic, 1, new.id, "Posted", START, "ada@example", "trace", payload)
        assert appended == expected
        [found] = await store.read(new.topic)
        assert found == expected
        assert found.at.utcoffset() == appended.at.utcoffset() == timedelta(0)
        assert await store.read(new.topic, ids=[new.id]) == [expected]

    async def test_places_count_up_from_one_in_each_topic(self, store: Store) -> None:
        for number in range(1, 6):
            stored = await store.append(
                [event(f"e{number}"), event(f"e{number}", "other"), event(f"f{number}", "other")]
            )
            assert [each.seq for each in stored] == [number, 2 * number - 1, 2 * number]
        assert await seqs(store) == [1, 2, 3, 4, 5]
        assert await seqs(store, "other") == list(range(1, 11))

    async def test_a_known_id_is_left_out_and_takes_no_place(self, store: Store) -> None:
        await store.append(events(2))
        again = replace(event("e2"), payload=b"changed")
        stored = await store.append([again, event("e3"), event("e1"), event("e4")])
        assert [(each.id, each.seq) for each in stored] == [("e3", 3), ("e4", 4)]
        assert [each.payload for each in await store.read("Room/lobby")] == [b"{}"] * 4
        committed = await store.commit(commit("lobby", 0, b"{}", [event("e4"), event("e5")]))
        assert [(each.id, each.seq) for each in committed.events] == [("e5", 5)]
        assert await store.append([event("e1")]) == ()
        assert await store.append([]) == ()

    async def test_an_id_twice_in_one_write_is_stored_once(self, store: Store) -> None:
        first, second = replace(event("e1"), payload=b"first"), replace(event("e1"), payload=b"second")
        committed = await store.commit(commit("lobby", 0, b"{}", [first, second, event("e2")]))
        assert [(each.id, each.seq, each.payload) for each in committed.events] == [
            ("e1", 1, b"first"),
            ("e2", 2, b"{}"),
        ]
        assert await store.read("Room/lobby") == list(committed.events)

    async def test_an_id_written_twice_at_the_same_time_is_stored_once(self, store: Store) -> None:
        told = await asyncio.gather(*[store.append([event(f"e{number % 10}")]) for number in range(100)])
        assert sorted(each.seq for stored in told for each in stored) == list(range(1, 11))
        assert await seqs(store) == list(range(1, 11))
        assert sorted(await ids(store)) == sorted(f"e{number}" for number in range(10))

    async def test_the_same_id_in_another_topic_is_another_event(self, store: Store) -> None:
        stored = await store.append([event("e1", "a"), event("e1", "b")])
        assert [(each.topic, each.seq) for each in stored] == [("a", 1), ("b", 1)]

    async def test_a_topic_is_read_page_by_page(self, store: Store) -> None:
        await store.append(events(25))
        await store.append(events(25, "other"))
        paged: list[int] = []
        while page := await store.read("Room/lobby", after=paged[-1] if paged else 0, limit=10):
            assert len(page) <= 10
            paged += [stored.seq for stored in page]
        assert paged == list(range(1, 26))
        assert await store.read("nowhere") == []
        assert await store.read("Room/lobby", after=25) == await store.read("Room/lobby", after=99) == []
        assert await store.read("Room/lobby", limit=0) == await store.read("Room/lobby", limit=-1) == []
        assert len(await store.read("Room/lobby", after=-5)) == 25

    async def test_the_newest_events_come_in_order_too(self, store: Store) -> None:
        await store.append(events(25))
        assert [stored.seq for stored in await store.read("Room/lobby", newest=True, limit=3)] == [23, 24, 25]
        assert [stored.seq for stored in await store.read("Room/lobby", newest=True, limit=3, after=23)] == [24, 25]
        assert len(await store.read("Room/lobby", newest=True, limit=99)) == 25
        assert await store.read("Room/lobby", newest=True, limit=0) == []

    async def test_a_topic_is_read_by_kinds(self, store: Store) -> None:
        kinds = ["Posted", "Edited", "Joined"]
        await store.append([event(f"e{number}", kind=kinds[number % 3]) for number in range(1, 31)])

        async def found(*wanted: str, after: int = 0, limit: int = 1000, newest: bool = False) -> list[int]:
            page = await store.read("Room/lobby", kinds=wanted, after=after, limit=limit, newest=newest)
            return [stored.seq for stored in page]

        assert await found("Posted") == list(range(3, 31, 3))
        assert await found("Posted", "Edited") == [seq for seq in range(1, 31) if seq % 3 != 2]
        assert await found("Edited", "Joined", limit=3) == [1, 2, 4]
        assert await found("Edited", "Joined", limit=3, newest=True) == [26, 28, 29]
        assert await found("Edited", after=15, limit=2) == [16, 19]
        assert await found("Edited", "Left", after=25, newest=True, limit=9) == [28]
        assert await found("Left") == await found() == await found("Posted", limit=0) == []

    async def test_a_topic_is_read_by_ids(self, store: Store) -> None:
        await store.append([event(f"e{number}", kind=f"K{number % 2}") for number in range(1, 401)])
        await store.append(events(1, "other"))

        async def found(*wanted: str, after: int = 0, limit: int = 1000, newest: bool = False) -> list[int]:
            page = await store.read("Room/lobby", ids=wanted, after=after, limit=limit, newest=newest)
            return [stored.seq for stored in page]

        assert await found("e9", "e2", "unknown", "e5", "e5") == [2, 5, 9]
        assert await found("e9", "e2", "e5", limit=2) == [2, 5]
        assert await found("e9", "e2", "e5", limit=2, newest=True) == [5, 9]
        assert await found("e9", "e2", "e5", after=2, limit=1) == [5]
        assert await found(*[f"e{number}" for number in range(400, 0, -1)]) == list(range(1, 401))
        assert await found() == []
        both = await store.read("Room/lobby", ids=["e1", "e2", "e3"], kinds=["K1"])
        assert [stored.seq for stored in both] == [1, 3]

    async def test_a_moment_without_a_time_zone_is_refused(self, store: Store) -> None:
        naive = replace(event("e2"), at=START.replace(tzinfo=None))
        await raised(ValueError, store.append([event("e1"), naive]))
        assert await ids(store) == []
