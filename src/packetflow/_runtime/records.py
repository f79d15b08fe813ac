"""Call and audit records on their way into the store, off the path of the calls."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeVar

from packetflow._core.context import new_id
from packetflow._core.errors import StoreError
from packetflow._core.policy import AuditRecord
from packetflow._core.ports import CallRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from packetflow._core.context import Context
    from packetflow._core.meter import Meter
    from packetflow._core.policy import Decision
    from packetflow._core.ports import Store
    from packetflow._runtime.telemetry import Telemetry

log = logging.getLogger("packetflow.records")

PAUSE: Final = 0.002
"""Seconds between the first of some records and the write of them, so that calls at about the same time share one."""
_LIMIT: Final = 100_000
_BATCH: Final = 500
_UNMADE: Final = 64
R = TypeVar("R", CallRecord, AuditRecord)


class Records:
    """Keeps records in order, as fast as the store takes them; one write is under way at a time, so they batch.

    What is given may also be a function that makes the record: it is called once, soon, off the path of the call.
    """

    def __init__(self, store: Store, telemetry: Telemetry) -> None:
        """Write to `store` once it is open."""
        self._store = store
        self.telemetry = telemetry
        self._calls: list[CallRecord | Callable[[], CallRecord]] = []
        self._audits: list[AuditRecord | Callable[[], AuditRecord]] = []
        self._unmade = 0
        self._pause: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self.lost = 0
        """Records that could not be kept, because the store failed or fell behind by 100,000."""

    def call(self, record: CallRecord | Callable[[], CallRecord]) -> None:
        """Keep a call."""
        if len(self._calls) >= _LIMIT:
            self.lost += 1
            return
        self._calls.append(record)
        self._added()

    def audit(self, record: AuditRecord | Callable[[], AuditRecord]) -> None:
        """Keep a decision."""
        if len(self._audits) >= _LIMIT:
            self.lost += 1
            return
        self._audits.append(record)
        self._added()

    @property
    def waiting(self) -> int:
        """How many records wait for the store."""
        return len(self._calls) + len(self._audits)

    async def flush(self) -> None:
        """Wait until everything given so far is stored."""
        while self._pause is not None or self._writing is not None:
            self._begin()
            if self._writing is not None:
                await asyncio.shield(self._writing)

    def _added(self) -> None:
        self._unmade += 1
        if self._unmade >= _UNMADE:
            self._make()  # the store is slow: a record may hold more memory before it is made than after
        if self._writing is None and self._pause is None:
            self._pause = asyncio.get_running_loop().call_later(PAUSE, self._begin)

    def _begin(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    def _make(self) -> None:
        for number in range(max(0, len(self._calls) - self._unmade), len(self._calls)):
            self._calls[number] = _made(self._calls[number])
        for number in range(max(0, len(self._audits) - self._unmade), len(self._audits)):
            self._audits[number] = _made(self._audits[number])
        self._unmade = 0

    async def _write(self) -> None:
        try:
            while self._calls or self._audits:
                calls, audits = self._calls[:_BATCH], self._audits[:_BATCH]
                del self._calls[:_BATCH], self._audits[:_BATCH]
                self._unmade = min(self._unmade, len(self._calls) + len(self._audits))
                await self._put([_made(one) for one in calls], [_made(one) for one in audits])
        finally:
            self._writing = None

    async def _put(self, calls: list[CallRecord], audits: list[AuditRecord]) -> None:
        """Store some records; when one of them cannot be written, its neighbours are."""
        try:
            await self._store.record(calls, audits)
        except StoreError as error:
            self.lost += len(calls) + len(audits)
            log.error("%d call and audit records were not kept: %s", len(calls) + len(audits), error)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 - whatever a record holds, it must not take others with it
            if len(calls) + len(audits) == 1:
                self.lost += 1
                log.error("a record that cannot be written was not kept: %r", error)  # noqa: TRY400
                return
            for call in calls:
                await self._put([call], [])
            for audit in audits:
                await self._put([], [audit])


def _made(record: R | Callable[[], R]) -> R:
    return record() if callable(record) else record


def called(
    capability_id: str,
    context: Context,
    at: datetime,
    seconds: float,
    code: str | None,
    cache_hit: bool,  # noqa: FBT001 - given by position, in the path of every call
    meter: Meter,
) -> CallRecord:
    """Make the record of a call that has ended; `code` is that of its error."""
    return CallRecord(
        id=new_id(),
        at=at,
        capability_id=capability_id,
        principal=context.principal,
        seconds=seconds,
        outcome="ok" if code is None else "error",
        error_code=code,
        trace_id=context.trace_id,
        run_id=context.run_id,
        step=context.step,
        cache_hit=cache_hit,
        tokens=meter.tokens,
        cost_micros=meter.cost_micros,
    )


def audited(decision: Decision, capability_id: str, context: Context, at: datetime) -> AuditRecord:
    """Make the record of a decision; its digest is computed here, from arguments that nobody has changed since."""
    try:
        name = decision.digest
    except ValueError:
        name = ""  # a default of the capability's own that JSON cannot write; no caller can send one
    return AuditRecord(
        at=at,
        principal=context.principal,
        grant_id=context.grant.id,
        capability_id=capability_id,
        verdict=decision.verdict,
        reason=decision.reason,
        digest=name,
        trace_id=context.trace_id,
        run_id=context.run_id,
    )
