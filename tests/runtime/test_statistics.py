"""Statistics tell how full every queue is, and what is at work."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.runtime.tally import GATES, Tally, Volatile, line_up, until

import packetflow as pf
from packetflow._core.errors import CapabilityFailed
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord
from packetflow._runtime.statistics import ActorStatistics, busy
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

RELEASE = threading.Event()


@pf.capability
def block() -> str:
    """Hold a thread."""
    RELEASE.wait(10)
    return "released"


def of(root: pf.Client, name: str) -> ActorStatistics:
    return next(each for each in root.statistics().actors if each.type == name)


async def test_actors_are_counted_by_what_they_do(app: pf.App, root: pf.Client) -> None:
    tally = root.actor(Tally, "one")
    await root.actor(Tally, "two").ask(Tally.add)
    with pytest.raises(CapabilityFailed):
        await root.actor(Tally, "two").ask(Tally.crash)
    held = asyncio.ensure_future(tally.ask(Tally.hold, "gate"))
    await GATES["gate"].entered.wait()
    waiting = await line_up(app, *[tally.ask(Tally.add) for _ in range(3)])
    found = of(root, "tally")
    assert (found.awake, found.busy, found.waiting, found.largest_mailbox) == (2, 1, 3, 3)
    assert (found.handled, found.failed, found.restarts, found.stopped) == (1, 1, 1, 0)
    assert busy(app.parts.engine, app.parts.runs) == ["actor tally:one"]
    GATES["gate"].opened.set()
    await asyncio.gather(held, *waiting)
    await until(lambda: of(root, "tally").busy == 0)
    assert of(root, "tally").handled == 5
    assert of(root, "volatile").awake == 0
    assert busy(app.parts.engine, app.parts.runs) == []


@pytest.mark.parametrize("kind", [Tally, Volatile])
async def test_told_asked_and_streamed_messages_are_all_counted_once(root: pf.Client, kind: type[Tally]) -> None:
    actor, name = root.actor(kind, "one"), kind.actor_type.name
    await actor.ask(kind.note, 1)
    await actor.ask(kind.add, 1)
    assert [part async for part in actor.stream(kind.count_up, 3)] == [1, 2, 3]
    await asyncio.gather(*[actor.ask(kind.add) for _ in range(5)])
    assert of(root, name).handled == 8
    for number in range(600):
        await actor.tell(kind.note, number)
    await until(lambda: of(root, name).handled == 608)
    assert len(await actor.ask(kind.noted)) == 601


class Slow(MemoryStore):
    """Takes records when it is let."""

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        await GATES["records"].passed()
        await super().record(calls, audits)


async def test_threads_runs_and_records_are_counted() -> None:
    RELEASE.clear()
    app = pf.App(block, store=Slow(), planners=[])
    async with app as root:
        assert (root.statistics().threads, root.statistics().runs, root.statistics().records) == (0, 0, 0)
        first = asyncio.ensure_future(root.call(block))
        await until(lambda: root.statistics().threads == 1)
        RELEASE.set()
        assert await first == "released"
        await GATES["records"].entered.wait()
        assert await root.call(block) == "released"
        assert root.statistics().records > 0
        GATES["records"].opened.set()
        await app.parts.engine.records.flush()
        assert (root.statistics().threads, root.statistics().records, root.statistics().records_lost) == (0, 0, 0)


async def test_writes_that_wait_for_the_disk_are_counted(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "s.db")
    async with pf.App(Tally, store=store, planners=[]) as root:
        writes = [asyncio.create_task(store.remember("notes", str(number), b"")) for number in range(5)]
        await asyncio.sleep(0)
        assert root.statistics().store == 5
        await asyncio.gather(*writes)
        assert root.statistics().store == 0
