"""What every Store keeps to about letters: how they are posted, listed, settled, given up and taken back."""
# ruff: noqa: D102, PLR2004, S101 - tests: their names are sentences, and the literal is the expectation

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from packetflow._core.ports import Letter, Settled, Store
from packetflow.testing.store_samples import START, after, commit, letter, raised, waiting


class LettersContract:
    """The part of the Store contract about letters that belong to no actor's commit."""

    async def test_a_letter_is_read_as_it_was_posted_and_gets_a_number(self, store: Store) -> None:
        local = after(7).astimezone(timezone(timedelta(hours=-7, minutes=-30)))
        contents = ("Größe \x00 🎉.say", bytes(range(256)), "ada@example", b"\x00{}", "trace")
        failures = (3, "deadline_exceeded", "took \x00 too long", True)
        posted = Letter(
            "i'd \x00 \"?", "Room", "a/b \x00", *contents, local, local, "tea \x00", "0 9 * * 1", 4, *failures
        )
        await store.post([posted])
        [found] = await store.letters()
        assert found.number > 0
        assert found == replace(posted, due=after(7), sent_at=after(7), number=found.number)
        assert found.due.utcoffset() == found.sent_at.utcoffset() == timedelta(0)
        assert type(found.dead) is bool
        assert found.occurrence == f"{posted.id}@{after(7).isoformat()}"

    async def test_letters_are_listed_in_the_order_of_sending_page_by_page(self, store: Store) -> None:
        await store.post([letter("b", due=9), letter("a", due=3)])
        await store.commit(replace(commit("attic"), letters=(letter("d", due=1), letter("c", due=5))))
        await store.post([])
        await store.post([letter("e", due=-1)])
        listed = await store.letters()
        assert [each.id for each in listed] == ["b", "a", "d", "c", "e"]
        numbers = [each.number for each in listed]
        assert numbers == sorted(set(numbers))
        paged: list[Letter] = []
        while page := await store.letters(after=paged[-1].number if paged else 0, limit=2):
            assert len(page) <= 2
            paged += page
        assert paged == listed
        assert await store.letters(limit=0) == await store.letters(limit=-1) == []

    async def test_letters_are_listed_by_receiver_moment_and_whether_they_are_dead(self, store: Store) -> None:
        sent = [letter(f"l{n}", "ab"[n % 2], n, kind=("Room", "Hall")[n // 2 % 2]) for n in range(8)]
        await store.post([replace(each, dead=number % 3 == 0) for number, each in enumerate(sent)])

        async def found(**filters: Any) -> list[int]:  # noqa: ANN401 - handed on as they are
            return [int(each.id[1:]) for each in await store.letters(**filters)]

        assert await found(kind="Room") == [0, 1, 4, 5]
        assert await found(kind="Room", key="b") == [1, 5]
        assert await found(key="a") == [0, 2, 4, 6]
        assert await found(dead=True) == [0, 3, 6]
        assert await found(dead=False) == [1, 2, 4, 5, 7]
        assert await found(due=after(4)) == [0, 1, 2, 3, 4]
        assert await found(due=after(4), dead=False) == [1, 2, 4]
        assert await found(due=after(4), dead=False, limit=2) == [1, 2]
        assert await found(due=after(4), dead=True, kind="Hall") == [3]
        assert await found(due=after(6), dead=False, kind="Room", key="a") == [4]
        assert await found(due=after(-1)) == await found(kind="Cellar") == await found(kind="Room", key="c") == []
        third = (await store.letters(limit=3))[-1].number
        assert await found(after=third, due=after(5), dead=False) == [4, 5]
        assert await found(after=third, kind="Hall") == [3, 6, 7]

    async def test_what_is_due_is_listed_in_the_order_of_sending_and_not_of_its_moments(self, store: Store) -> None:
        await store.post([letter(f"l{number}", due=-number * 7919 % 101) for number in range(100)])
        due = [letter.id for letter in await store.letters(due=after(200), dead=False)]
        assert due == [f"l{number}" for number in range(100)]

    async def test_a_known_letter_is_left_out_and_displaces_nothing(self, store: Store) -> None:
        await store.post([letter("l1"), letter("l2", name="tea")])
        first = await store.letters()
        again = replace(letter("l1", "attic", 9, name="tea"), inputs=b"changed")
        await store.post([again, letter("l1", name="tea"), letter("l3"), letter("l3", "attic")])
        assert (await store.letters())[:2] == first
        assert await waiting(store) == ["l1", "l2", "l3"]
        await store.commit(replace(commit(), letters=(letter("l3", due=5), letter("l4"))))
        assert await waiting(store) == ["l1", "l2", "l3", "l4"]
        assert (await store.letters(after=first[-1].number))[0].due == after(0)

    async def test_a_reminder_takes_the_place_of_its_namesake(self, store: Store) -> None:
        await store.post([letter("l1", name="tea"), letter("l2", "attic", name="tea"), letter("l3", name="milk")])
        await store.post([letter("l4", kind="Hall", name="tea"), letter("l5"), letter("l6")])
        await store.post([letter("l7", due=9, name="tea")])
        assert await waiting(store) == ["l2", "l3", "l4", "l5", "l6", "l7"]
        await store.fail_letter("l7", code="c", error="e", dead=True)
        await store.post([letter("l8", name="tea"), letter("l9", name="tea")])
        assert await waiting(store) == ["l2", "l3", "l4", "l5", "l6", "l9"]
        await store.post([letter("l1", name="tea")])  # it is gone, and so its id is free
        assert (await waiting(store))[-1] == "l1"

    async def test_a_number_is_never_given_twice(self, store: Store) -> None:
        await store.post([letter("l1"), letter("l2")])
        last = (await store.letters())[-1].number
        for number in range(3):
            assert await store.drop("l1") is (number == 0)
            assert await store.drop("l2" if number == 0 else f"again-{number - 1}") is True
            await store.close()
            await store.open()
            assert await store.letters() == []
            await store.post([letter(f"again-{number}")])
            [found] = await store.letters(after=last)
            last = found.number

    async def test_the_next_moment_at_which_a_letter_is_due(self, store: Store) -> None:
        assert await store.next_due(START) is None
        await store.post([letter("l1", due=5), letter("l2", due=1), letter("l3", due=3), letter("l4", due=3)])
        assert await store.next_due(START) == after(1)
        found = await store.next_due(after(1))
        assert found is not None
        assert found == after(3)
        assert found.utcoffset() == timedelta(0)
        assert await store.next_due(after(2).astimezone(timezone(timedelta(hours=2)))) == after(3)
        await store.fail_letter("l3", code="c", error="e", dead=True)
        assert await store.next_due(after(1)) == after(3)
        await store.fail_letter("l4", code="c", error="e", dead=True)
        assert await store.next_due(after(1)) == after(5)
        assert await store.next_due(after(5)) is None
        await store.revive("l3")
        assert await store.next_due(after(1)) == after(3)

    async def test_a_letter_is_settled_once(self, store: Store) -> None:
        await store.post([letter("l1", due=5), letter("l2", due=5)])
        assert await store.settle(Settled("l1", after(6))) is False
        assert await store.settle(Settled("l3", after(5))) is False
        assert await waiting(store) == ["l1", "l2"]
        assert await store.settle(Settled("l1", after(5).astimezone(timezone(timedelta(hours=9))))) is True
        assert await store.settle(Settled("l1", after(5))) is False
        assert await waiting(store) == ["l2"]

    async def test_a_letter_that_comes_again_keeps_its_place_and_forgets_its_failures(self, store: Store) -> None:
        await store.post([replace(letter("l1", due=5, name="tea"), again="daily"), letter("l2")])
        [first, _] = await store.letters()
        await store.fail_letter("l1", code="c", error="e", dead=True)
        assert await store.settle(Settled("l1", after(5), after(8))) is True
        assert (await store.letters())[0] == replace(first, due=after(8))
        assert await store.settle(Settled("l1", after(5), after(9))) is False
        assert (await store.letters())[0].occurrence == f"l1@{after(8).isoformat()}"
        assert await store.next_due(START) == after(8)
        assert await store.cancel_reminder("Room", "lobby", "tea") is True

    async def test_failed_deliveries_are_counted_until_the_letter_is_dead(self, store: Store) -> None:
        await store.post([letter("l1")])
        [first] = await store.letters()
        assert await store.fail_letter("l1", code="deadline_exceeded", error="too \x00 late", dead=False) is True
        failed = replace(first, attempts=1, error_code="deadline_exceeded", error="too \x00 late")
        assert await store.letters(dead=False) == [failed]
        assert await store.fail_letter("l1", code="capability_failed", error="snow", dead=True) is True
        assert await store.letters(dead=False) == []
        failed = replace(first, attempts=2, error_code="capability_failed", error="snow", dead=True)
        assert await store.letters(dead=True) == [failed]
        assert await store.fail_letter("l2", code="c", error="e", dead=True) is False

    async def test_a_dead_letter_is_revived_with_its_attempts_forgotten_and_its_last_error_kept(
        self, store: Store
    ) -> None:
        await store.post([letter("l1")])
        [first] = await store.letters()
        assert await store.revive("l1") is await store.revive("l2") is False
        await store.fail_letter("l1", code="c", error="e", dead=False)
        assert await store.revive("l1") is False
        assert (await store.letters())[0].attempts == 1
        await store.fail_letter("l1", code="c", error="e", dead=True)
        assert await store.revive("l1") is True
        assert await store.letters() == [replace(first, error_code="c", error="e")]

    async def test_a_letter_is_dropped_dead_or_alive(self, store: Store) -> None:
        await store.post([letter("l1"), letter("l2"), letter("l3", name="tea")])
        await store.fail_letter("l1", code="c", error="e", dead=True)
        assert [await store.drop(identity) for identity in ("l1", "l1", "l2", "l4", "l3")] == [
            True,
            False,
            True,
            False,
            True,
        ]
        assert await store.letters() == []
        assert await store.cancel_reminder("Room", "lobby", "tea") is False

    async def test_a_reminder_is_cancelled_by_its_receiver_and_name(self, store: Store) -> None:
        await store.post([letter("l1", name="tea"), letter("l2", "attic", name="tea"), letter("l3"), letter("l4")])
        assert await store.cancel_reminder("Room", "lobby", "milk") is False
        assert await store.cancel_reminder("Hall", "lobby", "tea") is False
        assert await store.cancel_reminder("Room", "lobby", "") is False
        assert await store.cancel_reminder("Room", "lobby", "tea") is True
        assert await store.cancel_reminder("Room", "lobby", "tea") is False
        assert await waiting(store) == ["l2", "l3", "l4"]

    async def test_what_is_asked_for_together_happens_one_after_the_other(self, store: Store) -> None:
        told = await asyncio.gather(
            store.post([letter("l1", due=5), letter("l2", name="tea"), letter("l3")]),
            store.fail_letter("l1", code="c", error="e", dead=True),
            store.revive("l1"),
            store.settle(Settled("l1", after(5), after(6))),
            store.settle(Settled("l1", after(5))),
            store.post([letter("l4", name="tea"), letter("l2")]),
            store.cancel_reminder("Room", "lobby", "tea"),
            store.cancel_reminder("Room", "lobby", "tea"),
            store.drop("l3"),
            store.fail_letter("l3", code="c", error="e", dead=True),
            store.post([letter("l3", due=9)]),
        )
        assert told == [None, True, True, True, False, None, True, False, True, False, None]
        assert [(each.id, each.due, each.attempts, each.error) for each in await store.letters()] == [
            ("l1", after(6), 0, None),
            ("l2", after(0), 0, None),
            ("l3", after(9), 0, None),
        ]

    async def test_letters_posted_at_the_same_time_are_all_kept_each_once(self, store: Store) -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*[store.post([letter(f"l{n % 150}"), letter(f"m{n}")]) for n in range(300)])
        sent = await store.letters(limit=1000)
        assert len({each.number for each in sent}) == len({each.id for each in sent}) == len(sent) == 450
        assert [each.id for each in sent if each.id[0] == "m"] == [f"m{number}" for number in range(300)]

    async def test_of_two_who_settle_a_letter_exactly_one_does(self, store: Store) -> None:
        await store.post([letter(f"l{number}") for number in range(20)])
        for number in range(20):
            settled = Settled(f"l{number}", after(0), after(1) if number % 2 else None)
            assert sorted(await asyncio.gather(*[store.settle(settled) for _ in range(4)])) == [False] * 3 + [True]
        assert len(await store.letters()) == 10

    async def test_letters_are_there_as_they_were_when_it_is_opened_again(self, store: Store) -> None:
        await store.post([letter("l1", name="tea"), letter("l2", due=9)])
        await store.fail_letter("l1", code="c", error="e", dead=True)
        before = await store.letters()
        await store.close()
        await store.open()
        assert await store.letters() == before
        await store.post([letter("l3", name="tea"), letter("l2")])
        assert await waiting(store) == ["l2", "l3"]

    async def test_a_moment_without_a_time_zone_is_refused_and_nothing_is_posted(self, store: Store) -> None:
        naive = START.replace(tzinfo=None)
        await raised(ValueError, store.post([letter("l1"), replace(letter("l2"), due=naive)]))
        await raised(ValueError, store.post([letter("l1"), replace(letter("l2"), sent_at=naive)]))
        await raised(ValueError, store.settle(Settled("l1", naive)))
        await raised(ValueError, store.settle(Settled("l1", START, naive)))
        await raised(ValueError, store.letters(due=naive))
        await raised(ValueError, store.next_due(naive))
        assert await store.letters() == []
