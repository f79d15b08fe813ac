import asyncio
from typing import Any

from tests.http.club import Gate, count_words, fails, stream_letters
from tests.http.serving import Served

import packetflow as pf
from packetflow._core.event import Stored


async def started(served: Served, capability: str = "wait") -> str:
    plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": capability}], "output": {"step": "w"}}
    answer = await served.http.post("/api/ai/execute?wait=false", json={"plan": plan})
    return str(answer.json()["execution_id"])


async def executed(served: Served, step: pf.Step[Any], *also: pf.Step[Any]) -> str:
    plan = pf.Plan(step, *also).model_dump(mode="json")
    return str((await served.http.post("/api/ai/execute", json={"plan": plan})).json()["execution_id"])


async def events(served: Served, run_id: str, after: int | None = None) -> list[tuple[str, str]]:
    """Follow a run to the end of its stream; gives (id, kind), the id empty where the event has none of its own."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events", headers=headers) as source:
        assert source.response.headers["content-type"].startswith("text/event-stream")
        return [("" if event.event == "StepProgressed" else event.id, event.event) async for event in source]


async def test_a_run_shows_inputs_output_seconds_and_failure_of_each_step(served: Served) -> None:
    counted = count_words.step(text="a b")
    run_id = await executed(served, fails.step(why="snow"), counted)
    run = (await served.http.get(f"/api/runs/{run_id}")).json()["run"]
    steps = {step["node"]: step for step in run["steps"]}
    assert run["status"] == "failed"
    assert steps["count_words"]["inputs"] == {"text": "a b"}
    assert steps["count_words"]["output"] == 2
    assert steps["count_words"]["seconds"] >= 0
    assert steps["fails"]["failure"]["code"] == "capability_failed"
    assert "snow" in steps["fails"]["failure"]["message"]
    assert run["failure"] == steps["fails"]["failure"]


async def test_runs_are_listed_the_latest_first_filtered_and_in_pages(served: Served) -> None:
    first = await executed(served, count_words.step(text="a"))
    second = await executed(served, fails.step(why="fog"))
    third = await executed(served, count_words.step(text="b"))

    async def page(query: str) -> dict[str, Any]:
        return dict((await served.http.get(f"/api/runs?{query}")).json())

    assert [run["id"] for run in (await page(""))["runs"]] == [third, second, first]
    assert [run["id"] for run in (await page("status=failed"))["runs"]] == [second]
    newest = await page("limit=1")
    assert newest["runs"][0]["id"] == third
    assert newest["before_id"] == third
    assert "authority" not in newest["runs"][0]
    for place in ({"before": newest["before"]}, {"before": newest["before"], "before_id": third}):
        rest = await served.http.get("/api/runs", params=place)
        assert [run["id"] for run in rest.json()["runs"]] == [second, first]
    assert (await page("limit=50"))["before"] is None


async def test_a_query_that_makes_no_sense_is_refused(served: Served) -> None:
    cases: list[str] = ["status=excellent", "limit=0", "limit=many", "before=yesterday", "before=2026-01-01T00:00:00"]
    for query in cases:
        answer = await served.http.get(f"/api/runs?{query}")
        assert answer.status_code == 422
        assert answer.json()["problems"][0]["path"] == ["query", query.split("=", maxsplit=1)[0]]


async def test_a_run_is_cancelled_with_all_it_does(served: Served, gate: Gate) -> None:
    run_id = await started(served)
    async with asyncio.timeout(10):
        await gate.entered.wait()
    body = (await served.http.post(f"/api/runs/{run_id}/cancel")).json()
    assert (body["success"], body["cancelled"], body["status"]) == (True, True, "cancelled")
    assert gate.left.is_set()
    again = (await served.http.post(f"/api/runs/{run_id}/cancel")).json()
    assert (again["cancelled"], again["status"]) == (False, "cancelled")


async def test_whoever_waits_for_a_run_that_is_cancelled_is_told(served: Served, gate: Gate) -> None:
    plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}], "output": {"step": "w"}}
    waiting = asyncio.create_task(served.http.post("/api/ai/execute", json={"plan": plan}))
    async with asyncio.timeout(10):
        await gate.entered.wait()
        run_id = (await served.http.get("/api/runs?status=running")).json()["runs"][0]["id"]
        await served.http.post(f"/api/runs/{run_id}/cancel")
        answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (409, "cancelled")
    assert answer.json()["success"] is False


async def test_a_live_run_is_followed_from_its_start_to_its_end(served: Served, gate: Gate) -> None:
    run_id = await started(served)
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events") as source:
        async for event in source:
            found += [(event.id, event.event)] if event.event != "StepProgressed" else []
            if event.event == "StepStarted":
                gate.opened.set()
    assert found == [("1", "RunStarted"), ("2", "StepStarted"), ("3", "StepSucceeded"), ("4", "RunFinished")]


async def test_progress_has_no_number_and_is_not_kept(served: Served, gate: Gate) -> None:
    run_id = await started(served)
    site = served.server.api.state.site
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events") as source:
        async for event in source:
            if event.event == "StepStarted":
                await gate.entered.wait()
                now = site.app.parts.engine.now()
                payload = b'{"run_id":"%s","node":"w","done":1,"at":"now"}' % run_id.encode()
                site.app.parts.fabric.publish([Stored(f"run/{run_id}", 0, "p", "StepProgressed", now, "", "", payload)])
            if event.event == "StepProgressed":
                assert event.json() == {
                    "run_id": run_id,
                    "node": "w",
                    "done": 1.0,
                    "total": None,
                    "note": "",
                    "partial": None,
                }
                gate.opened.set()
    assert "StepProgressed" not in {kind for _, kind in await events(served, run_id)}


async def test_a_run_that_has_ended_is_told_again_and_the_stream_ends(served: Served) -> None:
    run_id = await executed(served, stream_letters.step(text="ab"))
    assert await events(served, run_id) == [
        ("1", "RunStarted"),
        ("2", "StepStarted"),
        ("3", "StepSucceeded"),
        ("4", "RunFinished"),
    ]


async def test_a_stream_is_resumed_behind_the_last_event_seen(served: Served) -> None:
    cases = range(6)
    for after in cases:
        run_id = await executed(served, count_words.step(text="a"))
        assert [number for number, _ in await events(served, run_id, after)] == [str(n) for n in range(after + 1, 5)]


async def test_a_live_stream_is_resumed_behind_the_last_event_seen(served: Served, gate: Gate) -> None:
    run_id = await started(served)
    found: list[tuple[str, str]] = []
    behind = {"Last-Event-ID": "1"}
    async with asyncio.timeout(10), served.http.sse(f"/api/runs/{run_id}/events", headers=behind) as source:
        async for event in source:
            found += [(event.id, event.event)] if event.event != "StepProgressed" else []
            gate.opened.set()
    assert found == [("2", "StepStarted"), ("3", "StepSucceeded"), ("4", "RunFinished")]
