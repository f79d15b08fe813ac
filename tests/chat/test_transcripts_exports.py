import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from packetflow_chat.transcripts.detect import Format, detect
from packetflow_chat.transcripts.records import Bad, Message, TranscriptError
from packetflow_chat.transcripts.slack_text import plain_text
from packetflow_chat.transcripts.timestamps import instant
from packetflow_chat.transcripts.transcript import open_transcript

USERS = [
    {"id": "U1", "name": "ana", "profile": {"display_name": "Ana", "real_name": "Ana Berg"}},
    {"id": "U2", "name": "ben", "profile": {"display_name": ""}},
]
MONDAY = [
    {
        "type": "message",
        "user": "U1",
        "text": "hi <@U2>, see <https://a.example/x|the page> &amp; more",
        "ts": "1714980000.000100",
    },
    {"type": "message", "subtype": "channel_join", "user": "U2", "text": "joined", "ts": "1714980001.000200"},
    {"type": "message", "subtype": "me_message", "user": "U2", "text": "waves", "ts": "1714980002.000300"},
    {"type": "message", "subtype": "bot_message", "username": "deploys", "text": "done", "ts": "1714980003.000400"},
    {"type": "message", "user": "U9", "text": "", "files": [{"name": "plan.pdf"}], "ts": "1714980004.000500"},
    {"type": "message", "user": "U1", "text": "no time"},
    {"type": "message", "text": "no author", "ts": "1714980005.000500"},
]
TUESDAY = [
    {"type": "message", "user": "U2", "text": "next day", "ts": "1715070000.000100", "thread_ts": "1714980000.000100"}
]


def export(root: Path, channels: tuple[str, ...] = ("general",)) -> Path:
    root.mkdir()
    (root / "users.json").write_text(json.dumps(USERS))
    (root / "channels.json").write_text("[]")
    for channel in channels:
        (root / channel).mkdir()
        (root / channel / "2024-05-07.json").write_text(json.dumps(TUESDAY))
        (root / channel / "2024-05-06.json").write_text(json.dumps(MONDAY))
    return root


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.json"):
            archive.write(file, file.relative_to(folder))
    return path


def spoken(path: Path, channel: str | None = None) -> list[Message]:
    return [record for record in open_transcript(path, channel=channel) if isinstance(record, Message)]


def test_a_slack_export_is_read_day_by_day_with_the_names_of_people(tmp_path: Path) -> None:
    transcript = open_transcript(export(tmp_path / "slack"))
    records = list(transcript)
    found = [record for record in records if isinstance(record, Message)]
    assert transcript.format is Format.SLACK
    assert [(one.author, one.text, one.kind) for one in found] == [
        ("Ana", "hi @ben, see the page (https://a.example/x) & more", "message"),
        ("ben", "waves", "action"),
        ("deploys", "done", "message"),
        ("U9", "[file: plan.pdf]", "message"),
        ("ben", "next day", "message"),
    ]
    assert found[0].at == datetime(2024, 5, 6, 7, 20, 0, 100, tzinfo=UTC)
    assert [record.line for record in records if isinstance(record, Bad)] == [6, 7]
    assert transcript.counts == {"message": 4, "action": 1, "system": 1, "bad": 2}
    assert transcript.read_bytes == transcript.total_bytes > 0


def test_a_zip_a_channel_folder_and_the_whole_export_give_the_same_messages(tmp_path: Path) -> None:
    folder = export(tmp_path / "slack")
    whole = spoken(folder)
    assert spoken(zipped(folder)) == whole
    assert spoken(folder / "general") == whole
    assert spoken(folder / "general" / "2024-05-06.json") == whole[:4]


def test_an_export_of_several_channels_asks_which_one(tmp_path: Path) -> None:
    folder = export(tmp_path / "slack", ("general", "random"))
    with pytest.raises(TranscriptError, match="general, random"):
        open_transcript(folder)
    with pytest.raises(TranscriptError, match="no channel 'other'"):
        open_transcript(folder, channel="other")
    assert len(spoken(folder, channel="#random")) == 5


def test_a_damaged_export_is_refused(tmp_path: Path) -> None:
    folder = export(tmp_path / "slack")
    (folder / "general" / "2024-05-06.json").write_text("[{")
    with pytest.raises(TranscriptError, match=r"2024-05-06\.json"):
        list(open_transcript(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(TranscriptError, match="holds no messages"):
        open_transcript(tmp_path / "empty")


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<@U1> and <@U7|zoe> and <@U8>", "@Ana and @zoe and @U8"),
        ("<#C1|general> <!here> <!channel>", "#general @here @channel"),
        ("<!subteam^S1|@team> <!date^1714980000^{date}|May 6>", "@team May 6"),
        ("<https://a.example>", "https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2, &amp;lt;", "1 < 2 && 3 > 2, &lt;"),
    ],
)
def test_slack_markup_becomes_plain_text(raw: str, plain: str) -> None:
    assert plain_text(raw, {"U1": "Ana"}) == plain


def test_json_lines_are_read_under_their_usual_names(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"author": "ana", "text": "a", "at": "2024-05-06T03:01:02+02:00"},
        {"user": {"name": "ben"}, "content": "b", "timestamp": 1714980000},
        {"sender": "cleo", "message": "c", "ts": 1714980000123},
        {"from": "dora", "body": "d", "time": "1714980000.5"},
        {"author": "emil", "text": "waves", "at": "2024-05-06 03:01", "kind": "action"},
    ]
    path = tmp_path / "room.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert detect(path) is Format.JSONL
    assert [(one.author, one.text, one.at.isoformat(), one.kind) for one in spoken(path)] == [
        ("ana", "a", "2024-05-06T01:01:02+00:00", "message"),
        ("ben", "b", "2024-05-06T07:20:00+00:00", "message"),
        ("cleo", "c", "2024-05-06T07:20:00.123000+00:00", "message"),
        ("dora", "d", "2024-05-06T07:20:00.500000+00:00", "message"),
        ("emil", "waves", "2024-05-06T03:01:00+00:00", "action"),
    ]
    array = tmp_path / "room.json"
    array.write_text(json.dumps(rows))
    assert detect(array) is Format.JSON
    assert [one.id for one in spoken(array)] == [one.id for one in spoken(path)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"text": "a", "at": 1}', "no author"),
        ('{"author": "", "text": "a", "at": 1}', "no author"),
        ('{"author": "a", "at": 1}', "no text"),
        ('{"author": "a", "text": "b"}', "no time"),
        ('{"author": "a", "text": "b", "at": "soon"}', "not a time"),
        ('{"author": "a", "text": "b", "at": 1e400}', "finite"),
        ('{"author": "a", "text": "b", "at": 1e30}', "out of range"),
        ('{"author": "a", "text": "b", "at": true}', "neither a text nor a number"),
        ("[" * 20_000, "not JSON"),
    ],
)
def test_a_json_line_that_is_no_message_is_bad_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    path = tmp_path / "room.jsonl"
    path.write_text('{"author": "a", "text": "ok", "at": 1}\n' + row + "\n")
    first, second = open_transcript(path, file_format=Format.JSONL)
    assert isinstance(first, Message)
    assert isinstance(second, Bad)
    assert second.line == 2
    assert reason in second.reason


def test_text_that_json_can_spell_and_utf8_cannot_is_made_storable(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    path.write_text('{"author": "a\\u0000", "text": "x\\ud800y\\u0000", "at": 1}\n')
    (found,) = spoken(path)
    assert (found.author, found.text) == ("a", "x?y")


def test_the_format_can_be_told_against_the_content(tmp_path: Path) -> None:
    path = tmp_path / "2024-05-06.txt"
    path.write_text("[03:01] <ana> hi\n")
    (found,) = open_transcript(path, file_format=Format.JSONL)
    assert isinstance(found, Bad)


def test_slacks_timestamps_keep_every_digit() -> None:
    assert instant("1714980000.000199").microsecond == 199
    assert instant(-1).isoformat() == "1969-12-31T23:59:59+00:00"
