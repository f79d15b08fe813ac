"""Limits on one argument of a capability: a closed set, so that a limit can be shown, stored and proven."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict

from packetflow._core.json import plain

Operator: TypeAlias = Literal["eq", "in", "min", "max", "max_len", "regex", "path_prefix", "host_in", "same_as"]

Check: TypeAlias = Callable[[object, Mapping[str, object]], bool]
"""Whether a value is within the limit, given the facts of the context (`principal`, `run_id`, ...)."""


class Constraint(BaseModel):
    """One limit, such as `Constraint(op="max", value=500)`.

    `eq` and `in` compare JSON values (5 and 5.0 are one number, true and 1 are not); `min` and `max` bound a number,
    inclusive; `max_len` bounds text and lists; `regex` must match the whole text (RE2 syntax, linear time);
    `path_prefix` bounds a path after `..` is resolved; `host_in` bounds the host of a URL; `same_as` names a fact of
    the context that the argument must equal. A value of a type the limit does not speak of is refused.
    """

    model_config = ConfigDict(frozen=True)

    op: Operator
    value: Annotated[Any, BeforeValidator(plain)]

    def compiled(self) -> Check:
        """Give the test as a closure; raises ValueError when the limit itself makes no sense."""
        return _COMPILERS[self.op](plain(self.value))


def _same(value: object, other: object) -> bool:
    """Whether two JSON values are one; unlike in Python, true is not 1, not even within a list."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        fields, others = cast("Mapping[str, object]", value), cast("Mapping[str, object]", other)
        return fields.keys() == others.keys() and all(_same(fields[name], others[name]) for name in fields)
    if isinstance(value, list) and isinstance(other, list):
        items, rest = cast("list[object]", value), cast("list[object]", other)
        return len(items) == len(rest) and all(map(_same, items, rest))
    return value == other


def _equal(wanted: object) -> Check:
    return lambda value, _: _same(value, wanted)


def _member(wanted: object) -> Check:
    members = _list(wanted, "in")
    return lambda value, _: any(_same(value, one) for one in members)


def _number(value: object) -> int | float | None:
    """Read a finite number; JSON has no other, and true is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _bound(wanted: object) -> int | float:
    if (bound := _number(wanted)) is None:
        message = f"the limit of a number is a number, not {wanted!r}"
        raise ValueError(message)
    return bound


def _minimum(wanted: object) -> Check:
    bound = _bound(wanted)
    return lambda value, _: (number := _number(value)) is not None and number >= bound


def _maximum(wanted: object) -> Check:
    bound = _bound(wanted)
    return lambda value, _: (number := _number(value)) is not None and number <= bound


def _max_len(wanted: object) -> Check:
    bound = _bound(wanted)
    return lambda value, _: isinstance(value, str | list | tuple) and len(cast("str | list[object]", value)) <= bound


def _regex(wanted: object) -> Check:
    import re2  # noqa: PLC0415 - only grants with a pattern pay for the library

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(_text(wanted, "regex"), options)
    except re2.error as error:
        message = f"not a pattern of RE2: {wanted!r}: {error}"
        raise ValueError(message) from error

    def check(value: object, _: Mapping[str, object]) -> bool:
        try:
            return isinstance(value, str) and compiled.fullmatch(value) is not None
        except UnicodeEncodeError:
            return False  # half a character is no text

    return check


def _path_prefix(wanted: object) -> Check:
    root = posixpath.normpath(_text(wanted, "path_prefix"))

    def check(value: object, _: Mapping[str, object]) -> bool:
        if not isinstance(value, str) or "\0" in value or "\\" in value:
            return False  # a backslash separates folders on some systems and not on others
        path = posixpath.normpath(value)
        return path == root or path.startswith(root.rstrip("/") + "/")

    return check


_STRANGE_IN_URLS = re.compile(r"[\s\\\x00-\x1f\x7f]")
"""Readers of URLs do not agree on these."""


def _host_in(wanted: object) -> Check:
    known = {_text(host, "host_in").lower() for host in _list(wanted, "host_in")} - {""}

    def check(value: object, _: Mapping[str, object]) -> bool:
        if not isinstance(value, str) or _STRANGE_IN_URLS.search(value):
            return False
        try:
            parts = urlsplit(value)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.username is None and (parts.hostname or "") in known

    return check


def _same_as(wanted: object) -> Check:
    fact = _text(wanted, "same_as")
    return lambda value, facts: facts.get(fact) is not None and _same(value, facts[fact])


def _text(value: object, op: Operator) -> str:
    if not isinstance(value, str):
        message = f"{op!r} is a limit by text, not by {value!r}"
        raise ValueError(message)  # noqa: TRY004 - a limit that makes no sense is one error, whatever is wrong with it
    return value


def _list(value: object, op: Operator) -> list[object]:
    if not isinstance(value, list):
        message = f"{op!r} is a limit by a list, not by {value!r}"
        raise ValueError(message)  # noqa: TRY004 - as above
    return cast("list[object]", value)


_COMPILERS: dict[str, Callable[[object], Check]] = {
    "eq": _equal,
    "in": _member,
    "min": _minimum,
    "max": _maximum,
    "max_len": _max_len,
    "regex": _regex,
    "path_prefix": _path_prefix,
    "host_in": _host_in,
    "same_as": _same_as,
}
