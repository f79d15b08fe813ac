"""A language model as applications use it: it writes text and extracts typed values from data."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from pydantic_core import to_jsonable_python

from packetflow._core.errors import DeclarationError
from packetflow.models.errors import ModelUnavailable
from packetflow.models.prompt import DATA_RULE, fenced
from packetflow.models.question import Answer, Form, Limits, Question
from packetflow.models.settings import NOT_INSTALLED, ModelChoice, configured

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from packetflow._core.context import Context
    from packetflow.models.vendors import Vendors

T = TypeVar("T")

LONGEST_DATA = 120_000
"""Characters of data in one question, about 30,000 tokens: sending more would only be found too much afterwards."""
_TRACE_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


class Model:
    """The configured language models as one, tried in order until one answers.

    Belongs to the event loop it is first used on; `close` it there. The first question also waits for the vendors'
    libraries to load, about a second, before its deadline begins to run. Every method raises ModelUnavailable when no
    usable answer came, so that the caller can go on without a model; a cancelled call stops the request.
    """

    def __init__(
        self,
        choices: Sequence[ModelChoice],
        *,
        trace_content: bool = False,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        """Take the models in the order to try them; the vendors' libraries are loaded at the first question.

        Prompts and answers are left out of traces unless `trace_content`. Raises DeclarationError without any choice.
        """
        if not choices:
            raise DeclarationError("a Model needs at least one ModelChoice; `configured(os.environ)` lists them")
        self.choices = tuple(choices)
        self._trace_content, self._tracer_provider = trace_content, tracer_provider
        self._vendors: Vendors | None = None
        self._opening = asyncio.Lock()

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self | None:
        """Make the model that the environment configures; None when it configures none.

        Prompts and answers are traced when OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says `true`.
        """
        choices = configured(env)
        return cls(choices, trace_content=env.get(_TRACE_CONTENT, "").strip().lower() == "true") if choices else None

    @property
    def name(self) -> str:
        """The model that is asked first, such as `anthropic:claude-sonnet-5-5`."""
        return self.choices[0].name

    async def write(
        self,
        instructions: str,
        data: Mapping[str, object] | str,
        *,
        max_tokens: int = 2048,
        deadline: float = 30.0,
        ctx: Context | None = None,
    ) -> str:
        """Write a text about `data` as `instructions` say; `data` is marked as material whose orders are not followed.

        `data` is a text or JSON-like fields, pydantic models in them included; ValueError for what has no JSON form.

        `max_tokens` bounds the length, with what a model thinks beforehand; `deadline` the wait in seconds. A text that
        is cut off at its bound is no answer. What it took goes into the record of the call whose context is `ctx`.
        """
        limits = Limits(seconds=deadline, answer_tokens=max_tokens)
        return (await self.ask(Question[str](_ruled(instructions), _given(data)), limits, ctx)).value

    async def extract(
        self,
        type: type[T],  # noqa: A002 - reads best at the call: extract(type, instructions, data)
        instructions: str,
        data: Mapping[str, object] | str,
        *,
        max_tokens: int = 2048,
        deadline: float = 30.0,
        ctx: Context | None = None,
    ) -> T:
        """Read a value of a pydantic model's type out of `data`; as `write` otherwise.

        The model is told what does not fit the type, and corrects it, at most twice.
        """
        form = Form(type, "extracted", "The value that was asked for")
        limits = Limits(seconds=deadline, answer_tokens=max_tokens)
        return (await self.ask(Question[T](_ruled(instructions), _given(data), (form,)), limits, ctx)).value

    async def ask(self, question: Question[T], limits: Limits, ctx: Context | None = None) -> Answer[T]:
        """Put any question, and get the answer with what it took.

        `ctx` is told the tokens of every answer that came, of those that had to be corrected, too, and what they cost
        when the environment sets a price (`PACKETFLOW_OPENAI_PRICE`).
        """

        def spent(choice: ModelChoice, input_tokens: int, output_tokens: int) -> None:
            if ctx is not None:
                ctx.spend(tokens=input_tokens + output_tokens, cost=choice.cost(input_tokens, output_tokens))

        return await (await self._opened()).ask(question, limits, spent)

    async def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        vendors, self._vendors = self._vendors, None
        if vendors is not None:
            await vendors.close()

    async def _opened(self) -> Vendors:
        if self._vendors is None:
            async with self._opening:
                if self._vendors is None:
                    self._vendors = await asyncio.to_thread(self._open)
        return self._vendors

    def _open(self) -> Vendors:
        """Load the vendors' libraries and make their clients: about a second of work, so it runs in a thread."""
        try:
            from packetflow.models.vendors import Vendors  # noqa: PLC0415 - heavy, and only needed by who asks a model
        except ImportError as error:
            raise ModelUnavailable(f"{error}; {NOT_INSTALLED}") from error
        return Vendors(self.choices, trace_content=self._trace_content, tracer_provider=self._tracer_provider)


def _ruled(instructions: str) -> str:
    return f"{instructions.strip()}\n\n{DATA_RULE}"


def _given(data: Mapping[str, object] | str) -> str:
    given = fenced("data", to_jsonable_python(data))
    if len(given) > LONGEST_DATA:
        message = f"the data has {len(given)} characters; a model is given at most {LONGEST_DATA}"
        raise ModelUnavailable(message, limit="data")
    return given
