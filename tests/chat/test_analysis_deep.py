from datetime import timedelta

from tests.chat.analysis_talk import MONDAY, support, talk

from packetflow_chat.analysis.anomalies import anomalies
from packetflow_chat.analysis.deep import deep_analysis
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.robust import OUTLIER, outlier_scores


def test_each_persons_part_is_counted() -> None:
    behavior = deep_analysis(support(), "behavior").behavioral_patterns
    assert behavior is not None
    people = {one.person: one for one in behavior}
    assert people["newbie"].messages == 3
    assert people["newbie"].questions_asked == 1
    assert people["oldhand"].answers_given == 1
    assert people["paul"].conversations_started == 1
    assert people["quinn"].active_hours == [9]
    assert sum(one.messages for one in behavior) == len(support())


def test_relationships_tell_who_answers_whom_and_leave_bots_out() -> None:
    insights = deep_analysis(support(), "relationships").relationship_insights
    assert insights is not None
    pairs = {frozenset((pair.person, pair.answers)): pair.replies + pair.returned for pair in insights.pairs}
    assert pairs[frozenset(("oldhand", "newbie"))] == 4
    assert pairs[frozenset(("paul", "quinn"))] >= 2
    assert not any("helpbot" in pair for pair in pairs)


def test_a_question_that_nobody_answered_is_shown() -> None:
    lines = talk("ana: who has the key of the archive room?\nana: nobody around today")
    insights = deep_analysis(lines).relationship_insights
    assert insights is not None
    assert [quote.author for quote in insights.unanswered_questions] == ["ana"]


def test_the_shape_of_a_conversation_is_measured() -> None:
    found = deep_analysis(support(), "patterns").pattern_analysis
    assert found is not None
    assert found.messages == 10
    assert found.people == 5
    assert found.messages_by_hour == {9: 10}
    assert found.questions_answered >= 2
    assert found.median_answer_seconds is not None
    assert found.median_answer_seconds >= 120


def test_a_side_that_was_not_asked_for_is_none() -> None:
    found = deep_analysis(support(), "anomalies")
    assert found.anomaly_detection == []
    assert found.pattern_analysis is None
    assert found.relationship_insights is None
    assert found.behavioral_patterns is None


def steady(count: int, step: timedelta) -> list[Line]:
    return [
        Line(f"s{at}", ("ana", "ben")[at % 2], f"steady talk number {at}", MONDAY + at * step) for at in range(count)
    ]


def test_a_burst_a_flood_repetition_and_a_silence_are_noticed() -> None:
    quiet = steady(60, timedelta(minutes=2))
    end = quiet[-1].at
    burst = [Line(f"b{at}", f"p{at % 5}", f"news {at}", end + timedelta(seconds=3 * at)) for at in range(1, 40)]
    flood = [Line(f"f{at}", "sam", f"wow {at}", end + timedelta(hours=1, seconds=at)) for at in range(8)]
    spam = [Line(f"r{at}", "eve", "visit my shop now", end + timedelta(hours=1, minutes=at)) for at in range(1, 4)]
    late = [Line("l", "ana", "anybody here?", end + timedelta(hours=30))]
    found = anomalies([*quiet, *burst, *flood, *spam, *late])
    by_kind = {one.kind: one for one in found}
    assert by_kind["burst"].count >= 30
    assert by_kind["flood"].people == ["sam"]
    assert by_kind["flood"].count == 8
    assert by_kind["repeated_text"].people == ["eve"]
    assert max(one.count for one in found if one.kind == "long_silence") > 28 * 60


def test_a_steady_conversation_has_no_anomaly() -> None:
    assert anomalies(steady(200, timedelta(minutes=3))) == []


def test_an_outlier_does_not_hide_itself_by_its_own_size() -> None:
    scores = outlier_scores([5.0, 6.0, 5.0, 7.0, 6.0, 5.0, 1_000.0])
    assert [score > OUTLIER for score in scores] == [False] * 6 + [True]
    assert outlier_scores([4.0] * 5) == [0.0] * 5
    assert outlier_scores([]) == []


def test_an_empty_room_is_analysed_without_a_number_made_up() -> None:
    found = deep_analysis([])
    assert found.pattern_analysis is not None
    assert found.pattern_analysis.first_at is None
    assert found.pattern_analysis.median_answer_seconds is None
    assert found.behavioral_patterns == found.anomaly_detection == []
