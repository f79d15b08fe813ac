"""Talk to the agent of user123 a day ago, then die without a goodbye: `yesterday.py DATA SENTENCE...`."""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import packetflow as pf
from packetflow.app import SystemClock
from packetflow.stores.sqlite.store import SQLiteStore
from packetflow_chat.agents import PersistentChatAgent


class DayBefore(SystemClock):
    """A clock that is one day behind."""

    def now(self) -> datetime:
        return super().now() - timedelta(days=1)


async def main(data: Path, sentences: list[str]) -> None:
    app = pf.App(PersistentChatAgent, store=SQLiteStore(data / "packetflow.db"), planners=[], clock=DayBefore())
    async with app as root:
        agent = root.actor(PersistentChatAgent, "user123")
        for sentence in sentences:
            await agent.ask(PersistentChatAgent.receive, sentence)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
