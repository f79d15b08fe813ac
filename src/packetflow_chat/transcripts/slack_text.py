"""Slack's message markup as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = re.compile(r"<([^<>]+)>")


def plain_text(text: str, people: Mapping[str, str]) -> str:
    """Return text with mentions as `@name`, channels as `#name`, links as `label (address)`, entities unescaped.

    Source: Slack, "Formatting text for app surfaces" (only `&`, `<` and `>` are escaped).
    """
    shown = _MARK.sub(lambda match: _mark(match[1], people), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\x00", "").strip()


def _mark(inside: str, people: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return f"@{people.get(target[1:]) or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        word = target[1:].partition("^")[0]
        return label or f"@{word}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({address})" if label and label not in {address, target} else address
