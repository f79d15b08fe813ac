from typing import Any

from tests.http.club import Room, club, count_words, fails, pay
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow.http.client import Remote
from packetflow.stores.memory import MemoryStore


async def waiting(served: Served, step: pf.Step[Any], *also: pf.Step[Any]) -> dict[str, Any]:
    """Run a plan whose risky step waits for a person; gives the answer that says so."""
    plan = pf.Plan(step, *also).model_dump(mode="json")
    answer = await served.http.post("/api/ai/execute", json={"plan": plan, "waits": True})
    assert answer.status_code == 202
    return dict(answer.json())


async def test_a_risky_step_waits_is_listed_and_goes_on_once_it_is_approved(served: Served) -> None:
    told = await waiting(served, pay.step(amount=5), count_words.step(text="a b"))
    listed = (await served.http.get("/api/approvals")).json()["questions"]
    assert told["questions"] == listed
    question = listed[0]
    assert (question["capability_id"], question["effect"], question["arguments"]) == ("pay", "money", {"amount": 5})
    assert told["result"]["results"] == {"count_words": 2}
    answer = {"digest": question["digest"], "verdict": "approve"}
    answered = await served.http.post(f"/api/runs/{told['execution_id']}/answers", json=answer)
    assert answered.status_code == 200
    async with Remote(served.url) as server:
        async for _, kind, fields in server.events(told["execution_id"]):
            if kind == "RunFinished":
                assert (fields["status"], fields["output"]) == ("succeeded", "paid 5")
        assert await server.approvals() == []
    again = await served.http.post(f"/api/runs/{told['execution_id']}/answers", json=answer)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_a_refused_step_fails_with_the_reason_and_is_no_success(served: Served) -> None:
    told = await waiting(served, pay.step(amount=7))
    async with Remote(served.url) as server:
        [question] = await server.approvals()
        await server.answer(told["execution_id"], question["digest"], "refuse", reason="too dear")
        async for _, kind, fields in server.events(told["execution_id"]):
            if kind == "RunFinished":
                assert fields["failure"]["code"] == "approval_refused"
                assert "too dear" in fields["failure"]["message"]


async def test_an_answer_to_what_is_not_asked_changes_nothing(served: Served) -> None:
    told = await waiting(served, pay.step(amount=5))
    path = f"/api/runs/{told['execution_id']}/answers"
    wrong = await served.http.post(path, json={"digest": "0" * 64, "verdict": "approve"})
    assert wrong.status_code == 409
    strange = await served.http.post(path, json={"digest": "0" * 64, "verdict": "perhaps"})
    assert strange.status_code == 422
    elsewhere = await served.http.post("/api/runs/nowhere/answers", json={"digest": "0" * 64, "verdict": "approve"})
    assert elsewhere.status_code == 404
    assert len((await served.http.get("/api/approvals")).json()["questions"]) == 1


async def test_an_approval_waits_over_a_restart_of_the_server() -> None:
    store = MemoryStore()
    async with serving(club(store=store)) as served:
        told = await waiting(served, pay.step(amount=5))
        asked = told["questions"]
    async with serving(club(store=store)) as served, Remote(served.url) as server:
        assert await server.approvals() == asked
        await server.answer(told["execution_id"], asked[0]["digest"], "approve")
        async for _, kind, fields in server.events(told["execution_id"]):
            if kind == "RunFinished":
                assert fields["output"] == "paid 5"


async def test_a_dry_run_tells_what_a_plan_would_do_and_does_nothing(served: Served) -> None:
    async with Remote(served.url) as server:
        plan = pf.Plan(pay.step(amount=5)).model_dump(mode="json")
        report = await server.dry_run(plan)
        assert [(step["capability_id"], step["decision"]) for step in report["steps"]] == [("pay", "confirm")]
        assert await server.runs() == []


async def test_what_a_failed_run_left_undone_is_done_by_a_retry_and_planned_by_a_replan(served: Served) -> None:
    plan = pf.Plan(fails.step(why="snow"), count_words.step(text="a b"))
    async with Remote(served.url) as server:
        first = (await server.execute(plan.model_dump(mode="json")))["execution_id"]
        second = await server.retry(first)
        assert second["code"] == "capability_failed"
        steps = {step["node"]: step for step in (await server.run(second["execution_id"]))["steps"]}
        assert "count_words" not in steps
        rest = await server.replan(first)
        assert [node["capability_id"] for node in rest["nodes"]] == ["fails"]
        third = await server.execute(rest, continues=first)
        assert (await server.run(third["execution_id"]))["continues"] == first


async def test_a_budget_stops_a_run_and_says_which(served: Served) -> None:
    first = count_words.step(text="a b")
    plan = pf.Plan(count_words.step(text="c").named("second").following(first)).model_dump(mode="json")
    body = {"plan": plan, "budget": {"calls": 1}}
    answer = await served.http.post("/api/ai/execute", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "budget_exceeded")
    assert answer.json()["details"]["budget"] == "calls"
    refused = await served.http.post("/api/ai/execute", json={"plan": plan, "budget": {"calls": -1}})
    assert refused.status_code == 422


async def test_statistics_tell_of_actors_and_queues(served: Served) -> None:
    call = {"payload": {"room_id": "lobby", "text": "hello"}}
    await served.http.post("/api/ai/capability/room.post", json=call)
    async with Remote(served.url) as server:
        assert (await server.statistics())["runs"] == 0
    told = (await served.http.get("/api/statistics")).json()
    rooms = next(one for one in told["statistics"]["actors"] if one["type"] == "room")
    assert (told["health"], rooms["awake"], rooms["handled"]) == ("ok", 1, 1)


async def test_an_actor_that_crashed_too_often_is_started_again_by_hand(served: Served) -> None:
    crash, history = "/api/ai/capability/room.crash", "/api/ai/capability/room.history"
    call = {"payload": {"room_id": "lobby"}}
    for _ in range(3):
        assert (await served.http.post(crash, json=call)).json()["code"] == "capability_failed"
    assert (await served.http.post(history, json=call)).json()["code"] == "actor_stopped"
    async with Remote(served.url) as server:
        assert await server.start_actor("room:lobby") is True
        assert await server.start_actor("room") is False
    assert (await served.http.post(history, json=call)).json()["result"] == []
    assert Room.actor_type.restart.times == 2
