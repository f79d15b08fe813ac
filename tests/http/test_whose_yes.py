"""What somebody who holds less than all may do to the runs, budgets and measures of an app that others run."""

import asyncio
from typing import Any

from tests.http.club import club, count_words, pay
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow._runtime.runs import RunRules
from packetflow.stores.memory import MemoryStore

EVE = {"Authorization": "Bearer eve"}
ADA = {"Authorization": "Bearer ada"}
AGENT = {"Authorization": "Bearer agent"}


def admit(root: pf.Client, token: str) -> pf.Client | None:
    """Let in eve, bound by a yes of somebody else; ada; and ada's agent, bound as eve is."""
    if token == "agent":  # noqa: S105 - the test's own
        return root.delegate("ada").delegate("agent", confirm=["money"])
    return root.delegate(token, confirm=["money"]) if token == "eve" else root.delegate(token)  # noqa: S105


def plan_of(*steps: pf.Step[Any]) -> dict[str, Any]:
    return pf.Plan(*steps).model_dump(mode="json")


async def waiting(served: Served, headers: dict[str, str]) -> dict[str, Any]:
    """Begin a run that waits for a yes; gives its only question."""
    sent = {"plan": plan_of(pay.step(amount=5)), "waits": True}
    told = (await served.http.post("/api/ai/execute", json=sent, headers=headers)).json()
    return dict(told["questions"][0])


async def kinds(served: Served, run_id: str, **headers: str) -> list[str]:
    """Follow a run to the end of the stream."""
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events", headers=headers) as source:
        return [event.event async for event in source]


async def test_a_digest_sent_by_a_bound_delegate_lifts_nothing() -> None:
    async with serving(club(), admit=admit) as served:
        body = {"payload": {"amount": 5}}
        asked = await served.http.post("/api/ai/capability/pay", json=body, headers=EVE)
        confirmed = [asked.json()["details"]["digest"]]
        again = await served.http.post("/api/ai/capability/pay", json={**body, "confirmed": confirmed}, headers=EVE)
        assert (again.status_code, again.json()["code"]) == (409, "confirmation_required")
        plan = {"plan": plan_of(pay.step(amount=5)), "confirmed": confirmed}
        ran = await served.http.post("/api/ai/execute", json=plan, headers=EVE)
        assert (ran.status_code, ran.json()["code"]) == (409, "confirmation_required")
        waits = await served.http.post("/api/ai/execute", json={**plan, "waits": True}, headers=EVE)
        assert waits.status_code == 202
        question = waits.json()["questions"][0]
        answer = {"digest": question["digest"], "verdict": "approve"}
        path = f"/api/runs/{question['run_id']}/answers"
        assert (await served.http.post(path, json=answer, headers=EVE)).status_code == 403
        assert (await served.http.post(path, json=answer)).status_code == 200


async def test_a_callers_budget_narrows_the_apps_and_is_of_the_right_types() -> None:
    app = pf.App(count_words, store=MemoryStore(), planners=[], runs=RunRules(budget=pf.Budget(calls=1)))
    async with serving(app, admit=admit) as served:
        first = count_words.step(text="a b")
        plan = plan_of(count_words.step(text="c").named("second").following(first))
        for budget in ({}, {"calls": 10**15}, {"tokens": 5}):
            sent = {"plan": plan, "budget": budget}
            answer = await served.http.post("/api/ai/execute", json=sent, headers=ADA)
            assert (answer.status_code, answer.json()["code"]) == (409, "budget_exceeded")
        free = await served.http.post("/api/ai/execute", json={"plan": plan, "budget": {"calls": 2}})
        assert free.status_code == 200
        for wrong in ({"calls": True}, {"calls": 2.0}, {"seconds": "60"}, {"cost": True}):
            refused = await served.http.post("/api/ai/execute", json={"plan": plan, "budget": wrong}, headers=ADA)
            assert refused.status_code == 422


async def test_who_may_answer_may_follow_that_run_and_hears_what_came_of_the_answer() -> None:
    async with serving(club(), admit=admit) as served:
        question = await waiting(served, AGENT)
        assert question["principal"] == "ada/agent"
        path = f"/api/runs/{question['run_id']}"
        assert (await served.http.get(path, headers=ADA)).status_code == 200
        assert (await served.http.get(path, headers=EVE)).status_code == 404
        answer = {"digest": question["digest"], "verdict": "approve"}
        assert (await served.http.post(f"{path}/answers", json=answer, headers=ADA)).status_code == 200
        assert (await kinds(served, question["run_id"], **ADA))[-1] == "RunFinished"
        other = await waiting(served, AGENT)
        cancelled = await served.http.post(f"/api/runs/{other['run_id']}/cancel", headers=ADA)
        assert cancelled.json()["cancelled"] is True


async def test_the_stream_of_a_run_that_was_interrupted_before_goes_on_to_its_end() -> None:
    store = MemoryStore()
    async with serving(club(store=store)) as served:
        question = await waiting(served, {})
    async with serving(club(store=store)) as served:
        async with asyncio.timeout(10), served.http.sse(f"/api/runs/{question['run_id']}/events") as source:
            heard: list[str] = []
            async for event in source:
                heard.append(event.event)
                if event.event == "RunResumed":
                    answer = {"digest": question["digest"], "verdict": "approve"}
                    path = f"/api/runs/{question['run_id']}/answers"
                    assert (await served.http.post(path, json=answer)).status_code == 200
        assert "RunInterrupted" in heard[:-1]
        assert heard[-1] == "RunFinished"


async def test_a_stream_asked_for_from_beyond_the_end_still_ends_with_the_run(served: Served) -> None:
    question = await waiting(served, {})
    following = asyncio.create_task(kinds(served, question["run_id"], **{"Last-Event-ID": "999999"}))
    for _ in range(20):
        await served.http.get(f"/api/runs/{question['run_id']}")
    answer = {"digest": question["digest"], "verdict": "approve"}
    await served.http.post(f"/api/runs/{question['run_id']}/answers", json=answer)
    heard = await following
    assert heard[-1] == "RunFinished"
    assert "RunStarted" not in heard


async def test_measures_and_the_state_of_the_app_are_for_who_holds_all_authority() -> None:
    async with serving(club(), admit=admit) as served:
        assert (await served.http.get("/metrics", headers=ADA)).status_code == 403
        health = await served.http.get("/health", headers=ADA)
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        assert (await served.http.get("/metrics")).status_code == 200
        assert "counts" in (await served.http.get("/health")).json()


async def test_an_actor_id_that_none_can_have_is_not_started(served: Served) -> None:
    for odd in ("room:", "room:%00", "room:" + "a" * 300, "nowhere:a", "nowhere"):
        assert (await served.http.post(f"/api/actors/{odd}/start")).status_code == 404
    told = await served.http.post("/api/actors/room:never-seen/start")
    assert (told.status_code, told.json()["started"]) == (200, False)
