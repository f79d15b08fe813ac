"""From a Python signature to a checked contract: pydantic models inside, JSON Schema 2020-12 outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_json

from packetflow._core.errors import ContractBroken, DeclarationError, InvalidInput, Problem

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from packetflow._core.json import Json, JsonObject

T = TypeVar("T")


class _PlainSchema(GenerateJsonSchema):
    """JSON Schema without the titles that only repeat the field names."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave field titles out."""
        del schema
        return False


class InputContract:
    """What a capability accepts: named fields, checked strictly as JSON.

    Strict means that `"5"` is not a number. Dates, enums, tuples and other types come in their JSON form.
    """

    def __init__(self, name: str, parameters: Sequence[Parameter], hints: Mapping[str, Any]) -> None:
        """Build the contract of `parameters`, whose resolved annotations are `hints`.

        Raises DeclarationError for a parameter without annotation or of a kind that has no name.
        """
        fields = {p.name: _field(name, p, hints) for p in parameters}
        try:
            self.model: type[BaseModel] = create_model(
                f"{name}.input",
                __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False, strict=True, frozen=True),
                **fields,
            )
        except (PydanticUserError, NameError, TypeError) as error:
            message = f"the input of capability {name!r} has no schema: {error}"
            raise DeclarationError(message) from error
        self.name = name
        self.fields = tuple(fields)
        self._validate = self.model.__pydantic_validator__.validate_json
        self._single: dict[str, TypeAdapter[Any]] = {}

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema 2020-12 of the input, an object."""
        return _model_schema(self.model)

    def check(self, inputs: Mapping[str, object]) -> dict[str, Any]:
        """Turn JSON-like inputs into typed arguments, defaults filled in.

        Raises InvalidInput, which names every missing, unknown and wrong field.
        """
        try:
            value = self._validate(to_json(dict(inputs)))
        except ValidationError as error:
            problems = [_problem(detail, self.fields) for detail in error.errors(include_url=False)]
            message = f"the input of {self.name!r} is not valid: " + "; ".join(map(str, problems))
            raise InvalidInput(message, problems, capability_id=self.name) from error
        except PydanticSerializationError as error:
            message = f"the input of {self.name!r} is not JSON: {error}"
            raise InvalidInput(message, [Problem("not_json", str(error))], capability_id=self.name) from error
        return {field: getattr(value, field) for field in self.fields}

    def check_field(self, field: str, value: object) -> Problem | None:
        """Say what is wrong with one field's JSON value on its own; None when nothing is."""
        adapter = self._single.get(field)
        if adapter is None:
            info = self.model.model_fields[field]
            annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            adapter = self._single[field] = TypeAdapter(annotation)
        try:
            adapter.validate_json(to_json(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return Problem("wrong_value", first["msg"], (field, *first["loc"]))
        return None


class OutputContract:
    """What a capability promises to return."""

    def __init__(self, name: str, annotation: object) -> None:
        """Build the contract of a return annotation; an async iterator promises the list of its items.

        Raises DeclarationError when the annotation has no JSON Schema.
        """
        self.name = name
        self.annotation = annotation
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
            self._schema = self._adapter.json_schema(mode="serialization", schema_generator=_PlainSchema)
        except (PydanticUserError, NameError, TypeError) as error:
            message = f"the output of capability {name!r} has no schema: {error}"
            raise DeclarationError(message) from error

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema 2020-12 of the output."""
        return self._schema

    def check(self, value: object) -> Any:  # noqa: ANN401 - typed by the declaration, not here
        """Return the value once it is known to keep the promise; raise ContractBroken otherwise."""
        try:
            return self._adapter.validate_python(value, strict=True)
        except ValidationError as error:
            raise self._broken([_problem(d, ()) for d in error.errors(include_url=False)]) from error

    def from_json(self, data: bytes) -> Any:  # noqa: ANN401 - typed by the declaration, not here
        """Read an output back that was kept as JSON."""
        return self._adapter.validate_json(data)

    def as_json(self, value: object) -> Json:
        """Give the JSON form of a checked value; raise ContractBroken when it was changed into something else."""
        try:
            return self._adapter.dump_python(value, mode="json", warnings="error")
        except (PydanticSerializationError, ValueError) as error:
            raise self._broken([Problem("not_serializable", str(error))]) from error

    def _broken(self, problems: Sequence[Problem]) -> ContractBroken:
        message = f"the output of {self.name!r} breaks its promise: " + "; ".join(map(str, problems))
        return ContractBroken(message, capability_id=self.name, problems=[p.as_json() for p in problems])


def item_type(annotation: object) -> object | None:
    """Give the item type of an `AsyncIterator[T]`-like annotation, else None."""
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, AsyncIterator):
        return get_args(annotation)[0]
    return None


def return_annotation(name: str, signature: Signature, hints: Mapping[str, Any]) -> object:
    """Give the resolved return annotation; raise DeclarationError when there is none."""
    if signature.return_annotation is Signature.empty:
        message = f"capability {name!r} must say what it returns: add a return annotation (None when nothing)"
        raise DeclarationError(message)
    return hints["return"]


def _field(name: str, parameter: Parameter, hints: Mapping[str, Any]) -> tuple[Any, FieldInfo | Any]:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD, Parameter.POSITIONAL_ONLY):
        message = f"capability {name!r}: parameter {parameter.name!r} must be a named one"
        raise DeclarationError(message)
    if parameter.name not in hints:
        message = f"capability {name!r}: parameter {parameter.name!r} needs a type annotation"
        raise DeclarationError(message)
    default = PydanticUndefined if parameter.default is Parameter.empty else parameter.default
    return hints[parameter.name], Field(default=default) if default is not PydanticUndefined else ...


@cache
def _model_schema(model: type[BaseModel]) -> JsonObject:
    schema = model.model_json_schema(mode="validation", schema_generator=_PlainSchema)
    schema.pop("title", None)
    schema.setdefault("properties", {})
    return schema


_CODES = {"missing": "missing", "extra_forbidden": "unknown_field"}


def _problem(detail: ErrorDetails, fields: Sequence[str]) -> Problem:
    code = _CODES.get(detail["type"], "wrong_value")
    message = {"missing": "is missing", "unknown_field": "is not a field of this capability"}.get(code, detail["msg"])
    allowed = tuple(fields) if code == "unknown_field" else ()
    return Problem(code, message, tuple(detail["loc"]), None, allowed)
