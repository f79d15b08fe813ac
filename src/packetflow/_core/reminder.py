"""When a reminder comes: once, every so often, or by a cron rule; as moments in UTC and as a rule in text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from packetflow._core.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from packetflow._core.letter import Letter

SHORTEST: Final = timedelta(seconds=1)
"""The least time between two occurrences of a reminder."""
_NAME_LIMIT: Final = 256


@dataclass(frozen=True, slots=True)
class Rule:
    """When a reminder comes first, and when again."""

    due: datetime
    """The first moment, UTC."""
    again: str = ""
    """`every <seconds>` or `cron <zone> <expression>`; empty for once."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderInfo:
    """A reminder that waits for its moment."""

    name: str
    capability_id: str
    """What will be told."""
    due: datetime
    """When it comes next, UTC."""
    again: str
    """`every <seconds>` or `cron <zone> <expression>`; empty for once."""
    principal: str
    """In whose name it comes."""

    @classmethod
    def of(cls, letter: Letter) -> ReminderInfo:
        """Give what may be told of a letter that is a reminder."""
        return cls(letter.name, letter.capability_id, letter.due, letter.again, letter.principal)


def rule(
    now: datetime,
    *,
    at: datetime | None = None,
    after: timedelta | None = None,
    every: timedelta | None = None,
    cron: str | None = None,
    name: str | None = None,
    tz: str | None = None,
) -> Rule:
    """Make a rule of what was asked; raises InvalidInput for what cannot be.

    `at` (with a time zone) or `after` say when it comes first; one that has passed comes at once. `every` repeats it
    from there, or from now on with the first after one interval. `cron` has five fields, or six beginning with the
    second, in the zone `tz` (an IANA name, UTC unless given).
    """
    _check_types(datetime, "is a moment", at=at)
    _check_types(timedelta, "is a time", after=after, every=every)
    _check_types(str, "is a text", cron=cron, tz=tz)
    if name is not None:
        check_name(name)
    _refuse(at is None and after is None and every is None and cron is None, "at", "or after, every or cron is needed")
    _refuse(at is not None and after is not None, "after", "and at exclude each other")
    _refuse(tz is not None and cron is None, "tz", "belongs to cron alone; moments bring their own")
    if cron is not None:
        _refuse(not (at is None and after is None and every is None), "cron", "stands alone")
        again = f"cron {tz or 'UTC'} {' '.join(cron.split())}"
        return Rule(_next_by_cron(again, now), again, name)
    first = _first(now, at, after, every)
    if every is None:
        return Rule(first, "", name)
    _refuse(every < SHORTEST, "every", "is at least a second")
    return Rule(first, f"every {every.total_seconds()!r}", name)


def check_name(name: object) -> str:
    """Give the name of a reminder back; raises InvalidInput for one that no store could keep."""
    _refuse(not isinstance(name, str), "name", "is a text")
    named = str(name)
    _refuse(not 0 < len(named) <= _NAME_LIMIT, "name", f"has 1 to {_NAME_LIMIT} characters")
    try:
        named.encode()
    except UnicodeEncodeError as error:
        raise _wrong("name", "holds half a character") from error
    return named


def next_due(again: str, due: datetime, now: datetime) -> datetime | None:
    """Give the first moment of a rule that is later than both `due` and `now`; None when it comes no more.

    Occurrences that were missed meanwhile are left out: one that is late stands for them all. Intervals are counted
    from `due`, so being late never moves what comes after.
    """
    if not again:
        return None
    if again.startswith("cron "):
        return _next_by_cron(again, max(due, now))
    try:
        interval = timedelta(seconds=float(again.removeprefix("every ")))
        return due + (max(now - due, timedelta()) // interval + 1) * interval
    except OverflowError:
        return None


def _first(now: datetime, at: datetime | None, after: timedelta | None, every: timedelta | None) -> datetime:
    if at is not None:
        _refuse(at.utcoffset() is None, "at", "needs a time zone")
        try:
            return at.astimezone(UTC)
        except OverflowError as error:
            raise _wrong("at", "lies beyond all calendars") from error
    wait = after if after is not None else every or timedelta()
    _refuse(wait < timedelta(), "after", "does not lie in the past")
    try:
        return now.astimezone(UTC) + wait
    except OverflowError as error:
        raise _wrong("after", "is longer than time goes") from error


def _next_by_cron(again: str, after: datetime) -> datetime:
    """Give the first moment behind `after` that a rule names.

    A moment that the clocks skip comes right behind the gap; one they show twice comes once, or with each hour when
    the rule names every hour: what Debian's cron does (cron(8)).
    """
    _, zone, expression = again.split(" ", 2)
    try:
        local = after.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError) as error:
        raise _wrong("tz", f"is no time zone: {zone!r}") from error
    try:
        # In the hour that clocks show twice the library may name its first half again: that one has been.
        return next(moment for each in CronSim(expression, local) if (moment := each.astimezone(UTC)) > after)
    except (CronSimError, ValueError) as error:
        raise _wrong("cron", f"is no rule of five or six fields: {expression!r} ({error})") from error
    except (StopIteration, OverflowError) as error:
        raise _wrong("cron", f"names no moment that will come: {expression!r}") from error


def _check_types(kind: type[object], what: str, **given: object) -> None:
    for field, value in given.items():
        _refuse(value is not None and not isinstance(value, kind), field, f"{what}, not {type(value).__name__}")


def _refuse(wrong: bool, field: str, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if wrong:
        raise _wrong(field, what)


def _wrong(field: str, what: str) -> InvalidInput:
    return InvalidInput(f"a reminder's {field} {what}", [Problem("wrong_value", what, (field,))])
