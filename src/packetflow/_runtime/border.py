"""The border of an actor whose state is kept: what crosses it, and could be changed later, crosses it as a copy."""

from __future__ import annotations

import copy
from dataclasses import fields
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from pydantic import BaseModel

from packetflow._core.errors import ContractBroken, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packetflow._core.capability import ActorCapability

_ATOMS: Final = frozenset(
    {str, int, bool, float, type(None), bytes, datetime, date, time, timedelta, timezone, Decimal, UUID, complex}
)


def fixed(value: object) -> bool:
    """Whether nobody can change a value: an atom, an enum member, or a tuple, frozen set or frozen model of such."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is tuple or kind is frozenset:
        return all(map(fixed, cast("tuple[object, ...]", value)))
    if isinstance(value, Enum):
        return True
    names = _frozen(kind)
    return names is not None and all(fixed(getattr(value, name, None)) for name in names)


def handed_in(
    message: ActorCapability[Any, ..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Give the arguments of a message as the actor may keep them; raises InvalidInput for what cannot be copied."""
    if fixed(args) and (not kwargs or all(map(fixed, kwargs.values()))):
        return args, kwargs
    try:
        return copy.deepcopy((args, dict(kwargs)))
    except Exception as error:
        problem = f"an argument of {message.id!r} cannot be copied: {error}"
        raise InvalidInput(problem, [Problem("wrong_value", str(error))], capability_id=message.id) from error


def handed_out(message: ActorCapability[Any, ..., Any], value: Any) -> Any:  # noqa: ANN401 - typed by the message
    """Give a reply as its caller may keep it; raises ContractBroken for one that cannot be copied."""
    if fixed(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception as error:
        problem = f"the output of {message.id!r} cannot be copied: {error}"
        raise ContractBroken(problem, capability_id=message.id) from error


@lru_cache(maxsize=1024)
def _frozen(kind: type[Any]) -> tuple[str, ...] | None:
    """Name the fields of a class whose instances are frozen; None for any other class."""
    if issubclass(kind, BaseModel):
        closed = kind.model_config.get("frozen") and not kind.__private_attributes__
        return tuple(kind.model_fields) if closed and kind.model_config.get("extra") != "allow" else None
    declared: Any = getattr(kind, "__dataclass_params__", None)
    if declared is not None and declared.frozen:
        return tuple(field.name for field in fields(cast("Any", kind)))
    return None
