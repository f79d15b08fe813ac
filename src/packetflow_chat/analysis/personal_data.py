"""Personal data and secrets in a text: addresses, telephone and card numbers, keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packetflow_chat.analysis.tokens import URL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packetflow_chat.analysis.moderation_terms import Category

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.:/#-])(?:\+\d{1,3}[\s.-]?(?:\(\d{1,4}\)[\s.-]?)?\d{1,4}(?:[\s.-]?\d{2,4}){2,4}"
    r"|\(\d{3}\)\s?\d{3}[\s.-]\d{4}|\d{3}[\s-]\d{3}[\s-]\d{4})(?![\w-]|\.\d)"
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_SECRET = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bsk-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|\b(?:my )?(?:password|passwd|passphrase|api[ _-]?key|secret key)\s*(?:is|:|=)\s*(?![\s<$%{*]|is\b|not\b"
    r"|the\b|a\b"
    r"|an\b|in\b|on\b"
    r"|required\b|wrong\b|correct\b|expired\b|incorrect\b|invalid\b|being\b|too\b|for\b|to\b|still\b|already\b"
    r"|now\b|reset\b)"
    r"(?=\S*[\d\W_])\S{6,}",
    re.IGNORECASE,
)
_IIN_LENGTHS = range(13, 20)


def personal_data(text: str) -> Iterator[tuple[Category, float, float, str]]:
    """Yield category, severity, confidence and a masked excerpt of everything personal or secret that a text holds."""
    for match in _SECRET.finditer(text):
        yield "secret", 0.6, 0.9, _masked(match[0])
    rest = URL.sub(" ", text)
    for match in _CARD.finditer(rest):
        if is_card_number(match[0]):
            yield "personal_data", 0.85, 0.95, _masked(match[0])
            rest = rest.replace(match[0], " ")
    for match in _EMAIL.finditer(rest):
        yield "personal_data", 0.3, 0.95, _masked(match[0])
    for match in _PHONE.finditer(rest):
        if sum(map(str.isdigit, match[0])) in range(9, 16):
            yield "personal_data", 0.3, 0.7, _masked(match[0])


def is_card_number(text: str) -> bool:
    """Tell whether the digits of a text are a payment card's: length, first digit and Luhn's check (ISO/IEC 7812)."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    if len(digits) not in _IIN_LENGTHS or digits[0] not in {2, 3, 4, 5, 6} or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(sum(divmod(digit, 10)) for digit in doubled)) % 10 == 0


def _masked(text: str) -> str:
    """Keep the ends, so that the writer knows it again and a log does not hold it."""
    return f"{text[:2]}…{text[-2:]}"
