import pytest

from packetflow_chat.analysis.moderation import moderate
from packetflow_chat.analysis.personal_data import is_card_number


@pytest.mark.parametrize(
    "text",
    [
        "I drove through Essex and Sussex",
        "a diet that needs some skills",
        "Scunthorpe and Penistone",
        "the assassin in class assesses the assignment",
        "kill the process and its child processes",
        "this bug is killing me, I could kill for a coffee",
        "I'll shoot you an email",
        "I'll beat you at chess",
        "that is a stupid idea",
        "you are dead right",
        "let it die",
        "cut myself shaving",
        "a chink in the armour",
        "the password is wrong",
        "see http://192.168.0.1/admin",
        "version 1.2.3.4 of 2026-03-02 10:11, order 1234567890123456",
        "the cockpit of the Peacock class",
        "mount with password=<pass> and user=<user>",
        "I don't want to mess this up, I wanna fix it",
        "",
    ],
)
def test_harmless_text_is_left_alone(text: str) -> None:
    found = moderate(text)
    assert found.moderation_result.is_safe
    assert found.moderation_result.categories_detected == []
    assert found.safety_score == 1.0
    assert found.action_required == "none"


@pytest.mark.parametrize(
    ("text", "category", "action"),
    [
        ("I will kill you", "threat", "block_content"),
        ("I'm gonna f1nd you and k1ll you", "threat", "block_content"),
        ("I know where you live", "threat", "block_content"),
        ("k y s", "harassment", "block_content"),
        ("k\u0456ll yourself", "harassment", "block_content"),
        ("ki\u200bll yourself", "harassment", "block_content"),
        ("you're such a moron", "harassment", "review_required"),
        ("I want to die", "self_harm", "review_required"),
        ("women are inferior", "hate", "block_content"),
        ("send nudes", "sexual", "review_required"),
        ("FREE MONEY!!! CLICK HERE http://win.example/now", "spam", "block_content"),
        ("verify your account at http://paypa1.com/login", "phishing", "block_content"),
        ("my card is 4111 1111 1111 1111", "personal_data", "block_content"),
        ("my password is hunter2!x", "secret", "review_required"),
    ],
)
def test_harm_is_named_and_acted_upon(text: str, category: str, action: str) -> None:
    found = moderate(text)
    assert found.moderation_result.categories_detected[0] == category
    assert found.action_required == action
    assert not found.moderation_result.is_safe
    assert found.safety_score <= 0.5


@pytest.mark.parametrize(
    ("text", "category"), [("sh1t happens", "profanity"), ("mail me: ana@mail.example", "personal_data")]
)
def test_mild_things_are_named_and_pass(text: str, category: str) -> None:
    found = moderate(text)
    assert found.moderation_result.is_safe
    assert found.moderation_result.categories_detected == [category]
    assert 0.5 < found.safety_score < 1


def test_somebody_who_may_hurt_themselves_is_never_silenced() -> None:
    found = moderate("I want to die, I feel suicidal, there is no reason to live and I'd be better off dead")
    assert found.action_required == "review_required"


def test_the_same_text_gets_the_same_verdict() -> None:
    text = "you idiot, click here http://paypal-login.example/ or I will hurt you"
    assert all(moderate(text) == moderate(text) for _ in range(5))


def test_what_is_personal_is_masked_in_the_verdict() -> None:
    verdict = moderate("4111 1111 1111 1111, ana.berg@mail.example, +49 151 23456789").model_dump_json()
    assert "4111 1111" not in verdict
    assert "ana.berg" not in verdict
    assert "23456789" not in verdict


def test_a_verdict_on_a_language_whose_words_are_not_known_is_unsure() -> None:
    assert moderate("das ist aber nicht sehr nett von dir").moderation_result.confidence < 0.5
    assert moderate("that is not very nice of you").moderation_result.confidence > 0.8


@pytest.mark.parametrize(
    "text",
    ["a b " * 20_000, "you are so " * 9_000, "1 2 3 " * 20_000, "a@" * 50_000, "i will " * 15_000, "f" * 100_000],
)
def test_a_text_made_to_be_slow_is_judged(text: str) -> None:
    assert moderate(text).action_required in {"none", "review_required", "block_content"}


def test_card_numbers_are_told_by_their_check_digit() -> None:
    assert is_card_number("5555 5555 5555 4444")
    assert not is_card_number("5555 5555 5555 4445")
    assert not is_card_number("0000 0000 0000 0000")
