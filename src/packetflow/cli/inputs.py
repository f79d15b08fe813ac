"""Reads a capability's inputs from the command line, each by its schema."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from packetflow.cli.failure import usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packetflow._core.json import Json, JsonObject

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_INTEGER = re.compile(r"[+-]?\d+")


def given(fields: Sequence[str], source: str | None, schema: JsonObject) -> dict[str, Any]:
    """Give the inputs of one call: those of `source` (JSON, `@file`, or `-` for stdin), then those of `field=value`.

    A field given twice is a list. Raises CommandFailed for what cannot be read; whether the inputs fit is checked by
    the capability's own contract.
    """
    inputs: dict[str, Any] = {} if source is None else json_object(source)
    texts: dict[str, list[str]] = {}
    for field in fields:
        name, equals, text = field.partition("=")
        if not equals or not name:
            raise usage(f"{field!r} is not field=value; for a value with spaces write {name or 'field'}='some text'")
        texts.setdefault(name, []).append(text)
    known = cast("dict[str, JsonObject]", schema.get("properties", {}))
    for name, values in texts.items():
        of_field = known.get(name, {})
        if len(values) > 1:
            items = _resolved(of_field, schema).get("items", {})
            inputs[name] = [value(name, text, items, schema) for text in values]
        else:
            inputs[name] = value(name, values[0], of_field, schema)
    return inputs


def hints(pairs: Sequence[str]) -> dict[str, Json]:
    """Read `name=value` pairs; a value that is JSON other than a text is taken as such."""
    found: dict[str, Json] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise usage(f"{pair!r} is not name=value")
        try:
            read: Any = json.loads(text)
            json.dumps(read, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            read = text
        found[name] = read
    return found


def value(name: str, text: str, schema: JsonObject, root: JsonObject) -> Any:  # noqa: ANN401 - JSON
    """Read one value as the type its schema wants; raises CommandFailed when it is none."""
    wanted = _types(schema, root)
    if "null" in wanted and text in {"", "null"} and "string" not in wanted:
        return None
    for kind in ("boolean", "integer", "number"):
        if kind in wanted and (read := _scalar(kind, text)) is not None:
            return read
    if "array" in wanted and not text.startswith("["):
        items = _resolved(schema, root).get("items", {})
        return [value(name, text, items, root)]
    if wanted & {"object", "array"} and text[:1] in {"{", "["}:
        return parsed(text, f"the value of {name!r}")
    if "string" in wanted or not wanted:
        return text
    raise usage(f"{name}={text!r} is no {' or '.join(sorted(wanted))}", problems=[f"{name}: expected {_said(wanted)}"])


def json_object(source: str) -> dict[str, Any]:
    """Read a JSON object: given itself, in a file (`@path`), or on stdin (`-`). Raises CommandFailed."""
    if source == "-":
        text, where = _stdin(), "stdin"
    elif source.startswith("@"):
        text, where = file_text(Path(source[1:])), source[1:]
    else:
        text, where = source, "--input"
    read = parsed(text, where)
    if not isinstance(read, dict):
        raise usage(f'{where} holds no JSON object; write {{"field": value, ...}}')
    return cast("dict[str, Any]", read)


def file_text(path: Path) -> str:
    """Read a text file; raises CommandFailed, which says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise usage(f"{path} cannot be read: {error.strerror}", code="unreadable_file") from error
    except UnicodeDecodeError as error:
        raise usage(f"{path} is not UTF-8 text (byte {error.start})", code="unreadable_file") from error


def parsed(text: str, where: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON; raises CommandFailed, which says where it goes wrong."""
    try:
        read: Any = json.loads(text)
        json.dumps(read, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise usage(f"{where} holds half a character, which is no text") from error
    except (ValueError, RecursionError) as error:
        raise usage(f"{where} is not JSON: {error}") from error
    return read


def _stdin() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise usage(f"stdin is not UTF-8 text (byte {error.start})", code="unreadable_file") from error


def _scalar(kind: str, text: str) -> bool | float | None:
    if kind == "boolean":
        lower = text.lower()
        return True if lower in _YES else False if lower in _NO else None
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return number if kind == "number" and number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - nan


def _resolved(schema: JsonObject, root: JsonObject) -> JsonObject:
    """Follow a reference into the definitions of the whole schema, and an optional to what it wraps."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        return _resolved(cast("Mapping[str, JsonObject]", root.get("$defs", {})).get(name, {}), root)
    for branch in _branches(schema):
        if (found := _resolved(branch, root)).get("type") == "array":
            return found
    return schema


def _types(schema: JsonObject, root: JsonObject) -> set[str]:
    """Collect the JSON types a schema lets in; empty when it lets in all."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        return _types(cast("Mapping[str, JsonObject]", root.get("$defs", {})).get(name, {}), root)
    if branches := _branches(schema):
        return {kind for branch in branches for kind in _types(branch, root)}
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return set(cast("list[str]", kind))
    allowed = cast("list[object]", schema.get("enum", [schema["const"]] if "const" in schema else []))
    return {"string" if isinstance(one, str) else "integer" for one in allowed}


def _branches(schema: JsonObject) -> list[JsonObject]:
    return [branch for word in ("anyOf", "oneOf") for branch in cast("list[JsonObject]", schema.get(word, []))]


def _said(wanted: set[str]) -> str:
    words = {"array": "a JSON array", "object": "a JSON object", "boolean": "true or false", "null": "null"}
    return " or ".join(words.get(kind, kind) for kind in sorted(wanted))
