"""Limits on one argument of a capability: a closed set, so that a limit can be shown, stored and proven."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Operator: TypeAlias = Literal["eq", "in", "min", "max", "max_len", "regex", "path_prefix", "host_in", "same_as"]

Check: TypeAlias = "Callable[[object, Mapping[str, object]], bool]"
"""Whether a value is within the limit, given the facts of the context (`principal`, `run_id`, ...)."""


class Constraint(BaseModel):
    """One limit, such as `Constraint(op="max", value=500)`.

    `eq` and `in` compare JSON values; `min` and `max` bound a number, inclusive; `max_len` bounds text and lists;
    `regex` must match the whole text (RE2 syntax, linear time); `path_prefix` bounds a path after `..` is resolved;
    `host_in` bounds the host of a URL; `same_as` names a fact of the context that the argument must equal.
    A value of a type the limit does not speak of is refused.
    """

    model_config = ConfigDict(frozen=True)

    op: Operator
    value: Any

    def compiled(self) -> Check:
        """Give the test as a closure; raises ValueError when the limit itself makes no sense."""
        return _COMPILERS[self.op](self.value)


def _equal(wanted: Any) -> Check:  # noqa: ANN401 - any JSON value
    return lambda value, _: type(value) is type(wanted) and value == wanted


def _member(wanted: Any) -> Check:  # noqa: ANN401 - any list of JSON values
    return lambda value, _: any(type(value) is type(one) and value == one for one in wanted)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - not NaN


def _minimum(bound: float) -> Check:
    return lambda value, _: _number(value) and value >= bound  # pyright: ignore[reportOperatorIssue] - number by then


def _maximum(bound: float) -> Check:
    return lambda value, _: _number(value) and value <= bound  # pyright: ignore[reportOperatorIssue] - number by then


def _max_len(bound: int) -> Check:
    return lambda value, _: isinstance(value, str | list | tuple) and len(value) <= bound  # pyright: ignore[reportUnknownArgumentType]


def _regex(pattern: str) -> Check:
    import re2  # noqa: PLC0415 - only grants with a pattern pay for the library

    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        message = f"not a pattern of RE2: {pattern!r}: {error}"
        raise ValueError(message) from error
    return lambda value, _: isinstance(value, str) and compiled.fullmatch(value) is not None


def _path_prefix(prefix: str) -> Check:
    root = posixpath.normpath(prefix)

    def check(value: object, _: Mapping[str, object]) -> bool:
        if not isinstance(value, str) or "\0" in value:
            return False
        path = posixpath.normpath(value)
        return path == root or path.startswith(root.rstrip("/") + "/")

    return check


def _host_in(hosts: Any) -> Check:  # noqa: ANN401 - a list of names
    known = {str(host).lower() for host in hosts}

    def check(value: object, _: Mapping[str, object]) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parts = urlsplit(value)
            return parts.scheme in {"http", "https"} and parts.username is None and (parts.hostname or "") in known
        except ValueError:
            return False

    return check


def _same_as(fact: str) -> Check:
    return lambda value, facts: fact in facts and value == facts[fact]


_COMPILERS: dict[str, Callable[[Any], Check]] = {
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
