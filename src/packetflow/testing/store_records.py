"""What every Store keeps to about runs, calls, decisions and small values."""
# ruff: noqa: D102, S101 - tests: their names are sentences

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from packetflow._core.policy import Verdict
from packetflow._core.ports import RunRow, Store
from packetflow.testing.store_samples import (
    START,
    after,
    audit,
    call,
    event,
    events,
    ids,
    latest_first,
    raised,
    run,
    seqs,
)


class RecordsContract:
    """The part of the Store contract about runs and records."""

    async def test_a_run_is_put_with_its_events(self, store: Store) -> None:
        row = run("run-1", status="running")
        stored = await store.put_run(row, events(2, "run/run-1"))
        assert [each.seq for each in stored] == [1, 2]
        assert await store.run("run-1") == row
        assert await store.read("run/run-1") == list(stored)
        assert await store.run("run-2") is None

    async def test_a_run_put_again_replaces_its_row_and_adds_its_events(self, store: Store) -> None:
        await store.put_run(run("run-1", status="running"), events(2, "run/run-1"))
        ended = replace(run("run-1"), status="failed", error_code="deadline_exceeded", intent="grüße 🎉")
        stored = await store.put_run(ended, events(3, "run/run-1"))
        assert [(each.id, each.seq) for each in stored] == [("e3", 3)]
        assert await store.run("run-1") == ended
        assert await store.runs() == [ended]
        assert await store.put_run(run("run-1")) == ()
        assert await seqs(store, "run/run-1") == [1, 2, 3]

    async def test_what_a_run_may_do_is_kept_with_it(self, store: Store) -> None:
        row = replace(run("run-1", status="waiting"), authority=b'{"grant":"\x00"}')
        await store.put_run(row)
        assert await store.run("run-1") == row
        await store.close()
        await store.open()
        assert await store.runs(status="waiting") == [row]
        await store.put_run(replace(row, authority=b""))
        assert await store.run("run-1") == replace(row, authority=b"")

    async def test_moments_of_a_run_come_back_in_utc(self, store: Store) -> None:
        local = START.astimezone(timezone(timedelta(hours=5, minutes=45)))
        await store.put_run(replace(run("run-1"), started_at=local, ended_at=local))
        found = await store.run("run-1")
        assert found is not None
        assert found.started_at == found.ended_at == START
        assert found.started_at.utcoffset() == timedelta(0)

    async def test_runs_are_listed_from_the_latest_start(self, store: Store) -> None:
        rows = [run(f"run-{number}", number, principal="ada" if number % 2 else "bob") for number in range(10)]
        rows[3] = replace(rows[3], status="failed")
        for row in [*rows[5:], *rows[:5]]:
            await store.put_run(row)
        latest = rows[::-1]
        assert await store.runs() == latest
        assert await store.runs(limit=3) == latest[:3]
        assert await store.runs(principal="bob") == [row for row in latest if row.principal == "bob"]
        assert await store.runs(status="failed") == await store.runs(status="failed", principal="ada") == [rows[3]]
        assert await store.runs(status="failed", principal="bob") == await store.runs(principal="eve") == []
        assert await store.runs(before=(after(4), "")) == latest[6:]
        assert await store.runs(before=(after(4), ""), principal="bob", limit=1) == [rows[2]]
        assert await store.runs(limit=0) == await store.runs(limit=-1) == []

    async def test_runs_that_started_together_are_listed_by_id_backwards(self, store: Store) -> None:
        for identity in ("b", "c", "a"):
            await store.put_run(run(identity))
        assert [row.id for row in await store.runs()] == ["c", "b", "a"]

    async def test_pages_of_runs_leave_out_none_that_started_together(self, store: Store) -> None:
        rows = [run(f"run-{number:02}", number // 4, principal="ada" if number % 3 else "bob") for number in range(12)]
        for row in rows:
            await store.put_run(row)
        for principal in (None, "ada", "bob"):
            paged: list[RunRow] = []
            place: tuple[datetime, str] | None = None
            while page := await store.runs(principal=principal, before=place, limit=2):
                paged += page
                place = (page[-1].started_at, page[-1].id)
            assert paged == [row for row in rows[::-1] if principal in {None, row.principal}]
        local = (after(2).astimezone(timezone(timedelta(hours=3))), "run-09")
        assert await store.runs(before=local, limit=2) == [rows[8], rows[7]]

    async def test_a_run_without_a_time_zone_is_refused_and_nothing_is_stored(self, store: Store) -> None:
        await raised(ValueError, store.put_run(replace(run("run-1"), started_at=START.replace(tzinfo=None)), events(1)))
        await raised(ValueError, store.put_run(replace(run("run-1"), ended_at=START.replace(tzinfo=None)), events(1)))
        assert await store.run("run-1") is None
        assert await ids(store) == []

    async def test_calls_are_listed_from_the_latest(self, store: Store) -> None:
        made = [call(f"c{number}", number % 4, f"cap{number % 2}", f"trace-{number % 3}") for number in range(12)]
        made[5] = replace(made[5], outcome="error", error_code="not_allowed", run_id=None, step=None)
        await store.record(calls=made[:7])
        await store.record(calls=made[7:])
        latest = latest_first(made)
        assert await store.calls() == latest
        assert await store.calls(limit=5) == latest[:5]
        assert await store.calls(capability_id="cap1") == [each for each in latest if each.capability_id == "cap1"]
        assert await store.calls(trace_id="trace-2") == [each for each in latest if each.trace_id == "trace-2"]
        assert (
            await store.calls(trace_id="trace-2", capability_id="cap1", limit=1)
            == [each for each in latest if (each.trace_id, each.capability_id) == ("trace-2", "cap1")][:1]
        )
        assert await store.calls(capability_id="cap9") == await store.calls(limit=0) == []

    async def test_what_a_call_cost_is_kept_with_it(self, store: Store) -> None:
        made = [replace(call("c1"), cache_hit=True), replace(call("c2", 1), tokens=1 << 40, cost_micros=1 << 41)]
        await store.record(calls=made)
        assert await store.calls() == made[::-1]
        assert (await store.calls())[1].cache_hit is True

    async def test_a_call_recorded_again_is_kept_once(self, store: Store) -> None:
        first = call("c1")
        await store.record(calls=[first, replace(first, outcome="error")])
        await store.record(calls=[replace(first, outcome="error"), call("c2", 1)])
        assert await store.calls() == [call("c2", 1), first]

    async def test_decisions_are_listed_from_the_latest(self, store: Store) -> None:
        names: list[str] = ["ada", "bob"]
        verdicts: list[Verdict] = ["allow", "deny", "confirm"]
        made = [audit(f"d{number}", number % 4, names[number % 2], verdicts[number % 3]) for number in range(12)]
        made[5] = replace(made[5], run_id="run-1", reason="not granted")
        await store.record(audits=made)
        await store.record(calls=[call("c1")], audits=made[:1])
        latest = latest_first([*made, made[0]])
        assert await store.audits() == latest
        assert await store.audits(limit=4) == latest[:4]
        assert await store.audits(principal="bob") == [each for each in latest if each.principal == "bob"]
        assert await store.audits(verdict="deny") == [each for each in latest if each.verdict == "deny"]
        assert await store.audits(verdict="deny", principal="ada") == [
            each for each in latest if (each.verdict, each.principal) == ("deny", "ada")
        ]
        assert await store.audits(principal="eve") == await store.audits(limit=0) == []
        assert await store.calls() == [call("c1")]

    async def test_records_without_a_time_zone_are_refused_and_nothing_is_stored(self, store: Store) -> None:
        naive = START.replace(tzinfo=None)
        await raised(ValueError, store.record([call("c1"), replace(call("c2"), at=naive)], [audit("d1")]))
        await raised(ValueError, store.record([call("c1")], [replace(audit("d1"), at=naive)]))
        assert await store.calls() == []
        assert await store.audits() == []

    async def test_recording_nothing_is_fine(self, store: Store) -> None:
        await store.record()
        assert await store.calls() == []

    async def test_a_small_value_is_recalled_until_it_is_replaced(self, store: Store) -> None:
        assert await store.recall("tokens", "ada") is None
        await store.remember("tokens", "ada", b"\x00first")
        await store.remember("tokens", "bob", b"")
        assert await store.recall("tokens", "ada") == b"\x00first"
        assert await store.recall("tokens", "bob") == b""
        assert await store.recall("plans", "ada") is None
        await asyncio.gather(*[store.remember("tokens", "ada", b"%d" % number) for number in range(10)])
        assert await store.recall("tokens", "ada") == b"9"

    async def test_writes_of_every_sort_keep_their_order(self, store: Store) -> None:
        writes = [
            store.put_run(run("run-1", status="running"), [event("e1", "all")]),
            store.append([event("e2", "all")]),
            store.put_run(run("run-1"), [event("e3", "all")]),
            store.record(calls=[call("c1")]),
        ]
        await asyncio.gather(*writes)
        assert await ids(store, "all") == ["e1", "e2", "e3"]
        assert await store.run("run-1") == run("run-1")
