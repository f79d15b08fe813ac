"""The one place that talks to model vendors: pydantic-ai as client, typed output, correction loop and fallback.

Importing this module costs about a second; `Model` does it at the first question, off the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

from anthropic import AsyncAnthropic
from anthropic import DefaultAsyncHttpxClient as AnthropicHttpClient
from openai import AsyncOpenAI
from openai import DefaultAsyncHttpxClient as OpenAIHttpClient
from opentelemetry.trace import TracerProvider
from pydantic_ai import Agent, ModelRetry, RunContext, ToolOutput, UsageLimits, capture_run_messages
from pydantic_ai.capabilities import Instrumentation, RaiseContentFilterError
from pydantic_ai.exceptions import (
    ContentFilterError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelRequestTimeout,
    ModelTimeoutError,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
    UserError,
)
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model as VendorModel
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.run import AgentRunResult
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from packetflow.models.errors import AnswerRejected, ModelDeclined, ModelUnavailable
from packetflow.models.question import Answer, Form, Limits, Question
from packetflow.models.settings import ModelChoice

T = TypeVar("T")
log = logging.getLogger(__name__)

_ALONE_RETRIES = 2
"""Of the vendor's library when there is no other model to turn to; it waits as long as `retry-after` says."""
_NO_KEY = "no-key"
_MOST_AGENTS = 64
"""Kept for their forms; types made at run time would add one each."""


class Vendors:
    """The configured models as one: each is tried in turn until one answers."""

    def __init__(
        self,
        choices: Sequence[ModelChoice],
        *,
        trace_content: bool = False,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        """Make the clients; connects to nothing yet. Without a tracer provider the global one is used."""
        retries = 0 if len(choices) > 1 else _ALONE_RETRIES
        self._choices = tuple(choices)
        self._clients = [_client(choice, retries) for choice in choices]
        models = [_model(choice, client) for choice, client in zip(choices, self._clients, strict=True)]
        self._model = FallbackModel(models[0], *models[1:]) if len(models) > 1 else models[0]
        self._tracing = Instrumentation(
            settings=InstrumentationSettings(
                tracer_provider=tracer_provider,
                include_content=trace_content,
                include_binary_content=trace_content,
                include_model_request_parameters=False,
            )
        )
        self._agents: dict[tuple[tuple[Form, ...], int], Agent[Question[Any], Any]] = {}

    async def ask(
        self, question: Question[T], limits: Limits, spent: Callable[[ModelChoice, int, int], None]
    ) -> Answer[T]:
        """Put a question and have the answer corrected until its check is content.

        `spent(choice, input_tokens, output_tokens)` is told of every answer that came, used or not, once this ends.
        Raises ModelUnavailable and its subclasses, whose texts hold no key, no prompt and no answer.
        """
        messages: list[ModelMessage] = []
        try:
            return await self._asked(question, limits, messages)
        finally:
            for message in messages:
                if isinstance(message, ModelResponse):
                    choice = self._choices[len(message.failed_attempts or ())]
                    spent(choice, message.usage.input_tokens, message.usage.output_tokens)

    async def _asked(self, question: Question[T], limits: Limits, messages: list[ModelMessage]) -> Answer[T]:
        captured: list[ModelMessage] = []
        try:
            async with asyncio.timeout(limits.seconds):
                with capture_run_messages() as captured:
                    result = await self._run(question, limits)
        except TimeoutError:
            raise ModelUnavailable(
                f"no answer within {limits.seconds:g} seconds", models=self._names, limit="seconds"
            ) from None
        except UsageLimitExceeded as error:
            raise ModelUnavailable(f"over the limit: {error.message}", models=self._names, limit="usage") from None
        except ContentFilterError:
            raise ModelDeclined("the model declined to answer this", models=self._names) from None
        except OutputTokenLimitExceeded:
            raise self._too_long(limits) from None
        except UnexpectedModelBehavior:
            if _cut_off(captured):
                raise self._too_long(limits) from None
            message = f"the answer was still wrong after {limits.corrections} corrections"
            raise AnswerRejected(message, models=self._names) from None
        except (ModelAPIError, FallbackExceptionGroup) as error:
            reasons = [_reason(one) for one in _single(error)]
            raise ModelUnavailable("; ".join(reasons), models=self._names) from None
        finally:
            messages += captured
        if _cut_off(captured):
            raise self._too_long(limits)
        return self._answer(result)

    async def close(self) -> None:
        """Close the connections; the vendors cannot be asked any more."""
        for client in self._clients:
            await client.close()

    @property
    def _names(self) -> list[Any]:
        return [choice.name for choice in self._choices]

    async def _run(self, question: Question[T], limits: Limits) -> AgentRunResult[T]:
        settings = ModelSettings(max_tokens=limits.answer_tokens, request_timeout=limits.seconds / len(self._choices))
        usage = _QuietLimits(
            request_limit=limits.corrections + 1, total_tokens_limit=limits.total_tokens, cost_limit=limits.cost
        )
        agent = self._agent(question.forms, limits.corrections)
        return await agent.run(
            question.prompt,
            instructions=question.instructions,
            deps=question,
            model_settings=settings,
            usage_limits=usage,
        )

    def _agent(self, forms: tuple[Form, ...], corrections: int) -> Agent[Question[Any], Any]:
        """Give the agent of these forms, built once as long as there are few different ones."""
        key = (forms, corrections)
        if key not in self._agents:
            if len(self._agents) >= _MOST_AGENTS:
                self._agents.clear()
            outputs = [ToolOutput(form.type, name=form.name, description=form.description) for form in forms]
            agent = Agent(
                self._model,
                name="packetflow",
                deps_type=Question[Any],
                output_type=cast("Any", outputs or str),
                retries={"output": corrections},
                capabilities=[self._tracing, RaiseContentFilterError()],
            )
            agent.output_validator(_checked)
            self._agents[key] = agent
        return self._agents[key]

    def _too_long(self, limits: Limits) -> ModelUnavailable:
        message = f"the answer was cut off after {limits.answer_tokens} tokens"
        return ModelUnavailable(message, models=self._names, limit="answer_tokens")

    def _answer(self, result: AgentRunResult[T]) -> Answer[T]:
        usage = result.usage
        skipped = len(result.response.failed_attempts or ())
        answer = Answer(
            value=result.output,
            model=self._choices[skipped].name,
            requests=usage.requests,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=usage.cost or Decimal(0),
        )
        log.debug("%s answered after %d requests", answer.model, answer.requests)
        return answer


class _QuietLimits(UsageLimits):
    """Usage limits that do not warn at every answer of a server of one's own, which has no published price."""

    def check_cost(self, usage: RunUsage, *, warn_if_cost_unavailable: bool = False) -> None:
        """Raise UsageLimitExceeded when a known cost is over the limit."""
        del warn_if_cost_unavailable
        super().check_cost(usage, warn_if_cost_unavailable=False)


def _checked(context: RunContext[Question[Any]], answer: T) -> T:
    """Hold an answer against the question's own check; what is wrong goes back to the model."""
    if problem := context.deps.check(answer):
        raise ModelRetry(problem)
    return answer


class _Checked(WrapperModel):
    """A vendor's model whose only failures are those of its API.

    The library reads what a server sends as it is declared; a server that sends something else makes it stumble.
    """

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Ask the vendor; raises ModelAPIError for whatever else than an answer comes back."""
        try:
            return await super().request(messages, model_settings, model_request_parameters)
        except (ModelAPIError, ContentFilterError, UserError):
            raise
        except Exception as error:
            log.warning(
                "%s answered with something that its API does not promise: %s", self.model_name, type(error).__name__
            )
            raise ModelAPIError(self.model_name, "not what the API promises") from error


def _client(choice: ModelChoice, retries: int) -> AsyncAnthropic | AsyncOpenAI:
    """Make the vendor's own client; it follows no redirects, since a key must not travel to another server."""
    key = choice.key.get_secret_value() if choice.key else _NO_KEY
    if choice.provider == "anthropic":
        return AsyncAnthropic(
            api_key=key,
            base_url=choice.base_url,
            max_retries=retries,
            open_telemetry=False,
            http_client=AnthropicHttpClient(follow_redirects=False),
        )
    return AsyncOpenAI(
        api_key=key, base_url=choice.base_url, max_retries=retries, http_client=OpenAIHttpClient(follow_redirects=False)
    )


def _model(choice: ModelChoice, client: AsyncAnthropic | AsyncOpenAI) -> VendorModel:
    if isinstance(client, AsyncAnthropic):
        return _Checked(AnthropicModel(choice.model, provider=AnthropicProvider(anthropic_client=client)))
    if choice.own_server:
        provider = OpenAICompatibleProvider("openai-compatible", openai_client=client)
        return _Checked(OpenAIChatModel(choice.model, provider=provider))
    return _Checked(OpenAIChatModel(choice.model, provider=OpenAIProvider(openai_client=client)))


def _cut_off(messages: Sequence[ModelMessage]) -> bool:
    """Whether the last answer reached its length limit."""
    answers = [message for message in messages if isinstance(message, ModelResponse)]
    return bool(answers) and answers[-1].finish_reason == "length"


def _single(error: Exception) -> list[Exception]:
    """List the failures of all models that were tried."""
    if isinstance(error, FallbackExceptionGroup):
        return [inner for one in error.exceptions for inner in _single(one)]
    return [error]


def _reason(error: Exception) -> str:
    """Say what failed in words of our own: a server's text may repeat the prompt or the key."""
    match error:
        case ModelHTTPError():
            what = f"answered with status {error.status_code}"
        case ModelRequestTimeout() | ModelTimeoutError():
            what = "did not answer in time"
        case ModelConnectionError():
            what = "could not be reached, or broke off"
        case _:
            what = "sent something that is no answer"
    return f"{error.model_name if isinstance(error, ModelAPIError) else 'a model'} {what}"
