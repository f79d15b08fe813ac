"""Signs of advertising and of links that pretend to be others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packetflow_chat.analysis.tokens import URL, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packetflow_chat.analysis.moderation_terms import Category

_OFFERS = re.compile(
    r"\b(?:click (?:here|this link|the link below|now)|buy now|order now|act now|limited[- ]time offer"
    r"|free (?:money|gift ?cards?|iphone|bitcoin|crypto|nitro)"
    r"|(?:earn|make) (?:up to )?(?:[$€£]\s?\d[\d,.]*|\d[\d,.]*\s?(?:usd|dollars|euros?))(?: (?:a|per|every|each)"
    r"|/)? ?(?:day|week|hour|month)?"
    r"|work from home|no experience needed|double your|guaranteed (?:profits?|returns?|income)|you(?:'ve"
    r"| have) won|claim your (?:prize|reward|gift)"
    r"|(?:crypto|bitcoin|eth|token) (?:giveaway|airdrop)|100% free|risk[- ]free|cheap (?:meds|viagra|pills)"
    r"|casino bonus|dm me (?:for|to) (?:earn|profit|invest)"
    r"|lose \d+ (?:kg|kilos|pounds|lbs))\b",
    re.IGNORECASE,
)
_BAIT = re.compile(
    r"\b(?:(?:verify|confirm|update|validate|unlock|restore|secure) (?:your|ur) (?:account|password|wallet"
    r"|identity|billing|payment|bank|details|card)"
    r"|your (?:account|wallet|card|mailbox) (?:has been|was|is|will be) (?:suspended|locked|limited|disabled"
    r"|blocked|closed)|seed phrase|recovery phrase"
    r"|(?:login|log in|sign in) (?:here )?to (?:keep|restore|avoid|verify)|unusual (?:activity|sign[- ]in))\b",
    re.IGNORECASE,
)
_BRANDS = ("paypal", "google", "microsoft", "apple", "amazon", "facebook", "netflix", "instagram", "github", "dropbox")
_LEET = str.maketrans("013457", "oleast")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SHORTENERS = frozenset({"bit.ly", "tinyurl.com", "t.ly", "is.gd", "cutt.ly", "rb.gy", "shorturl.at", "goo.su"})
_PRIVATE = re.compile(r"(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)")
_BAIT_WORDS = ("login", "secure", "verify", "account", "support")
COUNTRY = 2
SHORTENED = "shortened"
MANY_LINKS = 5
SHOUTED = 25
REPEATED = 12


def spam(text: str) -> Iterator[tuple[Category, float, float, str]]:
    """Yield category, severity, confidence and excerpt of advertising and phishing; one sign alone is a hint only."""
    links = URL.findall(text)
    offers = [match[0] for match in _OFFERS.finditer(text)]
    signs = len(offers) + bool(links) * bool(offers) + (len(links) >= MANY_LINKS) + _shouts(text) + _repeats(text)
    if signs and (offers or signs > 1 or len(links) >= MANY_LINKS):
        yield "spam", min(0.9, 0.25 + 0.2 * signs), min(0.95, 0.4 + 0.15 * signs), offers[0] if offers else text[:40]
    bait = _BAIT.search(text)
    for link in links:
        trick = _trick(link)
        if trick and (bait or trick == "imitates a known name"):
            yield "phishing", 0.9, 0.9, link[:80]
        elif bait or (trick and trick != SHORTENED):
            yield "phishing", 0.6, 0.7, link[:80]
        elif trick:
            yield "phishing", 0.2, 0.3, link[:80]


def _shouts(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) >= SHOUTED and sum(map(str.isupper, letters)) > 0.8 * len(letters) and "!!" in text


def _repeats(text: str) -> bool:
    said = words(text)
    return len(said) >= REPEATED and len(set(said)) * 4 <= len(said)


def _trick(link: str) -> str:
    """Return how a link hides where it leads, or an empty text."""
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return "malformed"
    name = host.removeprefix("www.")
    if "@" in parts.netloc:
        return "name before an @"
    if _ADDRESS.fullmatch(name):
        return "" if _PRIVATE.match(name) else "bare address"
    if any(label.startswith("xn--") for label in name.split(".")) or not name.isascii():
        return "foreign letters"
    if _imitates(name):
        return "imitates a known name"
    return SHORTENED if name in _SHORTENERS else ""


def _imitates(name: str) -> bool:
    """Tell whether a host only looks like a brand's: `paypa1.com`, `paypal.com.example.net`, `paypal-login.net`."""
    labels = name.split(".")
    return any(_poses(brand, labels, at) for brand in _BRANDS for at in range(len(labels) - 1))


def _poses(brand: str, labels: list[str], at: int) -> bool:
    label, rest = labels[at], labels[at + 1 :]
    disguised = label != brand and label.translate(_LEET) == brand
    # `paypal.com.example` has the real address as its beginning; `paypal.com.au` is a country's.
    inside = label == brand and rest[0] in {"com", "net", "org"} and len(rest) > 1 and len(rest[1]) > COUNTRY
    joined = label.startswith(f"{brand}-") and any(word in label for word in _BAIT_WORDS)
    return disguised or inside or joined
