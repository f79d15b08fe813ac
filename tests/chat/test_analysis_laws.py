from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chat.analysis_talk import MONDAY, WEDNESDAY

from packetflow_chat.analysis.deep import deep_analysis
from packetflow_chat.analysis.insights import message_insights
from packetflow_chat.analysis.line import Line
from packetflow_chat.analysis.moderation import moderate
from packetflow_chat.analysis.recall import recall
from packetflow_chat.analysis.suggestions import suggest
from packetflow_chat.analysis.summary import summarize

WORDS = st.sampled_from(
    [
        "ana",
        "ben:",
        "@cleo",
        "?",
        "can you",
        "fix",
        "the",
        "garden fence",
        "agreed",
        "I'll",
        "tomorrow",
        "+1",
        "…",
        "\n",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join))
PEOPLE = st.sampled_from(["ana", "Ben", "cleo", "d|an_", "helpbot", "é"])
LINES = st.lists(st.tuples(PEOPLE, TEXTS, st.integers(0, 5_000)), max_size=25).map(
    lambda rows: [
        Line(f"m{at}", who, text, MONDAY + timedelta(minutes=when)) for at, (who, text, when) in enumerate(rows)
    ]
)


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_every_quote_of_every_analysis_is_in_the_log(lines: list[Line]) -> None:
    made = summarize(lines, "detailed")
    deep = deep_analysis(lines)
    texts = {line.id: " ".join(line.text.split()) for line in lines}
    cited = [quote for item in (*made.key_points, *made.main_topics, *made.decisions_made) for quote in item.quotes]
    cited += [quote for item in deep.anomaly_detection or [] for quote in item.quotes]
    assert all(quote.text == texts[quote.message_id] for quote in cited)
    assert {item.owner for item in made.action_items} <= {None, *(line.author for line in lines)}


@settings(max_examples=60, deadline=None)
@given(LINES, TEXTS)
def test_recall_and_suggestions_stand_on_lines_that_exist(lines: list[Line], text: str) -> None:
    ids = {line.id for line in lines}
    found = recall(text, lines, WEDNESDAY)
    assert {quote.message_id for quote in found.quotes} <= ids
    replies = suggest(text, lines)
    assert {quote.message_id for quotes in replies.sources for quote in quotes} <= ids
    assert all(0 <= score <= 1 for score in replies.confidence_scores)
    assert 1 <= len(replies.suggested_responses) <= 3


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_insights_and_one_verdict(text: str) -> None:
    assert message_insights(text) == message_insights(text)
    found = moderate(text)
    assert found == moderate(text)
    assert found.moderation_result.is_safe == (found.action_required == "none")
