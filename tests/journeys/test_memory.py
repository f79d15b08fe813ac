"""An agent remembers yesterday, though its process was killed since."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.journeys.server import serving

SAID = (
    "The greenhouse sensors report every ten minutes now.",
    "I want to order tomato seeds for the greenhouse before Friday.",
)


def test_an_agent_answers_what_was_discussed_yesterday_from_what_was_said_after_a_crash(tmp_path: Path) -> None:
    data = tmp_path / "data"
    program = Path(__file__).with_name("yesterday.py")
    died = subprocess.run([sys.executable, str(program), str(data), *SAID], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    with serving(data) as server:
        body = {"message": "What did we discuss yesterday?", "context": {"room_id": "room123"}}
        answer = server.post("/api/actors/persistent_chat_agent:user123/messages", body)
        assert answer["success"] is True
        assert "greenhouse" in answer["result"]["response"]
        assert answer["result"]["conversation_count"] == len(SAID) + 1
        stranger = server.post("/api/actors/persistent_chat_agent:user124/messages", {"message": body["message"]})
        assert "greenhouse" not in stranger["result"]["response"]
