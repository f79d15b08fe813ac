"""Records reach the store in order and in batches; what cannot be kept is counted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packetflow._core.errors import StoreUnavailable
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord
from packetflow._runtime.records import Records
from packetflow._runtime.telemetry import Telemetry
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

NOW = datetime(2031, 5, 4, tzinfo=UTC)


def call(number: int) -> CallRecord:
    return CallRecord(f"c{number}", NOW, "count", "ada", 0.1, "ok", None, "t")


class Batches(MemoryStore):
    """Remembers how many records came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    async def record(self, calls: Sequence[CallRecord] = (), audits: Sequence[AuditRecord] = ()) -> None:
        self.sizes.append(len(calls) + len(audits))
        await super().record(calls, audits)


async def test_records_are_kept_in_order_and_no_write_holds_more_than_a_thousand() -> None:
    store = Batches()
    await store.open()
    records = Records(store, Telemetry())
    for number in range(3000):
        records.call(call(number))
    await records.flush()
    kept = await store.calls(limit=5000)
    assert [record.id for record in reversed(kept)] == [f"c{number}" for number in range(3000)]
    assert max(store.sizes) <= 1000
    assert records.lost == 0


async def test_records_that_the_store_refuses_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    records = Records(store, Telemetry())
    for number in range(3):
        records.call(call(number))
    await records.flush()
    assert records.lost == 3
    assert StoreUnavailable.code == "store_unavailable"
    assert "3 call and audit records were not kept" in caplog.text


def audit(reason: str) -> AuditRecord:
    return AuditRecord(NOW, "ada", "g", "count", "allow", reason, "d", "t")


async def test_a_record_that_cannot_be_written_is_lost_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    await store.open()
    records = Records(store, Telemetry())
    for reason in ("one", "half \ud800", "two"):
        records.audit(audit(reason))
    records.call(call(1))
    await records.flush()
    assert [kept.reason for kept in reversed(await store.audits())] == ["one", "two"]
    assert [kept.id for kept in await store.calls()] == ["c1"]
    records.audit(audit("three"))
    await records.flush()
    assert len(await store.audits()) == 3
    assert records.lost == 1
    assert "cannot be written" in caplog.text
    await store.close()
