"""A question to a language model and its answer, as values that know no vendor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may take; going over ends it with ModelUnavailable."""

    seconds: float = 30.0
    """Until the answer, all tries and all providers together."""
    corrections: int = 2
    """How often the model is told what is wrong with its answer."""
    answer_tokens: int = 4096
    """Length of one answer, with what a model thinks beforehand."""
    total_tokens: int | None = 40_000
    """In all requests and answers together."""
    cost: Decimal | None = Decimal("0.10")
    """US dollars, by published prices; a model without a published price costs nothing here."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form an answer may have: the model fills in exactly one of those it is given."""

    type: type[object]
    """A pydantic model."""
    name: str
    """Under which the form is offered, in `snake_case`."""
    description: str


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is asked. Without forms the answer is text."""

    instructions: str
    """From the application, the same for every user."""
    prompt: str
    """The case at hand; data in it is `fenced`."""
    forms: tuple[Form, ...] = ()
    check: Callable[[T], str | None] = lambda _: None
    """Says what is wrong with an answer, for the model to correct; None when nothing is. Runs on the event loop."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came back, and what it took."""

    value: T
    model: str
    """Who answered, such as `anthropic:claude-sonnet-5-5`."""
    requests: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    """US dollars; 0 when no price is published."""
