"""Call and audit records on their way into the store, off the path of the calls."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from packetflow._core.errors import StoreError

if TYPE_CHECKING:
    from packetflow._core.policy import AuditRecord
    from packetflow._core.ports import CallRecord, Store
    from packetflow._runtime.telemetry import Telemetry

log = logging.getLogger("packetflow.records")

_LIMIT: Final = 100_000
_BATCH: Final = 500


class Records:
    """Keeps records in order, as fast as the store takes them; one write is under way at a time, so they batch."""

    def __init__(self, store: Store, telemetry: Telemetry) -> None:
        """Write to `store` once it is open."""
        self._store = store
        self.telemetry = telemetry
        self._calls: list[CallRecord] = []
        self._audits: list[AuditRecord] = []
        self._writing: asyncio.Task[None] | None = None
        self.lost = 0
        """Records that could not be kept, because the store failed or fell behind by 100,000."""

    def call(self, record: CallRecord) -> None:
        """Keep a call."""
        self._add(self._calls, record)

    def audit(self, record: AuditRecord) -> None:
        """Keep a decision."""
        self._add(self._audits, record)

    async def flush(self) -> None:
        """Wait until everything given so far is stored."""
        while self._writing is not None:
            await asyncio.shield(self._writing)

    def _add(self, records: list[CallRecord] | list[AuditRecord], record: CallRecord | AuditRecord) -> None:
        if len(records) >= _LIMIT:
            self.lost += 1
            return
        records.append(record)  # pyright: ignore[reportArgumentType] - each list gets its own kind
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._calls or self._audits:
                calls, audits = self._calls[:_BATCH], self._audits[:_BATCH]
                del self._calls[:_BATCH], self._audits[:_BATCH]
                try:
                    await self._store.record(calls, audits)
                except StoreError as error:
                    self.lost += len(calls) + len(audits)
                    log.error("%d call and audit records were not kept: %s", len(calls) + len(audits), error)  # noqa: TRY400
        finally:
            self._writing = None
