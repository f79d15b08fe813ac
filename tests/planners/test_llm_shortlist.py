"""Which few capabilities a model is shown for a request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.planners.llm_cases import REGISTRY

from packetflow._core.capability import Capability, capability
from packetflow._core.registry import Registry
from packetflow.planners.llm.shortlist import shortlist


class Customer(BaseModel):
    customer_id: str
    name: str


class Message(BaseModel):
    author: str
    text: str


@capability(effect="read")
async def look_up_person(name: str) -> Customer:
    """Look up a person in the directory."""
    return Customer(customer_id="1", name=name)


@capability(effect="money")
async def refund_order(customer_id: str, amount: float) -> bool:
    """Refund an order."""
    return bool(customer_id) and amount > 0


@capability(effect="read")
async def log_of(place: str) -> list[Message]:
    """Read a log."""
    return [Message(author="ada", text=place)]


@capability(effect="read")
async def summarize(messages: list[Message]) -> str:
    """Summarize a conversation."""
    return f"{len(messages)}"


def filler(number: int) -> Capability[..., str, str]:
    def made(amount: float) -> str:
        """Polish a surface of some material."""
        return str(amount)

    return capability(effect="read", name=f"polish_{number}")(made)


FILLERS = [filler(number) for number in range(40)]
LARGE = Registry([*FILLERS, look_up_person, refund_order, log_of, summarize])


def ids(registry: Registry, text: str, *known: str, limit: int = 12) -> list[str]:
    return [candidate.capability_id for candidate in shortlist(registry, text, known, limit)]


def test_a_small_registry_is_shown_whole_and_the_best_comes_first() -> None:
    assert ids(REGISTRY, "sum up these texts")[0] == "digest"
    assert set(ids(REGISTRY, "sum up these texts")) == set(REGISTRY)


def test_what_gives_a_needed_field_is_shown_although_no_word_names_it() -> None:
    assert "look_up_person" in ids(LARGE, "refund the order, 5 euros")


def test_what_gives_a_needed_type_is_shown_although_neither_word_nor_field_names_it() -> None:
    assert "log_of" in ids(LARGE, "summarize the conversation")


def test_a_field_that_is_known_needs_nobody_to_give_it() -> None:
    assert "look_up_person" not in ids(LARGE, "refund the order, 5 euros", "customer_id")


def test_a_request_in_other_words_still_gets_something_to_choose_from() -> None:
    assert len(ids(LARGE, "что нового")) == 12


def test_every_candidate_says_why_it_is_there() -> None:
    reasons = {one.capability_id: one.reason for one in shortlist(LARGE, "refund the order, 5 euros")}
    assert reasons["refund_order"] == "its words match the request"
    assert reasons["look_up_person"] == "it gives 'customer_id', which 'refund_order' needs"


@given(st.text(max_size=60), st.integers(1, 20), st.sets(st.sampled_from(["customer_id", "amount", "messages"])))
def test_a_shortlist_is_of_the_asked_length_without_doubles_and_best_first(
    text: str, limit: int, known: set[str]
) -> None:
    found = shortlist(LARGE, text, known, limit)
    assert len(found) == len({candidate.capability_id for candidate in found}) == min(limit, len(LARGE))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 <= one.score <= 1 for one in found)
    assert found == shortlist(LARGE, text, known, limit)
