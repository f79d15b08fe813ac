import pytest
from tests.chat.analysis_talk import MONDAY, database, support, talk, week

from packetflow_chat.analysis.actions import action_items
from packetflow_chat.analysis.decisions import decisions
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.summary import POINTS, SummaryFormat, analyze, summarize
from packetflow_chat.analysis.threads import answered_lines
from packetflow_chat.analysis.topics import topics


def test_topics_name_what_several_people_wrote_about_with_their_quotes() -> None:
    found = topics(database())
    assert {"staging database", "bigger disk", "invoices"} <= {topic.name for topic in found[:4]}
    disk = next(topic for topic in found if topic.name == "bigger disk")
    assert disk.people == ["ana", "cleo"]
    assert all("bigger disk" in quote.text for quote in disk.quotes)


def test_one_person_who_repeats_a_line_makes_no_topic_of_it() -> None:
    lines = talk(
        "\n".join(["sam: buy golden watches today"] * 9 + ["ana: the garden fence", "ben: yes the garden fence"])
    )
    assert topics(lines)[0].name == "garden fence"


def test_a_proposal_that_others_consent_to_is_a_decision() -> None:
    lines = database()
    (made,) = decisions(lines, answered_lines(lines))
    assert made.kind == "decision"
    assert made.author == "ana"
    assert made.text.startswith("I propose we move the old invoices")
    assert made.agreed_by == ["ben", "cleo"]


def test_what_solved_a_problem_is_kept_with_the_answer_that_solved_it() -> None:
    lines = support()
    solved = [one for one in decisions(lines, answered_lines(lines)) if one.kind == "solution"]
    assert [one.author for one in solved] == ["newbie"]
    assert solved[0].quotes[1].text == "newbie: you need sudo in front of it"


@pytest.mark.parametrize(
    "text",
    [
        "should we go with sushi?",
        "we haven't decided yet",
        "if we decided that, it would cost more",
        "let's see",
        "tell me when it works now and then",
    ],
)
def test_what_is_still_open_is_no_decision(text: str) -> None:
    lines = [Line("1", "ana", text, MONDAY)]
    assert decisions(lines, answered_lines(lines)) == []


def test_action_items_have_their_owner_and_their_time() -> None:
    found = [(item.owner, item.due, item.asked_by) for item in action_items(database())]
    assert found == [
        ("ben", "Thursday", "ana"),
        ("ben", "tomorrow morning", "ben"),
        ("cleo", None, "ben"),
        ("cleo", "tonight", "cleo"),
        ("cleo", "Friday", "ana"),
    ]


@pytest.mark.parametrize(
    "text", ["I'll be back", "can you see it?", "I'll take that as a no", "you need to run sudo", "lol"]
)
def test_small_talk_and_advice_are_no_action_items(text: str) -> None:
    assert action_items([Line("1", "ana", text, MONDAY)]) == []


@pytest.mark.parametrize("layout", ["brief", "bullets", "detailed"])
def test_a_summary_is_made_of_quotes_from_the_log(layout: SummaryFormat) -> None:
    lines = week()
    made = summarize(lines, layout)
    texts = {line.id: line.text for line in lines}
    cited = [quote for point in made.key_points for quote in point.quotes]
    cited += [quote for topic in made.main_topics for quote in topic.quotes]
    cited += [quote for item in (*made.decisions_made, *made.action_items) for quote in item.quotes]
    assert cited
    assert all(texts[quote.message_id] == quote.text for quote in cited)
    assert 0 < len(made.key_points) <= POINTS[layout]
    assert made.summary.startswith(("16 messages by 6 people", "- 16 messages by 6 people"))
    assert made.coverage.messages == made.coverage.read_closely == len(lines)


def test_a_summary_tells_questions_together_with_their_answers() -> None:
    points = summarize(support(), "detailed").key_points
    answered = [point for point in points if point.kind == "answered_question"]
    assert any(
        "mount an ntfs partition" in point.text and "oldhand answered: use mount" in point.text for point in answered
    )


def test_a_summary_does_not_depend_on_the_order_in_which_lines_are_given() -> None:
    assert summarize(week()[::-1], "detailed") == summarize(week(), "detailed")


def test_an_empty_room_has_an_honest_summary() -> None:
    made = summarize([])
    assert made.summary == "There are no messages to summarize."
    assert made.key_points == made.main_topics == made.decisions_made == made.action_items == []
    assert analyze([]).sentiment_analysis.overall == "unknown"


def test_an_analysis_counts_moods_and_shows_the_lines() -> None:
    found = analyze(
        talk("ana: I love the new design, it is wonderful\nben: I hate it, it is horrible\nana: the door is blue")
    )
    mood = found.sentiment_analysis
    assert (mood.positive, mood.negative, mood.neutral, mood.unknown) == (1, 1, 1, 0)
    assert mood.most_positive is not None
    assert mood.most_positive.author == "ana"
    assert mood.most_negative is not None
    assert mood.most_negative.author == "ben"
    assert [person.person for person in mood.by_person] == ["ana", "ben"]


def test_a_room_longer_than_is_read_closely_says_so() -> None:
    lines = [Line(str(at), f"p{at % 9}", f"item {at % 17} of the garden list", MONDAY) for at in range(5_200)]
    made = summarize(lines)
    assert made.coverage.messages == 5_200
    assert made.coverage.read_closely == 5_000
