"""Which models the environment configures, and what `doctor` can say about it."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetflow._core.errors import DeclarationError
from packetflow.models.settings import configured, readiness

ANTHROPIC = {"ANTHROPIC_API_KEY": "sk-ant-secret"}
OPENAI = {"OPENAI_API_KEY": "sk-secret"}


def names(env: dict[str, str]) -> list[str]:
    return [choice.name for choice in configured(env)]


def test_without_keys_and_servers_nothing_is_configured() -> None:
    assert configured({}) == []
    assert configured({"ANTHROPIC_API_KEY": "  ", "OPENAI_API_KEY": ""}) == []


def test_a_key_alone_is_enough() -> None:
    assert names(ANTHROPIC) == ["anthropic:claude-sonnet-5-5"]
    assert names(OPENAI) == ["openai:gpt-6.1-terra"]
    assert [choice.host for choice in configured({**ANTHROPIC, **OPENAI})] == ["api.anthropic.com", "api.openai.com"]


def test_each_vendor_has_a_model_of_its_own() -> None:
    env = {**ANTHROPIC, **OPENAI, "PACKETFLOW_ANTHROPIC_MODEL": "claude-haiku-5-5", "PACKETFLOW_OPENAI_MODEL": "gpt-x"}
    assert names(env) == ["anthropic:claude-haiku-5-5", "openai:gpt-x"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("openai:gpt-x", ["openai:gpt-x", "anthropic:claude-sonnet-5-5"]),
        ("gpt-x", ["openai:gpt-x", "anthropic:claude-sonnet-5-5"]),
        ("claude-x", ["anthropic:claude-x", "openai:gpt-6.1-terra"]),
        ("openai:llama3:8b", ["openai:llama3:8b", "anthropic:claude-sonnet-5-5"]),
        ("llama3:8b", ["openai:llama3:8b", "anthropic:claude-sonnet-5-5"]),
        ("openai:a, anthropic:b ,openai:c", ["openai:a", "anthropic:b", "openai:c"]),
    ],
)
def test_packetflow_model_says_which_comes_first(wanted: str, expected: list[str]) -> None:
    assert names({**ANTHROPIC, **OPENAI, "PACKETFLOW_MODEL": wanted}) == expected


def test_a_model_of_a_vendor_without_key_is_left_out() -> None:
    assert names({**ANTHROPIC, "PACKETFLOW_MODEL": "openai:gpt-x"}) == ["anthropic:claude-sonnet-5-5"]


@pytest.mark.parametrize("word", ["off", "OFF", "none", "false", "0"])
def test_models_can_be_switched_off_although_there_are_keys(word: str) -> None:
    assert configured({**ANTHROPIC, "PACKETFLOW_MODEL": word}) == []
    assert {status.note for status in readiness({**ANTHROPIC, "PACKETFLOW_MODEL": word})} == {
        "switched off by PACKETFLOW_MODEL"
    }


def test_a_server_of_ones_own_needs_no_key_and_should_name_its_model() -> None:
    env = {"OPENAI_BASE_URL": "http://localhost:11434/v1"}
    (choice,) = configured(env)
    assert (choice.key, choice.own_server, choice.host) == (None, True, "localhost:11434")
    assert "PACKETFLOW_OPENAI_MODEL" in readiness(env)[1].note
    assert readiness({**env, "PACKETFLOW_OPENAI_MODEL": "qwen3:4b"})[1].note == ""


def test_the_vendors_own_address_without_a_key_is_not_enough() -> None:
    assert configured({"OPENAI_BASE_URL": "https://api.openai.com/v1"}) == []


@pytest.mark.parametrize(
    "url", ["models.example.org:11434", "ftp://host/v1", "http:///v2", "http://[broken", "http://host:99999999/"]
)
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(DeclarationError, match="OPENAI_BASE_URL") as raised:
        configured({"OPENAI_BASE_URL": url})
    assert url not in raised.value.message
    assert all(not status.ready for status in readiness({"OPENAI_BASE_URL": url}))


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(DeclarationError, match="openai:NAME"):
        configured({**OPENAI, "PACKETFLOW_MODEL": "openai:"})


def test_doctor_learns_what_is_missing_and_how_to_get_it() -> None:
    anthropic, openai = readiness(ANTHROPIC)
    assert (anthropic.ready, anthropic.model, anthropic.note) == (True, "claude-sonnet-5-5", "")
    assert not openai.ready
    assert "OPENAI_API_KEY" in openai.note
    assert "OPENAI_BASE_URL" in openai.note
    assert "https://" in openai.note


def test_doctor_learns_that_the_vendors_libraries_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        del name

    monkeypatch.setattr("packetflow.models.settings.find_spec", nothing)
    anthropic, _ = readiness(ANTHROPIC)
    assert not anthropic.ready
    assert "packetflow[llm]" in anthropic.note


def test_a_key_that_would_travel_unencrypted_is_worth_a_note() -> None:
    far = {**OPENAI, "OPENAI_BASE_URL": "http://gpu.example.org/v1", "PACKETFLOW_OPENAI_MODEL": "m"}
    assert "unencrypted" in readiness(far)[1].note
    assert readiness({**far, "OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"})[1].note == ""


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40))
def test_no_key_is_ever_shown(key: str) -> None:
    env = {"ANTHROPIC_API_KEY": f"sk-ant-{key}", "OPENAI_API_KEY": f"sk-{key}"}
    choices = configured(env)
    shown = repr(choices) + str(readiness(env)) + "".join(choice.model_dump_json() for choice in choices)
    assert f"sk-ant-{key}" not in shown
    assert f"sk-{key}" not in shown


def test_a_password_in_an_address_is_not_shown_as_host() -> None:
    env = {"OPENAI_BASE_URL": "https://ada:pass-word@models.example.org/v1"}
    assert configured(env)[0].host == "models.example.org"
    assert "pass-word" not in str(readiness(env))


def test_a_choice_survives_a_pickle_for_another_process() -> None:
    (choice,) = configured(ANTHROPIC)
    assert pickle.loads(pickle.dumps(choice)) == choice  # noqa: S301 - made right here


def test_a_price_is_what_a_million_tokens_cost_in_and_out() -> None:
    (choice,) = configured({**OPENAI, "PACKETFLOW_OPENAI_PRICE": " 2.5 / 10 "})
    assert choice.cost(1_000_000, 100_000) == Decimal("3.5")
    assert configured(OPENAI)[0].cost(1_000_000, 100_000) == 0


@pytest.mark.parametrize("price", ["3", "a/b", "3/-1", "1/2/3", "NaN/1", "3/Infinity", "/"])
def test_a_price_that_is_none_is_refused_by_the_name_of_its_variable(price: str) -> None:
    with pytest.raises(DeclarationError, match="PACKETFLOW_OPENAI_PRICE"):
        configured({**OPENAI, "PACKETFLOW_OPENAI_PRICE": price})
