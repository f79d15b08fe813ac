"""The JSON value: the one form in which inputs, outputs, plans and events leave Python."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, TypeAlias

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

Json: TypeAlias = JsonValue
"""Any JSON value."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object; `Any` because schemas and payloads are read by key and checked where they are read."""

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: object) -> bytes:
    """Encode a JSON value so that equal values give equal bytes: sorted keys, no spaces, UTF-8, no NaN.

    Raises ValueError for NaN and infinities and TypeError for what is not JSON.
    """
    return _encode(value).encode()


def digest(value: object, length: int = 32) -> str:
    """Name a JSON value by its content: the first `length` hex digits of the SHA-256 of its canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()[:length]


def sayable(text: str) -> bool:
    """Whether a text has a form on the wire: half characters (lone surrogates) have none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: object) -> Any:  # noqa: ANN401 - a JSON value
    """Copy a value into plain JSON values: models, dates, enums and tuples become what they are on the wire.

    Raises ValueError for what has no JSON form: NaN, infinities, half characters and foreign objects.
    """
    copied = to_jsonable_python(value)
    canonical(copied)
    return copied
