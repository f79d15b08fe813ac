from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from packetflow_chat.transcripts.clock import LogClock
from packetflow_chat.transcripts.dates import date_in_header, date_in_path
from packetflow_chat.transcripts.detect import Format
from packetflow_chat.transcripts.records import (
    Bad,
    DateNeededError,
    FormatUnknownError,
    Message,
    Skipped,
    TranscriptError,
)
from packetflow_chat.transcripts.transcript import open_transcript

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def messages(path: Path, day: date | None = None) -> list[Message]:
    return [record for record in open_transcript(path, date=day) if isinstance(record, Message)]


def clock(path: Path) -> list[str]:
    return [f"{one.at:%d %H:%M:%S}" for one in messages(path)]


def test_messages_actions_and_system_lines_are_told_apart(write: Write) -> None:
    path = write(
        "2024-05-06.txt",
        "[03:01] <ana> hello all\n[03:01]  * ben waves\n=== cleo [~c@host] has joined #room\n"
        "=== ana is now known as ana_away\n=== ana goes for a walk\n=== stranger dances\n\n[03:02] <cleo>\n",
    )
    transcript = open_transcript(path)
    records = list(transcript)
    spoken = [record for record in records if isinstance(record, Message)]
    assert transcript.format is Format.IRC
    assert [(one.author, one.text, one.kind, one.line) for one in spoken] == [
        ("ana", "hello all", "message", 1),
        ("ben", "waves", "action", 2),
        ("ana", "goes for a walk", "action", 5),
    ]
    assert [record.reason for record in records if isinstance(record, Skipped)] == [
        "system", "system", "system", "empty", "empty",
    ]  # fmt: skip
    assert transcript.counts == {"message": 1, "action": 2, "system": 3, "empty": 2}
    assert transcript.read_bytes == transcript.total_bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("line", "author", "text", "time"),
    [
        ("03:01 <@ana> hi", "ana", "hi", "03:01:00"),
        ("03:01 < ana> hi", "ana", "hi", "03:01:00"),
        ("[03:01:02] <+ana> hi", "ana", "hi", "03:01:02"),
        ("(3:01 PM) <ana> hi", "ana", "hi", "15:01:00"),
        ("[12:05am] <ana> hi", "ana", "hi", "00:05:00"),
        ("[03:01] <[a]|b\\c_^> hi", "[a]|b\\c_^", "hi", "03:01:00"),
        ("[03:01] <ana> <ben> said so", "ana", "<ben> said so", "03:01:00"),
        ("[03:01] <ana> \x0304,01red\x03 and \x02bold\x0f", "ana", "red and bold", "03:01:00"),
        ("2024-05-06 03:01:02\t@ana\thi", "ana", "hi", "03:01:02"),
        ("2024-05-06T03:01:02Z <ana> hi", "ana", "hi", "03:01:02"),
        ("[2024-05-06 03:01:02] <ana> hi", "ana", "hi", "03:01:02"),
        ("2024-05-06T05:01:02+02:00 <ana> hi", "ana", "hi", "03:01:02"),
        ("2024-05-06 03:01:02 ana: hi", "ana", "hi", "03:01:02"),
    ],
)
def test_the_usual_ways_to_write_a_line_are_read(write: Write, line: str, author: str, text: str, time: str) -> None:
    (found,) = messages(write("room.2024-05-06.log", line))
    assert (found.author, found.text, f"{found.at:%H:%M:%S}") == (author, text, time)
    assert found.at.date() == date(2024, 5, 6)
    assert found.at.tzinfo is UTC


def test_weechat_arrows_are_system_lines_and_stars_are_actions(write: Write) -> None:
    path = write(
        "log.txt",
        "2024-05-06 03:01:02\t-->\tana (a@host) has joined\n2024-05-06 03:01:03\t *\tana waves\n"
        "2024-05-06 03:01:04\t--\tTopic is cake\n2024-05-06 03:01:05\tben\thi\n",
    )
    assert [(one.author, one.text, one.kind) for one in messages(path)] == [
        ("ana", "waves", "action"),
        ("ben", "hi", "message"),
    ]


def test_irssi_headers_give_the_date_and_change_it(write: Write) -> None:
    path = write(
        "room.log",
        "--- Log opened Mon May 06 23:50:00 2024\n23:58 <ana> late\n--- Day changed Tue May 07 2024\n"
        "00:02 <ben> early\n00:03 -!- ben [b@host] has quit [bye]\n--- Log closed Tue May 07 00:10:00 2024\n",
    )
    assert clock(path) == ["06 23:58:00", "07 00:02:00"]


def test_midnight_begins_the_next_day(write: Write) -> None:
    path = write("2024-05-06.txt", "[22:10] <ana> a\n[23:59] <ana> b\n[00:00] <ana> c\n[00:10] <ana> d\n")
    assert clock(path) == ["06 22:10:00", "06 23:59:00", "07 00:00:00", "07 00:10:00"]


def test_a_clock_of_twelve_hours_never_runs_backwards(write: Write) -> None:
    path = write(
        "2024-05-06.txt", "".join(f"[{at}] <a> x\n" for at in ("11:58", "12:59", "01:00", "11:59", "12:01", "01:02"))
    )
    times = ["06 11:58:00", "06 12:59:00", "06 13:00:00", "06 23:59:00", "07 00:01:00", "07 01:02:00"]
    assert clock(path) == times


def test_a_clock_that_showed_an_afternoon_has_twenty_four_hours(write: Write) -> None:
    path = write("2024-05-06.txt", "[14:00] <a> x\n[09:00] <a> x\n[12:50] <a> x\n[01:00] <a> x\n")
    assert clock(path) == ["06 14:00:00", "07 09:00:00", "07 12:50:00", "08 01:00:00"]


def test_a_clock_that_jitters_stands_still(write: Write) -> None:
    path = write("2024-05-06.txt", "[10:05] <a> x\n[10:04] <b> y\n[10:06] <a> z\n")
    assert clock(path) == ["06 10:05:00", "06 10:05:00", "06 10:06:00"]


def test_times_are_those_of_the_zone_that_is_given(write: Write) -> None:
    path = write("2024-01-06.txt", "[10:00] <ana> hi\n")
    (found,) = open_transcript(path, zone=ZoneInfo("America/New_York"))
    assert isinstance(found, Message)
    assert found.at == datetime(2024, 1, 6, 15, 0, tzinfo=UTC)


def test_summer_time_does_not_turn_the_order_of_lines() -> None:
    reading = LogClock(date(2024, 10, 27), zone=ZoneInfo("Europe/Berlin"))
    found = [reading.read(timedelta(minutes=minute)) for minute in range(0, 300, 20)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2008-12-11_11.txt", date(2008, 12, 11)),
        ("#room.2008-12-11.log", date(2008, 12, 11)),
        ("20081211.log", date(2008, 12, 11)),
        ("room_2008.12.11.txt", date(2008, 12, 11)),
        ("2008/12/11/#room.txt", date(2008, 12, 11)),
        ("2008-13-11.txt", None),
        ("120081211.txt", None),
        ("room.txt", None),
    ],
)
def test_a_date_is_found_in_the_name_of_the_file(name: str, day: date | None) -> None:
    assert date_in_path(Path(name)) == day


def test_a_header_without_a_date_has_none() -> None:
    assert date_in_header("--- Log opened by somebody") is None
    assert date_in_header("**** BEGIN LOGGING AT Thu Dec 11 08:24:00 2008") == date(2008, 12, 11)


def test_a_log_without_a_date_is_refused_before_it_is_read_and_says_what_to_do(write: Write) -> None:
    path = write("room.txt", "[03:01] <ana> hello\n")
    with pytest.raises(DateNeededError, match="--date"):
        open_transcript(path)
    assert messages(path, date(2024, 5, 6))[0].at.date() == date(2024, 5, 6)


def test_a_line_that_cannot_be_read_is_kept_with_its_number_and_reason(write: Write) -> None:
    path = write(
        "2024-05-06.txt", "[03:01] <ana> a\n[25:99] <ana> b\ngarbage \x1b[31m here\n[03:02] ana b\n[03:03] <ana> c\n"
    )
    found = [record for record in open_transcript(path) if isinstance(record, Bad)]
    assert [one.line for one in found] == [2, 3, 4]
    assert [one.reason for one in found] == [
        "the time of day does not exist",
        "no time at the start of the line",
        "no <name> and no * action behind the time",
    ]
    assert "\x1b" not in found[1].excerpt


def test_bytes_of_any_age_are_decoded(write: Write) -> None:
    content = b"\xef\xbb\xbf[03:01] <ana> caf\xc3\xa9\r\n[03:02] <ben> caf\xe9 \x93hi\x94\r\n"
    content += b"[03:03] <c> n\x00ul\n[03:04] <d> \x81\xe9"
    texts = [one.text for one in messages(write("2024-05-06.txt", content))]
    assert texts == ["café", "café “hi”", "nul", "\x81é"]


def test_a_huge_line_is_bad_and_the_next_one_is_read(write: Write) -> None:
    path = write("2024-05-06.txt", b"[03:01] <ana> " + b"x" * 3_000_000 + b"\n[03:02] <ben> hi\n")
    first, second = open_transcript(path)
    assert isinstance(first, Bad)
    assert first.reason == "the line is longer than 1 MiB"
    assert len(first.excerpt) <= 120
    assert isinstance(second, Message)
    assert second.line == 2


def test_progress_never_falls_and_ends_at_the_size(write: Write) -> None:
    path = write("2024-05-06.txt", "[03:01] <ana> hello\n" * 50)
    transcript = open_transcript(path)
    seen = [transcript.read_bytes for _ in transcript]
    assert seen == sorted(seen)
    assert seen[0] == 20
    assert seen[-1] == transcript.total_bytes == 1_000


@pytest.mark.parametrize(
    "content", ["", "   \n", "Dear diary,\ntoday it rained.\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256))]
)
def test_a_file_of_no_known_format_is_refused(write: Write, content: str | bytes) -> None:
    with pytest.raises(FormatUnknownError):
        open_transcript(write("2024-05-06.txt", content))


def test_utf16_is_refused_with_what_to_do(write: Write) -> None:
    with pytest.raises(TranscriptError, match="UTF-8"):
        open_transcript(write("2024-05-06.txt", "[03:01] <ana> hi".encode("utf-16")))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        open_transcript(tmp_path / "nothing.txt")
