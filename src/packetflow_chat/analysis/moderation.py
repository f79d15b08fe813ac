"""Whether a text may stand in a room: by whole words and phrases, the same for the same text, each reason named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.disguise import undisguised
from packetflow_chat.analysis.language import UNDETERMINED, language
from packetflow_chat.analysis.moderation_terms import TERMS, Category
from packetflow_chat.analysis.personal_data import personal_data
from packetflow_chat.analysis.quote import Result, shorten
from packetflow_chat.analysis.spam import spam

if TYPE_CHECKING:
    from collections.abc import Iterator

Action = Literal["none", "review_required", "block_content"]
REVIEW = 0.5
BLOCK = 0.8
READ = 20_000
MORE = 0.05
CLEAN = 0.85
OTHER_LANGUAGE = 0.3


class Finding(Result):
    """One reason."""

    category: Category = Field(description="What kind of content it is.")
    severity: float = Field(ge=0, le=1, description="How much harm it does; 0.5 is for review, 0.8 is blocked.")
    confidence: float = Field(ge=0, le=1, description="How surely the words mean that.")
    excerpt: str = Field(description="The words that were found; personal data and secrets are masked.")


class ModerationResult(Result):
    """The verdict and its reasons."""

    is_safe: bool = Field(description="Whether nothing has to be done about the text.")
    categories_detected: list[Category] = Field(description="What was found, the worst first; mild things as well.")
    confidence: float = Field(ge=0, le=1, description="How sure that is; low for a language whose words are not known.")
    findings: list[Finding] = Field(description="Every reason, the worst first.")


class Moderation(Result):
    """What moderation says of a text."""

    moderation_result: ModerationResult = Field(description="The verdict and its reasons.")
    safety_score: float = Field(ge=0, le=1, description="1 is harmless.")
    action_required: Action = Field(description="none, review_required or block_content.")


def moderate(content: str) -> Moderation:
    """Judge a text of up to 20,000 characters; what is longer is judged by its two ends."""
    text = content if len(content) <= READ else f"{content[: READ // 2]} {content[-READ // 2 :]}"
    findings = _distinct([*_words(text), *_data(text)])
    worst = max((one.severity for one in findings), default=0.0)
    kinds: list[Category] = list(dict.fromkeys(one.category for one in findings))
    serious = sum(one.severity >= REVIEW for one in findings)
    harm = min(1.0, worst + MORE * max(0, serious - 1))
    action = _action(findings, harm)
    return Moderation(
        moderation_result=ModerationResult(
            is_safe=action == "none",
            categories_detected=kinds,
            confidence=max((one.confidence for one in findings), default=_clean(text)),
            findings=findings,
        ),
        safety_score=round(1.0 - harm, 2),
        action_required=action,
    )


def _words(text: str) -> Iterator[Finding]:
    for reading in undisguised(text):
        for term in TERMS:
            match = term.pattern.search(reading)
            if match is not None:
                yield Finding(
                    category=term.category,
                    severity=term.severity,
                    confidence=term.confidence,
                    excerpt=shorten(match[0], 80),
                )


def _data(text: str) -> Iterator[Finding]:
    for category, severity, confidence, excerpt in (*personal_data(text), *spam(text)):
        yield Finding(
            category=category,
            severity=round(severity, 2),
            confidence=round(confidence, 2),
            excerpt=shorten(excerpt, 80),
        )


def _distinct(found: list[Finding]) -> list[Finding]:
    """Keep the worst of each category and excerpt, the worst first; a stronger word covers a mild one in it."""
    kept: dict[tuple[Category, str], Finding] = {}
    for one in sorted(found, key=lambda one: (-one.severity, -one.confidence, one.category, one.excerpt)):
        kept.setdefault((one.category, one.excerpt), one)
    return list(kept.values())


def _action(findings: list[Finding], harm: float) -> Action:
    # Somebody who may hurt themselves is to be met by a person, not silenced.
    if harm >= BLOCK and any(one.severity >= REVIEW and one.category != "self_harm" for one in findings):
        return "block_content"
    return "review_required" if harm >= REVIEW else "none"


def _clean(text: str) -> float:
    """Return how sure it is that a text without findings is harmless: the words looked for are English."""
    return CLEAN if language(text) in {"en", UNDETERMINED} else OTHER_LANGUAGE
