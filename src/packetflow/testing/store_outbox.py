"""What every Store keeps to about commits that send, settle and cancel letters, and about versions of state."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from dataclasses import replace

from packetflow._core.errors import StoreConflict
from packetflow._core.ports import Committed, Letter, Settled, Store
from packetflow.testing.store_samples import START, after, commit, event, ids, letter, raised, waiting


class OutboxContract:
    """The part of the Store contract about letters in an actor's commit."""

    async def test_a_commit_stores_its_letters_with_its_state(self, store: Store) -> None:
        sending = replace(commit("lobby", 0, b"{}", [event("e1")], "m1", b"1"), letters=(letter("l1"), letter("l2")))
        assert (await store.commit(sending)).revision == 1
        assert await waiting(store) == ["l1", "l2"]

    async def test_a_commit_settles_the_letter_that_it_came_in(self, store: Store) -> None:
        await store.post([letter("l1", due=5), letter("l2", due=5)])
        settling = replace(commit(message_id="l1"), settles=Settled("l1", after(5)), letters=(letter("l3", "attic"),))
        await store.commit(settling)
        assert await waiting(store) == ["l2", "l3"]
        settling = replace(commit(revision=1, message_id="l2"), settles=Settled("l2", after(5), after(9)))
        await store.commit(settling)
        assert [(each.id, each.due) for each in await store.letters()] == [("l2", after(9)), ("l3", after(0))]

    async def test_a_commit_whose_letter_is_gone_or_due_at_another_moment_changes_nothing(self, store: Store) -> None:
        await store.post([letter("l1", due=5), letter("tea", name="tea")])
        for settled in (Settled("l1", after(6)), Settled("l2", after(5)), Settled("l1", after(4), after(9))):
            stale = commit("lobby", 0, b"wrong", [event("e1")], "m1", b"1")
            stale = replace(stale, settles=settled, letters=(letter("l3"),), cancels=("tea",))
            error = await raised(StoreConflict, store.commit(stale))
            assert "lobby" in str(error)
            assert settled.id in str(error)
        assert await store.load("Room", "lobby") is None
        assert await store.reply("Room", "lobby", "m1") is None
        assert await ids(store) == []
        assert await waiting(store) == ["l1", "tea"]

    async def test_a_commit_that_is_refused_settles_sends_and_cancels_nothing(self, store: Store) -> None:
        await store.commit(commit("lobby", 0, b"first", (), "m1", b"1"))
        await store.post([letter("l1"), letter("tea", name="tea")])
        first = await store.letters()
        slips = {"settles": Settled("l1", after(0), after(9)), "cancels": ("tea",), "letters": (letter("l2"),)}
        for refused in (commit("lobby", 0), commit("lobby", 1, message_id="m1")):
            await raised(StoreConflict, store.commit(replace(refused, **slips)))
        assert await store.letters() == first

    async def test_of_two_commits_that_settle_one_letter_exactly_one_is_stored(self, store: Store) -> None:
        for number in range(10):
            await store.post([letter(f"l{number}")])
            settled = Settled(f"l{number}", after(0))
            commits = [replace(commit(key, number, key.encode()), settles=settled) for key in ("lobby", "lobby")]
            told = await asyncio.gather(*map(store.commit, commits), return_exceptions=True)
            assert sorted(type(outcome).__name__ for outcome in told) == ["Committed", "StoreConflict"]
        await store.post([letter("all")])
        commits = [replace(commit(f"k{number}"), settles=Settled("all", after(0))) for number in range(9)]
        told = await asyncio.gather(*map(store.commit, commits), return_exceptions=True)
        assert [isinstance(outcome, Committed) for outcome in told].count(True) == 1
        assert len(await store.saved()) == 2
        assert await store.letters() == []

    async def test_a_commit_cancels_its_own_reminders_before_it_sends(self, store: Store) -> None:
        await store.post([letter("l1", name="tea"), letter("l2", name="milk"), letter("l3", "attic", name="tea")])
        new = (letter("l4", name="milk"), letter("l5", name="tea"))
        await store.commit(replace(commit(), cancels=("tea", "milk", "sugar", ""), letters=new))
        assert await waiting(store) == ["l3", "l4", "l5"]
        await store.commit(replace(commit(revision=1), cancels=("tea",)))
        assert await waiting(store) == ["l3", "l4"]

    async def test_a_reminder_may_set_itself_anew_or_cancel_itself_while_it_is_settled(self, store: Store) -> None:
        await store.post([letter("l1", due=1, name="tea")])
        settles = Settled("l1", after(1), after(2))
        await store.commit(replace(commit(), settles=settles, letters=(letter("l2", due=7, name="tea"),)))
        assert [(each.id, each.due) for each in await store.letters()] == [("l2", after(7))]
        await store.commit(replace(commit(revision=1), settles=Settled("l2", after(7), after(8)), cancels=("tea",)))
        assert await store.letters() == []
        await store.post([letter("l3", due=1, name="tea")])
        await store.commit(replace(commit(revision=2), settles=Settled("l3", after(1)), letters=(letter("l3", due=4),)))
        assert [(each.id, each.due, each.name) for each in await store.letters()] == [("l3", after(4), "")]

    async def test_commits_that_wait_together_see_each_others_letters(self, store: Store) -> None:
        reminder = replace(letter("tick", due=1, name="tick"), again="every second")
        told = await asyncio.gather(
            store.commit(replace(commit("lobby", 0), letters=(letter("l1", "attic"), reminder))),
            store.commit(replace(commit("attic", 0), settles=Settled("l1", after(0)), letters=(letter("l2"),))),
            store.commit(replace(commit("attic", 1), settles=Settled("l1", after(0)))),
            store.commit(replace(commit("lobby", 1), settles=Settled("l2", after(0)))),
            store.commit(replace(commit("lobby", 2), settles=Settled("tick", after(1), after(2)))),
            store.commit(replace(commit("lobby", 3), settles=Settled("tick", after(1), after(2)))),
            store.fail_letter("tick", code="c", error="e", dead=False),
            store.post([letter("l1", "attic", 9)]),
            return_exceptions=True,
        )
        conflicts = [number for number, outcome in enumerate(told) if isinstance(outcome, StoreConflict)]
        assert conflicts == [2, 5]
        assert [(each.id, each.due, each.attempts) for each in await store.letters()] == [
            ("tick", after(2), 1),
            ("l1", after(9), 0),
        ]

    async def test_a_chain_of_letters_through_many_actors_loses_none(self, store: Store) -> None:
        """Each commit settles the letter before and sends the next; a hundred chains run at the same time."""

        async def chain(name: str) -> None:
            received: Letter = letter(f"{name}-0", name, 0)
            await store.post([received])
            for step in range(5):
                following = letter(f"{name}-{step + 1}", name, step + 1)
                settling = replace(
                    commit(name, step, message_id=received.id), settles=Settled(received.id, received.due)
                )
                await store.commit(replace(settling, letters=(following,)))
                received = following

        async with asyncio.timeout(30):
            await asyncio.gather(*[chain(f"k{number}") for number in range(100)])
        assert sorted(await waiting(store)) == sorted(f"k{number}-5" for number in range(100))
        assert {saved.revision for saved in await store.saved()} == {5}

    async def test_a_forgotten_actor_gets_no_letters(self, store: Store) -> None:
        await store.commit(replace(commit(), letters=(letter("l1", "attic"), letter("l2"), letter("l3", name="tea"))))
        await store.fail_letter("l2", code="c", error="e", dead=True)
        assert await store.forget("Room", "lobby") is True
        assert await waiting(store) == ["l1"]
        await store.post([letter("l4", "cellar", name="tea")])
        assert await store.forget("Room", "cellar") is True
        assert await store.forget("Room", "cellar") is False
        await store.post([letter("l5", "cellar", name="tea"), letter("l2")])
        assert await waiting(store) == ["l1", "l5", "l2"]

    async def test_forgetting_takes_its_place_among_the_letters(self, store: Store) -> None:
        await asyncio.gather(
            store.post([letter("l1"), letter("l2", "attic")]),
            store.forget("Room", "lobby"),
            store.post([letter("l1", due=3)]),
        )
        assert [(each.id, each.due) for each in await store.letters()] == [("l2", after(0)), ("l1", after(3))]

    async def test_a_commit_with_a_letter_without_a_time_zone_is_refused(self, store: Store) -> None:
        naive = START.replace(tzinfo=None)
        await raised(ValueError, store.commit(replace(commit(), letters=(replace(letter("l1"), due=naive),))))
        await raised(ValueError, store.commit(replace(commit(), settles=Settled("l1", naive))))
        await raised(ValueError, store.commit(replace(commit(), settles=Settled("l1", START, naive))))
        assert await store.saved() == []
        assert await store.letters() == []

    async def test_a_state_is_kept_with_the_version_of_its_shape(self, store: Store) -> None:
        async def version() -> int:
            saved = await store.load("Room", "lobby")
            assert saved is not None
            assert await store.saved() == [saved]
            return saved.version

        await store.commit(commit())
        assert await version() == 1
        await store.commit(replace(commit(revision=1), version=3))
        assert await version() == 3
        await store.commit(replace(commit(revision=2, state=None), version=4))
        assert await version() == 3
        await asyncio.gather(
            store.commit(replace(commit(revision=3), version=5)),
            store.commit(replace(commit(revision=4, state=None), version=6)),
        )
        assert await version() == 5
        await store.close()
        await store.open()
        assert await version() == 5
