"""The plan as a language model writes it: flat, small, and expressible in the strict modes of every vendor.

Strict modes allow no free-form objects, no recursion, and at most 16 union-typed parameters in a request (Anthropic).
So neither a plan's own schema nor a variant for each candidate fits. A draft names capabilities and inputs as texts;
what they must be is told in the prompt and proven afterwards. What is read is wider than what is asked for: lists and
objects are taken as they are or as JSON text, and missing fields that have a natural default are filled in.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

Value: TypeAlias = Annotated[
    JsonValue,
    WithJsonSchema({"anyOf": [{"type": name} for name in ("string", "integer", "number", "boolean", "null")]}),
]
Path: TypeAlias = Annotated[
    tuple[str | int, ...],
    WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}),
]


def _strict(schema: dict[str, Any]) -> None:
    """Ask for every field and for no other, as the strict modes want it."""
    schema["required"] = list(schema["properties"])
    schema["additionalProperties"] = False
    for field in schema["properties"].values():
        field.pop("default", None)


class _Draft(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=_strict)


class FromStep(_Draft):
    """An input that is the output of an earlier step."""

    name: str = Field(description="Name of the input.")
    from_step: str = Field(description="Id of the step it comes from, or `item` in a step with for_each.")
    path: Path = Field(default=(), description="Field names that lead into the output; [] is the whole output.")


class Part(_Draft):
    """One item of a list that is put together."""

    from_step: str = Field(description="Id of the step it comes from.")
    path: Path = Field(default=(), description="As in an input.")


class FromSteps(_Draft):
    """An input that is a list, put together from the outputs of earlier steps."""

    name: str = Field(description="Name of the input.")
    items: tuple[Part, ...] = Field(description="Where each item comes from, in order.")


class FromJson(_Draft):
    """An input that is a list or an object, written as JSON text."""

    name: str = Field(description="Name of the input.")
    json_text: str = Field(description='The list or object as JSON, such as ["a","b"].')


class Given(_Draft):
    """An input that is a text, a number, true, false or null."""

    name: str = Field(description="Name of the input.")
    value: Value = Field(description="Of exactly the type that the input's schema says.")


DraftInput: TypeAlias = FromStep | FromSteps | FromJson | Given
"""The order matters: of two forms that fit equally well the first is taken, so a reference wins over a stray null."""


class ForEach(_Draft):
    """The list that a step runs over."""

    from_step: str = Field(description="Id of the step that gives the list.")
    path: Path = Field(default=(), description="Field names that lead to the list; [] is the whole output.")


class DraftStep(_Draft):
    """One call of a capability."""

    id: str = Field(description="A short name for the step: letters, digits and _.")
    capability_id: str = Field(description="The id of one capability of the catalogue, letter by letter.")
    inputs: tuple[DraftInput, ...] = Field(
        default=(), description="All required inputs, optional ones where asked for."
    )
    after: tuple[str, ...] = Field(
        default=(), description="Steps that must end first although nothing is used of them."
    )
    for_each: ForEach | None = Field(default=None, description="To run the step once for every item of a list.")
    why: str = Field(default="", description="Why this capability, in at most fifteen words.")


class PlanDraft(_Draft):
    """Steps that answer the request."""

    steps: tuple[DraftStep, ...] = Field(min_length=1, description="As few as the request needs.")
    output_step: str = Field(default="", description="The step whose output answers the request.")
    confidence: float = Field(default=0.5, description="From 0 to 1: how sure it is that this is what was asked for.")


class NoPlan(_Draft):
    """Why there is no plan."""

    reason: str = Field(
        description="What keeps the request from being planned, in one sentence for the person who asked."
    )
    question: str = Field(
        default="", description="A question whose answer would make a plan possible, or an empty text."
    )
    missing: tuple[str, ...] = Field(default=(), description="Names of required inputs that the request leaves open.")
