"""The ways in which IRC programs write one line of a log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

_TIME = r"(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?(?:\s?(?P<ampm>[AaPp])\.?[Mm]\.?)?"
_ISO = r"(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)"
_STAMP = re.compile(rf"^[\[(]?(?:{_ISO}|{_TIME})[\])]?:?(?P<gap>\t|\s+|$)")
_SAID = re.compile(r"^<\s*(?P<nick>[^<>\s][^<>]{0,63})>(?:\s(?P<text>.*))?$", re.DOTALL)
_DID = re.compile(r"^\*\s+(?P<nick>[^\s*]{1,64})(?:\s(?P<text>.*))?$", re.DOTALL)
_TABBED = re.compile(r"^(?P<nick>[^\t]{0,64})\t(?P<text>.*)$", re.DOTALL)
_COLON = re.compile(r"^(?P<nick>[^\s:<>*]{1,40}):\s(?P<text>.*)$", re.DOTALL)
_SYSTEM = re.compile(r"^(?:===|---|\*\*\*|-!-|-->|<--|--\s|=-=|\*\s\*\s|-\S{1,64}-\s)")
_JOINED = re.compile(r"^(?:\S+ \(\S+@\S+\) |\S+ )?(?:has (?:joined|left|quit)\b|(?:joined|left|quit) \(|sets mode[: ])")
_OLD_ACTION = re.compile(
    r"^===\s(?P<nick>\S{1,64})\s(?!is now known as\b|\[\S*@|has (?:joined|left|quit)\b)(?P<text>.+)$"
)
_CODES = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x00-\x08\x0b-\x1f\x7f]")
NOON = 12
HOURS = 24
SIXTY = 60
_MODES = "@+%&~!"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one line of a log holds. Either `iso` (a text) or `of_day` says when; an old action has neither."""

    kind: Literal["message", "action", "system"]
    nick: str = ""
    text: str = ""
    iso: str = ""
    of_day: timedelta | None = None


def irc_line(raw: str) -> Spoken | str:
    """Return what the line holds, or the reason why it holds nothing that is known."""
    text = _CODES.sub("", raw)
    stamp = _STAMP.match(text)
    if stamp is None:
        old = _OLD_ACTION.match(text)
        if old is not None:
            return Spoken("action", old["nick"], old["text"].strip())
        return Spoken("system") if _SYSTEM.match(text) else "no time at the start of the line"
    when = _of_day(stamp)
    if isinstance(when, str):
        return when
    spoken = _body(text[stamp.end() :], tabbed=stamp["gap"] == "\t", dated=bool(stamp["iso"]))
    if isinstance(spoken, str):
        return spoken
    kind, nick, said = spoken
    return Spoken(kind, nick, said, stamp["iso"] or "", when)


def _of_day(stamp: re.Match[str]) -> timedelta | str | None:
    if stamp["iso"]:
        return None
    hour, minute, second = int(stamp["h"]), int(stamp["m"]), int(stamp["s"] or 0)
    half = (stamp["ampm"] or "").lower()
    if half and not 1 <= hour <= NOON:
        return "the hour does not exist on a 12-hour clock"
    if half:
        hour = hour % NOON + (NOON if half == "p" else 0)
    if hour >= HOURS or minute >= SIXTY or second > SIXTY:
        return "the time of day does not exist"
    return timedelta(hours=hour, minutes=minute, seconds=min(second, SIXTY - 1))


def _body(rest: str, *, tabbed: bool, dated: bool) -> tuple[Literal["message", "action", "system"], str, str] | str:
    stripped = rest.lstrip(" ")
    said = _SAID.match(stripped)
    if said is not None:
        return "message", _nick(said["nick"]), (said["text"] or "").strip()
    if tabbed:
        return _tabbed(rest)
    if not stripped or _SYSTEM.match(stripped):
        return "system", "", ""
    did = _DID.match(stripped)
    if did is not None:
        action = (did["text"] or "").strip()
        return ("system", "", "") if _JOINED.match(action) else ("action", _nick(did["nick"]), action)
    plain = _COLON.match(stripped) if dated else None
    if plain is not None:
        return "message", _nick(plain["nick"]), plain["text"].strip()
    return "no <name> and no * action behind the time"


def _tabbed(rest: str) -> tuple[Literal["message", "action", "system"], str, str] | str:
    """Read WeeChat's `prefix TAB text`: the prefix is a nick, ` *` for an action, or an arrow or dashes."""
    parts = _TABBED.match(rest)
    if parts is None:
        return "no tab behind the name"
    prefix, text = parts["nick"].strip(), parts["text"].strip()
    if prefix == "*":
        nick, _, action = text.partition(" ")
        return "action", _nick(nick), action.strip()
    if not prefix or prefix in {"-->", "<--", "--", "=!=", "***", "==="}:
        return "system", "", ""
    return "message", _nick(prefix), text


def _nick(raw: str) -> str:
    """Drop the channel mode before a nick; RFC 2812 allows none of those letters at a nick's start."""
    nick = raw.strip()
    return nick.lstrip(_MODES) or nick
