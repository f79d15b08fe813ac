"""What the tests of runs that outlive their app share: a place that keeps data, and capabilities that leave traces."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import packetflow as pf
from packetflow._core.event import decode
from packetflow._core.run import RunFinished
from packetflow._runtime.runs import RunRules
from packetflow.stores.memory import MemoryStore
from packetflow.stores.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from packetflow._core.event import Event, Stored
    from packetflow._core.ports import Clock, NewEvent, RunRow, Store
    from packetflow._runtime.live import Live


@dataclass
class Traces:
    """What capabilities did, and the gates at which they can be held."""

    calls: Counter[str] = field(default_factory=Counter[str])
    order: list[str] = field(default_factory=list[str])
    held: set[str] = field(default_factory=set[str])
    reached: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    fails: set[str] = field(default_factory=set[str])

    def hold(self, name: str) -> asyncio.Event:
        """Hold whoever comes with that name; give what tells that somebody has."""
        self.held.add(name)
        self.reached[name] = asyncio.Event()
        return self.reached[name]

    async def pass_by(self, name: str) -> str:
        """Leave a trace, wait when held, fail when told so."""
        self.calls[name] += 1
        self.order.append(name)
        if name in self.held:
            self.reached[name].set()
            await asyncio.Event().wait()
        if name in self.fails:
            raise OSError(name)
        return name

    def capabilities(self) -> list[Any]:
        """Make the capabilities that leave their traces here."""

        @pf.capability(effect="read")
        async def look(name: str, after: list[str] | None = None) -> str:
            """Look at something."""
            del after
            return await self.pass_by(name)

        @pf.capability(effect="write")
        async def act(name: str, after: list[str] | None = None) -> str:
            """Do something that cannot be repeated."""
            del after
            return await self.pass_by(name)

        @pf.capability(effect="delete")
        async def drop(name: str, after: list[str] | None = None) -> str:
            """Delete something."""
            del after
            return await self.pass_by(name)

        return [look, act, drop]


class Holding(MemoryStore):
    """Does not take events of one kind until the test lets it; what dies meanwhile leaves a journal without them."""

    own = frozenset({"_kind", "held", "let"})

    def __init__(self, kind: str) -> None:
        """Begin empty, and hold events of that kind."""
        super().__init__()
        self._kind, self.held, self.let = kind, asyncio.Event(), asyncio.Event()

    async def append(self, events: Sequence[NewEvent]) -> tuple[Stored, ...]:
        """Append events, those held once the test lets it."""
        before, after = await self._until_held(events)
        return (*before, *await super().append(after))

    async def put_run(self, row: RunRow, events: Sequence[NewEvent] = ()) -> tuple[Stored, ...]:
        """Put a run and append events, those held once the test lets it."""
        before, after = await self._until_held(events)
        return (*before, *await super().put_run(row, after))

    async def _until_held(self, events: Sequence[NewEvent]) -> tuple[tuple[Stored, ...], Sequence[NewEvent]]:
        place = next((number for number, event in enumerate(events) if event.kind == self._kind), None)
        if place is None:
            return (), events
        stored = await super().append(events[:place])
        self.held.set()
        await self.let.wait()
        return stored, events[place:]

    def __deepcopy__(self, memo: dict[int, object]) -> MemoryStore:
        """Give what is kept so far."""
        left = MemoryStore()
        kept = {name: value for name, value in self.__dict__.items() if name not in self.own}
        left.__dict__.update(deepcopy(kept, memo))
        return left


class Home:
    """Keeps data over several lives of an app."""

    def __init__(self, traces: Traces, path: Path | None = None) -> None:
        """Keep it in a file, or else in memory."""
        self.traces, self._path = traces, path
        self.memory: MemoryStore = MemoryStore()
        self.running: pf.App
        self.parts = traces.capabilities()

    def store(self) -> Store:
        """Give a store on the data."""
        return self.memory if self._path is None else SQLiteStore(self._path / "store.db")

    def app(
        self,
        *more: pf.Capability[..., Any, Any] | type[pf.Actor[Any]],
        rules: RunRules | None = None,
        clock: Clock | None = None,
    ) -> pf.App:
        """Give an app on the data; without rules of a test's own it leaves at once, whatever its runs do."""
        rules = rules or RunRules(grace=timedelta())
        self.running = pf.App(*self.parts, *more, store=self.store(), planners=[], runs=rules, clock=clock)
        return self.running

    def live(self, run_id: str) -> Live:
        """Give a run that is under way in the app that was given last."""
        found = self.running.parts.runs.live(run_id)
        assert found is not None
        return found

    async def events(self, run_id: str) -> list[Event]:
        """Read the events of a run from the store of the app that was given last."""
        stored = await self.running.parts.store.read(f"run/{run_id}")
        return [decode(one, RunFinished.__module__) for one in stored]

    async def crashed(self) -> Home:
        """Give the data as a process would leave them that dies now; of data in memory only."""
        left = Home(self.traces)
        left.memory = deepcopy(self.memory)
        await left.memory.close()
        left.parts = self.parts
        return left


async def waiting(root: pf.Client, run: pf.Run[Any]) -> pf.Run[Any]:
    """Wait until a run waits for a person, and give its record."""
    live = await root.found(run.id)
    await root.finish(live)
    assert live.status == "waiting", live
    return live


@asynccontextmanager
async def guarded(seconds: float = 20) -> AsyncGenerator[None]:
    """Cancel everything on the event loop when a test takes too long."""

    def stop() -> None:
        for task in asyncio.all_tasks():
            task.cancel()

    handle = asyncio.get_running_loop().call_later(seconds, stop)
    yield
    handle.cancel()
