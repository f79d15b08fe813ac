"""What every Planner keeps to, as tests: subclass `PlannerContract` and give it a fixture named `planner`.

The tests ask for what three small capabilities can do, and for what none of them can; whether a planner is good is no
part of the contract, and for that there is `packetflow plan --batch`.
"""
# ruff: noqa: D102, S101 - tests: their names are sentences

from __future__ import annotations

import asyncio
from typing import Final

from packetflow._core.capability import capability
from packetflow._core.grant import Grant
from packetflow._core.ports import Planner, Request
from packetflow._core.proof import proven
from packetflow._core.registry import Registry
from packetflow.testing.clock import START

PATIENCE: Final = 60.0

CALLED: Final[list[str]] = []
"""What was called; nothing ever should be."""


@capability(effect="read", examples=["tell the weather in Oslo"])
async def weather(city: str) -> str:
    """Tell the weather in a city."""
    CALLED.append(city)
    return "rain"


@capability(effect="read", examples=["translate good morning"])
async def translate(text: str) -> str:
    """Translate a text."""
    CALLED.append(text)
    return text


@capability(effect="delete", examples=["delete the draft"])
async def delete_draft(name: str) -> str:
    """Delete a draft."""
    CALLED.append(name)
    return name


INTENTS: Final = ("tell the weather in Oslo", "delete the draft", "qwrt zxcv plmk", "!", "translate" + " it" * 300)


class PlannerContract:
    """Every sentence of the Planner port, put to a planner and a small registry."""

    async def test_a_proposal_has_a_plan_that_can_be_proven_or_says_why_not(self, planner: Planner) -> None:
        registry = Registry([weather, translate, delete_draft], [])
        for intent in INTENTS:
            async with asyncio.timeout(PATIENCE):
                proposal = await planner.propose(Request(intent, START), registry)
            assert 0 <= proposal.confidence <= 1
            if proposal.plan is None:
                assert proposal.reason or proposal.missing or proposal.candidates, intent
            else:
                proven(proposal.plan, registry, Grant.root())

    async def test_nothing_is_called(self, planner: Planner) -> None:
        registry = Registry([weather, translate, delete_draft], [])
        CALLED.clear()
        async with asyncio.timeout(PATIENCE):
            await planner.propose(Request(INTENTS[0], START), registry)
        assert CALLED == []

    async def test_only_what_the_registry_shows_is_used(self, planner: Planner) -> None:
        async with asyncio.timeout(PATIENCE):
            proposal = await planner.propose(Request(INTENTS[0], START), Registry([translate], []))
        assert {candidate.capability_id for candidate in proposal.candidates} <= {translate.id}
        if proposal.plan is not None:
            proven(proposal.plan, Registry([translate], []), Grant.root())

    async def test_it_has_a_name_and_can_be_asked_after_it_was_closed(self, planner: Planner) -> None:
        assert planner.name
        await planner.close()
        async with asyncio.timeout(PATIENCE):
            await planner.propose(Request(INTENTS[0], START), Registry([weather], []))
