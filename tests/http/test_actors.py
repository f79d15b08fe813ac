import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.http.club import Diary, Gate, Room, club
from tests.http.serving import Served, serving

import packetflow as pf
from packetflow._runtime.client import Client
from packetflow.http.settings import Settings


async def post(served: Served, room: str, text: str, **headers: str) -> None:
    sent = {"capability": "post", "message": {"text": text}}
    answer = await served.http.post(f"/api/actors/room:{room}/messages", json=sent, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_an_actor_is_listed_with_what_it_does(served: Served) -> None:
    await post(served, "lobby", "hello")
    found = (await served.http.get("/api/actors")).json()
    assert found["count"] == 1
    actor = found["actors"][0]
    assert (actor["id"], actor["type"], actor["key"]) == ("room:lobby", "room", "lobby")
    assert (actor["awake"], actor["status"], actor["waiting"], actor["revision"]) == (True, "idle", 0, 1)
    assert actor["saved_at"]


async def test_actors_are_listed_in_pages_awake_and_saved_ones_in_one_order(served: Served) -> None:
    keys = [f"r{number:02}" for number in range(7)]
    for key in reversed(keys):
        await post(served, key, "x")
    for key in keys[::2]:
        await served.http.delete(f"/api/actors/room:{key}")
    await served.http.post("/api/actors/diary:ada/messages", json={"message": "x"})
    await served.http.post("/api/ai/capability/room.history", json={"payload": {"room_id": "r02b"}})
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await served.http.get("/api/actors", params={"limit": 3, "after": after})).json()
        seen += [actor["id"] for actor in page["actors"]]
        after = page["after"]
    # r02b was asked for and never became anything: it is in no list
    assert seen == ["diary:ada", *(f"room:{key}" for key in keys)]
    only = (await served.http.get("/api/actors?type=diary")).json()["actors"]
    assert [actor["id"] for actor in only] == ["diary:ada"]
    assert (await served.http.get("/api/actors?type=nothing")).json()["actors"] == []


async def test_an_actor_shows_its_state_and_what_it_can_be_asked(served: Served) -> None:
    await post(served, "lobby", "hello")
    body = (await served.http.get("/api/actors/room:lobby")).json()
    assert body["state"] == {"title": "", "posts": 1}
    assert set(body["capabilities"]) == {"room.post", "room.history", "room.wipe", "room.crash"}


async def test_an_actor_that_is_neither_awake_nor_saved_is_a_404(served: Served) -> None:
    cases: list[str] = ["room:nobody", "nothing:lobby", "room", "room:", ":"]
    for actor_id in cases:
        for method in ("GET", "DELETE"):
            answer = await served.http.request(method, f"/api/actors/{actor_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_key_may_hold_any_characters(served: Served) -> None:
    await post(served, "a%2Fb%20c%3A%3F", "hello")
    body = (await served.http.get("/api/actors/room:a%2Fb%20c%3A%3F")).json()
    assert body["actor"]["key"] == "a/b c:?"


async def test_a_message_goes_to_receive_with_its_context(served: Served) -> None:
    sent = {"message": "we met", "context": {"room_id": "lobby"}}
    answer = await served.http.post("/api/actors/diary:ada/messages", json=sent)
    body = answer.json()
    assert body["success"] is True
    assert (body["actor_id"], body["capability_id"]) == ("diary:ada", "diary.receive")
    assert body["result"] == "local-owner wrote 'we met' with ['room_id']"
    assert (await served.http.get("/api/actors/diary:ada")).json()["state"] == {"entries": ["we met"]}


async def test_a_message_may_name_the_capability(served: Served) -> None:
    for name in ("post", "room.post"):
        sent = {"message": {"text": "hi"}, "capability": name}
        answer = await served.http.post("/api/actors/room:lobby/messages", json=sent)
        assert answer.json()["result"] == {"author": "local-owner", "text": "hi"}


async def test_an_actor_without_receive_says_what_it_can_be_asked(served: Served) -> None:
    answer = await served.http.post("/api/actors/room:lobby/messages", json={"message": "hi"})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["allowed"] == ["room.post", "room.history", "room.wipe", "room.crash"]


async def test_a_message_that_does_not_fit_is_refused_and_changes_nothing(served: Served) -> None:
    cases: list[dict[str, Any]] = [
        {"message": {"text": "x"}, "capability": "dance"},
        {"message": "x", "capability": "post"},
        {"message": {"text": "x", "room_id": "attic"}, "capability": "post"},
        {"message": {"txt": "x"}, "capability": "post"},
        {"capability": "post"},
    ]
    for sent in cases:
        answer = await served.http.post("/api/actors/room:lobby/messages", json=sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        assert (await served.http.get("/api/actors")).json()["actors"] == []


async def test_a_message_to_an_unknown_kind_of_actor_is_a_404(served: Served) -> None:
    answer = await served.http.post("/api/actors/ghost:x/messages", json={"message": "x"})
    assert answer.status_code == 404


async def test_a_stopped_actor_sleeps_and_remembers(served: Served) -> None:
    await post(served, "lobby", "hello")
    body = (await served.http.delete("/api/actors/room:lobby")).json()
    assert (body["stopped"], body["forgotten"]) == (True, False)
    info = (await served.http.get("/api/actors/room:lobby")).json()
    assert (info["actor"]["status"], info["state"]["posts"]) == ("asleep", 1)
    assert (await served.http.delete("/api/actors/room:lobby")).json()["stopped"] is False
    await post(served, "lobby", "again")
    assert (await served.http.get("/api/actors/room:lobby")).json()["state"]["posts"] == 2


async def test_a_forgotten_actor_is_gone_with_its_journal(served: Served) -> None:
    await post(served, "lobby", "hello")
    body = (await served.http.delete("/api/actors/room:lobby?forget=true")).json()
    assert (body["stopped"], body["forgotten"]) == (True, True)
    assert (await served.http.get("/api/actors/room:lobby")).status_code == 404
    sent: dict[str, Any] = {"message": {}, "capability": "history"}
    assert (await served.http.post("/api/actors/room:lobby/messages", json=sent)).json()["result"] == []


async def test_an_actor_over_its_restart_limit_is_shown_as_stopped(served: Served) -> None:
    await post(served, "lobby", "hello")
    sent: dict[str, Any] = {"message": {}, "capability": "crash"}
    answers = [await served.http.post("/api/actors/room:lobby/messages", json=sent) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [502, 502, 502, 503]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    info = (await served.http.get("/api/actors/room:lobby")).json()
    assert (info["actor"]["status"], info["state"]["posts"]) == ("stopped", 1)


# -- authority ---------------------------------------------------------------------------------------------------------


def admit(root: Client, token: str) -> Client | None:
    """Let in people with less than all authority, from a reader of one room to one who may call everything."""
    own = {"room.*": {"room_id": pf.Constraint(op="eq", value="lobby")}}
    past = datetime.now(UTC) - timedelta(seconds=1)
    people = {
        "reader": lambda: root.delegate("reader", only=[Room.history], limits=own),
        "member": lambda: root.delegate("member", only=[Room.history, Room.post], limits=own),
        "keeper": lambda: root.delegate("keeper", only=[Room], limits=own),
        "former": lambda: root.delegate("former", only=[Room], expires=past),
        "writer": lambda: root.delegate("writer", only=[Room.post, Diary.receive]),
        "everything": lambda: root.delegate("everything"),
    }
    return people[token]() if token in people else None


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def shared(gate: Gate) -> AsyncGenerator[Served]:
    async with serving(club(gate), admit=admit) as running:
        await post(running, "lobby", "one")
        await post(running, "attic", "two")
        yield running


async def test_actors_are_looked_at_stopped_and_forgotten_by_the_owner_alone(shared: Served) -> None:
    cases: list[str] = ["reader", "member", "keeper", "former", "writer", "everything"]
    for who in cases:
        assert (await shared.http.get("/api/actors", headers=bearer(who))).json()["actors"] == []
        assert (await shared.http.get("/api/actors?type=room", headers=bearer(who))).json()["actors"] == []
        for method, path in (("GET", ""), ("DELETE", ""), ("DELETE", "?forget=true")):
            for room in ("lobby", "attic", "nobody"):
                answer = await shared.http.request(method, f"/api/actors/room:{room}{path}", headers=bearer(who))
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    info = (await shared.http.get("/api/actors/room:lobby")).json()
    assert (info["actor"]["awake"], info["state"]["posts"]) == (True, 1)
    assert len((await shared.http.get("/api/actors")).json()["actors"]) == 2


async def test_the_holder_of_the_secret_looks_at_actors_as_the_owner(gate: Gate) -> None:
    secret = "a secret of the owner's"  # noqa: S105 - of this test's server
    async with serving(club(gate), settings=Settings(port=0, secret=secret), admit=admit) as running:
        await post(running, "lobby", "one", **bearer(secret))
        found = (await running.http.get("/api/actors", headers=bearer(secret))).json()["actors"]
        assert [actor["id"] for actor in found] == ["room:lobby"]
        assert (await running.http.get("/api/actors", headers=bearer("keeper"))).json()["actors"] == []


async def test_the_memory_of_another_is_not_to_be_seen_though_one_may_read_ones_own(shared: Served) -> None:
    secret = "nobody else's business"  # noqa: S105 - what ada wrote down
    assert (await shared.http.post("/api/actors/diary:ada/messages", json={"message": secret})).status_code == 200
    for path in ("/api/actors", "/api/actors?type=diary", "/api/actors/diary:ada"):
        answer = await shared.http.get(path, headers=bearer("everything"))
        assert secret not in answer.text
        assert "diary:ada" not in answer.json().get("actors", [])
    assert (await shared.http.delete("/api/actors/diary:ada?forget=true", headers=bearer("everything"))).is_error
    assert secret in (await shared.http.get("/api/actors/diary:ada")).text


async def test_a_message_to_an_actor_needs_no_right_to_look_at_it(shared: Served) -> None:
    await post(shared, "lobby", "two", **bearer("member"))
    sent: dict[str, Any] = {"message": {}, "capability": "history"}
    answer = await shared.http.post("/api/actors/room:lobby/messages", json=sent, headers=bearer("reader"))
    assert [line["text"] for line in answer.json()["result"]] == ["one", "two"]
    answer = await shared.http.post("/api/actors/room:attic/messages", json=sent, headers=bearer("reader"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_a_stop_is_in_the_audit_log(shared: Served) -> None:
    await shared.http.delete("/api/actors/room:lobby?forget=true")
    parts = shared.server.api.state.site.app.parts
    async with asyncio.timeout(10):
        await parts.engine.records.flush()
    allowed = await parts.store.audits(principal="local-owner", verdict="allow")
    assert "room.forget" in {record.capability_id for record in allowed}


async def test_nobody_acts_for_another_without_the_right(shared: Served) -> None:
    sent: dict[str, Any] = {"payload": {"room_id": "lobby", "text": "forged", "user_id": "ada"}}
    answer = await shared.http.post("/api/ai/capability/room.post", json=sent, headers=bearer("member"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    sent = {"payload": {"user_id": "ada", "message": "forged", "context": {}}}
    answer = await shared.http.post("/api/ai/capability/diary.receive", json=sent, headers=bearer("writer"))
    assert answer.status_code == 403
    sent = {"message": "post forged in room lobby", "context": {"user_id": "ada"}}
    answer = await shared.http.post("/api/ai/natural", json=sent, headers=bearer("member"))
    assert answer.status_code == 403
    assert (await shared.http.get("/api/actors/room:lobby")).json()["state"]["posts"] == 1
    assert (await shared.http.get("/api/actors?type=diary")).json()["actors"] == []


async def test_a_member_may_name_itself(shared: Served) -> None:
    sent = {"payload": {"room_id": "lobby", "text": "me", "user_id": "member"}}
    answer = await shared.http.post("/api/ai/capability/room.post", json=sent, headers=bearer("member"))
    assert answer.json()["result"] == {"author": "member", "text": "me"}


async def test_what_one_may_not_call_does_not_exist_for_one(shared: Served) -> None:
    found = (await shared.http.get("/api/ai/capabilities", headers=bearer("reader"))).json()["capabilities"]
    assert [one["id"] for one in found] == ["room.history"]
    answer = await shared.http.post("/api/ai/capability/pay", json={"payload": {"amount": 1}}, headers=bearer("reader"))
    assert answer.status_code == 404
    answer = await shared.http.post(
        "/api/actors/room:lobby/messages",
        json={"message": {"text": "x"}, "capability": "post"},
        headers=bearer("reader"),
    )
    assert answer.json()["problems"][0]["allowed"] == ["room.history"]


async def test_runs_of_others_do_not_exist_for_one(shared: Served) -> None:
    plan = pf.Plan(Room.history.step("lobby")).model_dump(mode="json")
    mine = (await shared.http.post("/api/ai/execute", json={"plan": plan}, headers=bearer("reader"))).json()
    run_id = mine["execution_id"]
    for path in (f"/api/runs/{run_id}", f"/api/ai/execution/{run_id}", f"/api/runs/{run_id}/events"):
        assert (await shared.http.get(path, headers=bearer("reader"))).status_code == 200
        assert (await shared.http.get(path, headers=bearer("member"))).status_code == 404
        assert (await shared.http.get(path)).status_code == 200
    assert (await shared.http.post(f"/api/runs/{run_id}/cancel", headers=bearer("member"))).status_code == 404
    assert (await shared.http.get("/api/runs", headers=bearer("member"))).json()["runs"] == []
