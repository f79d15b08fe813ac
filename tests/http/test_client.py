import asyncio
import socket
import threading
from typing import Any

import pytest
from tests.http.club import Gate, count_words, fails, pay
from tests.http.serving import Served

import packetflow as pf
from packetflow._core.errors import (
    CallError,
    CapabilityFailed,
    ConfirmationRequired,
    InvalidInput,
    NotFound,
    NotUnderstood,
    PacketFlowError,
    PlanRejected,
    UnknownCapability,
)
from packetflow.http.client import Remote, ServerUnreachable, error_of, talk
from packetflow.http.codes import STATUS, error_class, status_of


async def test_everything_the_api_offers_can_be_asked(served: Served) -> None:
    async with Remote(served.url) as remote:
        assert (await remote.natural("post hello in room lobby"))["message"] == "hello"
        plan = await remote.plan("show the history", room_id="lobby")
        ran = await remote.execute(plan)
        assert ran["result"]["output"] == [{"author": "local-owner", "text": "hello"}]
        assert await remote.call("count_words", {"text": "a b"}) == 2
        assert (await remote.capabilities("count words"))[0]["id"] == "count_words"
        assert [run["status"] for run in await remote.runs()] == ["succeeded", "succeeded"]
        assert (await remote.run(ran["execution_id"]))["steps"][0]["status"] == "succeeded"
        assert await remote.cancel(ran["execution_id"]) is False
        kinds = [(seq, kind) async for seq, kind, _ in remote.events(ran["execution_id"], after=2)]
        assert kinds == [(3, "StepSucceeded"), (4, "RunFinished")]
        assert await remote.send("room:a/b", {"text": "x"}, capability="post") == {"author": "local-owner", "text": "x"}
        assert [actor["id"] for actor in await remote.actors()] == ["room:a/b", "room:lobby"]
        assert (await remote.actor("room:a/b"))["state"]["posts"] == 1
        assert (await remote.stop("room:a/b", forget=True))["forgotten"] is True
        assert (await remote.health())["status"] == "ok"


async def test_a_refusal_comes_as_the_error_it_was(served: Served) -> None:
    async with Remote(served.url) as remote:
        with pytest.raises(UnknownCapability):
            await remote.call("nothing")
        with pytest.raises(InvalidInput) as invalid:
            await remote.call("count_words", {"text": 5})
        assert invalid.value.problems[0].path == ("text",)
        with pytest.raises(CapabilityFailed, match="thunder") as failed:
            await remote.call("fails", {"why": "thunder"})
        assert failed.value.details["status"] == 502
        with pytest.raises(NotUnderstood) as asked:
            await remote.natural("double a number")
        assert asked.value.candidates[0].capability_id == "double"
        with pytest.raises(PlanRejected) as rejected:
            await remote.execute(
                {"nodes": [{"kind": "step", "id": "a", "capability_id": "x"}], "output": {"step": "a"}}
            )
        assert rejected.value.problems[0].step == "a"
        with pytest.raises(NotFound):
            await remote.run("none")
        with pytest.raises(NotFound):
            await anext(remote.events("none"))


async def test_a_failed_run_is_returned_and_can_be_confirmed(served: Served) -> None:
    async with Remote(served.url) as remote:
        ran = await remote.execute(pf.Plan(fails.step(why="x")).model_dump(mode="json"))
        assert (ran["success"], ran["code"]) == (False, "capability_failed")
        plan = pf.Plan(pay.step(amount=1)).model_dump(mode="json")
        asked = await remote.execute(plan)
        assert asked["code"] == ConfirmationRequired.code
        assert (await remote.execute(plan, confirmed=[asked["details"]["digest"]]))["result"]["output"] == "paid 1"


async def test_a_run_is_followed_while_it_goes_on(served: Served, gate: Gate) -> None:
    async with Remote(served.url) as remote, asyncio.timeout(10):
        plan = {"nodes": [{"kind": "step", "id": "w", "capability_id": "wait"}], "output": {"step": "w"}}
        started = await remote.execute(plan, wait=False)
        seen: list[str] = []
        async for _, kind, _ in remote.events(started["execution_id"]):
            seen.append(kind)
            if kind == "StepStarted":
                gate.opened.set()
        assert [kind for kind in seen if kind != "StepProgressed"][-1] == "RunFinished"


async def test_a_repeated_message_takes_effect_once(served: Served) -> None:
    async with Remote(served.url) as remote:
        for _ in range(2):
            await remote.call("room.post", {"room_id": "lobby", "text": "x"}, message_id="m1")
        assert (await remote.actor("room:lobby"))["state"]["posts"] == 1


async def test_where_no_server_is_it_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with Remote(url) as remote:
            with pytest.raises(ServerUnreachable, match=url):
                await remote.health()
            with pytest.raises(ServerUnreachable):
                await anext(remote.events("x"))


async def test_what_is_no_packetflow_server_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, Remote(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as remote:
        with pytest.raises(ServerUnreachable, match="no PacketFlow server"):
            await remote.health()


async def test_code_that_is_not_async_can_talk_too(served: Served) -> None:
    found: list[Any] = []

    def ask() -> None:
        found.append(talk(served.url, lambda remote: remote.call("count_words", {"text": "a b c"})))

    thread = threading.Thread(target=ask)
    thread.start()
    async with asyncio.timeout(10):
        await asyncio.to_thread(thread.join)
    assert found == [3]
    assert count_words.id == "count_words"


def test_every_error_of_packetflow_has_a_status_and_is_found_by_its_code() -> None:
    def classes(kind: type[PacketFlowError]) -> list[type[PacketFlowError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in classes(child))]

    core = [kind for kind in classes(PacketFlowError) if kind.__module__ == PacketFlowError.__module__]
    for kind in core:
        assert error_class(kind.code) is kind
        assert 400 <= status_of(kind.code) <= 599
        if issubclass(kind, CallError):
            assert kind.code in STATUS
        made = error_of({"code": kind.code, "detail": "x", "details": {"message": "y", "self": 1}}, 500)
        assert type(made) is kind
        assert made.message == "x"
        assert made.details["message"] == "y"


def test_an_applications_own_error_has_the_status_of_its_family() -> None:
    class SoldOut(pf.Conflict):
        code = "sold_out"

    assert status_of(SoldOut.code) == 409
    assert status_of("never heard of") == 500
    assert type(error_of({"code": "sold_out", "detail": "x"}, 409)) is PacketFlowError
    assert type(error_of({}, 502)) is PacketFlowError
