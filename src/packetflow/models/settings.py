"""Which language models the environment offers; read without importing any vendor's library.

    ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, PACKETFLOW_ANTHROPIC_MODEL    the Anthropic Messages API
    OPENAI_API_KEY, OPENAI_BASE_URL, PACKETFLOW_OPENAI_MODEL             OpenAI, or any server that speaks its API
    PACKETFLOW_ANTHROPIC_PRICE, PACKETFLOW_OPENAI_PRICE                  what a million tokens cost: in/out
    PACKETFLOW_MODEL                                                     which comes first, or `off`

`PACKETFLOW_MODEL` is `anthropic:NAME`, `openai:NAME`, a bare NAME (one that begins with `claude` is Anthropic's), or
several of them with commas, in the order to try; providers it does not name follow as fallback. A server of one's own
(a base URL that is not the vendor's) needs no key.

A price such as `3/15` is in the currency that the app counts in; without one, a model is used and no cost is counted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from packetflow._core.errors import DeclarationError

Provider = Literal["anthropic", "openai"]

PROVIDERS: tuple[Provider, ...] = get_args(Provider)
OFF = frozenset({"off", "none", "0", "false", "no"})


class ModelChoice(BaseModel):
    """One language model: who serves it, under which name, where, and with which key."""

    model_config = ConfigDict(frozen=True)

    provider: Provider
    model: str
    base_url: str
    key: SecretStr | None = None
    own_server: bool = False
    """Whether it is served by someone other than the vendor, for example on this machine."""
    price: tuple[Decimal, Decimal] | None = None
    """What a million tokens cost, in and out."""

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Give what so many tokens cost; 0 when nobody set a price."""
        if self.price is None:
            return Decimal(0)
        return (self.price[0] * input_tokens + self.price[1] * output_tokens) / 1_000_000

    @property
    def name(self) -> str:
        """The provider and the model, such as `anthropic:claude-sonnet-5-5`."""
        return f"{self.provider}:{self.model}"

    @property
    def host(self) -> str:
        """Where it is served, without path and without anything secret."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What there is to say about one provider, for a person who sets PacketFlow up. Holds no key."""

    provider: Provider
    ready: bool
    model: str = ""
    host: str = ""
    note: str = ""
    """What is missing and how to get it; for a ready one, what is worth knowing."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    title: str
    url: str
    host: str
    model: str
    keys_at: str


_VENDORS: dict[Provider, _Vendor] = {
    "anthropic": _Vendor(
        "Anthropic",
        "https://api.anthropic.com",
        "api.anthropic.com",
        "claude-sonnet-5-5",
        "https://console.anthropic.com/settings/keys",
    ),
    "openai": _Vendor(
        "OpenAI",
        "https://api.openai.com/v1",
        "api.openai.com",
        "gpt-6.1-terra",
        "https://platform.openai.com/api-keys",
    ),
}
NOT_INSTALLED = "language models need `pip install 'packetflow[llm]'`"
_LIBRARY = "pydantic_ai"
_UNNAMED = "default"
"""Asked for from an own server when nobody said which model: servers with only one take any name."""


def configured(env: Mapping[str, str]) -> list[ModelChoice]:
    """List the models that can be asked, in the order to try them; empty when there is none or they are switched off.

    Raises DeclarationError, which names the variable, for a base URL or a price that is none, and for a model name
    without text.
    """
    wanted = _wanted(env)
    if wanted is None:
        return []
    choices: list[ModelChoice] = []
    for provider in PROVIDERS:
        names = [name for owner, name in wanted if owner == provider] or [
            _text(env, f"PACKETFLOW_{provider.upper()}_MODEL")
        ]
        choices += [choice for name in names if (choice := _choice(env, provider, name)) is not None]
    ranks = {pair: rank for rank, pair in enumerate(wanted)}
    return sorted(choices, key=lambda choice: ranks.get((choice.provider, choice.model), len(ranks)))


def readiness(env: Mapping[str, str]) -> list[Readiness]:
    """Say of every provider whether it can be asked, what is missing and how to get it; never raises, shows no key."""
    try:
        choices = configured(env)
    except DeclarationError as error:
        return [Readiness(provider, ready=False, note=error.message) for provider in PROVIDERS]
    off, installed = _wanted(env) is None, find_spec(_LIBRARY) is not None
    found: list[Readiness] = []
    for provider in PROVIDERS:
        mine = [choice for choice in choices if choice.provider == provider]
        found += [
            Readiness(provider, installed, c.model, c.host, _note(c) if installed else NOT_INSTALLED) for c in mine
        ]
        if not mine:
            note = "switched off by PACKETFLOW_MODEL" if off else _missing(provider)
            found.append(Readiness(provider, ready=False, note=note))
    return found


def _wanted(env: Mapping[str, str]) -> list[tuple[Provider, str]] | None:
    """Read PACKETFLOW_MODEL as providers and model names; None means that no model may be asked."""
    text = _text(env, "PACKETFLOW_MODEL")
    if text.lower() in OFF:
        return None
    return [_named(part.strip()) for part in text.split(",") if part.strip()]


def _named(text: str) -> tuple[Provider, str]:
    for provider in PROVIDERS:
        if text.startswith(f"{provider}:"):
            name = text.removeprefix(f"{provider}:").strip()
            if not name:
                raise DeclarationError(f"PACKETFLOW_MODEL says {text!r}; write {provider}:NAME")
            return provider, name
    return ("anthropic" if text.startswith("claude") else "openai"), text


def _choice(env: Mapping[str, str], provider: Provider, name: str) -> ModelChoice | None:
    vendor, upper = _VENDORS[provider], provider.upper()
    key, url = _text(env, f"{upper}_API_KEY"), _text(env, f"{upper}_BASE_URL")
    if url:
        _check_url(f"{upper}_BASE_URL", url)
    own = bool(url) and urlsplit(url).hostname != vendor.host
    if not key and not own:
        return None
    return ModelChoice(
        provider=provider,
        model=name or (_UNNAMED if own and provider == "openai" else vendor.model),
        base_url=url or vendor.url,
        key=SecretStr(key) if key else None,
        own_server=own,
        price=_price(env, f"PACKETFLOW_{upper}_PRICE"),
    )


def _price(env: Mapping[str, str], variable: str) -> tuple[Decimal, Decimal] | None:
    text = _text(env, variable)
    if not text:
        return None
    try:
        came, went = (Decimal(part.strip()) for part in text.split("/"))
    except (ValueError, ArithmeticError):
        came = went = Decimal(-1)
    if not (came.is_finite() and went.is_finite() and came >= 0 and went >= 0):
        raise DeclarationError(f"{variable} is no price; write what a million tokens cost in and out, such as 3/15")
    return came, went


def _check_url(variable: str, url: str) -> None:
    """Refuse what no request can be sent to; the value is not repeated, since it may hold a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise DeclarationError(f"{variable} is no address of a server; write for example http://localhost:11434/v1")


def _missing(provider: Provider) -> str:
    vendor, upper = _VENDORS[provider], provider.upper()
    own = f", or {upper}_BASE_URL for a server of your own" if provider == "openai" else ""
    return f"set {upper}_API_KEY ({vendor.title} gives keys at {vendor.keys_at}){own}"


def _note(choice: ModelChoice) -> str:
    notes: list[str] = []
    variable = f"PACKETFLOW_{choice.provider.upper()}_MODEL"
    if choice.own_server and choice.model == _UNNAMED:
        notes.append(f"no model is named: set {variable} unless the server has only one")
    if (
        choice.key is not None
        and choice.base_url.startswith("http:")
        and not _is_local(urlsplit(choice.base_url).hostname)
    ):
        notes.append("the key travels unencrypted: use https")
    return "; ".join(notes)


def _is_local(host: str | None) -> bool:
    if host is None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(env: Mapping[str, str], name: str) -> str:
    return env.get(name, "").strip()
