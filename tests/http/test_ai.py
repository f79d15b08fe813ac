import asyncio
from typing import Any

import httpx2
import pytest
from tests.http.club import Gate, club, count_words, fails, pay, whoami
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow._core.ports import Proposal, Request
from packetflow._core.registry import Registry

PROBLEM = "application/problem+json"


def plan_of(step: pf.Step[Any], *also: pf.Step[Any]) -> dict[str, Any]:
    return pf.Plan(step, *also).model_dump(mode="json")


async def call(served: Served, capability: str, **payload: object) -> httpx2.Response:
    return await served.http.post(f"/api/ai/capability/{capability}", json={"payload": payload})


async def test_a_sentence_is_planned_run_and_answered(served: Served) -> None:
    answer = await served.http.post("/api/ai/natural", json={"message": "post hello in room lobby"})
    body = answer.json()
    assert answer.status_code == 200
    assert body["success"] is True
    assert body["message"] == "hello"
    assert body["plan"]["nodes"][0]["capability_id"] == "room.post"
    assert body["plan"]["nodes"][0]["why"]["chosen"]["reason"]
    assert body["result"]["execution_id"] == body["execution_id"]
    assert body["result"]["status"] == "succeeded"
    assert list(body["result"]["results"].values()) == [{"author": "local-owner", "text": "hello"}]
    assert body["trace_id"] == answer.headers["X-Trace-Id"]
    assert body["processed_at"]
    kept = await call(served, "room.history", room_id="lobby")
    assert kept.json()["result"] == [{"author": "local-owner", "text": "hello"}]


async def test_help_says_what_can_be_asked_with_examples(served: Served) -> None:
    body = (await served.http.post("/api/ai/natural", json={"message": "help"})).json()
    assert body["success"] is True
    assert "post hello in room lobby" in body["examples"]
    assert "what time is it in the club" in body["message"]
    assert "count_words" in {one["id"] for one in body["capabilities"]}


async def test_a_sentence_that_is_not_understood_is_a_422_with_the_nearest_candidates(served: Served) -> None:
    answer = await served.http.post("/api/ai/natural", json={"message": "double a number"})
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert body["success"] is False
    assert body["code"] == body["error"] == "not_understood"
    assert 1 <= len(body["candidates"]) <= 3
    assert body["candidates"][0]["capability_id"] == "double"
    assert (await served.http.get("/api/runs")).json()["count"] == 0


async def test_the_room_of_the_context_fills_what_the_sentence_leaves_open(served: Served) -> None:
    await call(served, "room.post", room_id="attic", text="dust")
    asked = {"message": "show the history", "context": {"room_id": "attic", "timestamp": None}}
    body = (await served.http.post("/api/ai/natural", json=asked)).json()
    assert body["result"]["output"] == [{"author": "local-owner", "text": "dust"}]


async def test_planning_runs_nothing(served: Served) -> None:
    answer = await served.http.post("/api/ai/plan", json={"intent": "post hello in room lobby"})
    body = answer.json()
    assert body["success"] is True
    assert body["plan"]["id"]
    assert body["generated_at"]
    assert (await served.http.get("/api/runs")).json()["count"] == 0
    assert (await served.http.get("/api/actors")).json()["count"] == 0


async def test_a_plan_that_was_shown_can_be_executed_as_it_is(served: Served) -> None:
    plan = (await served.http.post("/api/ai/plan", json={"intent": "post hello in room lobby"})).json()["plan"]
    body = (await served.http.post("/api/ai/execute", json={"plan": plan})).json()
    assert body["success"] is True
    assert body["result"]["output"] == {"author": "local-owner", "text": "hello"}
    status = (await served.http.get(f"/api/ai/execution/{body['execution_id']}")).json()["status"]
    assert status["plan"]["id"] == plan["id"]


async def test_a_failed_run_is_no_success_and_keeps_what_succeeded(served: Served) -> None:
    plan = plan_of(fails.step(why="rain"), count_words.step(text="one two"))
    answer = await served.http.post("/api/ai/execute", json={"plan": plan})
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (502, PROBLEM)
    assert body["success"] is False
    assert body["code"] == "capability_failed"
    assert body["step"] == "fails"
    assert "rain" in body["reason"]
    assert body["result"]["status"] == "failed"
    assert body["result"]["results"] == {"count_words": 2}
    assert body["execution_id"]
    assert body["executed_at"]


async def test_a_failed_sentence_answers_with_the_failure(served: Served) -> None:
    answer = await served.http.post("/api/ai/natural", json={"message": "fail for a reason why: hail"})
    body = answer.json()
    assert answer.status_code == 502
    assert body["success"] is False
    assert body["step"]
    assert body["plan"]["nodes"]


async def test_every_problem_of_a_plan_is_listed_and_nothing_runs(served: Served) -> None:
    plan: dict[str, Any] = {
        "nodes": [
            {"kind": "step", "id": "a", "capability_id": "no_such_thing"},
            {"kind": "step", "id": "b", "capability_id": "count_words", "inputs": {"text": {"literal": 5}}},
            {"kind": "step", "id": "c", "capability_id": "count_words", "inputs": {}},
        ],
        "output": {"step": "c"},
    }
    answer = await served.http.post("/api/ai/execute", json={"plan": plan})
    body = answer.json()
    assert answer.status_code == 422
    assert body["code"] == "plan_rejected"
    assert {problem["step"] for problem in body["problems"]} == {"a", "b", "c"}
    assert all({"code", "path", "allowed"} <= problem.keys() for problem in body["problems"])
    assert (await served.http.get("/api/runs")).json()["count"] == 0


async def test_something_that_is_no_plan_is_rejected_naming_the_node(served: Served) -> None:
    plan = {"nodes": [{"kind": "step", "id": "a", "capability_id": 7}], "output": {"step": "a"}, "extra": 1}
    body = (await served.http.post("/api/ai/execute", json={"plan": plan})).json()
    assert body["code"] == "plan_rejected"
    assert {problem["step"] for problem in body["problems"]} == {"a", None}


async def test_the_payload_fills_required_inputs_that_the_plan_leaves_open(served: Served) -> None:
    plan = {"nodes": [{"kind": "step", "id": "c", "capability_id": "count_words"}], "output": {"step": "c"}}
    body = (await served.http.post("/api/ai/execute", json={"plan": plan, "payload": {"text": "a b c"}})).json()
    assert body["result"]["output"] == 3


async def test_the_payload_reaches_into_blocks(served: Served) -> None:
    def block(name: str) -> dict[str, Any]:
        return {"nodes": [{"kind": "step", "id": name, "capability_id": "count_words"}], "output": {"step": name}}

    plan: dict[str, Any] = {
        "nodes": [
            {"kind": "branch", "id": "b", "cases": [{"when": {"value": {"literal": True}}, "then": block("one")}]},
            {"kind": "retry", "id": "r", "attempt": block("two")},
        ],
        "output": {"items": [{"step": "b"}, {"step": "r"}]},
    }
    body = (await served.http.post("/api/ai/execute", json={"plan": plan, "payload": {"text": "a b"}})).json()
    assert body["result"]["output"] == [2, 2]


async def test_a_payload_that_the_plan_has_no_place_for_is_refused(served: Served) -> None:
    plan = {"nodes": [{"kind": "step", "id": "c", "capability_id": "count_words"}], "output": {"step": "c"}}
    sent = {"plan": plan, "payload": {"text": "a", "colour": "red"}}
    answer = await served.http.post("/api/ai/execute", json=sent)
    assert answer.status_code == 422
    problems = answer.json()["problems"]
    assert [(one["code"], one["path"], one["allowed"]) for one in problems] == [
        ("unknown_field", ["payload", "colour"], ["text"])
    ]


@pytest.mark.parametrize(("path", "headers"), [("?wait=false", {}), ("", {"Prefer": "respond-async"})])
async def test_a_run_need_not_be_waited_for(served: Served, gate: Gate, path: str, headers: dict[str, str]) -> None:
    plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}], "output": {"step": "w"}}
    answer = await served.http.post(f"/api/ai/execute{path}", json={"plan": plan}, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["result"]["status"] == "running"
    where = answer.headers["Location"]
    assert where == f"/api/ai/execution/{answer.json()['execution_id']}"
    async with asyncio.timeout(10):
        await gate.entered.wait()
    status = (await served.http.get(where)).json()["status"]
    assert (status["status"], status["steps_completed"], status["total_steps"]) == ("running", 0, 1)
    assert status["completed_at"] is None
    gate.opened.set()
    await followed(served, answer.json()["execution_id"])
    status = (await served.http.get(where)).json()["status"]
    assert (status["status"], status["steps_completed"], status["total_steps"]) == ("succeeded", 1, 1)
    assert status["completed_at"]


async def followed(served: Served, run_id: str) -> None:
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events") as events:
        async for _ in events:
            pass


async def test_a_risky_step_needs_a_yes_to_exactly_this_call(served: Served) -> None:
    plan = plan_of(pay.step(amount=5))
    answer = await served.http.post("/api/ai/execute", json={"plan": plan})
    body = answer.json()
    assert answer.status_code == 409
    assert body["code"] == "confirmation_required"
    assert body["details"]["arguments"] == {"amount": 5}
    confirmed = [body["details"]["digest"]]
    other = await served.http.post(
        "/api/ai/execute", json={"plan": plan_of(pay.step(amount=6)), "confirmed": confirmed}
    )
    assert other.status_code == 409
    agreed = await served.http.post("/api/ai/execute", json={"plan": plan, "confirmed": confirmed})
    assert agreed.json()["result"]["output"] == "paid 5"


async def test_a_capability_is_called_by_its_id(served: Served) -> None:
    answer = await call(served, "count_words", text="one two three")
    body = answer.json()
    assert body["success"] is True
    assert body["capability_id"] == "count_words"
    assert body["result"] == 3
    assert body["executed_at"]
    assert body["trace_id"] == answer.headers["X-Trace-Id"]


async def test_a_wrong_input_names_its_fields_and_changes_nothing(served: Served) -> None:
    answer = await call(served, "room.post", room_id="lobby", text=5, colour="red")
    assert answer.status_code == 422
    found = {(one["code"], tuple(one["path"])) for one in answer.json()["problems"]}
    assert found == {("wrong_value", ("text",)), ("unknown_field", ("colour",))}
    assert (await served.http.get("/api/actors/room:lobby")).status_code == 404


async def test_an_unknown_capability_is_a_404_that_names_near_ones(served: Served) -> None:
    answer = await call(served, "count_word")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_capability"
    assert "count_words" in answer.json()["details"]["near"]


async def test_an_idempotency_key_lets_a_message_take_effect_once(served: Served) -> None:
    for _ in range(3):
        answer = await served.http.post(
            "/api/ai/capability/room.post",
            json={"payload": {"room_id": "lobby", "text": "once"}},
            headers={"Idempotency-Key": "order-1"},
        )
        assert answer.json()["result"] == {"author": "local-owner", "text": "once"}
    assert len((await call(served, "room.history", room_id="lobby")).json()["result"]) == 1


async def test_an_idempotency_key_that_is_none_is_refused(served: Served) -> None:
    answer = await served.http.post("/api/ai/capability/club_time", json={}, headers={"Idempotency-Key": "a b"})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == ["Idempotency-Key"]


async def test_the_owner_may_act_for_a_user_named_in_payload_or_context(served: Served) -> None:
    assert (await call(served, "whoami", user_id="bob")).json()["result"] == "bob"
    sent = {"payload": {}, "context": {"user_id": "eve"}}
    assert (await served.http.post("/api/ai/capability/whoami", json=sent)).json()["result"] == "eve"
    plan = {"plan": plan_of(whoami.step()), "context": {"user_id": "kim"}}
    assert (await served.http.post("/api/ai/execute", json=plan)).json()["result"]["output"] == "kim"


async def test_a_capability_with_an_input_user_id_keeps_it_and_acts_for_it(served: Served) -> None:
    sent: dict[str, Any] = {"payload": {"user_id": "bob", "message": "hi", "context": {}}}
    answer = await served.http.post("/api/ai/capability/diary.receive", json=sent)
    assert answer.json()["result"] == "bob wrote 'hi' with []"
    assert (await served.http.get("/api/actors/diary:bob")).json()["state"] == {"entries": ["hi"]}


async def test_two_different_users_in_one_call_are_refused(served: Served) -> None:
    sent = {"payload": {"user_id": "bob"}, "context": {"user_id": "eve"}}
    answer = await served.http.post("/api/ai/capability/whoami", json=sent)
    assert answer.status_code == 422
    answer = await served.http.post("/api/ai/capability/whoami", json={"payload": {"user_id": 7}})
    assert answer.json()["problems"][0]["path"] == ["payload", "user_id"]


async def test_capabilities_are_found_by_words_effect_and_fields(served: Served) -> None:
    async def ids(query: str) -> list[str]:
        found = (await served.http.get(f"/api/ai/capabilities?{query}")).json()
        assert found["count"] == len(found["capabilities"])
        return [one["id"] for one in found["capabilities"]]

    everything = await ids("")
    assert {"room.post", "diary.receive", "pay"} <= set(everything)
    assert (await ids("q=count+words"))[0] == "count_words"
    assert await ids("effect=money") == ["pay"]
    assert len(await ids("limit=2")) == 2
    assert await ids("have=room_id&need=author") == []
    assert await ids("have=room_id,text&need=author") == ["room.post"]
    shown = (await served.http.get("/api/ai/capabilities?q=count+words")).json()["capabilities"][0]
    assert {"intent", "requires", "provides", "effects", "score", "input_schema"} <= shown.keys()
    assert (await served.http.get("/api/ai/capabilities?effect=magic")).status_code == 422


@pytest.mark.parametrize(
    ("intent", "kind", "complexity"),
    [("post hello in room lobby", "action", "simple"), ("show the history of room lobby", "query", "simple")],
)
async def test_an_intent_is_analysed_without_running(served: Served, intent: str, kind: str, complexity: str) -> None:
    body = (await served.http.post("/api/ai/analyze-intent", json={"intent": intent})).json()
    analysis = body["analysis"]
    assert body["success"] is True
    assert body["analyzed_at"]
    assert (analysis["understood"], analysis["intent_type"], analysis["complexity"]) == (True, kind, complexity)
    assert {"name": "room_id", "value": "lobby"}.items() <= analysis["entities"][0].items()
    assert analysis["capabilities"][0]["score"] >= analysis["capabilities"][-1]["score"]
    assert analysis["confidence"] > 0
    assert (await served.http.get("/api/runs")).json()["count"] == 0


async def test_the_analysis_of_what_is_not_understood_says_what_is_missing(served: Served) -> None:
    analysis = (await served.http.post("/api/ai/analyze-intent", json={"intent": "double a number"})).json()["analysis"]
    assert analysis["understood"] is False
    assert analysis["missing"] == ["number"]
    assert analysis["capabilities"][0]["capability_id"] == "double"


async def test_an_unknown_run_is_a_404(served: Served) -> None:
    for path in ("/api/ai/execution/none", "/api/runs/none", "/api/runs/none/events"):
        answer = await served.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class Foreseeing:
    """A planner that proposes one plan for every sentence, to see what the edge does with it."""

    name = "foreseeing"

    def __init__(self, plan: pf.Plan[Any]) -> None:
        self._plan = plan

    async def propose(self, request: Request, registry: Registry) -> Proposal:
        del request, registry
        return Proposal(self._plan, 1.0, planner=self.name)

    async def close(self) -> None:
        pass


async def test_a_sentence_never_spends_without_a_yes() -> None:
    async with serving(club(planners=[Foreseeing(pf.Plan(pay.step(amount=9)))])) as served:
        answer = await served.http.post("/api/ai/natural", json={"message": "buy it"})
        assert answer.status_code == 409
        assert answer.json()["success"] is False
        digest = answer.json()["details"]["digest"]
        agreed = await served.http.post("/api/ai/natural", json={"message": "buy it", "confirmed": [digest]})
        assert agreed.json()["message"] == "paid 9"
