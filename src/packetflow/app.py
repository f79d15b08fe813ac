"""The composition root: capabilities, actors, store, fabric and planners in one lifespan."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from packetflow._core.actor import Actor
from packetflow._core.capability import Declaration
from packetflow._core.errors import DeclarationError
from packetflow._core.flow import settle
from packetflow._core.grant import Grant
from packetflow._core.machine import Machine
from packetflow._core.registry import Registry
from packetflow._core.trigger import Trigger
from packetflow._runtime.client import Client, Parts
from packetflow._runtime.engine import Engine
from packetflow._runtime.flows import Flows
from packetflow._runtime.planning import Planning
from packetflow._runtime.records import Records
from packetflow._runtime.retention import Retention, Sweeper
from packetflow._runtime.runs import RunRules, Runs
from packetflow._runtime.telemetry import Telemetry
from packetflow._runtime.timer import Timer
from packetflow._runtime.triggers import Triggers
from packetflow.fabrics.local import LocalFabric
from packetflow.stores.chosen import default_store, store_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from types import TracebackType

    from packetflow._core.ports import Clock, Fabric, Planner, Store

_LOOK: Final = 30
"""Seconds after which a wait looks at the clock again."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present moment, UTC."""
        return datetime.now(UTC)

    async def wait_until(self, moment: datetime) -> None:
        """Sleep until then, looking again at least twice a minute: somebody may set the machine's clock meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time itself is waited for
            await asyncio.sleep(min(left, _LOOK))


class Rules(TypedDict, total=False):
    """What an app may be told about how it goes about its work."""

    runs: RunRules | None
    retention: Retention | None


async def _nothing(_: Client) -> None:
    """Seed nothing."""


def data_directory() -> Path:
    """Say where an app keeps its data by default: `$PACKETFLOW_DATA`, else `.packetflow` in the working folder."""
    return Path(os.environ.get("PACKETFLOW_DATA", ".packetflow"))


class App:
    """Wires capabilities and actors to the ports and owns their lifespan, nothing else.

    ```python
    app = pf.App(Room, summarize)
    async with app as root:  # root holds all authority
        await root.call(summarize, messages=[])
    ```

    `store` is a Store, or an address such as `postgresql://user@host/database`. Without one it is that of
    `$PACKETFLOW_STORE`, else SQLite in `data_directory()`; without planners it plans by rules, and by
    the language models that the environment names. Entering starts it, leaving interrupts its runs, ends its actors and
    leaves no task behind; an app can be entered again.
    """

    def __init__(
        self,
        *parts: Declaration | type[Actor[Any]] | Trigger[Any] | Machine,
        store: Store | str | Path | None = None,
        fabric: Fabric | None = None,
        planners: Sequence[Planner] | None = None,
        clock: Clock | None = None,
        seed: Callable[[Client], Awaitable[None]] | None = None,
        **rules: Unpack[Rules],
    ) -> None:
        """Take capabilities and actor classes; raises DeclarationError for the first thing that cannot work.

        `seed` fills a store that is used for the first time; it is called once in the life of a store. `runs`
        says what runs may spend, how long they wait for a person, and whether they go on after a restart. `retention`
        says how long what only grows is kept.
        """
        if unknown := rules.keys() - Rules.__annotations__.keys():
            message = f"App() got an unexpected keyword argument {min(unknown)!r}"
            raise TypeError(message)
        given, triggers = parts, [part for part in dict.fromkeys(parts) if isinstance(part, Trigger)]
        machines = [part for part in dict.fromkeys(parts) if isinstance(part, Machine)]
        parts = (*parts, *(machine.actor for machine in machines))
        declared = list(_declarations(part for part in parts if not isinstance(part, Trigger | Machine)))
        for declaration in declared:
            declaration.verify()
        actors = [part for part in dict.fromkeys(parts) if isinstance(part, type)]
        for kind in actors:
            kind.actor_type.verify()
        self.registry = Registry(declared, actors)
        settle(self.registry)
        self._triggers = _settled([*triggers, *(one for m in machines for one in m.triggers)], self.registry)
        self._given = given
        self._store = store_at(store) if isinstance(store, str | Path) else store
        self._fabric, self._planners, self._seed = fabric, planners, seed
        self._clock: Clock = clock or SystemClock()
        self._rules = rules
        self._stack: AsyncExitStack | None = None
        self._parts: Parts | None = None

    async def __aenter__(self) -> Client:
        """Open the store, start the clock, and give the client that holds all authority."""
        if self._stack is not None:
            message = "this app is running already"
            raise DeclarationError(message)
        self._stack = AsyncExitStack()
        try:
            self._parts = await self._start(self._stack)
            root = Client(self._parts, Grant.root())
            await self._sow(root)
            await self._parts.runs.resume()
        except BaseException:
            stack, self._stack, self._parts = self._stack, None, None
            await stack.aclose()
            raise
        return root

    def placed(self, data: Path, *, seeded: bool = True, store: str | None = None) -> App:
        """Give the same app with its data in a folder of its own; `seeded=False` leaves a new store empty for good.

        `store`, or else `$PACKETFLOW_STORE`, names another store than the SQLite file in that folder, such as
        `postgresql://user@host/database`.
        """
        seed = self._seed if seeded else _nothing
        return App(
            *self._given,
            store=default_store(data, store),
            fabric=self._fabric,
            planners=self._planners,
            clock=self._clock,
            seed=seed,
            **self._rules,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cancel what runs, save what is awake, close the store."""
        stack, self._stack, self._parts = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    @property
    def parts(self) -> Parts:
        """The running parts, for the edges; raises RuntimeError while the app does not run."""
        if self._parts is None:
            message = "the app is not running: enter it first"
            raise RuntimeError(message)
        return self._parts

    async def _sow(self, root: Client) -> None:
        if self._seed is None or await self.parts.store.recall("app", "seeded") is not None:
            return
        await self._seed(root)
        await self.parts.store.remember("app", "seeded", self._clock.now().isoformat().encode())

    async def _start(self, stack: AsyncExitStack) -> Parts:
        store = self._store or default_store(data_directory())
        fabric = self._fabric or LocalFabric()
        await store.open()
        stack.push_async_callback(store.close)
        timer, telemetry = Timer(), Telemetry()
        records = Records(store, telemetry)
        stack.push_async_callback(records.flush)
        engine = Engine(self.registry, (store, fabric, self._clock), timer, records)
        stack.push_async_callback(engine.post.close)
        stack.push_async_callback(engine.close)
        runs = Runs(engine, (store, fabric, self._clock), self._rules.get("runs") or RunRules())
        flows = Flows(engine, runs)
        engine.flows = flows.call
        if self._triggers:
            engine.set_off(Triggers(self._triggers, self.registry, self._clock, flows))
        stack.push_async_callback(runs.close)
        timer.start()
        stack.callback(timer.stop)
        planners = self._planners if self._planners is not None else default_planners()
        for planner in planners:
            stack.push_async_callback(planner.close)
        await engine.post.start()
        stack.callback(engine.post.stop)
        kinds = [kind.actor_type for kind in self.registry.actors.values()]
        sweeper = Sweeper(self._rules.get("retention") or Retention(), kinds, store, self._clock)
        sweeper.start()
        stack.push_async_callback(sweeper.stop)
        return Parts(engine, runs, Planning(planners, store, self._clock, telemetry), store, fabric)


def default_planners() -> list[Planner]:
    """Give the planners the environment allows: rules always, then every language model that is configured."""
    from packetflow.planners.llm.planner import LLMPlanner  # noqa: PLC0415 - only an app that plans pays for them
    from packetflow.planners.rules.planner import RulesPlanner  # noqa: PLC0415

    model = LLMPlanner.from_environment()
    return [RulesPlanner()] if model is None else [RulesPlanner(), model]


def _settled(triggers: Iterable[Trigger[Any]], registry: Registry) -> list[Trigger[Any]]:
    found: dict[str, Trigger[Any]] = {}
    for trigger in triggers:
        trigger.settle(registry)
        if found.setdefault(trigger.id, trigger) is not trigger:
            message = f"two triggers are called {trigger.name!r}; give one of them a name of its own: on(..., name=...)"
            raise DeclarationError(message)
    return list(found.values())


def _declarations(parts: Iterable[object]) -> Iterable[Declaration]:
    for part in dict.fromkeys(parts):
        if isinstance(part, Declaration):
            yield part
        elif isinstance(part, type) and issubclass(part, Actor):
            yield from (declared for declared in part.messages.values() if isinstance(declared, Declaration))
        else:
            message = f"{part!r} is neither a capability nor an actor class; declare it with packetflow.capability"
            raise DeclarationError(message)
