"""From a Python signature to a checked contract: pydantic models inside, JSON Schema 2020-12 outside."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticSchemaGenerationError,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError, to_json

from packetflow._core.errors import ContractBroken, DeclarationError, InvalidInput, Problem
from packetflow._core.json import plain
from packetflow._core.shape import types

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import ErrorDetails, core_schema

    from packetflow._core.json import Json, JsonObject

_UNUSABLE = (PydanticUserError, PydanticSchemaGenerationError, SchemaError, NameError, TypeError)
"""What pydantic raises for a type that it cannot check or describe."""
_TEXT = frozenset({"string"})
_NAN, _INFINITY = b"NaN", b"Infinity"


class _PlainSchema(GenerateJsonSchema):
    """JSON Schema that says exactly what is accepted and given, without titles that only repeat the field names.

    What is given always holds every field, also those with a default, and no others.
    """

    ignored_warning_kinds: ClassVar[Any] = {"skipped-choice", "non-serializable-default"}

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave field titles out."""
        del schema
        return False

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: FBT001 - pydantic's own signature
    ) -> bool:
        """Promise the fields with defaults, too."""
        if self.mode == "serialization" and field["type"] in {"model-field", "dataclass-field"}:
            return "serialization_exclude_if" not in field
        return super().field_is_required(field, total)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Close what is given."""
        return self._closed(super().model_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Close what is given."""
        return self._closed(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Close what is given."""
        return self._closed(super().typed_dict_schema(schema))

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Tell a decimal number written as text from any text."""
        made = super().decimal_schema(schema)
        for form in made.get("anyOf", [made]):
            if form.get("type") == "string":
                form["format"] = "decimal"
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Say of which type the keys are when they are no plain texts."""
        made = super().dict_schema(schema)
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        if keys and "$ref" not in keys and "propertyNames" not in made and types(keys) != _TEXT:
            made["propertyNames"] = {"format": " or ".join(sorted(types(keys)))}
        return made

    def _closed(self, made: JsonSchemaValue) -> JsonSchemaValue:
        if self.mode == "serialization" and made.get("type") == "object" and "properties" in made:
            made.setdefault("additionalProperties", False)
        return made


class InputContract:
    """What a capability accepts: named fields, checked strictly as JSON.

    Strict means that `"5"` is not a number. Dates, enums, tuples and other types come in their JSON form.
    """

    def __init__(self, name: str, parameters: Sequence[Parameter], hints: Mapping[str, Any]) -> None:
        """Build the contract of `parameters`, whose resolved annotations are `hints`.

        Raises DeclarationError for a parameter without annotation, of a kind that has no name, or of a type that has no
        JSON form.
        """
        self.name = name
        self.schema: JsonObject
        """The JSON Schema 2020-12 of the input, an object."""
        self.fields = tuple(parameter.name for parameter in parameters)
        self._attributes = {field: _attribute(field, number) for number, field in enumerate(self.fields)}
        self._hints = {parameter.name: _annotation(name, parameter, hints) for parameter in parameters}
        made: dict[str, Any] = {
            self._attributes[parameter.name]: (self._hints[parameter.name], self._field(parameter))
            for parameter in parameters
        }
        config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
        try:
            self.model: type[BaseModel] = create_model(f"{name}.input", __config__=config, **made)
            self.schema = _input_schema(self.model)
        except _UNUSABLE as error:
            message = f"the input of capability {name!r} has no schema: {error}"
            raise DeclarationError(message) from error
        self._single: dict[str, TypeAdapter[Any]] = {}

    @cached_property
    def given_schema(self) -> JsonObject:
        """The JSON Schema of a checked input in its JSON form: every field is there, defaults filled in."""
        schema = self.model.model_json_schema(mode="serialization", schema_generator=_PlainSchema)
        return {"type": "object", **schema, "properties": schema.get("properties", {}), "required": [*self.fields]}

    def check(self, inputs: Mapping[str, object]) -> dict[str, Any]:
        """Turn JSON-like inputs into typed arguments, defaults filled in.

        Raises InvalidInput, which names every missing, unknown and wrong field.
        """
        try:
            raw = _as_bytes(dict(inputs))
            value = self.model.__pydantic_validator__.validate_json(raw, strict=True)
        except ValidationError as error:
            problems = [_problem(detail, self.fields, inputs) for detail in error.errors(include_url=False)]
            problems = list(dict.fromkeys(problems))
            message = f"the input of {self.name!r} is not valid: " + "; ".join(map(str, problems))
            raise InvalidInput(message, problems, capability_id=self.name) from error
        except (ValueError, TypeError) as error:
            message = f"the input of {self.name!r} is not JSON: {error}"
            raise InvalidInput(message, [Problem("not_json", str(error))], capability_id=self.name) from error
        return {field: getattr(value, attribute) for field, attribute in self._attributes.items()}

    def check_field(self, field: str, value: object) -> Problem | None:
        """Say what is wrong with one field's JSON value on its own; None when nothing is."""
        adapter = self._single.get(field)
        if adapter is None:
            adapter = self._single[field] = TypeAdapter(self._hints[field])
        try:
            adapter.validate_json(_as_bytes(value), strict=True)
        except ValidationError as error:
            first = _problem(error.errors(include_url=False)[0], (), value)
            return Problem("wrong_value", first.message, (field, *first.path))
        except (ValueError, TypeError) as error:
            return Problem("not_json", str(error), (field,))
        return None

    def _field(self, parameter: Parameter) -> Any:  # noqa: ANN401 - what pydantic calls a field
        alias = None if self._attributes[parameter.name] == parameter.name else parameter.name
        if parameter.default is Parameter.empty:
            return Field(alias=alias) if alias else ...
        if isinstance(parameter.default, FieldInfo):
            message = f"capability {self.name!r}: write Annotated[..., Field(...)] for parameter {parameter.name!r}"
            raise DeclarationError(f"{message}, so that it stays a plain function")
        return Field(default=parameter.default, alias=alias) if alias else Field(default=parameter.default)


class OutputContract:
    """What a capability promises to return."""

    def __init__(self, name: str, annotation: object) -> None:
        """Build the contract of a return annotation; an async iterator promises the list of its items.

        Raises DeclarationError when the annotation has no JSON Schema.
        """
        self.name = name
        self.annotation = annotation
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", annotation))
            self._schema = self._adapter.json_schema(mode="serialization", schema_generator=_PlainSchema)
        except _UNUSABLE as error:
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
            problems = [_problem(detail, (), value) for detail in error.errors(include_url=False)]
            raise self._broken(list(dict.fromkeys(problems))) from error

    def from_json(self, data: bytes) -> Any:  # noqa: ANN401 - typed by the declaration, not here
        """Read an output back that was kept as JSON."""
        return self._adapter.validate_json(data)

    def as_json(self, value: object) -> Json:
        """Give the JSON form of a checked value; raise ContractBroken when it has none."""
        try:
            given: Json = self._adapter.dump_python(value, mode="json", warnings="error", by_alias=True)
            raw = to_json(given)  # half characters have a place in Python's texts, and none in what leaves it
            if (_NAN in raw or _INFINITY in raw) and _holds_strange_numbers(given):
                raise self._broken([Problem("not_serializable", "it holds a number that JSON cannot write")])
        except ValueError as error:
            raise self._broken([Problem("not_serializable", str(error))]) from error
        return given

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


def _attribute(field: str, number: int) -> str:
    """Name the model's attribute for a field: the same, unless a model has something of that name."""
    return f"field_{number}_" if field.startswith("_") or hasattr(BaseModel, field) else field


def _annotation(name: str, parameter: Parameter, hints: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type expression
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD, Parameter.POSITIONAL_ONLY):
        message = f"capability {name!r}: parameter {parameter.name!r} must be a named one"
        raise DeclarationError(message)
    if parameter.name not in hints:
        message = f"capability {name!r}: parameter {parameter.name!r} needs a type annotation"
        raise DeclarationError(message)
    return hints[parameter.name]


def _input_schema(model: type[BaseModel]) -> JsonObject:
    schema = model.model_json_schema(mode="validation", schema_generator=_PlainSchema)
    schema.pop("title", None)
    schema.setdefault("properties", {})
    return schema


def _as_bytes(value: object) -> bytes:
    """Write a value as JSON; raises ValueError for what JSON has no form for, infinite numbers among it."""
    raw = to_json(value)
    if _NAN in raw or _INFINITY in raw:
        plain(value)  # raises, unless the word stands in a text
    return raw


def _holds_strange_numbers(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(_holds_strange_numbers(inner) for inner in cast("Mapping[str, object]", value).values())
    return isinstance(value, list) and any(_holds_strange_numbers(inner) for inner in cast("list[object]", value))


_CODES = {"missing": "missing", "extra_forbidden": "unknown_field", "json_invalid": "not_json"}
_MESSAGES = {"missing": "is missing", "unknown_field": "is not a field of this capability"}


def _problem(detail: ErrorDetails, fields: Sequence[str], value: object) -> Problem:
    code = _CODES.get(detail["type"], "wrong_value")
    if code == "unknown_field" and len(detail["loc"]) != 1:
        message = "is not a field of it"
    else:
        message = _MESSAGES.get(code, detail["msg"])
    allowed = tuple(fields) if code == "unknown_field" and len(detail["loc"]) == 1 else ()
    return Problem(code, message, _where(detail["loc"], value, missing=code == "missing"), None, allowed)


def _where(location: Sequence[str | int], value: object, *, missing: bool) -> tuple[str | int, ...]:
    """Keep of pydantic's location what leads through the value, and drop the names of the forms it was tried as."""
    path: list[str | int] = []
    here = value
    for number, key in enumerate(location):
        if isinstance(here, Mapping) and key in here:
            here = cast("Mapping[object, object]", here)[key]
        elif isinstance(here, list | tuple) and isinstance(key, int) and 0 <= key < len(cast("list[object]", here)):
            here = cast("list[object]", here)[key]
        elif isinstance(here, BaseModel) and isinstance(key, str) and key in type(here).model_fields:
            here = cast("object", getattr(here, key))
        elif not (missing and number == len(location) - 1):
            continue
        path.append(key)
    return tuple(path)
