"""The main job, from outside: a sentence becomes a plan, the plan runs, and everything is still there after a crash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.journeys.server import command, serving

if TYPE_CHECKING:
    from pathlib import Path

LOG = """=== ada [~ada@host.example]  has joined #planning
[09:58] <ada> good morning
[09:59] <grace> does anybody know how to resize the backup disk?
[10:01] <ada> grace: use the partition editor from a live disc, the backup disk must not be mounted
[10:03] <grace> ada: the partition editor says the backup disk is busy
[10:04] <ada> grace: then unmount it first, the backup script keeps it open
[10:09]  * grace reboots
[10:15] <grace> ada: that worked, the backup disk has 400 GB now, thanks!
this line is no message
[10:16] <ada> you're welcome
"""
MESSAGES = 8


def _natural(server: Any, sentence: str) -> Any:  # noqa: ANN401 - JSON
    return server.post("/api/ai/natural", {"message": sentence})


def test_a_fresh_start_answers_the_usage_example_with_its_plan_and_run(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        answer = _natural(server, "Analyze the conversation in room 123")
        assert answer["success"] is True
        assert answer["plan"]["nodes"][0]["capability_id"] == "analyze_conversation"
        assert answer["plan"]["nodes"][0]["inputs"] == {"room_id": {"literal": "room123"}}
        assert "Thursday" in answer["message"]  # the decision of the seeded conversation
        run = server.get(f"/api/ai/execution/{answer['execution_id']}")
        assert run["status"]["status"] == "succeeded"
        assert run["status"]["steps_completed"] == run["status"]["total_steps"] == 1


def test_asked_about_a_room_that_does_not_exist_it_says_so(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        response = server.http.post("/api/ai/natural", json={"message": "Analyze the conversation in room nowhere"})
        assert response.status_code == 404
        assert response.json()["success"] is False
        assert "there is no room 'nowhere'" in response.json()["message"]


def test_an_imported_log_is_stored_once_summarized_and_survives_a_crash(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "2024-03-01_planning.txt"
    log.write_text(LOG)
    with serving(data) as server:
        first = json.loads(command(data, "chat", "import", str(log), "--room", "planning", "--json").stdout)
        again = json.loads(command(data, "chat", "import", str(log), "--room", "planning", "--json").stdout)
        assert (first["stored"], again["stored"], again["known"]) == (MESSAGES, 0, MESSAGES)
        answer = _natural(server, "Summarize the conversation in room planning")
        assert answer["success"] is True
        assert "backup disk" in answer["message"]
        before = server.get(f"/api/runs/{answer['execution_id']}")["run"]
        server.kill()
    with serving(data) as server:
        after = server.get(f"/api/runs/{answer['execution_id']}")["run"]
        assert after == before
        step = after["steps"][0]
        assert step["inputs"] == {"room_id": "planning"}
        assert step["output"]["main_topics"]
        assert step["seconds"] > 0
        listed = server.post("/api/ai/capability/list_messages", {"payload": {"room_id": "planning"}})
        assert listed["result"]["total"] == MESSAGES
        assert listed["result"]["messages"][0]["at"].startswith("2024-03-01T09:58")


def test_a_message_is_stored_exactly_once_and_a_wrong_one_not_at_all(tmp_path: Path) -> None:
    payload = {"room_id": "room123", "content": "Hello world!", "user_id": "user456"}
    with serving(tmp_path / "data") as server:
        count = "/api/ai/capability/list_messages"
        before = server.post(count, {"payload": {"room_id": "room123"}})["result"]["total"]
        sent = server.post("/api/ai/capability/send_message", {"payload": payload})
        assert sent["success"] is True
        assert set(sent["result"]) >= {"message_id", "delivery_status", "ai_insights"}
        for wrong in ({"room_id": "room123"}, {**payload, "content": 5}, {**payload, "colour": "red"}):
            response = server.http.post("/api/ai/capability/send_message", json={"payload": wrong})
            assert response.status_code == 422
            named = {tuple(problem["path"]) for problem in response.json()["problems"]}
            assert named <= {("content",), ("colour",)}
            assert named
        page = server.post(count, {"payload": {"room_id": "room123"}})["result"]
        assert page["total"] == before + 1
        assert [m["author"] for m in page["messages"] if m["content"] == "Hello world!"] == ["user456"]


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        rooms, runs = server.post("/api/ai/capability/list_rooms", {}), server.get("/api/runs")
    with serving(tmp_path / "data") as server:
        assert server.post("/api/ai/capability/list_rooms", {})["result"] == rooms["result"]
        assert server.get("/api/runs")["runs"] == runs["runs"]


def test_an_empty_start_has_no_rooms(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--empty") as server:
        assert server.post("/api/ai/capability/list_rooms", {})["result"] == []
        assert server.get("/api/runs")["runs"] == []


def test_a_summary_of_one_room_is_posted_in_another_by_a_typed_reference(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        intent = "summarize room123 and post the summary in the lobby"
        planned = server.post("/api/ai/plan", {"intent": intent})
        first, second = planned["plan"]["nodes"]
        assert (first["capability_id"], second["capability_id"]) == ("conversation_summarization", "send_message")
        assert second["inputs"]["content"] == {"step": first["id"], "path": ["summary"]}
        assert second["inputs"]["room_id"] == {"literal": "lobby"}
        total = server.post("/api/ai/capability/list_messages", {"payload": {"room_id": "lobby"}})["result"]["total"]
        done = server.post("/api/ai/execute", {"plan": planned["plan"]})
        assert done["success"] is True
        page = server.post("/api/ai/capability/list_messages", {"payload": {"room_id": "lobby"}})["result"]
        assert page["total"] == total + 1
        assert page["messages"][-1]["content"] == done["result"]["results"][first["id"]]["summary"]


def test_a_failing_step_is_told_with_its_reason_and_the_others_are_kept(tmp_path: Path) -> None:
    node = {"kind": "step", "capability_id": "conversation_summarization"}
    plan = {
        "version": 1,
        "nodes": [
            {**node, "id": "good", "inputs": {"room_id": {"literal": "room123"}}},
            {**node, "id": "bad", "inputs": {"room_id": {"literal": "nowhere"}}},
        ],
        "output": {"items": [{"step": "good"}, {"step": "bad"}]},
    }
    with serving(tmp_path / "data") as server:
        response = server.http.post("/api/ai/execute", json={"plan": plan})
        body = response.json()
        assert response.status_code == 404
        assert body["success"] is False
        assert "'bad' failed: there is no room 'nowhere'" in body["message"]
        assert "Thursday" in json.dumps(body["result"]["results"]["good"])
