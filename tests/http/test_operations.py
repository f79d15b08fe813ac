import asyncio
import math
import re
import threading
from collections import Counter
from pathlib import Path

import pytest
from anyio import to_thread
from prometheus_client.parser import text_string_to_metric_families
from tests.http.club import Gate, club
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow._core.errors import StoreUnavailable
from packetflow.http.api import build
from packetflow.http.codes import STATUS
from packetflow.http.operations import VERSION
from packetflow.stores.memory import MemoryStore


class LibraryStop(BaseException):
    """What a library may raise that no `except Exception` catches."""


class FailingStore(MemoryStore):
    """A store whose disk goes away while the app runs: what no real store does on demand."""

    gone = False

    async def recall(self, space: str, key: str) -> bytes | None:
        if self.gone:
            raise StoreUnavailable("the disk is gone")
        return await super().recall(space, key)


async def test_health_tells_version_store_planners_and_counts(served: Served) -> None:
    await served.http.post("/api/ai/capability/room.post", json={"payload": {"room_id": "lobby", "text": "x"}})
    answer = await served.http.get("/health")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["version"], body["planners"]) == ("ok", VERSION, ["rules"])
    assert body["store"] == {"kind": "MemoryStore", "reachable": True}
    assert body["uptime_seconds"] >= 0
    assert body["counts"]["actors_awake"] == 1
    assert body["counts"]["actor_types"] == 2
    assert body["counts"]["runs_alive"] == 0


async def test_health_is_503_while_the_store_cannot_be_reached() -> None:
    store = FailingStore()
    async with serving(club(store=store)) as served:
        store.gone = True
        answer = await served.http.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
        answer = await served.http.post("/api/ai/plan", json={"intent": "post hello in room lobby"})
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"]
        store.gone = False
        assert (await served.http.get("/health")).status_code == 200


async def test_calls_that_block_every_worker_thread_hold_up_no_endpoint() -> None:
    opened = threading.Event()
    loop = asyncio.get_running_loop()
    codes: Counter[int] = Counter()
    begun = asyncio.Event()

    @pf.capability(effect="read")
    def block() -> str:
        """Hold a thread until the test lets go."""
        loop.call_soon_threadsafe(begun.set)
        assert opened.wait(60)
        return "done"

    async with serving(pf.App(block, store=MemoryStore(), planners=[])) as served:
        decisions = served.server.api.state.site.app.parts.engine.telemetry.decisions
        calls = [asyncio.create_task(served.http.post("/api/ai/capability/block", json={})) for _ in range(80)]
        try:
            async with asyncio.timeout(30):
                await begun.wait()
                while decisions["allow"] < len(calls):  # more than any pool has threads
                    assert (await served.http.get("/health")).status_code == 200
                for path in ("/health", "/metrics", "/api/ai/capabilities", "/api/runs", "/api/actors", "/", "/docs"):
                    codes[(await served.http.get(path)).status_code] += 1
                answer = await served.http.post("/api/ai/capability/nothing", json={})
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_capability")
        finally:
            opened.set()
            answers = await asyncio.gather(*calls)
        assert codes == {200: 7}
        assert {answer.json()["result"] for answer in answers} == {"done"}


async def test_no_endpoint_waits_for_a_worker_thread(served: Served) -> None:
    pool = to_thread.current_default_thread_limiter()
    taken = [object() for _ in range(int(pool.total_tokens))]
    for one in taken:
        pool.acquire_on_behalf_of_nowait(one)
    try:
        async with asyncio.timeout(30):
            for path in ("/health", "/metrics", "/api/ai/capabilities", "/api/runs", "/api/actors", "/openapi.json"):
                assert (await served.http.get(path)).status_code == 200
            for path in ("/api/ai/capability/nothing", "/nothing", "/api/ai/plan"):
                assert (await served.http.post(path, json={})).is_client_error
            sent = {"message": "post hello in room lobby"}
            assert (await served.http.post("/api/ai/natural", json=sent)).status_code == 200
    finally:
        for one in taken:
            pool.release_on_behalf_of(one)


async def test_metrics_count_calls_runs_plans_decisions_and_actors(served: Served) -> None:
    await served.http.post("/api/ai/natural", json={"message": "post hello in room lobby"})
    await served.http.post("/api/ai/capability/fails", json={"payload": {"why": "x"}})
    answer = await served.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["packetflow_calls_total", "ok", "room.post"] == 1
    assert samples["packetflow_calls_total", "capability_failed", "fails"] == 1
    assert samples["packetflow_call_seconds_count", "room.post"] == 1
    assert samples["packetflow_call_seconds_bucket", "+Inf", "room.post"] == 1
    assert samples["packetflow_runs_total", "succeeded"] == 1
    assert samples["packetflow_plans_total", "rules"] == 1
    assert samples["packetflow_decisions_total", "allow"] == 2
    assert samples["packetflow_actors_awake", "room"] == 1
    assert samples["packetflow_actor_messages_total", "room"] == 1
    assert samples["packetflow_records_lost_total",] == 0
    assert samples["packetflow_runs_alive",] == 0
    assert samples["packetflow_build_info", VERSION] == 1
    again = (await served.http.get("/metrics")).text
    assert re.search(r'packetflow_calls_total\{capability="room.post",outcome="ok"\} 1\.0', again)


async def test_metrics_show_runs_under_way(served: Served, gate: Gate) -> None:
    plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}], "output": {"step": "w"}}
    await served.http.post("/api/ai/execute?wait=false", json={"plan": plan})
    assert "packetflow_runs_alive 1.0" in (await served.http.get("/metrics")).text
    gate.opened.set()


async def test_every_example_of_the_api_description_works(served: Served) -> None:
    described = (await served.http.get("/openapi.json")).json()
    tried: list[str] = []
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" not in content:
                continue
            named = {one["name"]: one.get("example", "") for one in operation.get("parameters", ())}
            answer = await served.http.request(verb.upper(), path.format_map(named), json=content["example"])
            assert answer.status_code == 200, (path, answer.text)
            tried.append(path)
    assert {"/api/ai/natural", "/api/ai/plan", "/api/ai/capability/{capability_id}"} <= set(tried)


async def test_the_api_description_lists_every_endpoint_and_its_problems(served: Served) -> None:
    described = (await served.http.get("/openapi.json")).json()
    assert {
        "/api/ai/natural",
        "/api/ai/plan",
        "/api/ai/execute",
        "/api/ai/capability/{capability_id}",
        "/api/ai/capabilities",
        "/api/ai/analyze-intent",
        "/api/ai/execution/{execution_id}",
        "/api/runs",
        "/api/runs/{run_id}",
        "/api/runs/{run_id}/cancel",
        "/api/runs/{run_id}/events",
        "/api/runs/{run_id}/answers",
        "/api/runs/{run_id}/replan",
        "/api/runs/{run_id}/retry",
        "/api/ai/dry-run",
        "/api/approvals",
        "/api/letters",
        "/api/letters/{letter_id}",
        "/api/letters/{letter_id}/replay",
        "/api/actors",
        "/api/actors/{actor_id}",
        "/api/actors/{actor_id}/messages",
        "/api/actors/{actor_id}/start",
        "/api/statistics",
        "/health",
        "/metrics",
    } == set(described["paths"])
    failed = described["paths"]["/api/ai/natural"]["post"]["responses"]
    assert {"200", "202", "403", "409", "422", "502"} <= failed.keys()


@pytest.mark.parametrize("capability", ["not_a_number"])
async def test_a_number_that_json_does_not_know_is_never_sent(served: Served, capability: str) -> None:
    answer = await served.http.post(f"/api/ai/capability/{capability}", json={})
    assert (answer.status_code, answer.json()["code"]) == (502, "contract_broken")
    assert not any(isinstance(value, float) and math.isnan(value) for value in answer.json().values())


@pytest.mark.parametrize("raised", [asyncio.CancelledError, LibraryStop, SystemExit])
async def test_whatever_a_capability_raises_is_told_as_a_problem(raised: type[BaseException]) -> None:
    @pf.capability(effect="read")
    async def leak() -> str:
        """Raise what no `except Exception` catches."""
        raise raised

    async with serving(pf.App(leak, store=MemoryStore(), planners=[])) as served:
        answer = await served.http.post("/api/ai/capability/leak", json={})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code == answer.json()["status"] >= 409
        assert answer.json()["trace_id"] == answer.headers["X-Trace-Id"]
        assert (await served.http.get("/health")).status_code == 200


async def test_what_nobody_foresaw_is_a_500_without_internals(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryStore):
        async def recall(self, space: str, key: str) -> bytes | None:
            raise KeyError("a detail of the inside", space, key)

    async with serving(club(store=Broken())) as served:
        answer = await served.http.get("/health")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "inside" not in answer.text
        assert answer.json()["trace_id"] == answer.headers["X-Trace-Id"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await served.http.post("/api/ai/capability/club_time", json={})).status_code == 200
    logged = [record for record in caplog.records if answer.json()["trace_id"] in record.getMessage()]
    assert logged
    assert logged[0].exc_info


def test_the_reference_page_names_every_code_and_every_endpoint() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "http.md").read_text()
    assert not [code for code in STATUS if f"`{code}`" not in page]
    described = build(club()).openapi()
    named = {re.sub(r"\{\w+\}", "{id}", path) for path in described["paths"]}
    assert not [path for path in named if path not in page]
