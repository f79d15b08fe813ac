"""autogen-core beside a bare await, in an environment of its own; benchmarks/actors.py runs it and reads its one line.

    .venv-bench-autogen/bin/python benchmarks/actor_autogen.py

It needs another protobuf than PacketFlow, so the two cannot share a process; what they share is the yardstick, an
object in a dict whose method is awaited, measured here once more. Nothing of PacketFlow is imported.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

REPEAT = 5
CALLS = 500
PLAIN_CALLS = 20_000
BOUND = 50


class Conversation:
    """The object of benchmarks/actor_peers.py."""

    def __init__(self) -> None:
        self.history: list[str] = []
        self.count = 0

    async def plain(self, text: str) -> int:
        """Note a text."""
        history = self.history
        history.append(text)
        if len(history) > BOUND:
            del history[0]
        self.count += 1
        return self.count


async def measured() -> dict[str, list[float]]:
    """Give the microseconds of each repetition, of the yardstick and of an ask."""
    from autogen_core import (  # noqa: PLC0415 - a peer that may be missing
        AgentId,
        MessageContext,
        RoutedAgent,
        SingleThreadedAgentRuntime,
        message_handler,
    )

    @dataclass
    class Text:
        text: str

    globals().update(Text=Text, MessageContext=MessageContext)  # it reads the annotations by their names

    class Conversed(RoutedAgent):
        def __init__(self) -> None:
            super().__init__("conversation")
            self.conversation = Conversation()

        @message_handler
        async def on_text(self, message: Text, ctx: MessageContext) -> int:
            del ctx
            return await self.conversation.plain(message.text)

    runtime = SingleThreadedAgentRuntime()
    await Conversed.register(runtime, "conversation", Conversed)
    runtime.start()
    agent = await runtime.get(AgentId("conversation", "one"), lazy=False)
    objects = {"one": Conversation()}
    times: dict[str, list[float]] = {"plain": [], "ask": []}
    for _ in range(REPEAT):
        begin = perf_counter()
        for _ in range(PLAIN_CALLS):
            await objects["one"].plain("hello")
        times["plain"].append((perf_counter() - begin) / PLAIN_CALLS * 1e6)
        times["ask"].append(await _asked(lambda: runtime.send_message(Text("hello"), agent)))
    await runtime.stop()
    return times


async def _asked(ask: Callable[[], Awaitable[object]]) -> float:
    rounds: list[float] = []
    for _ in range(5):
        begin = perf_counter()
        for _ in range(CALLS // 5):
            await ask()
        rounds.append((perf_counter() - begin) / (CALLS // 5) * 1e6)
    return median(rounds)


def main() -> None:
    """Print the times, or what is missing."""
    logging.disable(logging.CRITICAL)
    try:
        print(json.dumps(asyncio.run(measured())))
    except ImportError as missing:
        print(json.dumps({"missing": "autogen-core", "why": f"{missing}; run it with {sys.argv[0]}'s own environment"}))


if __name__ == "__main__":
    main()
