"""What people do with the API, from one end to the other."""

import asyncio
from pathlib import Path
from typing import Any

from tests.http.club import Gate, club
from tests.http.serving import Served, serving

from packetflow.stores.sqlite.store import SQLiteStore


async def test_a_newcomer_opens_the_page_clicks_an_example_and_watches_it_run(served: Served) -> None:
    """The requests that the landing page makes, in its order."""
    assert (await served.http.get("/")).status_code == 200
    known = (await served.http.get("/api/ai/capabilities?limit=1000")).json()["capabilities"]
    examples = [example for one in known for example in one["examples"]]
    assert len(examples) >= 3
    for example in examples[:3]:
        plan = (await served.http.post("/api/ai/plan", json={"intent": example, "context": {}})).json()["plan"]
        assert plan["nodes"][0]["why"]["chosen"]["reason"]
        sent: dict[str, Any] = {"plan": plan, "confirmed": []}
        started = (await served.http.post("/api/ai/execute?wait=false", json=sent)).json()
        async with asyncio.timeout(10), served.http.sse(f"/api/runs/{started['execution_id']}/events") as events:
            kinds = [event.event async for event in events]
        assert kinds[-1] == "RunFinished"
        status = (await served.http.get(f"/api/ai/execution/{started['execution_id']}")).json()["status"]
        assert (status["status"], status["context"]["intent"]) == ("succeeded", example)
        assert status["message"]
    assert [actor["id"] for actor in (await served.http.get("/api/actors?type=room")).json()["actors"]] == [
        "room:lobby"
    ]
    assert (await served.http.get("/api/runs?limit=6")).json()["count"] == 3


async def test_yesterdays_words_and_runs_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "club.db"
    async with serving(club(store=SQLiteStore(path))) as yesterday:
        sent = {"message": "we talked about the roof", "context": {"room_id": "lobby"}}
        await yesterday.http.post("/api/actors/diary:user123/messages", json=sent)
        ran = (await yesterday.http.post("/api/ai/natural", json={"message": "post hello in room lobby"})).json()
    async with serving(club(store=SQLiteStore(path))) as today:
        actors = (await today.http.get("/api/actors")).json()["actors"]
        assert [(actor["id"], actor["status"]) for actor in actors] == [
            ("diary:user123", "asleep"),
            ("room:lobby", "asleep"),
        ]
        asked: dict[str, Any] = {"message": {}, "capability": "entries"}
        answer = await today.http.post("/api/actors/diary:user123/messages", json=asked)
        assert answer.json()["result"] == ["we talked about the roof"]
        status = (await today.http.get(f"/api/ai/execution/{ran['execution_id']}")).json()["status"]
        assert (status["status"], status["steps_completed"], status["total_steps"]) == ("succeeded", 1, 1)
        kept = await today.http.post("/api/ai/capability/room.history", json={"payload": {"room_id": "lobby"}})
        assert kept.json()["result"] == [{"author": "local-owner", "text": "hello"}]


async def test_a_plan_of_two_steps_is_read_then_run_with_the_output_of_one_in_the_other(served: Served) -> None:
    plan: dict[str, Any] = {
        "nodes": [
            {"kind": "step", "id": "clock", "capability_id": "club_time"},
            {"kind": "step", "id": "tell", "capability_id": "room.post", "inputs": {"text": {"step": "clock"}}},
        ],
        "output": {"step": "tell"},
    }
    answer = await served.http.post("/api/ai/execute", json={"plan": plan})
    assert [(one["code"], one["step"], one["path"]) for one in answer.json()["problems"]] == [
        ("missing_input", "tell", ["inputs", "room_id"])
    ]
    ran = (await served.http.post("/api/ai/execute", json={"plan": plan, "payload": {"room_id": "attic"}})).json()
    assert ran["result"]["results"] == {
        "clock": "closing time",
        "tell": {"author": "local-owner", "text": "closing time"},
    }
    steps = (await served.http.get(f"/api/runs/{ran['execution_id']}")).json()["run"]["steps"]
    assert steps[1]["inputs"] == {"room_id": "attic", "text": "closing time"}


async def test_one_slow_call_holds_up_nobody(served: Served, gate: Gate) -> None:
    slow = asyncio.create_task(served.http.post("/api/ai/capability/wait", json={"payload": {"word": "at last"}}))
    async with asyncio.timeout(10):
        await gate.entered.wait()
        quick = [
            served.http.post("/api/ai/natural", json={"message": "post hello in room lobby"}),
            served.http.post("/api/ai/capability/count_words", json={"payload": {"text": "a b"}}),
            served.http.get("/api/ai/capabilities"),
            served.http.get("/api/actors"),
            served.http.get("/api/runs"),
            served.http.get("/health"),
        ]
        assert [answer.status_code for answer in await asyncio.gather(*quick)] == [200] * 6
        assert not slow.done()
        gate.opened.set()
        assert (await slow).json()["result"] == "at last"


async def test_an_execution_is_found_by_the_trace_of_its_request(served: Served) -> None:
    answer = await served.http.post("/api/ai/natural", json={"message": "post hello in room lobby"})
    trace = answer.headers["X-Trace-Id"]
    parts = served.server.api.state.site.app.parts
    await parts.engine.records.flush()
    calls = await parts.store.calls(trace_id=trace)
    assert [(call.capability_id, call.run_id) for call in calls] == [("room.post", answer.json()["execution_id"])]
    events = await parts.store.read("room/lobby")
    assert [event.trace_id for event in events] == [trace]
