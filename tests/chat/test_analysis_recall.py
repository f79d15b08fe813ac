from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.chat.analysis_talk import MONDAY, WEDNESDAY, database, support, talk, week

from packetflow_chat.analysis.periods import PeriodUnknown, find_period, parse_period
from packetflow_chat.analysis.recall import recall
from packetflow_chat.analysis.room_summary import room_summary
from packetflow_chat.analysis.suggestions import suggest


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2026-03-04T00:00", "2026-03-05T00:00"),
        ("yesterday", "2026-03-03T00:00", "2026-03-04T00:00"),
        ("the day before yesterday", "2026-03-02T00:00", "2026-03-03T00:00"),
        ("yesterday morning", "2026-03-03T05:00", "2026-03-03T12:00"),
        ("last night", "2026-03-03T18:00", "2026-03-04T00:00"),
        ("last 24 hours", "2026-03-03T15:30", "2026-03-04T15:30"),
        ("last_24_hours", "2026-03-03T15:30", "2026-03-04T15:30"),
        ("7d", "2026-02-25T15:30", "2026-03-04T15:30"),
        ("last hour", "2026-03-04T14:30", "2026-03-04T15:30"),
        ("last week", "2026-02-23T00:00", "2026-03-02T00:00"),
        ("this week", "2026-03-02T00:00", "2026-03-09T00:00"),
        ("last Monday", "2026-03-02T00:00", "2026-03-03T00:00"),
        ("last Wednesday", "2026-02-25T00:00", "2026-02-26T00:00"),
        ("Wednesday", "2026-03-04T00:00", "2026-03-05T00:00"),
        ("last month", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("2 days ago", "2026-03-02T00:00", "2026-03-03T00:00"),
        ("2026-02-28", "2026-02-28T00:00", "2026-03-01T00:00"),
        ("3 March", "2026-03-03T00:00", "2026-03-04T00:00"),
        ("December 24th", "2025-12-24T00:00", "2025-12-25T00:00"),
        ("since Monday", "2026-03-02T00:00", "2026-03-04T15:30"),
    ],
)
def test_spans_of_time_are_understood(text: str, start: str, end: str) -> None:
    period = parse_period(text, WEDNESDAY)
    assert period.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert period.end is not None
    assert period.end.replace(microsecond=0) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_day_is_a_day_where_the_asker_lives() -> None:
    period = parse_period("today", datetime(2026, 3, 4, 23, 30, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))
    assert period.start == datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["banana", "last banana", "2026-13-45", "0 hours ago", "31 February"])
def test_a_span_that_is_not_understood_is_refused_with_examples(text: str) -> None:
    with pytest.raises(PeriodUnknown, match="last 24 hours"):
        parse_period(text, WEDNESDAY)


def test_a_sentence_without_a_time_has_no_span() -> None:
    assert find_period("what did we say about the mayor", WEDNESDAY) is None


def test_what_was_discussed_yesterday_is_answered_from_yesterdays_lines() -> None:
    found = recall("What did we discuss yesterday?", week(), WEDNESDAY)
    assert found.found
    assert found.searched == 6
    assert "sushi" in [topic.name for topic in found.topics]
    assert [one.author for one in found.decisions] == ["fay"]
    assert {quote.at.date().isoformat() for quote in found.quotes} == {"2026-03-03"}
    assert "let's go with sushi" in found.answer


def test_a_topic_is_found_on_any_day() -> None:
    found = recall("What did we say about the database?", week(), WEDNESDAY)
    assert found.topic == "database"
    assert {quote.message_id for quote in found.quotes} >= {"m0", "m7"}


def test_a_decision_is_found_in_the_thread_of_its_question() -> None:
    found = recall("What did we decide about lunch?", week(), WEDNESDAY)
    assert [one.text for one in found.decisions] == ["let's go with sushi, the place on Main Street"]


def test_a_persons_words_are_found_with_the_day_and_the_topic() -> None:
    found = recall("what did ben say about the backup last Monday?", week(), WEDNESDAY)
    assert found.people == ["ben"]
    assert [quote.message_id for quote in found.quotes] == ["m7"]


def test_what_was_never_said_is_not_made_up() -> None:
    found = recall("What was said about kubernetes?", week(), WEDNESDAY)
    assert not found.found
    assert found.quotes == []
    assert found.answer == 'I found nothing about "kubernetes"; 16 messages searched.'


def test_a_topic_of_another_time_is_pointed_to() -> None:
    found = recall("what did we say about sushi last week?", week(), WEDNESDAY)
    assert not found.found
    assert "It came up at other times, the last on 2026-03-03" in found.answer


def test_a_room_summary_is_of_its_span_and_compares_with_the_one_before() -> None:
    found = room_summary(week(), "yesterday", WEDNESDAY)
    assert found.activity_summary.messages == 6
    assert found.activity_summary.messages_before == 10
    assert [one.person for one in found.participant_insights] == ["dora", "emil", "fay"]
    assert found.trending_topics[0].topic.name == "sushi"
    assert found.trending_topics[0].trend == "new"
    assert room_summary(week(), "all", WEDNESDAY).activity_summary.messages == 16


def test_a_span_without_messages_says_so() -> None:
    found = room_summary(week(), "last hour", WEDNESDAY)
    assert found.activity_summary.messages == 0
    assert found.activity_summary.text.startswith("Nobody wrote")


def test_a_reply_is_suggested_from_the_answer_to_a_similar_question() -> None:
    found = suggest("How can I mount a ntfs disk partition?", support())
    assert found.suggested_responses[0].startswith(
        'oldhand answered a similar question of newbie: "use mount -t ntfs-3g'
    )
    assert [quote.message_id for quote in found.sources[0]] == ["m0", "m1"]
    assert found.confidence_scores == sorted(found.confidence_scores, reverse=True)


def test_the_latest_message_is_answered_and_not_quoted_back() -> None:
    lines = [*database(), *talk("dan: which invoices do we move first?", MONDAY + timedelta(hours=1), prefix="d")]
    found = suggest("which invoices do we move first?", lines)
    assert "old invoices" in found.suggested_responses[0]
    assert not any("which invoices do we move first" in text for text in found.suggested_responses)
    stated = talk("dan: the old invoices fill the disk", MONDAY + timedelta(hours=1), prefix="d")
    again = suggest("the old invoices fill the disk", [*database(), *stated])
    assert "d0" not in {quote.message_id for quotes in again.sources for quote in quotes}


@pytest.mark.parametrize("message", ["", "hello", "thanks!", "What is the wifi password?", "the cat sleeps", "…"])
def test_there_is_always_a_reply_and_it_is_repeatable(message: str) -> None:
    found = suggest(message, [])
    assert found.suggested_responses
    assert len(found.suggested_responses) == len(found.confidence_scores) == len(found.sources)
    assert found == suggest(message, [])


def test_a_question_that_the_log_does_not_answer_gets_no_invented_answer() -> None:
    found = suggest("What is the wifi password?", database())
    assert found.suggested_responses == [
        "I found nothing about password in the last 10 messages. Does anybody here know?"
    ]
    assert found.confidence_scores[0] < 0.5
