"""`packetflow chat import`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome, Shell

LOG = """\
[09:00] <ada> shall we ship on Thursday?
[09:01] * grace nods
=== linus has joined #dev
[09:02] <grace> yes
no line of a log
"""
CHAT = ("--app", "packetflow_chat.app:app")
DAY = ("--date", "2024-02-29")


def lines_of(shell: "Shell", room: str) -> list[tuple[str, str, str]]:
    """Read a room: author, text and time of each message."""
    read = shell("call", "list_messages", f"room_id={room}", "limit=1000", "--json", *CHAT).json
    return [(one["author"], one["content"], one["at"]) for one in read["messages"]]


def test_a_log_is_stored_once_with_its_own_times_however_often_it_is_imported(shell: "Shell") -> None:
    (shell.folder / "dev.log").write_text(LOG)
    first = shell("chat", "import", "dev.log", "--room", "dev", *DAY, "--batch", "2", "--json", *CHAT)
    assert first.status == 0, first.err
    counts = ("created", "stored", "known", "system")
    assert [first.json[name] for name in counts] == [True, 3, 0, 1]
    assert [(bad["line"], bad["excerpt"]) for bad in first.json["bad"]] == [(5, "no line of a log")]
    again = shell("chat", "import", "dev.log", "--room", "dev", *DAY, "--json", *CHAT)
    assert [again.json[name] for name in counts] == [False, 0, 3, 1]
    assert lines_of(shell, "dev") == [
        ("ada", "shall we ship on Thursday?", "2024-02-29T09:00:00Z"),
        ("grace", "nods", "2024-02-29T09:01:00Z"),
        ("grace", "yes", "2024-02-29T09:02:00Z"),
    ]


def test_an_import_works_while_the_server_runs(shell: "Shell") -> None:
    (shell.folder / "2024-02-29.log").write_text(LOG)
    server = shell.serve("packetflow_chat.app:app", "--empty")
    stored = shell("chat", "import", "2024-02-29.log", "--room", "dev")
    assert stored.status == 0, stored.err
    assert "3 stored, 0 already there, in room 'dev', which is new." in stored.out
    assert "1 system lines skipped, 1 bad lines." in stored.out
    assert "line 5: " in stored.out
    assert len(lines_of(shell, "dev")) == 3
    assert server.stop().status == 0
    assert len(lines_of(shell, "dev")) == 3


def test_a_message_that_no_room_takes_is_a_bad_line_and_keeps_no_other_out(shell: "Shell") -> None:
    texts = ["before", "x" * 20_001, "after"]
    records = [{"author": "ada", "text": text, "at": f"2024-02-29T09:0{n}:00Z"} for n, text in enumerate(texts)]
    (shell.folder / "log.jsonl").write_text("\n".join(map(json.dumps, records)))
    ended = shell("chat", "import", "log.jsonl", "--room", "dev", "--json", *CHAT)
    assert (ended.status, ended.json["stored"]) == (0, 2), ended.err
    assert [bad["line"] for bad in ended.json["bad"]] == [2]
    assert "text: " in ended.json["bad"][0]["reason"]


def test_a_large_import_is_sent_in_parts_that_a_server_takes(shell: "Shell") -> None:
    records = [{"author": "ada", "text": f"{n} " + "y" * 15_000, "at": "2024-02-29T09:00:00Z"} for n in range(100)]
    (shell.folder / "log.jsonl").write_text("\n".join(map(json.dumps, records)))
    ended = shell("chat", "import", "log.jsonl", "--room", "dev", "--batch", "1000", "--json", *CHAT)
    assert (ended.status, ended.json["stored"]) == (0, 100), ended.err


def test_a_dry_run_reads_and_stores_nothing(inside: "Callable[..., Outcome]") -> None:
    Path("dev.log").write_text(LOG)
    ended = inside("chat", "import", "dev.log", "--room", "dev", *DAY, "--dry-run", "--json")
    assert (ended.status, ended.json["messages"], ended.json["stored"]) == (0, 3, 0)
    assert not Path(".packetflow").exists()


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        (LOG.encode(), (), "date_needed", "pass --date"),
        (b"", DAY, "empty_file", "is empty"),
        (b"\x00\x01\x02", DAY, "unreadable_file", "looks like none of"),
        (None, DAY, "unreadable_file", "there is no file"),
        (LOG.encode(), ("--zone", "Middle/Earth"), "invalid_input", "no time zone"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_with_2(
    inside: "Callable[..., Outcome]", content: bytes | None, arguments: tuple[str, ...], code: str, said: str
) -> None:
    if content is not None:
        Path("dev.log").write_bytes(content)
    ended = inside("chat", "import", "dev.log", "--room", "dev", "--json", *arguments)
    assert (ended.status, ended.json["error"]["code"]) == (2, code)
    assert said in ended.err
    assert not Path(".packetflow").exists()


def test_a_folder_that_is_no_export_is_refused(inside: "Callable[..., Outcome]") -> None:
    Path("logs").mkdir()
    ended = inside("chat", "import", "logs", "--room", "dev")
    assert ended.status == 2
    assert "logs" in ended.err
