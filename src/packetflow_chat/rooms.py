"""Rooms: who is in them, and what was said."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

import packetflow as pf
from packetflow_chat.analysis.insights import MessageInsights, message_insights

Visibility = Literal["public", "private"]
Role = Literal["admin", "moderator", "member"]
MessageKind = Literal["message", "action"]

CONTENT_LIMIT = 20_000
MEMBER_LIMIT = 10_000
PAGE_LIMIT = 10_000
PLACES = 2**53

UserId = Annotated[str, Field(min_length=1, max_length=256)]
Content = Annotated[str, Field(min_length=1, max_length=CONTENT_LIMIT, pattern=r"\S", description="What to say.")]
ActingUser = Annotated[
    UserId | None, Field(description="In whose name; the caller's own when left out. Needs the right to act for them.")
]


class Message(BaseModel):
    """One message of a room."""

    id: str
    author: str
    content: str
    at: datetime
    kind: MessageKind = "message"
    seq: int = Field(description="Its place in the room's journal.")


class Messages(BaseModel):
    """A page of a room's messages, oldest first."""

    room_id: str
    messages: list[Message]
    total: int = Field(description="How many messages the room holds.")


class RoomInfo(BaseModel):
    """A room as a list shows it."""

    room_id: str
    title: str
    description: str
    visibility: Visibility
    members: int
    messages: int
    created_by: str
    created_at: datetime
    last_message_at: datetime | None


class Sent(BaseModel):
    """What became of a message that was sent."""

    message: str = Field(description="What happened, in a sentence.")
    message_id: str
    delivery_status: Literal["stored"] = Field(description="`stored`: committed, and told to everybody in the room.")
    room_id: str
    author: str
    at: datetime
    ai_insights: MessageInsights


class ImportedMessage(BaseModel):
    """A message from another place, with the time it was written there."""

    id: str = Field(min_length=1, max_length=200, description="The same message always has the same id.")
    author: UserId
    text: str = Field(min_length=1, max_length=CONTENT_LIMIT)
    at: AwareDatetime
    kind: MessageKind = "message"


class Imported(BaseModel):
    """What became of a batch of imported messages."""

    room_id: str
    stored: int
    known: int = Field(description="Messages that were in the room already and were left alone.")


class RoomCreated(pf.Event):
    """A room came to be."""

    title: str
    visibility: Visibility
    by: str


class MemberJoined(pf.Event):
    """Somebody became a member."""

    user_id: str
    role: Role


class Posted(pf.Event):
    """Somebody said something. Author, id and time are the server's."""

    author: str
    content: str
    kind: MessageKind = "message"


class RoomState(BaseModel):
    """What a room knows besides its journal."""

    title: str = ""
    description: str = ""
    visibility: Visibility = "public"
    created_by: str = ""
    created_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    members: dict[str, Role] = Field(default_factory=dict[str, Role])
    messages: int = 0
    last_message_at: datetime | None = None

    @property
    def exists(self) -> bool:
        """Whether the room was created."""
        return bool(self.created_by)

    def readable_by(self, context: pf.Context) -> bool:
        """Whether the caller may see the room: it is public, they are in it, or may act for somebody who is."""
        if self.visibility == "public" or context.principal in self.members:
            return True
        return any(context.grant.may_act_for(member) for member in self.members)

    def info(self, room_id: str) -> RoomInfo:
        """Give what lists show."""
        return RoomInfo(
            room_id=room_id,
            title=self.title or room_id,
            description=self.description,
            visibility=self.visibility,
            members=len(self.members),
            messages=self.messages,
            created_by=self.created_by,
            created_at=self.created_at,
            last_message_at=self.last_message_at,
        )


class Room(pf.Actor[RoomState], name="room", key="room_id", idle=timedelta(minutes=30)):
    """A room; one actor for each, its messages in its journal."""

    def readable_by(self, context: pf.Context) -> bool:
        """Let members follow it, and everybody a public one."""
        return self.state.exists and self.state.readable_by(context)

    @pf.capability(name="create_room", examples=["create a room called planning", "make a private room named board"])
    async def create(
        self,
        ctx: pf.Context,
        title: Annotated[str, Field(max_length=100)] = "",
        description: Annotated[str, Field(max_length=1000)] = "",
        visibility: Visibility = "public",
        user_id: ActingUser = None,
    ) -> RoomInfo:
        """Create a chat room; whoever creates it is its admin."""
        if self.state.exists:
            message = f"there is a room {self.key!r} already"
            raise pf.Conflict(message, room_id=self.key)
        by = ctx.acting_for(user_id).principal if user_id else ctx.principal
        self.state = RoomState(
            title=title, description=description, visibility=visibility, created_by=by, created_at=ctx.now()
        )
        self.emit(RoomCreated(title=title, visibility=visibility, by=by))
        self._admit(by, "admin")
        return self.state.info(self.key)

    @pf.capability(name="join_room", examples=["join room planning", "add me to the lobby"])
    async def join(self, ctx: pf.Context, user_id: ActingUser = None) -> RoomInfo:
        """Join a public room as a member."""
        self._open(ctx)
        who = ctx.acting_for(user_id).principal if user_id else ctx.principal
        self._join(ctx, who)
        return self.state.info(self.key)

    @pf.capability(
        name="send_message",
        examples=[
            "post hello in the lobby",
            "send 'the build is green' to room planning",
            "say hi in room 123",
            "tell everybody in the lobby that lunch is ready",
        ],
    )
    async def post(self, ctx: pf.Context, content: Content, user_id: ActingUser = None) -> Sent:
        """Send a message to a chat room, stored once and told to everybody in it."""
        self._open(ctx)
        author = ctx.acting_for(user_id).principal if user_id else ctx.principal
        self._join(ctx, author)
        message_id, at = secrets.token_hex(16), ctx.now()
        self._say(Posted(author=author, content=content), message_id, at)
        return Sent(
            message=f"Posted in {self.state.title or self.key} as {author}.",
            message_id=message_id,
            delivery_status="stored",
            room_id=self.key,
            author=author,
            at=at,
            ai_insights=message_insights(content),
        )

    @pf.capability(name="list_messages", effect="read", examples=["show the last 20 messages of the lobby"])
    async def history(
        self,
        ctx: pf.Context,
        limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="How many, at most.")] = 50,
        after: Annotated[int, Field(ge=0, le=PLACES, description="Only messages behind this place.")] = 0,
    ) -> Messages:
        """List the latest messages of a chat room, oldest first."""
        self._open(ctx)
        found = [_message(event) async for event in self.journal(Posted, last=limit, after=after)]
        return Messages(room_id=self.key, messages=found, total=self.state.messages)

    @pf.capability(name="import_messages", tags=["import"])
    async def take(
        self, ctx: pf.Context, messages: Annotated[list[ImportedMessage], Field(min_length=1, max_length=1000)]
    ) -> Imported:
        """Store chat messages that were written elsewhere, each once however often it is imported."""
        self._open(ctx)
        for author in {message.author for message in messages}:
            ctx.acting_for(author)
        known = {event.stored.id async for event in self.journal(Posted, ids=[message.id for message in messages])}
        fresh = {message.id: message for message in messages if message.id not in known}
        for message in fresh.values():
            self._say(Posted(author=message.author, content=message.text, kind=message.kind), message.id, message.at)
        return Imported(room_id=self.key, stored=len(fresh), known=len(messages) - len(fresh))

    def _open(self, ctx: pf.Context) -> None:
        """Refuse unless the room exists for this caller; to whoever may not see it, it does not."""
        if not self.state.exists or not self.state.readable_by(ctx):
            message = f"there is no room {self.key!r}; list_rooms shows those there are"
            raise pf.NotFound(message, room_id=self.key)

    def _join(self, ctx: pf.Context, who: str) -> None:
        if who in self.state.members:
            return
        if self.state.visibility == "private" and not ctx.grant.may_act_for(self.state.created_by):
            message = f"room {self.key!r} is private; a member has to invite {who!r}"
            raise pf.Conflict(message, room_id=self.key, user_id=who)
        self._admit(who, "member")

    def _admit(self, who: str, role: Role) -> None:
        if len(self.state.members) >= MEMBER_LIMIT:
            message = f"room {self.key!r} has {MEMBER_LIMIT} members, the most a room can have"
            raise pf.Conflict(message, room_id=self.key)
        self.state.members[who] = role
        self.emit(MemberJoined(user_id=who, role=role))

    def _say(self, posted: Posted, message_id: str, at: datetime) -> None:
        self.emit(posted, id=message_id, at=at)
        self.state.messages += 1
        last = self.state.last_message_at
        self.state.last_message_at = at if last is None else max(last, at)


@pf.capability(effect="read", examples=["list the rooms", "which rooms are there?"])
async def list_rooms(ctx: pf.Context) -> list[RoomInfo]:
    """List the chat rooms one may see, with members and messages."""
    found: Sequence[tuple[str, RoomState]] = [pair async for pair in ctx.saved(Room)]
    return [state.info(key) for key, state in found if state.exists and state.readable_by(ctx)]


def _message(event: Posted) -> Message:
    stored = event.stored
    return Message(
        id=stored.id, author=event.author, content=event.content, at=stored.at, kind=event.kind, seq=stored.seq
    )
