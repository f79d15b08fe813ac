"""The tools that the tests of the rules plan with: a small house of rooms, mail, weather and workshop."""

from __future__ import annotations

from typing import Any

from packetflow.planners.rules.tool import PlainTool

TEXT: dict[str, Any] = {"type": "string"}
ROOM: dict[str, Any] = {"room_id": {"type": "string", "description": "The room."}}
MESSAGE: dict[str, Any] = {
    "type": "object",
    "title": "Message",
    "properties": {"author": TEXT, "text": TEXT},
    "required": ["author", "text"],
}


def tool(
    id_: str,
    intent: str,
    properties: dict[str, Any],
    required: str = "",
    *,
    output: dict[str, Any] | None = None,
    examples: tuple[str, ...] = (),
    effect: str = "read",
) -> PlainTool:
    schema = {"type": "object", "properties": properties, "required": required.split()}
    return PlainTool(id_, intent, schema, output, examples, effect)


def gives(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


POST = tool("room.post", "Post a message to the room.", {**ROOM, "text": TEXT}, "room_id text", effect="write")
SUMMARIZE = tool("room.summarize", "Summarize the conversation in a room.", ROOM, "room_id", output=gives(summary=TEXT))
ANALYZE = tool("room.analyze", "Analyze the mood of a room.", ROOM, "room_id", output=gives(analysis=TEXT))
HISTORY = tool(
    "room.history",
    "Return the latest messages, oldest first.",
    {**ROOM, "limit": {"type": "integer", "default": 50}},
    "room_id",
    output={"type": "array", "items": MESSAGE},
)
COUNT = tool(
    "words.count",
    "Count the words of messages.",
    {"messages": {"type": "array", "items": MESSAGE}},
    "messages",
    output={"type": "integer"},
)
FORECAST = tool(
    "weather.forecast",
    "Get the weather forecast for a city on a day.",
    {"city": TEXT, "day": {"type": "string", "format": "date"}},
    "city",
    output=gives(summary=TEXT, temperature={"type": "number"}),
)
MAIL = tool(
    "mail.send", "Send an email to a person.", {"to": TEXT, "subject": TEXT, "body": TEXT}, "to body", effect="external"
)
FIND_USER = tool("user.find", "Find a user by name.", {"name": TEXT}, "name", output=gives(user_id=TEXT, email=TEXT))
INVITE = tool("room.invite", "Invite a user to a room.", {**ROOM, "user_id": TEXT}, "room_id user_id", effect="write")
TRANSLATE = tool(
    "translate",
    "Translate text into another language.",
    {"text": TEXT, "language": {"type": "string", "description": "Target language."}},
    "text language",
    output=gives(translation=TEXT),
)
HOUSE = [POST, SUMMARIZE, ANALYZE, HISTORY, COUNT, FORECAST, MAIL, FIND_USER, INVITE, TRANSLATE]
