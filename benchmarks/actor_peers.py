"""The same small actor in PacketFlow and in what one could take instead; benchmarks/actors.py drives them.

The handler everywhere: append the message to a history of at most 50, count, give the count. Each runtime has its own
loop around its own way to ask, so that none pays for an adapter.
"""

# ruff: noqa: D101, D102 - every peer has the same methods, and Peer says what they do

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, Protocol, cast

from pydantic import BaseModel

import packetflow as pf
from packetflow.stores.memory import MemoryStore

How = Literal["plain", "suspend", "crash"]

BOUND = 50


class Knob:
    """Steers the handlers that crash: they do so at each message whose number is divided by `every`."""

    NEVER = 10**12
    every = NEVER


class Peer(Protocol):
    """One runtime with a keyed actor; `calls` is how many asks a repetition can afford."""

    name: str
    calls: int

    async def start(self) -> None:
        """Make it ready."""
        ...

    async def stop(self) -> None:
        """Let go of everything."""
        ...

    async def create(self, key: str) -> object:
        """Make the actor exist with an empty history; gives what holds on to it."""
        ...

    async def asks(self, key: str, count: int, how: How) -> None:
        """Ask one existing actor so many times, one after the other; crashes are swallowed."""
        ...

    async def tells(self, key: str, count: int) -> None:
        """Send so many messages without waiting for replies, then wait until all are handled."""
        ...


class Crash(Exception):
    """Raised by a handler on purpose."""


class Conversation:
    """The object itself, without a runtime."""

    __slots__ = ("count", "history")

    def __init__(self) -> None:
        self.history: list[str] = []
        self.count = 0

    async def plain(self, text: str) -> int:
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count

    async def suspend(self, text: str) -> int:
        await asyncio.sleep(0)
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count

    async def crash(self, text: str) -> int:
        if (self.count + 1) % Knob.every == 0:
            self.count += 1
            raise Crash
        return await self.plain(text)


class Plain:
    """(c): a dict of objects whose method is awaited; the yardstick."""

    name = "objects in a dict, awaited"
    calls = 20_000

    def __init__(self) -> None:
        self.objects: dict[str, Conversation] = {}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def create(self, key: str) -> object:
        self.objects[key] = conversation = Conversation()
        return conversation

    async def asks(self, key: str, count: int, how: How) -> None:
        objects = self.objects
        if how == "plain":
            for _ in range(count):
                await objects[key].plain("hello")
        elif how == "suspend":
            for _ in range(count):
                await objects[key].suspend("hello")
        else:
            for _ in range(count):
                with contextlib.suppress(Crash):
                    await objects[key].crash("hello")

    async def tells(self, key: str, count: int) -> None:
        await self.asks(key, count, "plain")


class Talk(
    pf.Actor[None],
    durability="volatile",
    mailbox=1_000_000,
    restart=pf.Restart(times=100_000, within=timedelta(minutes=1)),
):
    """The conversation as an actor: supervised, serial, idle-collected, each message under a deadline of 30 s."""

    __slots__ = ("count", "history")

    def started(self) -> None:
        self.history: list[str] = []
        self.count = 0

    @pf.capability
    def look(self) -> int:
        """Tell the count; makes the actor, with an empty history."""
        return self.count

    @pf.capability
    def note(self, text: str) -> int:
        """Note a text, in a `def`."""
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count

    @pf.capability
    async def plain(self, text: str) -> int:
        """Note a text, in an `async def`."""
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count

    @pf.capability
    async def suspend(self, text: str) -> int:
        """Note a text after one round of the loop."""
        await asyncio.sleep(0)
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count

    @pf.capability
    async def crash(self, text: str) -> int:
        """Count, or crash; the actor begins afresh then."""
        del text
        if (self.count + 1) % Knob.every == 0:
            raise Crash
        self.count += 1
        return self.count


LOOK = cast("Any", Talk.look)
NOTHING: dict[str, Any] = {}


class TalkState(BaseModel):
    history: list[str] = []
    count: int = 0


class SavedTalk(pf.Actor[TalkState], mailbox=1_000_000):
    """The conversation as a durable actor: every message is committed before its reply."""

    @pf.capability
    async def plain(self, text: str) -> int:
        """Note a text."""
        self.state.history = [*self.state.history, text][-BOUND:]
        self.state.count += 1
        return self.state.count


class Ours:
    """PacketFlow, through `ref.ask` and `ref.tell`; `def` or `async def` handlers."""

    calls = 20_000

    def __init__(self, *, instant: bool) -> None:
        self.name = "packetflow, def" if instant else "packetflow, async def"
        self.instant = instant
        self.app = pf.App(Talk, store=MemoryStore(), planners=[])

    async def start(self) -> None:
        self.root = await self.app.__aenter__()
        self.context = self.root.context
        self.table = self.app.parts.engine.tables["talk"]
        self.refs: dict[str, pf.Ref[Talk]] = {}

    async def stop(self) -> None:
        await self.app.__aexit__(None, None, None)

    async def create(self, key: str) -> object:
        # By the table of actors, for what an actor costs; what a ref of its own costs on top is `introduce`.
        return await self.table.ask(key, LOOK, (), NOTHING, self.context)

    async def introduce(self, key: str) -> object:
        """Create an actor by a ref made for it: its authority is decided, and the decision kept for the audit."""
        return await self.root.actor(Talk, key).ask(Talk.look)

    async def asks(self, key: str, count: int, how: How) -> None:
        ref = self.refs.get(key) or self.refs.setdefault(key, self.root.actor(Talk, key))
        message = Talk.note if self.instant else getattr(Talk, how)
        if how != "crash":
            for _ in range(count):
                await ref.ask(message, "hello")
            return
        for _ in range(count):
            with contextlib.suppress(pf.CapabilityFailed):
                await ref.ask(message, "hello")

    async def tells(self, key: str, count: int) -> None:
        ref = self.root.actor(Talk, key)
        message = Talk.note if self.instant else Talk.plain
        for _ in range(count):
            await ref.tell(message, "hello")
        await ref.ask(message, "hello")


class Durable:
    """PacketFlow with a durable actor on the memory store."""

    name = "packetflow, durable in memory"
    calls = 2_000

    def __init__(self) -> None:
        self.app = pf.App(SavedTalk, store=MemoryStore(), planners=[])

    async def start(self) -> None:
        self.root = await self.app.__aenter__()

    async def stop(self) -> None:
        await self.app.__aexit__(None, None, None)

    async def create(self, key: str) -> object:
        return await self.root.actor(SavedTalk, key).ask(SavedTalk.plain, "hello")

    async def asks(self, key: str, count: int, how: How) -> None:
        assert how == "plain"
        ref = self.root.actor(SavedTalk, key)
        for _ in range(count):
            await ref.ask(SavedTalk.plain, "hello")

    async def tells(self, key: str, count: int) -> None:
        ref = self.root.actor(SavedTalk, key)
        for _ in range(count):
            await ref.tell(SavedTalk.plain, "hello")
        await ref.ask(SavedTalk.plain, "hello")


class _Queued:
    """One queue and one task."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, asyncio.Future[int] | None, How]] = asyncio.Queue()
        self.state = Conversation()
        self.task = asyncio.ensure_future(self.run())

    async def run(self) -> None:
        while True:
            text, reply, how = await self.queue.get()
            try:
                count = await getattr(self.state, how)(text)
            except Crash as error:
                self.state = Conversation()
                if reply is not None:
                    reply.set_exception(error)
            else:
                if reply is not None and not reply.done():
                    reply.set_result(count)
            self.queue.task_done()


class QueueAndTask:
    """What one writes by hand: a queue and a task for each actor."""

    name = "asyncio queue and task each"
    calls = 10_000

    def __init__(self) -> None:
        self.actors: dict[str, _Queued] = {}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        for actor in self.actors.values():
            actor.task.cancel()
        await asyncio.gather(*[actor.task for actor in self.actors.values()], return_exceptions=True)

    async def create(self, key: str) -> object:
        self.actors[key] = actor = _Queued()
        return actor

    async def asks(self, key: str, count: int, how: How) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            reply: asyncio.Future[int] = loop.create_future()
            self.actors[key].queue.put_nowait(("hello", reply, how))
            with contextlib.suppress(Crash):
                await reply

    async def tells(self, key: str, count: int) -> None:
        queue = self.actors[key].queue
        for _ in range(count):
            queue.put_nowait(("hello", None, "plain"))
        await queue.join()


class Methods:
    """A peer whose reference has the handler as a method to await."""

    def __init__(self) -> None:
        self.methods: dict[tuple[str, How], Callable[[str], Awaitable[int]]] = {}

    async def asks(self, key: str, count: int, how: How) -> None:
        ask = self.methods[key, how]
        for _ in range(count):
            with contextlib.suppress(Crash):
                await ask("hello")

    def know(self, key: str, ref: Any) -> None:  # noqa: ANN401 - the peer's own
        for how in ("plain", "suspend", "crash"):
            self.methods[key, how] = getattr(ref, how)


class Nigrains(Methods):
    """Virtual actors; no tell, so each is a task."""

    name = "nigrains"
    calls = 10_000

    async def start(self) -> None:
        from nigrains import Grain, Runtime  # noqa: PLC0415 - a peer that may be missing
        from nigrains.grain import GrainId  # noqa: PLC0415 - ...

        class Conversed(Grain):
            grain_type = "conversation"
            plain, suspend, crash = Conversation.plain, Conversation.suspend, Conversation.crash

            async def activate(self) -> None:
                self.history: list[str] = []
                self.count = 0

        self.kind, self.identity, self.runtime = Conversed, GrainId, Runtime()
        self.runtime.register(Conversed)
        await self.runtime.__aenter__()

    async def stop(self) -> None:
        await self.runtime.__aexit__(None, None, None)

    async def create(self, key: str) -> object:
        return await self.runtime._activated(self.identity("conversation", key))  # noqa: SLF001 - no ref to pay for

    async def asks(self, key: str, count: int, how: How) -> None:
        if (key, how) not in self.methods:
            self.know(key, self.runtime.reference(self.kind, key))
        await super().asks(key, count, how)

    async def tells(self, key: str, count: int) -> None:
        ask = self.runtime.reference(self.kind, key).plain
        await asyncio.gather(*[asyncio.ensure_future(ask("hello")) for _ in range(count)])


class Xoscar(Methods):
    """Actors in one process of a pool."""

    name = "xoscar"
    calls = 2_000

    async def start(self) -> None:
        import xoscar  # noqa: PLC0415 - a peer that may be missing

        class Conversed(xoscar.Actor):
            plain, suspend, crash = Conversation.plain, Conversation.suspend, Conversation.crash

            def __init__(self) -> None:
                self.history: list[str] = []
                self.count = 0

        self.kind, self.xoscar = Conversed, xoscar
        self.pool = await xoscar.create_actor_pool("127.0.0.1:0", n_process=0)

    async def stop(self) -> None:
        await self.pool.stop()

    async def create(self, key: str) -> object:
        ref = await self.xoscar.create_actor(self.kind, address=self.pool.external_address, uid=key)
        self.know(key, ref)
        return ref

    async def tells(self, key: str, count: int) -> None:
        plain: Any = self.methods[key, "plain"]
        for _ in range(count):
            await plain.tell("hello")
        await plain("hello")


class Pykka:
    """A thread for each actor; asked from the main thread."""

    name = "pykka"
    calls = 2_000

    async def start(self) -> None:
        import pykka  # noqa: PLC0415 - a peer that may be missing

        class Conversed(pykka.ThreadingActor):
            use_daemon_thread = True

            def __init__(self) -> None:
                super().__init__()
                self.history: list[str] = []
                self.count = 0

            def on_receive(self, message: str) -> int:
                if message == "crash" and (self.count + 1) % Knob.every == 0:
                    self.count += 1
                    raise Crash
                self.history.append(message)
                if len(self.history) > BOUND:
                    del self.history[0]
                self.count += 1
                return self.count

        self.kind, self.pykka = Conversed, pykka
        self.refs: dict[str, Any] = {}

    async def stop(self) -> None:
        self.pykka.ActorRegistry.stop_all()

    async def create(self, key: str) -> object:
        self.refs[key] = ref = self.kind.start()
        return ref

    async def asks(self, key: str, count: int, how: How) -> None:
        ask = self.refs[key].ask
        for _ in range(count):
            with contextlib.suppress(Crash):
                ask("crash" if how == "crash" else "hello")

    async def tells(self, key: str, count: int) -> None:
        ref = self.refs[key]
        for _ in range(count):
            ref.tell("hello")
        ref.ask("hello")
