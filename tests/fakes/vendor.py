"""A server on loopback that speaks the Anthropic Messages API and the OpenAI Chat Completions API from a script.

async with FakeVendor(Call("submit_plan", {...}), Status(429)) as vendor: vendor.url

Each request takes the next item of the script; one behind its end gets status 500. Requests are kept in `requests`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, cast


@dataclass(frozen=True)
class Call:
    """The model fills in a tool."""

    tool: str
    arguments: Mapping[str, Any]
    input_tokens: int = 100
    output_tokens: int = 20


@dataclass(frozen=True)
class Text:
    """The model writes text; `cut` when it reaches its length limit."""

    text: str
    cut: bool = False


@dataclass(frozen=True)
class CutShort:
    """The model reaches its length limit in the middle of a tool's arguments."""

    tool: str
    partial: str = '{"steps": [{"id": "a", "capa'


@dataclass(frozen=True)
class Refusal:
    """The model declines."""

    text: str = "I cannot help with that."


@dataclass(frozen=True)
class Status:
    """The server answers with an error status."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    message: str = "made up for this test"


@dataclass(frozen=True)
class Silence:
    """The server takes the request and never answers."""


@dataclass(frozen=True)
class Cut:
    """The server breaks the connection in the middle of an answer's body."""

    answer: Call


@dataclass(frozen=True)
class Garbage:
    """The server answers with status 200 and something else than its API promises."""

    body: str = "<html>welcome to this hotel's network</html>"
    content_type: str = "text/html"


Turn: TypeAlias = Call | Text | CutShort | Refusal | Status | Silence | Cut | Garbage


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def anthropic(self) -> bool:
        return self.path.endswith("/messages")

    @property
    def tools(self) -> list[str]:
        """The names of the offered tools."""
        return [tool["name"] if self.anthropic else tool["function"]["name"] for tool in self.body.get("tools", [])]

    @property
    def prompt(self) -> str:
        """All text that the model is given, instructions included."""
        return json.dumps([self.body.get("system"), self.body["messages"]], ensure_ascii=False)

    @property
    def texts(self) -> list[str]:
        """The texts that came from the user's side, tools' answers included, in order."""
        return list(_texts([message for message in self.body["messages"] if message["role"] in {"user", "tool"}]))

    def data(self, tag: str) -> Any:  # noqa: ANN401 - JSON
        """Read what stands between the one `<tag>` and the one `</tag>` of the first text as JSON."""
        before, opening, rest = self.texts[0].partition(f"<{tag}>\n")
        inside, closing, after = rest.partition(f"\n</{tag}>")
        assert opening, f"no {tag} in {self.texts[0]!r}"
        assert closing, f"no end of {tag} in {self.texts[0]!r}"
        assert f"<{tag}>" not in before + inside + after
        assert f"</{tag}>" not in before + inside + after
        return json.loads(inside)


class FakeVendor:
    """One server; its `url` is Anthropic's base URL, and with `/v1` OpenAI's."""

    def __init__(self, *script: Turn, always: Callable[[Received], Turn] | None = None) -> None:
        self.requests: list[Received] = []
        self.arrived = asyncio.Event()
        """Set by the first request."""
        self._script = list(script)
        self._always = always
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (received := await _read(reader)) is not None:
                self.requests.append(received)
                self.arrived.set()
                await self._play(self._next(received), received, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _next(self, received: Received) -> Turn:
        if self._always is not None:
            return self._always(received)
        return self._script.pop(0) if self._script else Status(500, message="the script is over")

    async def _play(self, turn: Turn, received: Received, writer: asyncio.StreamWriter) -> None:
        match turn:
            case Silence():
                await asyncio.Event().wait()
            case Cut():
                whole = json.dumps(_answer(turn.answer, received)).encode()
                writer.write(_head(200, len(whole)) + whole[: len(whole) // 2])
                await writer.drain()
                writer.close()
            case Status():
                error = {
                    "type": "error",
                    "error": {"type": "scripted", "message": turn.message, "code": None, "param": None},
                }
                body = json.dumps(error).encode()
                writer.write(_head(turn.code, len(body), turn.headers) + body)
            case Garbage():
                body = turn.body.encode()
                writer.write(_head(200, len(body), {"content-type": turn.content_type}) + body)
            case _:
                body = json.dumps(_answer(turn, received)).encode()
                writer.write(_head(200, len(body)) + body)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _texts(item)
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for name in ("text", "content"):
            yield from _texts(fields.get(name))


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0].split(" ")[1], headers, body.decode())


def _head(status: int, length: int, headers: Mapping[str, str] | None = None) -> bytes:
    fields = {"content-type": "application/json", "content-length": str(length), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


def _answer(turn: Call | Text | CutShort | Refusal, received: Received) -> dict[str, Any]:
    return _anthropic(turn, received) if received.anthropic else _openai(turn, received)


def _usage(turn: Call | Text | CutShort | Refusal) -> tuple[int, int]:
    return (turn.input_tokens, turn.output_tokens) if isinstance(turn, Call) else (100, 20)


def _anthropic(turn: Call | Text | CutShort | Refusal, received: Received) -> dict[str, Any]:
    content: list[dict[str, Any]]
    match turn:
        case Call():
            use = {"type": "tool_use", "id": "toolu_1", "name": turn.tool, "input": turn.arguments}
            content, stop = [{"type": "text", "text": "Here it is."}, use], "tool_use"
        case CutShort():
            begun: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": turn.tool, "input": {}}
            content, stop = [begun], "max_tokens"
        case Refusal():
            content, stop = [{"type": "text", "text": turn.text}], "refusal"
        case Text():
            content, stop = [{"type": "text", "text": turn.text}], "max_tokens" if turn.cut else "end_turn"
    read, written = _usage(turn)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": received.body["model"],
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": read, "output_tokens": written},
    }


def _openai(turn: Call | Text | CutShort | Refusal, received: Received) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    stop = "stop"
    match turn:
        case Call() | CutShort():
            arguments = json.dumps(turn.arguments) if isinstance(turn, Call) else turn.partial
            function = {"name": turn.tool, "arguments": arguments}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
            stop = "tool_calls" if isinstance(turn, Call) else "length"
        case Refusal():
            message["refusal"] = turn.text
        case Text():
            message["content"] = turn.text
            stop = "length" if turn.cut else "stop"
    read, written = _usage(turn)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": received.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": stop}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


VENDORS = ("anthropic", "openai")
KEYS = {"anthropic": "sk-ant-secret-one", "openai": "sk-secret-two"}


def environment(url: str, *vendors: str) -> dict[str, str]:
    """Give the environment of somebody with keys of these vendors only, both served at `url`."""
    env: dict[str, str] = {}
    for vendor in vendors:
        env[f"{vendor.upper()}_API_KEY"] = KEYS[vendor]
        env[f"{vendor.upper()}_BASE_URL"] = url if vendor == "anthropic" else f"{url}/v1"
    if "openai" in vendors:
        env["PACKETFLOW_OPENAI_MODEL"] = "made-up-model"
    return env
