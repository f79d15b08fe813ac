import pytest

from packetflow_chat.analysis.insights import message_insights
from packetflow_chat.analysis.language import language
from packetflow_chat.analysis.questions import is_question
from packetflow_chat.analysis.sentiment import sentiment


def test_a_message_is_counted_timed_and_read() -> None:
    found = message_insights("Can you restart the server, please? It is terribly slow today.")
    assert found.word_count == 11
    assert found.estimated_reading_time == pytest.approx(11 * 60 / 238, abs=0.01)
    assert found.contains_question
    assert found.sentiment == "negative"
    assert found.language == "en"


def test_a_web_address_is_one_word_and_its_question_mark_asks_nothing() -> None:
    found = message_insights("see https://docs.example/search?q=one+two+three&page=4")
    assert found.word_count == 2
    assert not found.contains_question


@pytest.mark.parametrize("text", ["", "   ", "\n", "???", "🎉🎉", "\u200b"])
def test_a_message_without_words_has_insights(text: str) -> None:
    found = message_insights(text)
    assert found.word_count == 0
    assert found.language == "und"


@pytest.mark.parametrize(
    "text",
    [
        "where is the config",
        "how do I mount it",
        "does anyone know why it fails",
        "hi all, can someone help me with the build",
        "is there a way to undo this",
        "I was wondering if the meeting is still on",
        "any ideas",
        "ok?",
    ],
)
def test_a_question_needs_no_question_mark(text: str) -> None:
    assert is_question(text)
    assert is_question(f"{text}?")


@pytest.mark.parametrize(
    "text", ["what a nice day", "when you run it, it fails", "I know how it works", "do it now", "the way we did it"]
)
def test_a_statement_is_no_question(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("I love this, great work!", "positive"),
        ("not good at all", "negative"),
        ("this isn't bad", "positive"),
        ("I don't think this is bad", "positive"),
        ("it is broken again and I hate it", "negative"),
        ("the meeting is at nine", "neutral"),
        ("please kill the process and dump the core", "neutral"),
    ],
)
def test_sentiment_understands_negation_and_the_words_of_work(text: str, mood: str) -> None:
    assert sentiment(text).label == mood


def test_the_sentiment_of_a_language_that_is_not_understood_is_unknown() -> None:
    assert sentiment("Die Besprechung war nicht gut und ich bin müde").label == "unknown"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("can you restart the server please", "en"),
        ("Ich habe den Server neu gestartet", "de"),
        ("je ne sais pas pourquoi", "fr"),
        ("Vamos a desplegar mañana", "es"),
        ("grazie mille, ci vediamo domani", "it"),
        ("bom dia, tudo bem com você?", "pt"),
        ("Hej, hur mår du?", "sv"),
        ("dzień dobry, jak się masz", "pl"),
        ("привет, как дела", "ru"),
        ("як справи, є новини?", "uk"),
        ("你好,今天怎么样", "zh"),
        ("こんにちは、元気ですか", "ja"),
        ("안녕하세요", "ko"),
        ("مرحبا كيف حالك", "ar"),
    ],
)
def test_common_languages_are_told(text: str, code: str) -> None:
    assert language(text) == code


@pytest.mark.parametrize("text", ["", "ok", "nginx 502", "lol", "12345", "ls -la /etc", "https://the.example/and/you"])
def test_a_text_that_does_not_tell_its_language_is_undetermined(text: str) -> None:
    assert language(text) == "und"
