"""Name a currency by its ISO 4217 code from the words people use for it."""

from __future__ import annotations

import re

_NAMES = {
    "USD": "usd us$ $ dollar us_dollar american_dollar united_states_dollar",
    "EUR": "eur € euro",
    "GBP": "gbp £ pound british_pound pound_sterling british_pound_sterling sterling",
    "JPY": "jpy ¥ yen japanese_yen",
    "CNY": "cny yuan renminbi chinese_yuan",
    "INR": "inr ₹ rupee indian_rupee",
    "CAD": "cad canadian_dollar",
    "AUD": "aud australian_dollar",
    "NZD": "nzd new_zealand_dollar",
    "CHF": "chf franc swiss_franc",
    "SEK": "sek swedish_krona",
    "NOK": "nok norwegian_krone",
    "DKK": "dkk danish_krone",
    "PLN": "pln zloty polish_zloty",
    "CZK": "czk czech_koruna",
    "MXN": "mxn mexican_peso",
    "BRL": "brl real brazilian_real",
    "ZAR": "zar rand south_african_rand",
    "KRW": "krw won korean_won south_korean_won",
    "RUB": "rub ruble russian_ruble",
    "TRY": "try lira turkish_lira",
    "HKD": "hkd hong_kong_dollar",
    "SGD": "sgd singapore_dollar",
    "THB": "thb baht thai_baht",
}
_CODES = {name.replace("_", " "): code for code, names in _NAMES.items() for name in names.split()}


def currency_code(text: str) -> str | None:
    """Return the ISO code of a currency name, sign or code in singular or plural; None for other text."""
    low = re.sub(r"[.]", "", text.strip().lower())
    low = re.sub(r"^\d[\d,.]*\s*", "", low)
    if low in _CODES:
        return _CODES[low]
    if low.endswith("s") and low[:-1] in _CODES:
        return _CODES[low[:-1]]
    words = low.split()
    singular = " ".join(word.removesuffix("s") if index else word for index, word in enumerate(words))
    return _CODES.get(singular)
