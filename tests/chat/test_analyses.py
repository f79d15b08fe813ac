"""The analyses as capabilities: true without a model, the same each time, and nothing without the right to read."""

from __future__ import annotations

import pytest

import packetflow as pf
from packetflow.stores.memory import MemoryStore
from packetflow_chat.analyses import ANALYSES
from packetflow_chat.rooms import Room
from packetflow_chat.seed import seed

DECLARED = {
    "conversation_summarization": {"key_points", "main_topics", "decisions_made", "action_items"},
    "analyze_conversation": {"conversation_summary", "sentiment_analysis", "key_topics"},
    "deep_conversation_analysis": {
        "pattern_analysis",
        "relationship_insights",
        "behavioral_patterns",
        "anomaly_detection",
    },
    "create_room_summary": {"activity_summary", "participant_insights", "trending_topics"},
    "generate_response": {"suggested_responses", "confidence_scores"},
    "moderate_content": {"moderation_result", "safety_score", "action_required"},
}


def app() -> pf.App:
    return pf.App(Room, *ANALYSES, store=MemoryStore(), planners=[], seed=seed)


def test_every_analysis_promises_the_fields_it_is_known_by() -> None:
    for capability in ANALYSES:
        assert set(capability.provides) >= DECLARED[capability.id]
        assert capability.effect == "read"


@pytest.mark.parametrize("name", ["conversation_summarization", "analyze_conversation", "deep_conversation_analysis"])
async def test_an_analysis_of_a_room_is_the_same_each_time(name: str) -> None:
    async with app() as root:
        first = await root.perform(name, {"room_id": "room123"})
        assert (await root.perform(name, {"room_id": "room123"})).json == first.json


async def test_a_summary_finds_the_decision_and_the_tasks_that_were_said() -> None:
    async with app() as root:
        summary = await root.call("conversation_summarization", room_id="room123")
        assert any("Thursday" in decision.text for decision in summary.decisions_made)
        assert {task.owner for task in summary.action_items} >= {"ada", "user456"}


@pytest.mark.parametrize("name", sorted(DECLARED.keys() - {"generate_response", "moderate_content"}))
async def test_an_analysis_reads_no_room_that_its_caller_may_not_read(name: str) -> None:
    async with app() as root:
        ada, bob = root.delegate("ada"), root.delegate("bob")
        await ada.call("create_room", room_id="secret", visibility="private")
        await ada.call("send_message", room_id="secret", content="psst")
        with pytest.raises(pf.NotFound):
            await bob.call(name, room_id="secret")


async def test_a_reply_is_suggested_from_the_room_it_is_asked_for() -> None:
    async with app() as root:
        question = "Does the import keep the original times?"
        found = await root.call("generate_response", message_content=question, room_id="room123")
        assert "it keeps the times" in found.suggested_responses[0]
        assert len(found.suggested_responses) == len(found.confidence_scores)


async def test_an_unknown_time_period_is_refused_with_what_would_do() -> None:
    async with app() as root:
        with pytest.raises(pf.Conflict, match=r"period|time"):
            await root.call("create_room_summary", room_id="room123", time_period="the age of steam")


async def test_moderation_blocks_a_threat_and_leaves_harmless_words_alone() -> None:
    async with app() as root:
        assert (await root.call("moderate_content", content="I will kill you")).action_required != "none"
        harmless = await root.call("moderate_content", content="Essex has skills in diet advice", user_id="ada")
        assert harmless.action_required == "none"
