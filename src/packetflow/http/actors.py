"""Actors: looked at, written to, stopped, forgotten: /api/actors."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query, Response

from packetflow._core.errors import InvalidInput, NotFound, Problem
from packetflow.http.auth import AnyCaller
from packetflow.http.bodies import ActorAnswer, ActorList, EndAnswer, MessageRequest, ReplyAnswer, StartAnswer
from packetflow.http.payload import acted_for
from packetflow.http.problems import ProblemDetails, Reply

if TYPE_CHECKING:
    from packetflow._core.capability import Declaration
    from packetflow._core.registry import Registry

router = APIRouter(
    prefix="/api/actors",
    tags=["actors"],
    responses={
        403: {"model": ProblemDetails, "description": "Not allowed."},
        404: {"model": ProblemDetails, "description": "No such actor, or none that one may know of."},
    },
)


@router.get("", response_model=ActorList)
async def actors(
    caller: AnyCaller,
    kind: Annotated[str | None, Query(alias="type", description="Only actors of this type.")] = None,
    after: Annotated[str, Query(description="Only those behind this id (`type:key`).")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List actors that are awake or saved, ordered by type and key."""
    found = await caller.acting().actors(kind, after=after, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return Reply(ActorList(actors=[asdict(info) for info in found], count=len(found), after=following))


@router.get("/{actor_id:path}", response_model=ActorAnswer)
async def actor(actor_id: str, caller: AnyCaller) -> Response:
    """Give one actor with its state."""
    client = caller.acting()
    view = await client.actor_info(actor_id)
    known = [declared.id for declared in _messages(client.capabilities, view.info.type)]
    return Reply(ActorAnswer(actor=asdict(view.info), state=view.state, capabilities=known))


@router.post("/{actor_id:path}/messages", response_model=ReplyAnswer)
async def message(actor_id: str, body: MessageRequest, caller: AnyCaller) -> Response:
    """Send a message to an actor and wait for its reply; the actor wakes up for it if need be."""
    kind, _, key = actor_id.partition(":")
    messages = _messages(caller.client.capabilities, kind)
    if not messages or not key:
        unknown = f"there is no kind of actor {kind!r} that you may write to (an id reads type:key)"
        raise NotFound(unknown, actor=actor_id)
    declared = _addressed(messages, kind, body.capability)
    inputs, user_id = acted_for(declared, _inputs(declared, body), body.context.user_id)
    field = _key_field(declared)
    if inputs.setdefault(field, key) != key:
        wrong = Problem("wrong_value", f"the actor addressed is {key!r}", ("message", field), None, (key,))
        raise InvalidInput(f"the message names another actor: {wrong}", [wrong], capability_id=declared.id)
    result = await caller.acting(user_id, body.confirmed).perform(declared, inputs)
    return Reply(
        ReplyAnswer(
            actor_id=actor_id,
            capability_id=declared.id,
            result=result.json,
            trace_id=caller.trace_id,
            executed_at=datetime.now(UTC),
        )
    )


@router.post("/{actor_id:path}/start", response_model=StartAnswer)
async def start(actor_id: str, caller: AnyCaller) -> Response:
    """Let an actor that crashed too often take messages again at once; a type alone lets all actors of it."""
    started = await caller.acting().start_actor(actor_id)
    return Reply(StartAnswer(actor_id=actor_id, started=started))


@router.delete("/{actor_id:path}", response_model=EndAnswer)
async def end(
    actor_id: str,
    caller: AnyCaller,
    forget: Annotated[bool, Query(description="Delete its memory, too, for good.")] = False,  # noqa: FBT002 - a query
) -> Response:
    """Stop an actor; its memory is kept, unless it shall be forgotten."""
    client = caller.acting()
    if not forget:
        stopped = await client.stop_actor(actor_id)
        return Reply(EndAnswer(actor_id=actor_id, stopped=stopped, forgotten=False))
    awake = (await client.actor_info(actor_id)).info.awake
    return Reply(EndAnswer(actor_id=actor_id, stopped=awake, forgotten=await client.forget_actor(actor_id)))


def _messages(registry: Registry, kind: str) -> list[Declaration]:
    return [one for one in registry.values() if one.owner is not None and one.owner.actor_type.name == kind]


def _addressed(messages: list[Declaration], kind: str, wanted: str | None) -> Declaration:
    name = wanted or "receive"
    found = next((one for one in messages if one.id in {name, f"{kind}.{name}"}), None)
    if found is not None:
        return found
    allowed = tuple(one.id for one in messages)
    why = "is needed, for this actor has no `receive`" if wanted is None else f"{wanted!r} is none of its messages"
    wrong = Problem("missing" if wanted is None else "wrong_value", why, ("capability",), None, allowed)
    raise InvalidInput(f"the actor cannot be sent that: {wrong}", [wrong], actor_type=kind)


def _inputs(declared: Declaration, body: MessageRequest) -> dict[str, Any]:
    """Give the inputs: those in the message, or the message as input `message` with the facts as input `context`."""
    fields = declared.input.fields
    if body.capability is not None and isinstance(body.message, dict):
        return dict(cast("dict[str, Any]", body.message))
    if "message" not in fields:
        wrong = Problem("wrong_value", "must be an object with the inputs", ("message",), None, fields)
        raise InvalidInput(f"the message does not fit {declared.id!r}: {wrong}", [wrong], capability_id=declared.id)
    facts: dict[str, Any] = {"context": body.context.model_dump(exclude_none=True)} if "context" in fields else {}
    return {"message": body.message, **facts}


def _key_field(declared: Declaration) -> str:
    assert declared.owner is not None  # noqa: S101 - a message has one
    return declared.owner.actor_type.key
