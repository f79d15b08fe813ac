"""Where an input comes from: a value in the plan, or the output of an earlier node; and comparisons of such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag

from packetflow._core.json import plain


class Value(BaseModel):
    """A part of a plan: cannot be changed, and has no other fields than those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(Value):
    """A value that stands in the plan itself."""

    literal: Annotated[Any, BeforeValidator(plain)]


class Reference(Value):
    """The output of an earlier node, or a part of it; within a map or reduce also a loop variable.

    The loop variables of node `m` are called `m.item` and, in a reduce, `m.accumulator`.
    """

    step: str
    path: tuple[str | int, ...] = ()


class Items(Value):
    """A list made of bindings."""

    items: tuple[Binding, ...]


class Fields(Value):
    """An object made of bindings."""

    fields: dict[str, Binding]


def _kind_of_binding(value: object) -> str | None:
    """Tell bindings apart by the one field that each must have."""
    if isinstance(value, Value):
        return type(value).__name__
    if not isinstance(value, Mapping):
        return None
    return next((kind for name, kind in _KINDS.items() if name in cast("Mapping[str, object]", value)), None)


_KINDS = {"literal": "Literally", "step": "Reference", "items": "Items", "fields": "Fields"}

Binding: TypeAlias = Annotated[
    Annotated[Literally, Tag("Literally")]
    | Annotated[Reference, Tag("Reference")]
    | Annotated[Items, Tag("Items")]
    | Annotated[Fields, Tag("Fields")],
    Discriminator(
        _kind_of_binding,
        custom_error_type="no_binding",
        custom_error_message="an input is one of literal, step (with path), items and fields",
    ),
]
"""Where an input comes from. Nothing else is ever substituted: there are no templates in texts."""

Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "truthy", "empty"]


class Condition(Value):
    """A comparison; `truthy` and `empty` look at `value` alone."""

    value: Binding
    op: Operator = "truthy"
    to: Binding | None = None

    def holds(self, left: Any, right: Any) -> bool:  # noqa: ANN401 - any JSON
        """Decide it for two JSON values; `right` is not looked at where `value` stands alone."""
        match self.op:
            case "truthy":
                return bool(left)
            case "empty":
                return left is None or left in ("", [], {})
            case "in":
                return bool(left in right)
            case "eq" | "ne":
                return bool(left == right) == (self.op == "eq")
            case "lt" | "ge":
                return bool(left < right) == (self.op == "lt")
            case "gt" | "le":
                return bool(left > right) == (self.op == "gt")


def references(binding: Binding) -> Iterator[Reference]:
    """Go over the references inside a binding."""
    match binding:
        case Reference():
            yield binding
        case Items():
            for item in binding.items:
                yield from references(item)
        case Fields():
            for item in binding.fields.values():
                yield from references(item)
        case Literally():
            return
