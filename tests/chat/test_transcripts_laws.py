from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from packetflow_chat.transcripts.clock import LogClock
from packetflow_chat.transcripts.content_id import ContentIds
from packetflow_chat.transcripts.detect import Format
from packetflow_chat.transcripts.irc_line import irc_line
from packetflow_chat.transcripts.records import Message
from packetflow_chat.transcripts.transcript import open_transcript

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
SAID = st.tuples(st.sampled_from(["ana", "ben"]), st.sampled_from(["hi", "ok", "lol"]), st.integers(0, 2))
TIMES = st.lists(st.integers(0, 24 * 60 - 1), max_size=60)


def ids(said: list[tuple[str, str, int]], *, ordered: bool) -> list[str]:
    named = ContentIds(ordered=ordered)
    return [named.name(author, text, NOON + timedelta(minutes=minute), "message") for author, text, minute in said]


@given(st.lists(SAID, max_size=40), st.lists(SAID, max_size=10))
def test_a_file_that_has_grown_gives_its_old_lines_their_old_ids(
    said: list[tuple[str, str, int]], more: list[tuple[str, str, int]]
) -> None:
    assert ids(said + more, ordered=False)[: len(said)] == ids(said, ordered=False)


@given(st.lists(SAID, max_size=40))
def test_equal_lines_of_one_file_have_distinct_ids(said: list[tuple[str, str, int]]) -> None:
    assert len(set(ids(said, ordered=False))) == len(said)
    in_order = sorted(said, key=lambda one: one[2])
    assert ids(in_order, ordered=True) == ids(in_order, ordered=False)


def test_what_is_split_otherwise_is_named_otherwise() -> None:
    named = ContentIds(ordered=True)
    assert named.name("ab", "c", NOON, "message") != named.name("a", "bc", NOON, "message")
    assert named.name("a", "b", NOON, "message") != named.name("a", "b", NOON, "action")


@given(TIMES, st.sampled_from(["auto", "12", "24"]))
def test_the_times_of_a_log_never_run_backwards(minutes: list[int], dial: str) -> None:
    clock = LogClock(date(2024, 5, 6), dial="12" if dial == "12" else "24" if dial == "24" else "auto")
    found = [clock.read(timedelta(minutes=minute)) for minute in minutes]
    assert found == sorted(found)


@given(TIMES, TIMES)
def test_the_times_of_old_lines_do_not_depend_on_later_ones(minutes: list[int], more: list[int]) -> None:
    first, second = LogClock(date(2024, 5, 6)), LogClock(date(2024, 5, 6))
    old = [first.read(timedelta(minutes=minute)) for minute in minutes]
    assert [second.read(timedelta(minutes=minute)) for minute in minutes + more][: len(minutes)] == old


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([Format.IRC, Format.JSONL]))
def test_any_bytes_are_read_to_their_end(content: bytes, file_format: Format) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "2024-05-06.txt"
        path.write_bytes(b"[00:01] <ana> hi\n" + content)
        transcript = open_transcript(path, file_format=file_format)
        records = list(transcript)
        assert [record.line for record in records] == list(range(1, len(records) + 1))
        assert sum(transcript.counts.values()) == len(records)
        assert transcript.read_bytes == transcript.total_bytes
        again = [record.id for record in open_transcript(path, file_format=file_format) if isinstance(record, Message)]
        assert again == [record.id for record in records if isinstance(record, Message)]


@given(st.text(max_size=120))
def test_any_line_is_understood_or_refused_with_a_reason(text: str) -> None:
    found = irc_line(text)
    assert found
