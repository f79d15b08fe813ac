"""What every Store keeps to about actors: commits, revisions, replies, lists, and forgetting."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from packetflow._core.errors import StoreConflict
from packetflow._core.ports import Commit, Committed, Saved, Store
from packetflow.testing.store_samples import START, commit, event, events, ids, raised, seqs


class ActorsContract:
    """The part of the Store contract about actors."""

    async def test_an_actor_that_was_never_saved_is_none(self, store: Store) -> None:
        assert await store.load("Room", "lobby") is None
        await store.commit(commit("lobby"))
        assert await store.load("Room", "attic") is None
        assert await store.load("Room", "Lobby") is None
        assert await store.load("Hall", "lobby") is None

    async def test_a_committed_state_is_loaded_as_it_was(self, store: Store) -> None:
        state = '{"title":"Größe \\u0000 \x00 🎉"}'.encode()
        before = datetime.now(UTC)
        assert await store.commit(commit("lobby", 0, state)) == Committed(1, ())
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert saved == Saved("Room", "lobby", 1, state, saved.saved_at)
        assert saved.saved_at.utcoffset() == timedelta(0)
        assert before - timedelta(seconds=1) <= saved.saved_at <= datetime.now(UTC) + timedelta(seconds=1)

    async def test_each_commit_raises_the_revision_by_one(self, store: Store) -> None:
        for revision in range(5):
            assert (await store.commit(commit("lobby", revision, b"%d" % revision))).revision == revision + 1
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (5, b"4")

    async def test_a_commit_without_a_state_leaves_the_state_and_raises_the_revision(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first"))
        assert (await store.commit(commit("lobby", 1, None, [event("e1")]))).revision == 2
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (2, b"first")
        assert (await store.commit(commit("attic", 0, None))).revision == 1
        never_told = await store.load("Room", "attic")
        assert never_told is not None
        assert never_told.state is None

    async def test_commits_of_one_actor_that_wait_together_follow_each_other(self, store: Store) -> None:
        told = await asyncio.gather(
            store.commit(commit("lobby", 0, b"first", [event("e1")], "m1", b"1")),
            store.commit(commit("lobby", 1, None, [event("e2")], "m2", b"2")),
            store.commit(commit("attic", 0, None)),
            store.commit(commit("attic", 1, b"second")),
            store.commit(commit("attic", 2, None)),
        )
        assert [committed.revision for committed in told] == [1, 2, 1, 2, 3]
        lobby, attic = await store.load("Room", "lobby"), await store.load("Room", "attic")
        assert lobby is not None
        assert (lobby.revision, lobby.state) == (2, b"first")
        assert attic is not None
        assert (attic.revision, attic.state) == (3, b"second")
        assert await ids(store) == ["e1", "e2"]

    async def test_an_empty_state_is_a_state(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first"))
        await store.commit(commit("lobby", 1, b""))
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert saved.state == b""

    async def test_any_other_revision_is_a_conflict_and_changes_nothing(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first", [event("e1")]))
        for wrong in (0, 2, 7):
            stale = commit("lobby", wrong, b"wrong", [event(f"wrong-{wrong}")], f"m{wrong}", b"wrong")
            error = await raised(StoreConflict, store.commit(stale))
            assert "Room" in str(error)
            assert "lobby" in str(error)
            assert await store.reply("Room", "lobby", f"m{wrong}") is None
        await raised(StoreConflict, store.commit(commit("attic", 1, b"wrong")))
        assert await store.load("Room", "attic") is None
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (1, b"first")
        assert await ids(store) == ["e1"]
        assert (await store.commit(commit("lobby", 1, b"second", [event("e2")]))).events[0].seq == 2

    async def test_state_events_and_reply_of_a_commit_are_stored_together(self, store: Store) -> None:
        committed = await store.commit(commit("lobby", 0, b"{}", [*events(2), event("x", "run/1")], "m1", b'"ok"'))
        assert [(stored.topic, stored.seq, stored.id) for stored in committed.events] == [
            ("Room/lobby", 1, "e1"),
            ("Room/lobby", 2, "e2"),
            ("run/1", 1, "x"),
        ]
        assert await store.read("Room/lobby") == list(committed.events[:2])
        assert await store.read("run/1") == [committed.events[2]]
        assert await store.reply("Room", "lobby", "m1") == b'"ok"'

    async def test_a_reply_is_found_by_its_message_only(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"{}", (), "m1", b"1"))
        await store.commit(commit("lobby", 1, b"{}", (), "m2", b"2"))
        await store.commit(commit("attic", 0, b"{}", (), "m1", b"3"))
        assert await store.reply("Room", "lobby", "m1") == b"1"
        assert await store.reply("Room", "lobby", "m2") == b"2"
        assert await store.reply("Room", "attic", "m1") == b"3"
        assert await store.reply("Room", "attic", "m2") is None
        assert await store.reply("Hall", "lobby", "m1") is None

    async def test_a_message_that_was_committed_without_a_reply_is_not_new(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"{}", (), "m1", None))
        assert await store.reply("Room", "lobby", "m1") == b""

    async def test_a_message_is_committed_once(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first", (), "m1", b"1"))
        await raised(StoreConflict, store.commit(commit("lobby", 1, b"second", [event("e1")], "m1", b"2")))
        assert await store.reply("Room", "lobby", "m1") == b"1"
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (1, b"first")
        assert await ids(store) == []

    async def test_a_hundred_actors_commit_at_the_same_time(self, store: Store) -> None:
        async def messages(key: str) -> None:
            for revision in range(3):
                done = await store.commit(commit(key, revision, key.encode(), [event(f"{key}-{revision}", "all")]))
                assert done.revision == revision + 1

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(messages(f"k{number}"))
        for number in range(100):
            saved = await store.load("Room", f"k{number}")
            assert saved is not None
            assert (saved.revision, saved.state) == (3, f"k{number}".encode())
        assert await seqs(store, "all") == list(range(1, 301))
        assert len(set(await ids(store, "all"))) == 300

    async def test_of_two_writers_of_one_revision_exactly_one_wins(self, store: Store) -> None:
        async def write(name: str, revision: int) -> str | None:
            try:
                await store.commit(commit("lobby", revision, name.encode(), [event(f"{revision}-{name}")]))
            except StoreConflict:
                return None
            return name

        winners: list[str] = []
        for revision in range(10):
            told = await asyncio.gather(*[write(name, revision) for name in ("a", "b", "c")])
            won = [name for name in told if name is not None]
            assert len(won) == 1
            winners.append(f"{revision}-{won[0]}")
            saved = await store.load("Room", "lobby")
            assert saved is not None
            assert saved.state == won[0].encode()
        assert await ids(store) == winners

    async def test_a_conflict_does_no_harm_to_the_commits_beside_it(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first"))
        commits = [commit(f"k{number}" if number % 3 else "lobby", 0, b"new") for number in range(90)]
        told = await asyncio.gather(*map(store.commit, commits), return_exceptions=True)
        for each, outcome in zip(commits, told, strict=True):
            assert isinstance(outcome, StoreConflict if each.key == "lobby" else Committed)
            saved = await store.load("Room", each.key)
            assert saved is not None
            assert saved.state == (b"first" if each.key == "lobby" else b"new")

    async def test_writes_are_stored_in_the_order_they_were_asked_for(self, store: Store) -> None:
        commits = [store.commit(commit("lobby", number, b"%d" % number, [event(f"c{number}")])) for number in range(40)]
        appends = [store.append([event(f"a{number}")]) for number in range(40)]
        await asyncio.gather(*[write for pair in zip(commits, appends, strict=True) for write in pair])
        assert await ids(store) == [f"{kind}{number}" for number in range(40) for kind in "ca"]
        saved = await store.load("Room", "lobby")
        assert saved is not None
        assert (saved.revision, saved.state) == (40, b"39")

    async def test_a_cancelled_commit_is_stored_whole_or_not_at_all(self, store: Store) -> None:
        for number in range(50):
            key = f"k{number}"
            new = [event(f"e{each}", f"Room/{key}") for each in range(3)]
            task = asyncio.create_task(store.commit(commit(key, 0, b"{}", new, "m1", b"1")))
            for _ in range(number % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await store.append([event("behind", "all")])
        for number in range(50):
            saved = await store.load("Room", f"k{number}")
            journal = await store.read(f"Room/k{number}")
            reply = await store.reply("Room", f"k{number}", "m1")
            assert (len(journal), reply) == ((0, None) if saved is None else (3, b"1"))

    async def test_an_event_without_a_time_zone_is_refused_and_nothing_is_stored(self, store: Store) -> None:
        naive = event("e1")
        naive = type(naive)(naive.topic, "e2", naive.kind, START.replace(tzinfo=None), "ada", "trace-1", b"{}")
        await raised(ValueError, store.commit(commit("lobby", 0, b"{}", [event("e1"), naive], "m1", b"1")))
        assert await store.load("Room", "lobby") is None
        assert await store.reply("Room", "lobby", "m1") is None
        assert await ids(store) == []

    async def test_saved_actors_are_listed_by_type_and_key_page_by_page(self, store: Store) -> None:
        names = [
            ("Room", "b"),
            ("Hall", "é"),
            ("Room", "a"),
            ("Hall", ""),
            ("Room", "B"),
            ("Hall", "z"),
            ("Robot", "a"),
        ]
        for kind, key in names:
            await store.commit(Commit(kind, key, 0, key.encode()))
        listed = await store.saved()
        assert [(saved.kind, saved.key) for saved in listed] == sorted(names)
        assert [saved.state for saved in listed] == [key.encode() for _, key in sorted(names)]
        assert listed[0] == await store.load("Hall", "")
        assert [saved.key for saved in await store.saved("Room")] == ["B", "a", "b"]
        assert [saved.key for saved in await store.saved("Hall", after=("Hall", ""))] == ["z", "é"]
        assert [saved.key for saved in await store.saved("Hall", after=("Goblin", "z"))] == ["", "z", "é"]
        assert await store.saved("Hall", after=("Room", "a")) == []
        assert await store.saved("Cellar") == []
        paged: list[Saved] = []
        while page := await store.saved(after=(paged[-1].kind, paged[-1].key) if paged else ("", ""), limit=2):
            assert len(page) <= 2
            paged += page
        assert paged == listed
        assert await store.saved(limit=0) == await store.saved(limit=-1) == []

    async def test_a_forgotten_actor_leaves_nothing(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"{}", events(3), "m1", b"1"))
        await store.commit(commit("attic", 0, b"{}", events(2, "Room/attic"), "m1", b"1"))
        await store.append([event("e1", "Room/lobby/side")])
        assert await store.forget("Room", "lobby") is True
        assert await store.load("Room", "lobby") is None
        assert await store.reply("Room", "lobby", "m1") is None
        assert await ids(store) == []
        assert await store.load("Room", "attic") is not None
        assert await store.reply("Room", "attic", "m1") == b"1"
        assert await seqs(store, "Room/attic") == [1, 2]
        assert await ids(store, "Room/lobby/side") == ["e1"]
        assert await store.forget("Room", "lobby") is False
        committed = await store.commit(commit("lobby", 0, b"again", events(1), "m1", b"2"))
        assert (committed.revision, committed.events[0].seq) == (1, 1)

    async def test_forgetting_takes_its_place_among_other_writes(self, store: Store) -> None:
        _, forgotten, second, _ = await asyncio.gather(
            store.commit(commit("lobby", 0, b"first", [event("e1")], "m1", b"1")),
            store.forget("Room", "lobby"),
            store.commit(commit("lobby", 0, b"second", [event("e1")], "m1", b"2")),
            store.append([event("e2")]),
        )
        assert forgotten is True
        assert second.events[0].seq == 1
        assert await store.reply("Room", "lobby", "m1") == b"2"
        assert await ids(store) == ["e1", "e2"]

    async def test_a_journal_without_an_actor_can_be_forgotten(self, store: Store) -> None:
        await store.append(events(2, "Room/lobby"))
        assert await store.forget("Room", "lobby") is True
        assert await ids(store) == []
