"""The files of a Slack export: a folder, a .zip, or one day's .json."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from packetflow_chat.transcripts.records import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_FILE = 256 << 20
_ABOUT = frozenset({"users", "channels", "groups", "dms", "mpims", "integration_logs", "canvases", "org_users"})


@dataclass(frozen=True, slots=True)
class DayFile:
    """One file of messages: its channel (the folder it is in), its name, its size in bytes and its reader."""

    channel: str
    name: str
    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class SlackExport:
    """The day files of one channel, in the order of their names, and the people's names by user id."""

    days: tuple[DayFile, ...]
    people: dict[str, str]


def open_export(path: Path, channel: str | None) -> SlackExport:
    """Read an export's index; the messages are read later, file by file.

    Raises TranscriptError when it is damaged, holds no messages, or holds several channels and none is named.
    """
    if path.is_dir():
        files = [_on_disk(entry, path) for entry in sorted(path.rglob("*.json")) if entry.is_file()]
        beside = path.parent
    elif zipfile.is_zipfile(path):
        files, beside = _in_zip(path), None
    else:
        files, beside = [_on_disk(path, path.parent)], path.parent
    index = next((file for file in files if file.name == "users.json"), None)
    if index is None and beside is not None:
        index = next((_on_disk(at, beside) for at in _users_near(path) if at.is_file()), None)
    days = [file for file in files if PurePosixPath(file.name).stem not in _ABOUT]
    return SlackExport(_of_channel(days, channel, path), {} if index is None else _people(index))


def load(file: DayFile) -> list[object]:
    """Return the records of one file. Raises TranscriptError when it is not a JSON array."""
    if file.size > MAX_FILE:
        message = f"{file.name} is larger than 256 MiB, which no day of one channel is"
        raise TranscriptError(message)
    try:
        value: object = json.loads(file.read())
    except (ValueError, RecursionError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        message = f"{file.name} of the Slack export cannot be read: {error}"
        raise TranscriptError(message) from error
    if not isinstance(value, list):
        message = f"{file.name} of the Slack export is not a JSON array"
        raise TranscriptError(message)
    return cast("list[object]", value)


def _users_near(path: Path) -> list[Path]:
    return [path.parent / "users.json", path.parent.parent / "users.json"]


def _on_disk(at: Path, root: Path) -> DayFile:
    inside = at.relative_to(root) if at.is_relative_to(root) else Path(at.name)
    channel = inside.parent.name if inside.parent != Path() else ""
    return DayFile(channel, at.name, at.stat().st_size, at.read_bytes)


def _in_zip(path: Path) -> list[DayFile]:
    # Names inside the archive choose nothing on the disk: members are read by their entry, never unpacked.
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        message = f"{path.name} cannot be read as a .zip: {error}"
        raise TranscriptError(message) from error
    entries = sorted((entry for entry in archive.infolist()), key=lambda entry: entry.filename)
    return [
        DayFile(
            PurePosixPath(entry.filename).parent.name,
            PurePosixPath(entry.filename).name,
            entry.file_size,
            lambda entry=entry: archive.read(entry),
        )
        for entry in entries
        if entry.filename.endswith(".json") and not entry.filename.startswith("__MACOSX/")
    ]


def _of_channel(days: list[DayFile], channel: str | None, path: Path) -> tuple[DayFile, ...]:
    channels = sorted({day.channel for day in days})
    if not days:
        message = f"{path.name} holds no messages: no day files such as general/2024-01-31.json"
        raise TranscriptError(message)
    wanted = channel.removeprefix("#") if channel is not None else None
    if wanted is None and len(channels) > 1:
        message = f"the export holds {len(channels)} channels; choose one: {', '.join(channels)}"
        raise TranscriptError(message)
    if wanted is not None and wanted not in channels:
        message = f"the export has no channel {wanted!r}; it has: {', '.join(channels)}"
        raise TranscriptError(message)
    chosen = [day for day in days if wanted is None or day.channel == wanted]
    return tuple(sorted(chosen, key=lambda day: day.name))


def _people(index: DayFile) -> dict[str, str]:
    people: dict[str, str] = {}
    for value in load(index):
        if not isinstance(value, dict):
            continue
        user = cast("dict[str, Any]", value)
        profile = cast("dict[str, Any]", user["profile"]) if isinstance(user.get("profile"), dict) else {}
        names = (profile.get("display_name"), user.get("name"), profile.get("real_name"), user.get("real_name"))
        name = next((name for name in names if isinstance(name, str) and name.strip()), None)
        if isinstance(user.get("id"), str) and name is not None:
            people[user["id"]] = name.strip()
    return people
