from datetime import timedelta

from tests.chat.analysis_talk import MONDAY, database, support, talk

from packetflow_chat.analysis.address import addressees, names_of, without_address
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.thread_features import clues
from packetflow_chat.analysis.threads import answered_lines, choices, conversations


def test_crossing_threads_of_a_support_channel_are_told_apart() -> None:
    parents = answered_lines(support())
    assert parents[0] is None
    assert parents[1] == 0
    assert parents[2] is None
    assert parents[3] == 1
    assert parents[4] == 3
    assert parents[5] == 2
    assert parents[7] == 4
    assert parents[8] == 5
    threads = conversations(parents)
    assert {0, 1, 3, 4, 7} in [set(thread) for thread in threads]


def test_a_few_people_who_talk_without_a_pause_answer_each_other() -> None:
    parents = answered_lines(database())
    assert parents[0] is None
    assert all(parent is not None for index, parent in enumerate(parents) if index != 0)


def test_a_long_pause_starts_a_new_conversation() -> None:
    lines = [
        *talk("ana: is the build green?\nben: yes it is"),
        *talk("ana: who orders the cake?", MONDAY + timedelta(days=1)),
    ]
    assert answered_lines(lines)[2] is None


def test_a_line_never_answers_a_later_one() -> None:
    assert all(parent is None or parent < index for index, parent in enumerate(answered_lines(support())))


def test_names_are_found_where_people_write_them() -> None:
    names = names_of([*support(), Line("x", "Zoë_", "hi", MONDAY)])
    assert addressees("newbie: try sudo", names) == ["newbie"]
    assert addressees("newb, try sudo", names) == ["newbie"]
    assert addressees("please look @quinn", names) == ["quinn"]
    assert addressees("Great. Paul, can you look?", names) == ["paul"]
    assert addressees("will you look, paul?", names) == ["paul"]
    assert addressees("!manual | paul", names) == ["paul"]
    assert addressees("zoë: hi", names) == ["zoë_"]
    assert addressees("nobody: hi", names) == []
    assert without_address("newbie: try sudo", names) == "try sudo"
    assert without_address("note: try sudo", names) == "note: try sudo"


def test_the_work_for_a_line_is_bounded_however_long_the_log() -> None:
    lines = [
        Line(str(at), f"person{at % 7}", f"person{(at + 1) % 7}: word{at % 50} again", MONDAY + timedelta(seconds=at))
        for at in range(3_000)
    ]
    assert max(len(choice.earlier) for choice in choices(clues(lines))) <= 30


def test_no_lines_have_no_threads() -> None:
    assert answered_lines([]) == []
    assert conversations([]) == []
