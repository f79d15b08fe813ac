import asyncio
import re

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.websockets import WebSocket
from tests.http.club import club
from tests.http.serving import Served, serving

from packetflow._core.errors import DeclarationError
from packetflow.http.api import build
from packetflow.http.auth import trace_of
from packetflow.http.settings import BODY_LIMIT, Settings, host_name

SECRET = "a secret of enough length"  # noqa: S105 - a test's own
JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx2.Response, status: int, code: str) -> None:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:packetflow:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["success"] is False
    assert body["trace_id"] == answer.headers["X-Trace-Id"]


# -- whose page, whose machine -----------------------------------------------------------------------------------------


async def test_a_foreign_host_is_refused(served: Served) -> None:
    cases: list[str] = [
        "evil.example",
        "evil.example:4000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "a@localhost",
    ]
    for host in cases:
        for path in ("/", "/health", "/api/ai/capabilities"):
            assert_problem(await served.http.get(path, headers={"Host": host}), 403, "foreign_request")


async def test_our_own_names_are_let_in(served: Served) -> None:
    cases: list[str] = ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "[::1]"]
    for host in cases:
        answer = await served.http.get("/health", headers={"Host": host.format(port=served.port)})
        assert answer.status_code == 200


async def test_a_foreign_page_is_refused_and_nothing_happens(served: Served) -> None:
    cases: list[str] = ["http://evil.example", "null", "http://localhost:5999", "https://127.0.0.1", "file://"]
    for origin in cases:
        sent = {"payload": {"room_id": "lobby", "text": "x"}}
        answer = await served.http.post("/api/ai/capability/room.post", json=sent, headers={"Origin": origin})
        assert_problem(answer, 403, "foreign_request")
        assert "access-control-allow-origin" not in answer.headers
        assert (await served.http.get("/api/actors")).json()["count"] == 0


async def test_our_own_page_is_let_in(served: Served) -> None:
    answer = await served.http.post("/api/ai/natural", json={"message": "help"}, headers={"Origin": served.url})
    assert answer.status_code == 200


async def test_no_other_page_is_ever_invited(served: Served) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await served.http.request("OPTIONS", "/api/ai/natural", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_every_answer_carries_the_security_headers(served: Served) -> None:
    cases: list[str] = ["/", "/docs", "/static/home.js", "/health", "/api/runs", "/nowhere"]
    for path in cases:
        headers = (await served.http.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Trace-Id"]
        assert "server" not in headers


async def test_a_web_socket_passes_the_same_gate(served: Served) -> None:
    async def accept(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.state.client.principal)
        await socket.close()

    served.server.api.add_api_websocket_route("/socket", accept)

    async def shake(host: str, origin: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        head = f"GET /socket HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        writer.write(f"{head}Connection: Upgrade\r\n{key}\r\n".encode())
        try:
            async with asyncio.timeout(10):
                answer = await reader.readuntil(b"\r\n\r\n")
                return answer + (await reader.readexactly(2 + len("local-owner")) if b" 101 " in answer else b"")
        finally:
            writer.close()
            await writer.wait_closed()

    ours = f"localhost:{served.port}"
    assert b"403" in (await shake("evil.example", "http://evil.example")).splitlines()[0]
    assert b"403" in (await shake(ours, "http://evil.example")).splitlines()[0]
    accepted = await shake(ours, f"http://{ours}")
    assert b"101" in accepted.splitlines()[0]
    assert b"local-owner" in accepted


async def test_nobody_from_another_machine_is_taken_for_the_owner() -> None:
    """The transport only says where the request came from, which loopback cannot show."""
    api = build(club())
    async with api.router.lifespan_context(api):
        for near, status in (("192.0.2.9", 403), ("127.0.0.1", 200), ("::1", 200)):
            transport = httpx2.ASGITransport(api, client=(near, 5555))
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
                assert (await http.get("/health")).status_code == status


async def test_a_client_that_leaves_in_the_middle_of_a_body_changes_nothing(served: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST /api/ai/capability/room.post HTTP/1.1\r\nHost: localhost:{served.port}\r\n"
    writer.write(head.encode() + b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"payload": {')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await served.http.get("/api/actors")).json()["count"] == 0


# -- whose token -------------------------------------------------------------------------------------------------------


async def test_without_a_secret_a_token_is_nobodys(served: Served) -> None:
    for token in ("Bearer anything", "Basic dTpw", "Bearer"):
        answer = await served.http.get("/api/runs", headers={"Authorization": token})
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_with_a_secret_every_request_needs_it() -> None:
    async with serving(club(), settings=Settings(port=0, secret=SECRET)) as served:
        for path in ("/", "/health", "/metrics", "/openapi.json", "/api/runs", "/static/home.js"):
            assert_problem(await served.http.get(path), 401, "unauthorized")
            wrong = {"Authorization": f"Bearer {SECRET}x"}
            assert_problem(await served.http.get(path, headers=wrong), 401, "unauthorized")
            right = {"Authorization": f"bearer {SECRET}"}
            assert (await served.http.get(path, headers=right)).status_code == 200


async def test_reached_from_elsewhere_it_wants_secret_and_host() -> None:
    settings = Settings(host="0.0.0.0", port=0, secret=SECRET, allowed_hosts=("pf.example",))  # noqa: S104 - on purpose
    async with serving(club(), settings=settings) as served:
        right = {"Authorization": f"Bearer {SECRET}"}
        assert_problem(await served.http.get("/health", headers=right), 403, "foreign_request")
        assert_problem(await served.http.get("/health", headers={"Host": "pf.example"}), 401, "unauthorized")
        assert (await served.http.get("/health", headers={**right, "Host": "pf.example"})).status_code == 200
        page = {**right, "Host": "pf.example", "Origin": "https://pf.example"}
        assert (await served.http.post("/api/ai/natural", json={"message": "help"}, headers=page)).status_code == 200


@pytest.mark.parametrize(
    ("secret", "hosts", "lacking"),
    [(None, ("pf.example",), "PACKETFLOW_SECRET"), (SECRET, (), "--allowed-host"), (None, (), "PACKETFLOW_SECRET")],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "", "pf.example"])  # noqa: S104 - on purpose
def test_an_open_address_without_protection_does_not_start(
    host: str, secret: str | None, hosts: tuple[str, ...], lacking: str
) -> None:
    with pytest.raises(DeclarationError, match=lacking):
        Settings(host=host, secret=secret, allowed_hosts=hosts)


def test_a_secret_that_can_be_guessed_is_refused_and_none_is_shown() -> None:
    with pytest.raises(DeclarationError, match="16 characters"):
        Settings(secret="short")  # noqa: S106 - a test's own
    assert SECRET not in repr(Settings(secret=SECRET))


def test_settings_come_from_the_environment_where_they_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment() == Settings()
    monkeypatch.setenv("PACKETFLOW_SECRET", SECRET)
    monkeypatch.setenv("PACKETFLOW_ALLOWED_HOSTS", "pf.example, www.pf.example")
    monkeypatch.setenv("PACKETFLOW_HOST", "192.0.2.7")
    monkeypatch.setenv("PACKETFLOW_PORT", "80")
    assert Settings.from_environment() == Settings("192.0.2.7", 80, SECRET, ("pf.example", "www.pf.example"))
    assert Settings.from_environment(host="127.0.0.1", port=0).port == 0
    monkeypatch.setenv("PACKETFLOW_PORT", "http")
    with pytest.raises(DeclarationError, match="PACKETFLOW_PORT"):
        Settings.from_environment()


@given(st.text(max_size=40))
def test_no_host_header_is_taken_for_ours_unless_it_names_us(host: str) -> None:
    if host_name(host) in Settings().hosts:
        assert re.fullmatch(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]*)?", host, re.IGNORECASE)


# -- what it carries ---------------------------------------------------------------------------------------------------


async def test_a_malformed_body_is_a_400_that_says_where(served: Served) -> None:
    cases: list[tuple[bytes, str]] = [
        (b'{"message": ', "line 1 column 12"),
        (b'{"message": "x",}', "line 1 column 17"),
        (b"[" * 100_000, "recursion limit"),
        (b'{"message": "x", "context": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "recursion limit"),
        (b"\xff\xfe", "line 1 column 1"),
        (b'{"message": "\\ud800"}', "hex escape"),
        (b'{"message": NaN}', "line 1 column"),
        (b'{"message": "x", "context": {"n": 1e999}}', "not JSON compliant"),
        (b'{"message": "x", "context": {"n": ' + b"9" * 5000 + b"}}", "out of range"),
    ]
    for body, where in cases:
        answer = await served.http.post("/api/ai/natural", content=body, headers=JSON)
        assert_problem(answer, 400, "malformed")
        assert where in answer.json()["detail"]


async def test_of_two_equal_keys_the_last_counts_and_unknown_keys_are_ignored(served: Served) -> None:
    body = b'{"message": "xyzzy", "message": "help", "mood": "good"}'
    answer = await served.http.post("/api/ai/natural", content=body, headers=JSON)
    assert answer.json()["success"] is True


async def test_a_body_that_does_not_say_it_is_json_is_refused(served: Served) -> None:
    cases: list[str] = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    for media in cases:
        headers = {"Content-Type": media} if media else {}
        answer = await served.http.post("/api/ai/natural", content=b'{"message": "help"}', headers=headers)
        assert_problem(answer, 415, "not_json")


async def test_json_by_its_other_names_is_let_in(served: Served) -> None:
    cases: list[str] = ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.pf+json"]
    for media in cases:
        answer = await served.http.post(
            "/api/ai/natural", content=b'{"message": "help"}', headers={"Content-Type": media}
        )
        assert answer.status_code == 200


async def test_a_body_over_the_limit_is_refused_whether_announced_or_not(served: Served) -> None:
    large = b'{"message": "' + b"x" * BODY_LIMIT + b'"}'
    assert_problem(await served.http.post("/api/ai/natural", content=large, headers=JSON), 413, "too_large")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    async with asyncio.timeout(10):
        head = f"POST /api/ai/natural HTTP/1.1\r\nHost: localhost:{served.port}\r\nContent-Type: application/json\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(17):
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        line = await reader.readline()
    assert b"413" in line
    writer.close()
    await writer.wait_closed()


async def test_wrong_types_are_a_422_that_names_the_fields(served: Served) -> None:
    cases: list[tuple[str, object, set[tuple[str, ...]]]] = [
        ("/api/ai/natural", {}, {("message",)}),
        ("/api/ai/natural", {"message": 5, "confirmed": "x"}, {("message",), ("confirmed",)}),
        ("/api/ai/natural", {"message": "x", "context": {"user_id": 5}}, {("context", "user_id")}),
        ("/api/ai/natural", {"message": "x" * 10_001}, {("message",)}),
        ("/api/ai/plan", {"intent": None}, {("intent",)}),
        ("/api/ai/execute", {"plan": "x"}, {("plan",)}),
        ("/api/ai/execute", {"plan": {}, "payload": []}, {("payload",)}),
        ("/api/ai/capability/club_time", {"payload": [1]}, {("payload",)}),
        ("/api/actors/room:a/messages", {"message": "x", "capability": 5}, {("capability",)}),
    ]
    for path, body, fields in cases:
        answer = await served.http.post(path, json=body)
        assert_problem(answer, 422, "invalid_input")
        assert {tuple(one["path"]) for one in answer.json()["problems"]} == fields


async def test_a_body_that_is_no_object_is_a_422(served: Served) -> None:
    cases: list[bytes] = [b"[]", b"null", b'"x"', b"5"]
    for body in cases:
        answer = await served.http.post("/api/ai/natural", content=body, headers=JSON)
        assert_problem(answer, 422, "invalid_input")


async def test_an_empty_request_is_a_422(served: Served) -> None:
    assert_problem(await served.http.post("/api/ai/natural"), 422, "invalid_input")
    answer = await served.http.post("/api/ai/natural", json={"message": "   "})
    assert_problem(answer, 422, "not_understood")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOORS = [
    ("/api/ai/natural", "message"),
    ("/api/ai/plan", "context"),
    ("/api/ai/execute", "plan"),
    ("/api/ai/execute", "payload"),
    ("/api/ai/capability/count_words", "payload"),
    ("/api/actors/diary:ada/messages", "message"),
    ("/api/actors/room:lobby/messages", "capability"),
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    door=st.sampled_from(DOORS),
    value=ANY_JSON | st.dictionaries(st.sampled_from(["text", "nodes", "user_id"]), ANY_JSON),
)
async def test_no_json_makes_the_server_fail(served: Served, door: tuple[str, str], value: object) -> None:
    path, field = door
    whole: dict[str, object] = {"message": "xyzzy", "intent": "xyzzy", "plan": {}, field: value}
    answer = await served.http.post(path, json=whole)
    assert answer.status_code in {200, 404, 422}, answer.text
    assert answer.json()["success"] is (answer.status_code == 200)


async def test_unknown_pages_and_methods_are_problems(served: Served) -> None:
    assert_problem(await served.http.get("/api/nothing/{method}"), 404, "no_such_page")
    answer = await served.http.put("/api/ai/natural", json={})
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


# -- its trace ---------------------------------------------------------------------------------------------------------


async def test_a_trace_of_the_caller_is_carried_into_the_run(served: Served) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = await served.http.post("/api/ai/natural", json={"message": "post hi in room lobby"}, headers=headers)
    assert answer.headers["X-Trace-Id"] == answer.json()["trace_id"] == trace
    run = (await served.http.get(f"/api/runs/{answer.json()['execution_id']}")).json()["run"]
    assert run["trace_id"] == trace


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-zz-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    ],
)
def test_a_trace_that_is_none_is_replaced(header: str | None) -> None:
    made = trace_of(header)
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made not in {"0" * 32, "4bf92f3577b34da6a3ce929d0e0e4736"}
